"""Messages (RFC 6121 8.5): bare and full addresses, priorities, offline storage with delays, what bounces."""

from slixmpp.stanza import Message

from trial import DOMAIN, run


def bounce(error, condition):
    return lambda m: m["type"] == "error" and m["error"]["condition"] == condition and m["id"] == error


async def main(trial):
    alice = await trial.newcomer("alice")
    bob = await trial.newcomer("bob", "high", priority=5)
    low = await trial.again(bob, "low", priority=1)
    never = await trial.again(bob, "never", priority=-1)

    async with trial.check("to the bare address: the highest priority has it, a negative one never"):
        alice.send_message(mto=bob.bare, mbody="to all", mtype="chat")
        got = await bob.message("to all")
        assert got["from"] == alice.me, got
        await never.sync()
        never.none(Message, lambda m: m["body"] == "to all" and not m.xml.find("{urn:xmpp:carbons:2}received"))
    async with trial.check("to a full address: that resource, whatever its priority, and no other"):
        alice.send_message(mto=never.me, mbody="just you", mtype="chat")
        got = await never.message("just you")
        assert got["to"] == never.me, got
        for client in (bob, low):
            await client.sync()
            client.none(Message, lambda m: m["body"] == "just you")
    async with trial.check("both ways, with thread, subject, id, and text of all scripts"):
        text = "ünïcödé 🎉 <&> \"quoted\" ]]> 日本語\nsecond line"
        message = bob.make_message(mto=alice.me, mbody=text, msubject="A & B", mtype="chat")
        message["id"], message["thread"] = "id-1", "thread-1"
        message.send()
        got = await alice.message(text)
        assert (got["id"], got["thread"], got["subject"]) == ("id-1", "thread-1", "A & B"), got
    async with trial.check("what the client says of its sender does not count"):
        forged = alice.make_message(mto=bob.bare, mbody="forged", mtype="chat", mfrom=alice.bare)
        forged.send()
        assert (await bob.message("forged"))["from"] == alice.me
    async with trial.check("to a resource that is gone: chat goes to another one"):
        alice.send_message(mto=f"{bob.bare}/gone", mbody="any of you", mtype="chat")
        await bob.message("any of you")
    async with trial.check("to an account that does not exist: an error"):
        message = alice.make_message(mto=f"nobody@{DOMAIN}", mbody="anyone?", mtype="chat")
        message["id"] = "lost"
        message.send()
        await alice.take(Message, bounce("lost", "service-unavailable"), "bounce")
    async with trial.check("an error is not answered with an error"):
        message = alice.make_message(mto=f"nobody@{DOMAIN}", mtype="error")
        message["id"] = "no-loop"
        message.send()
        await alice.sync()
        alice.none(Message, lambda m: m["id"] == "no-loop")
    async with trial.check("groupchat to a user is an error"):
        message = alice.make_message(mto=bob.bare, mbody="room?", mtype="groupchat")
        message["id"] = "no-room"
        message.send()
        await alice.take(Message, bounce("no-room", "service-unavailable"), "bounce")

    for client in (never, low, bob):
        await client.logout()
    async with trial.check("offline: kept in order with the time of sending, delivered once presence comes"):
        for number in (1, 2, 3):
            alice.send_message(mto=bob.bare, mbody=f"while away {number}", mtype="chat")
        alice.send_message(mto=f"{bob.bare}/high", mbody="while away 4", mtype="chat")
        alice.send_message(mto=bob.bare, mbody="plain type", mtype="normal")
        await alice.sync()
        bob = trial.client(bob.account, "back")
        await bob.login(presence=False)
        bob.none(Message)
        bob.send_presence()
        order = []
        for body in [f"while away {number}" for number in (1, 2, 3, 4)] + ["plain type"]:
            got = await bob.message(body)
            assert got["from"] == alice.me, got
            assert got["delay"]["stamp"], f"no delay: {got}"
            order.append(got["delay"]["stamp"])
        assert order == sorted(order), order
    async with trial.check("delivered once: the next login has nothing"):
        await bob.logout()
        bob = await trial.again(bob, "again")
        bob.none(Message)
    async with trial.check("headlines and errors are not kept"):
        await bob.logout()
        alice.send_message(mto=bob.bare, mbody="news", mtype="headline")
        await alice.sync()
        bob = await trial.again(bob, "later")
        bob.none(Message)
    async with trial.check("only a negative priority online: kept until a better one comes",
                           lacking={"prosody": "delivers at the next login only"}):
        bob.send_presence(ppriority=-5)
        await bob.sync()
        alice.send_message(mto=bob.bare, mbody="for a better one", mtype="chat")
        await alice.sync()
        await bob.sync()
        bob.none(Message)
        bob.send_presence(ppriority=0)
        await bob.message("for a better one")
    async with trial.check("a message to oneself arrives"):
        bob.send_message(mto=bob.bare, mbody="note to self", mtype="chat")
        await bob.message("note to self")


run(main)
