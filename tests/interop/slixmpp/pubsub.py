"""Publish-subscribe (XEP-0060) at the service and at accounts (XEP-0163), and keys as OMEMO clients publish them (XEP-0384)."""

from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0059 import Set
from slixmpp.plugins.xep_0060.stanza import Pubsub
from slixmpp.stanza import Message
from slixmpp.xmlstream import ET, register_stanza_plugin

from trial import DOMAIN, WAIT, expect, run

SERVICE = f"pubsub.{DOMAIN}"
PLUGINS = ("xep_0004", "xep_0059", "xep_0060", "xep_0115", "xep_0163", "xep_0107", "xep_0118")
EVENT = "{http://jabber.org/protocol/pubsub#event}"
AXOLOTL = "eu.siacs.conversations.axolotl"
DEVICES = f"{AXOLOTL}.devicelist"


def entry(text):
    element = ET.Element("{http://www.w3.org/2005/Atom}entry")
    ET.SubElement(element, "{http://www.w3.org/2005/Atom}title").text = text
    return element


def form(client, about, **fields):
    made = client["xep_0004"].make_form(ftype="submit")
    made.add_field(var="FORM_TYPE", ftype="hidden", value=f"http://jabber.org/protocol/pubsub#{about}")
    for name, value in fields.items():
        made.add_field(var=f"pubsub#{name}", value=value)
    return made


def ids(answer):
    return [item["id"] for item in answer["pubsub"]["items"]]


def event(node, kind="item"):
    def test(message):
        items = message.xml.find(f"{EVENT}event/{EVENT}items[@node='{node}']")
        return items is not None and items.find(f"{EVENT}{kind}") is not None
    return test


def named(kind, node):
    return lambda message: message.xml.find(f"{EVENT}event/{EVENT}{kind}[@node='{node}']") is not None


async def publish_as(client, node, id, payload, **options):
    """What OMEMO clients do: with options; where they are not met, the node is configured and it is published again."""
    pubsub = client["xep_0060"]
    try:
        await pubsub.publish(None, node, id, payload, options=form(client, "publish-options", **options), timeout=WAIT)
        return "published"
    except IqError as error:
        assert error.condition == "conflict", error.iq
    config = (await pubsub.get_node_config(None, node, timeout=WAIT))["pubsub_owner"]["configure"]["form"]
    config["type"] = "submit"
    config.set_values({f"pubsub#{name}": value for name, value in options.items()})
    await pubsub.set_node_config(None, node, config, timeout=WAIT)
    await pubsub.publish(None, node, id, payload, options=form(client, "publish-options", **options), timeout=WAIT)
    return "configured"


async def main(trial):
    alice = await trial.newcomer("alice", plugins=PLUGINS)
    bob = await trial.newcomer("bob", plugins=PLUGINS)
    pubsub = alice["xep_0060"]
    node = f"news-{alice.account.name}"

    async with trial.check("service: listed by the server, and it says what it is"):
        items = await alice["xep_0030"].get_items(jid=DOMAIN, timeout=WAIT)
        assert SERVICE in [str(item[0]) for item in items["disco_items"]["items"]], items
        info = await alice["xep_0030"].get_info(jid=SERVICE, timeout=WAIT)
        assert ("pubsub", "service") in [identity[:2] for identity in info["disco_info"]["identities"]], info
    async with trial.check("service: a node is made with its configuration, found, and described"):
        await pubsub.create_node(SERVICE, node, config=form(alice, "node_config", title="News", max_items="3"), timeout=WAIT)
        await expect(pubsub.create_node(SERVICE, node, timeout=WAIT), "conflict")
        found = await bob["xep_0060"].get_nodes(jid=SERVICE, timeout=WAIT)
        assert (SERVICE, node, "News") in [tuple(map(str, item)) for item in found["disco_items"]["items"]], found
    async with trial.check("service: subscribe; what is published is told; the list of items"):
        answer = await bob["xep_0060"].subscribe(SERVICE, node, timeout=WAIT)
        assert answer["pubsub"]["subscription"]["subscription"] == "subscribed", answer
        for number in range(5):
            await pubsub.publish(SERVICE, node, f"n{number}", entry(f"news {number}"), timeout=WAIT)
            message = await bob.take(Message, event(node), "event")
            item = message["pubsub_event"]["items"]["item"]
            assert item["id"] == f"n{number}" and item["payload"][0].text == f"news {number}", message
        assert ids(await bob["xep_0060"].get_items(SERVICE, node, timeout=WAIT)) == ["n2", "n3", "n4"]
        assert ids(await bob["xep_0060"].get_items(SERVICE, node, max_items=1, timeout=WAIT)) == ["n4"]
        assert ids(await bob["xep_0060"].get_item(SERVICE, node, "n3", timeout=WAIT)) == ["n3"]
    async with trial.check("service: who owns it decides who may publish"):
        await expect(bob["xep_0060"].publish(SERVICE, node, "b", entry("b"), timeout=WAIT), "forbidden")
        await pubsub.modify_affiliations(SERVICE, node, [(bob.bare, "publisher")], timeout=WAIT)
        await bob["xep_0060"].publish(SERVICE, node, "b", entry("by Bob"), timeout=WAIT)
        await bob.take(Message, event(node), "own event")
        listed = (await pubsub.get_node_affiliations(SERVICE, node, timeout=WAIT))["pubsub_owner"]["affiliations"]
        assert {(str(a["jid"]), a["affiliation"]) for a in listed} == {(alice.bare, "owner"), (bob.bare, "publisher")}, listed
    async with trial.check("service: retract, purge, delete are told, and it is gone"):
        await pubsub.retract(SERVICE, node, "b", notify="1", timeout=WAIT)
        await bob.take(Message, event(node, "retract"), "retract")
        await pubsub.purge(SERVICE, node, timeout=WAIT)
        await bob.take(Message, named("purge", node), "purge")
        await pubsub.delete_node(SERVICE, node, timeout=WAIT)
        await bob.take(Message, named("delete", node), "delete")
        await expect(pubsub.get_items(SERVICE, node, timeout=WAIT), "item-not-found")

    async with trial.check("account: contacts whose clients want to know are told of mood and tune"):
        await trial.friends(alice, bob)
        bob.received.clear()
        await alice["xep_0107"].publish_mood(value="happy", text="Yay", timeout=WAIT)
        message = await bob.take(Message, event("http://jabber.org/protocol/mood"), "mood")
        assert message["from"].bare == alice.bare, message
        assert message["pubsub_event"]["items"]["item"]["mood"]["value"] == "happy", message
        await alice["xep_0118"].publish_tune(title="Heroes", artist="Bowie", timeout=WAIT)
        message = await bob.take(Message, event("http://jabber.org/protocol/tune"), "tune")
        assert message["pubsub_event"]["items"]["item"]["tune"]["title"] == "Heroes", message
    async with trial.check("account: the pages of a long node, one after another"):
        options = form(alice, "publish-options", max_items="max", access_model="open")
        for number in range(12):
            await pubsub.publish(None, "urn:example:many", f"i{number:02}", entry("x"), options=options, timeout=WAIT)
        # slixmpp 1.8.3 pages through items, and leaves it to others to say that there are pages.
        register_stanza_plugin(Pubsub, Set)
        found = []
        iterator = bob["xep_0060"].get_items(alice.bare, "urn:example:many", iterator=True)
        iterator.amount = 5
        async for page in iterator:
            found += ids(page)
        assert found == [f"i{number:02}" for number in range(12)], found

    def devices(*numbers):
        element = ET.Element(f"{{{AXOLOTL}}}list")
        for number in numbers:
            ET.SubElement(element, f"{{{AXOLOTL}}}device", id=str(number))
        return element

    async with trial.check("keys: published open to all, and fetched by somebody who is no contact"):
        carol = await trial.newcomer("carol", plugins=PLUGINS)
        assert await publish_as(alice, DEVICES, "current", devices(1), access_model="open") == "published"
        bundle = ET.Element(f"{{{AXOLOTL}}}bundle")
        ET.SubElement(bundle, f"{{{AXOLOTL}}}identityKey").text = "aWQ="
        assert await publish_as(alice, f"{AXOLOTL}.bundles:1", "current", bundle, access_model="open") == "published"
        got = await carol["xep_0060"].get_items(alice.bare, f"{AXOLOTL}.bundles:1", max_items=1, timeout=WAIT)
        item = got["pubsub"]["items"]["substanzas"][0]
        assert item["payload"].findtext(f"{{{AXOLOTL}}}identityKey") == "aWQ=", got
    async with trial.check("keys: a node that is for contacts is configured, and then it is for all"):
        config = form(alice, "node_config", access_model="presence")
        await pubsub.set_node_config(None, DEVICES, config, timeout=WAIT)
        await expect(carol["xep_0060"].get_items(alice.bare, DEVICES, timeout=WAIT), "not-authorized")
        assert await publish_as(alice, DEVICES, "current", devices(1, 2), access_model="open") == "configured"
        assert ids(await carol["xep_0060"].get_items(alice.bare, DEVICES, timeout=WAIT)) == ["current"]
    async with trial.check("keys: a bundle a device in one node, as many as there are"):
        for number in ("1", "2", "3"):
            keys = ET.Element("{urn:xmpp:omemo:2}bundle")
            ET.SubElement(keys, "{urn:xmpp:omemo:2}ik").text = "aWs="
            await publish_as(alice, "urn:xmpp:omemo:2:bundles", number, keys, access_model="open", max_items="max")
        got = await carol["xep_0060"].get_items(alice.bare, "urn:xmpp:omemo:2:bundles", item_ids=["2"], timeout=WAIT)
        assert ids(got) == ["2"], got


run(main)
