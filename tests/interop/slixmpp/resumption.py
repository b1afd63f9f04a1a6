"""Stream management (XEP-0198): acknowledgements, a connection that breaks and is resumed, one that cannot be."""

from slixmpp.stanza import Message, Presence

from trial import WAIT, run


async def managed(trial, name, resource="one"):
    client = await trial.newcomer(name, resource, plugins=("xep_0198",))
    client.acked = []
    client.add_event_handler("stanza_acked", lambda stanza: client.acked.append(stanza))
    return client


async def main(trial):
    alice = await managed(trial, "alice", "desk")
    bob = await trial.newcomer("bob")
    await trial.friends(alice, bob)
    management = alice["xep_0198"]

    async with trial.check("enabled at login, with an id to resume by"):
        assert management.enabled_in and management.sm_id, (management.enabled_in, management.sm_id)
    async with trial.check("what the client sends is acknowledged when it asks, every stanza of it"):
        for number in range(20):
            alice.send_message(mto=bob.bare, mbody=f"counted {number}", mtype="chat")
        for number in range(20):
            await bob.message(f"counted {number}")
        management.request_ack()
        await alice.sync()
        messages = [stanza for stanza in alice.acked if isinstance(stanza, Message)]
        assert len(messages) == 20, len(messages)
    async with trial.check("the server's requests are answered with a count that it believes"):
        for number in range(20):
            bob.send_message(mto=alice.bare, mbody=f"counted {number}", mtype="chat")
        for number in range(20):
            await alice.message(f"counted {number}")
        await alice.sync()

    async with trial.check("cut and resumed: the same session, nobody was told, and nothing is lost or comes twice"):
        name, id = alice.me.full, management.sm_id
        for client in (alice, bob):
            await client.sync()
            client.received.clear()
        await alice.cut()
        for number in range(3):
            bob.send_message(mto=alice.bare, mbody=f"to the bare address {number}", mtype="chat")
            bob.send_message(mto=name, mbody=f"to the session {number}", mtype="chat")
        await bob.sync()
        assert await alice.come_back() == "resumed"
        assert (alice.me.full, management.sm_id) == (name, id), (alice.me.full, management.sm_id)
        await alice.sync()
        got = [stanza["body"] for stanza in alice.received if isinstance(stanza, Message)]
        sent = [body for n in range(3) for body in (f"to the bare address {n}", f"to the session {n}")]
        assert got == sent, got
        bob.none(Presence, lambda p: p["from"].bare == alice.bare)
    async with trial.check("it goes on both ways"):
        alice.send_message(mto=bob.bare, mbody="here again", mtype="chat")
        await bob.message("here again")
        bob.send_message(mto=alice.me, mbody="so am I", mtype="chat")
        await alice.message("so am I")
    async with trial.check("and a second time"):
        alice.received.clear()
        await alice.cut()
        bob.send_message(mto=alice.bare, mbody="another tunnel", mtype="chat")
        assert await alice.come_back() == "resumed"
        await alice.message("another tunnel")
        await alice.sync()
        alice.none(Message)
    async with trial.check("an id that nobody knows: a new session, and the messages of the old one once it is over"):
        old = alice.me.full
        await alice.cut()
        management.sm_id = "nobody-knows-this"
        assert await alice.come_back() == "new"
        alice.send_presence()
        await bob.presence(alice.me.full)
        bob.send_message(mto=alice.bare, mbody="welcome", mtype="chat")
        await alice.message("welcome")
        assert alice.me.full == old, alice.me  # its resource is its own again: the old session had to go
    async with trial.check("a session that was closed in order is not resumed"):
        id = management.sm_id
        await alice.logout()
        await bob.presence(alice.me.full, "unavailable")
        management.sm_id = id
        assert await alice.come_back() == "new"
        await alice["xep_0199"].send_ping(bob.me, timeout=WAIT)


run(main)
