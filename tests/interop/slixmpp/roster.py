"""The roster (RFC 6121 2): get, set, pushes to all resources, remove, versioning, what must be refused."""

from slixmpp.stanza import Iq
from slixmpp.xmlstream import ET

from trial import DOMAIN, expect, run

NS = "{jabber:iq:roster}"


def query(ver=None, **item):
    groups = item.pop("groups", ())
    root = ET.Element(f"{NS}query", {} if ver is None else {"ver": ver})
    if item:
        element = ET.SubElement(root, f"{NS}item", item)
        for group in groups:
            ET.SubElement(element, f"{NS}group").text = group
    return root


async def items(client, ver=None):
    """The roster as {jid: item}, or None when the server says that nothing has changed."""
    answer = await client.ask("get", None, query(ver))
    found = answer.xml.find(f"{NS}query")
    return None if found is None else {item.get("jid"): item for item in found}


async def main(trial):
    alice = await trial.newcomer("alice", "desk")
    phone = await trial.again(alice, "phone")
    bob, carol = f"bob@{DOMAIN}", "carol@elsewhere.example"
    async with trial.check("a new account's roster is empty"):
        assert await items(alice) == {}, await items(alice)
    async with trial.check("set: every resource that asked for the roster gets the push, with name and groups"):
        await alice.ask("set", None, query(jid=bob, name="Bob & <Co>", groups=("Friends", "Work")))
        for client in (alice, phone):
            item = await client.push(bob)
            assert item["name"] == "Bob & <Co>" and item["subscription"] == "none", item
    async with trial.check("get shows the item"):
        item = (await items(phone))[bob]
        assert item.get("name") == "Bob & <Co>", item.attrib
        assert sorted(group.text for group in item) == ["Friends", "Work"], ET.tostring(item)
    async with trial.check("set again replaces name and groups, keeps the subscription"):
        await phone.ask("set", None, query(jid=bob, name="Robert", subscription="both"))
        item = await alice.push(bob)
        assert item["name"] == "Robert" and item["subscription"] == "none", item
        assert not list((await items(alice))[bob]), "groups should be gone"
    async with trial.check("versioning: an unchanged roster is not sent again"):
        assert "rosterver" in alice.features, alice.features
        answer = await alice.ask("get", None, query(""))
        version = answer.xml.find(f"{NS}query").get("ver")
        assert version, answer
        assert await items(alice, version) is None, await items(alice, version)
    async with trial.check("versioning: after a change, all or just the change comes"):
        phone.received.clear()
        await alice.ask("set", None, query(jid=carol, name="Carol"))
        iq = await phone.take(Iq, lambda iq: iq["type"] == "set")
        assert iq["roster"]["ver"] not in ("", version), iq
        phone.received.clear()
        whole = await items(phone, version)
        if whole is None:
            assert (await phone.push(carol))["name"] == "Carol"
        else:
            assert set(whole) == {bob, carol}, whole
    async with trial.check("a session that did not ask for its roster gets no pushes"):
        silent = trial.client(alice.account, "silent")
        silent.get_roster = lambda: silent.sync()
        await silent.login()
        await alice.ask("set", None, query(jid=bob, name="Bobby"))
        await silent.sync()
        silent.none(Iq, lambda iq: iq["type"] == "set")
        await silent.logout()
    async with trial.check("remove: pushed, and gone"):
        alice.received.clear()
        phone.received.clear()
        await alice.ask("set", None, query(jid=bob, subscription="remove"))
        for client in (alice, phone):
            assert (await client.push(bob))["subscription"] == "remove"
        assert set(await items(alice)) == {carol}
    async with trial.check("removing what is not there is item-not-found"):
        await expect(alice.ask("set", None, query(jid=bob, subscription="remove")), "item-not-found")
    async with trial.check("two items in one set are refused"):
        two = query(jid=bob)
        ET.SubElement(two, f"{NS}item", {"jid": carol})
        await expect(alice.ask("set", None, two), "bad-request")
    async with trial.check("another user's roster is not to be had"):
        mallory = await trial.newcomer("mallory")
        for type in ("get", "set"):
            payload = query() if type == "get" else query(jid=bob)
            await refused_somehow(mallory.ask(type, alice.bare, payload))


async def refused_somehow(awaitable):
    from slixmpp.exceptions import IqError
    try:
        await awaitable
    except IqError as error:
        assert error.condition in ("forbidden", "service-unavailable", "not-allowed"), error.condition
        return
    raise AssertionError("was let through")


run(main)
