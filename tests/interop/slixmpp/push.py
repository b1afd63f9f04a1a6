"""Push (XEP-0357): enabled by a phone, published to its service while it is away, silent while it is there, disabled.

slixmpp 1.8.3 has no plugin for it: the requests are built here. The push service is a client of the same host.
"""

from slixmpp.stanza import Iq
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from trial import WAIT, run

PUSH = "urn:xmpp:push:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
FORM = "{jabber:x:data}"


def published(iq):
    return iq["type"] == "set" and iq.xml.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish") is not None


async def notification(service):
    """What the next publication says: its node, and the fields of its summary. It is answered, as a service does."""
    iq = await service.take(Iq, published, "publication")
    publish = iq.xml.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}publish")
    summary = publish.find(f"{{{PUBSUB}}}item/{{{PUSH}}}notification/{FORM}x")
    answer = service.make_iq_result(id=iq["id"], ito=iq["from"])
    answer.send()
    return publish.get("node"), {field.get("var"): field.findtext(f"{FORM}value") for field in summary.iter(f"{FORM}field")}


def enable(service, secret):
    element = ET.Element(f"{{{PUSH}}}enable", {"jid": service.me.full, "node": "phone"})
    form = ET.SubElement(element, f"{FORM}x", {"type": "submit"})
    for name, value in (("FORM_TYPE", "http://jabber.org/protocol/pubsub#publish-options"), ("secret", secret)):
        ET.SubElement(ET.SubElement(form, f"{FORM}field", {"var": name}), f"{FORM}value").text = value
    return element


async def main(trial):
    service = await trial.newcomer("service", "push")
    # A request that no handler takes is refused by the library at once; these are answered by `notification`.
    service.register_handler(Callback("publications", MatchXPath(f"{{jabber:client}}iq/{{{PUBSUB}}}pubsub"), lambda iq: None))
    alice = await trial.newcomer("alice", "phone", plugins=("xep_0198",))
    bob = await trial.newcomer("bob")

    async with trial.check("push: announced by the account"):
        info = await alice["xep_0030"].get_info(jid=alice.bare, timeout=WAIT, local=False, cached=False)
        assert PUSH in info["disco_info"]["features"], info["disco_info"]["features"]
    async with trial.check("push: enabled with options; nothing is published while the phone is there"):
        await alice.ask("set", None, enable(service, "s3cret"))
        bob.send_message(mto=alice.bare, mbody="you are there", mtype="chat")
        await alice.message("you are there")
        await service.sync()
        service.none(Iq, published)
    async with trial.check("push: a session whose connection broke is woken, and told how many and from whom, not what"):
        await alice.cut()
        bob.send_message(mto=alice.bare, mbody="a secret text", mtype="chat")
        node, fields = await notification(service)
        assert node == "phone", node
        assert fields["message-count"] == "1" and fields["last-message-sender"] == str(bob.me), fields
        assert "a secret text" not in str(fields), fields
        assert await alice.come_back() == "resumed"
        await alice.message("a secret text")
    async with trial.check("push: the same for a phone that has logged out"):
        await alice.logout()
        bob.send_message(mto=alice.bare, mbody="nobody there", mtype="chat")
        _, fields = await notification(service)
        assert fields["last-message-sender"] == str(bob.me), fields
        assert await alice.come_back() == "new"
        alice.send_presence()
        await alice.message("nobody there")
    async with trial.check("push: disabled, and nobody is woken any more"):
        await alice.ask("set", None, ET.Element(f"{{{PUSH}}}disable", {"jid": service.me.full}))
        await alice.logout()
        service.received.clear()
        bob.send_message(mto=alice.bare, mbody="sleep well", mtype="chat")
        await bob.sync()
        await service.sync()
        service.none(Iq, published)


run(main)
