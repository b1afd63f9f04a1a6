"""Blocking (XEP-0191): the list, pushes, what a blocked contact sees, and what comes back afterwards."""

from slixmpp.stanza import Iq, Message, Presence

from trial import WAIT, expect, run

ITEM = "{urn:xmpp:blocking}item"


async def listed(client):
    answer = await client["xep_0191"].get_blocked(timeout=WAIT)
    return sorted(item.get("jid") for item in answer.xml.iter(ITEM))


def change(name, *jids):
    def test(iq):
        found = iq.xml.find(f"{{urn:xmpp:blocking}}{name}")
        return iq["type"] == "set" and found is not None and [item.get("jid") for item in found] == list(jids)
    return test


async def main(trial):
    alice = await trial.newcomer("alice", "desk", plugins=("xep_0191",))
    phone = await trial.again(alice, "phone", plugins=("xep_0191",))
    bob = await trial.newcomer("bob")
    await trial.friends(alice, bob)

    async with trial.check("offered by the server, and nobody is blocked at first"):
        info = await alice["xep_0030"].get_info(jid=alice.me.host, timeout=WAIT)
        assert "urn:xmpp:blocking" in info["disco_info"]["features"], info
        assert await listed(alice) == [], await listed(alice)
    async with trial.check("block: every device that asked for the list is told, and the list has it"):
        await listed(phone)
        for client in (alice, phone, bob):
            client.received.clear()
        await alice["xep_0191"].block(bob.bare, timeout=WAIT)
        for client in (alice, phone):
            await client.take(Iq, change("block", bob.bare), "push of the block")
        assert await listed(phone) == [bob.bare], await listed(phone)
    async with trial.check("the blocked contact sees her go"):
        await bob.presence(alice.me.full, "unavailable")
        await bob.presence(phone.me.full, "unavailable")
    async with trial.check("his messages come back as if nobody were there, and do not reach her"):
        message = bob.make_message(mto=alice.bare, mbody="hello?", mtype="chat")
        message["id"] = "blocked"
        message.send()
        await bob.take(Message, lambda m: m["type"] == "error" and m["id"] == "blocked"
                       and m["error"]["condition"] == "service-unavailable", "bounce")
        await alice.sync()
        alice.none(Message)
    async with trial.check("his requests are refused, his presence does not reach her"):
        await expect(bob["xep_0199"].send_ping(alice.me, timeout=WAIT), "service-unavailable")
        bob.send_presence(pstatus="psst")
        await bob.sync()
        await alice.sync()
        alice.none(Presence, lambda p: p["from"].bare == bob.bare and p["status"] == "psst")
    async with trial.check("to write to him is an error of its own: she blocks him herself"):
        message = alice.make_message(mto=bob.bare, mbody="I forgot", mtype="chat")
        message["id"] = "own"
        message.send()
        error = await alice.take(Message, lambda m: m["type"] == "error" and m["id"] == "own", "error")
        assert error["error"]["condition"] == "not-acceptable", error
        assert error.xml.find(".//{urn:xmpp:blocking:errors}blocked") is not None, error
    async with trial.check("it outlives the session"):
        await phone.logout()
        phone = await trial.again(alice, "phone", plugins=("xep_0191",))
        assert await listed(phone) == [bob.bare], await listed(phone)
    async with trial.check("unblock: told, and they see one another again"):
        bob.received.clear()
        alice.received.clear()
        await alice["xep_0191"].unblock(bob.bare, timeout=WAIT)
        for client in (alice, phone):
            await client.take(Iq, change("unblock", bob.bare), "push of the unblock")
        await bob.presence(alice.me.full)
        bob.send_message(mto=alice.me, mbody="again", mtype="chat")
        await alice.message("again")
        assert await listed(alice) == [], await listed(alice)


run(main)
