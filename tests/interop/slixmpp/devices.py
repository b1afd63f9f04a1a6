"""Several devices of one person: carbons (XEP-0280), client state (XEP-0352)."""

from slixmpp.stanza import Message
from slixmpp.xmlstream import ET

from trial import WAIT, run

CARBON = "{urn:xmpp:carbons:2}"
PLUGINS = ("xep_0280", "xep_0334", "xep_0352", "xep_0085")


def carbon(kind, body):
    def test(message):
        copy = message.xml.find(f"{CARBON}{kind}")
        return copy is not None and copy.findtext(".//{jabber:client}body") == body
    return test


async def main(trial):
    alice = await trial.newcomer("alice", "desk", plugins=PLUGINS)
    phone = await trial.again(alice, "phone", plugins=PLUGINS)
    bob = await trial.newcomer("bob")
    await trial.friends(alice, bob)
    for client in (alice, phone):
        await client["xep_0280"].enable(timeout=WAIT)

    async with trial.check("carbons: what one device receives, the other has a copy of, from its own account"):
        bob.send_message(mto=alice.me, mbody="for the desk", mtype="chat")
        await alice.message("for the desk")
        copy = await phone.take(Message, carbon("received", "for the desk"), "carbon")
        assert copy["from"] == alice.bare and copy["to"] == phone.me, copy
        forwarded = copy["carbon_received"]
        assert (forwarded["from"], forwarded["to"]) == (bob.me, alice.me), forwarded
    async with trial.check("carbons: what one device sends, the other has a copy of, and the sender has none"):
        phone.send_message(mto=bob.bare, mbody="from the phone", mtype="chat")
        await bob.message("from the phone")
        copy = await alice.take(Message, carbon("sent", "from the phone"), "carbon")
        assert (copy["from"], copy["carbon_sent"]["from"]) == (alice.bare, phone.me), copy
        await phone.sync()
        phone.none(Message, carbon("sent", "from the phone"))
    async with trial.check("carbons: to the bare address, each device has it once"):
        bob.send_message(mto=alice.bare, mbody="for all", mtype="chat")
        for client in (alice, phone):
            await client.take(Message, lambda m: m["body"] == "for all" or carbon("received", "for all")(m), "either way")
        for client in (alice, phone):
            await client.sync()
            client.none(Message, lambda m: m["body"] == "for all" or carbon("received", "for all")(m))
    async with trial.check("carbons: a message marked private is not copied"):
        message = bob.make_message(mto=alice.me, mbody="just the desk", mtype="chat")
        message.xml.append(ET.Element(f"{CARBON}private"))
        message.xml.append(ET.Element("{urn:xmpp:hints}no-copy"))
        message.send()
        await alice.message("just the desk")
        await phone.sync()
        phone.none(Message, carbon("received", "just the desk"))
    async with trial.check("carbons: switched off, no copies come"):
        await phone["xep_0280"].disable(timeout=WAIT)
        bob.send_message(mto=alice.me, mbody="without copies", mtype="chat")
        await alice.message("without copies")
        await phone.sync()
        phone.none(Message, carbon("received", "without copies"))

    async with trial.check("client state: offered, and presence that can wait does wait while the client is inactive"):
        assert phone["xep_0352"].enabled
        phone["xep_0352"].send_inactive()
        await phone.sync()
        phone.received.clear()
        bob.send_presence(pshow="away", pstatus="first")
        bob.send_presence(pshow="dnd", pstatus="second")
        await bob.sync()
        await alice.presence(bob.me.full)
        phone["xep_0352"].send_active()
        last = await phone.presence(bob.me.full)
        if last["status"] != "second":
            last = await phone.presence(bob.me.full)
        assert last["status"] == "second", last
    async with trial.check("client state: a message does not wait"):
        phone["xep_0352"].send_inactive()
        bob.send_message(mto=phone.me, mbody="urgent", mtype="chat")
        await phone.message("urgent")


run(main)
