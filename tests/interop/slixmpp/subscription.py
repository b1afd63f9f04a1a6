"""Subscriptions (RFC 6121 3): asked, granted, both ways, cancelled, revoked, asked while away, refused."""

from slixmpp.stanza import Iq, Presence

from trial import run


async def main(trial):
    alice = await trial.newcomer("alice")
    bob = await trial.newcomer("bob")

    async with trial.check("alice asks: her roster says ask=subscribe, bob sees the request from her bare JID"):
        alice.send_presence_subscription(pto=bob.bare, ptype="subscribe")
        item = await alice.push(bob.bare)
        assert item["subscription"] == "none" and item.get("ask") == "subscribe", item
        request = await bob.presence(alice.bare, "subscribe")
        assert request["from"].full == alice.bare, request
    async with trial.check("a pending request is not in bob's roster"):
        await bob.sync()
        bob.none(Iq, lambda iq: iq["type"] == "set")
        bob.none(Presence, lambda p: p["type"] == "subscribe")  # one request is told once
    async with trial.check("bob grants: to for her, from for him, she gets subscribed and his presence"):
        bob.send_presence_subscription(pto=alice.bare, ptype="subscribed")
        item = await alice.push(bob.bare)
        assert item["subscription"] == "to" and "ask" not in item, item
        await alice.presence(bob.bare, "subscribed")
        await alice.presence(bob.me.full, "available")
        assert (await bob.push(alice.bare))["subscription"] == "from"
    async with trial.check("bob asks back and it is both"):
        bob.send_presence_subscription(pto=alice.bare, ptype="subscribe")
        item = await bob.push(alice.bare)
        assert item["subscription"] == "from" and item.get("ask") == "subscribe", item
        await alice.presence(bob.bare, "subscribe")
        alice.send_presence_subscription(pto=bob.bare, ptype="subscribed")
        await bob.presence(alice.bare, "subscribed")
        await bob.presence(alice.me.full, "available")
        assert (await bob.push(alice.bare))["subscription"] == "both"
        assert (await alice.push(bob.bare))["subscription"] == "both"
    async with trial.check("alice unsubscribes: from for her, to for him, his presence to her ends"):
        alice.send_presence_subscription(pto=bob.bare, ptype="unsubscribe")
        assert (await alice.push(bob.bare))["subscription"] == "from"
        await bob.presence(alice.bare, "unsubscribe")
        assert (await bob.push(alice.bare))["subscription"] == "to"
        await alice.presence(bob.bare, "unavailable")
    async with trial.check("alice revokes bob's: none for both, her presence to him ends"):
        alice.send_presence_subscription(pto=bob.bare, ptype="unsubscribed")
        assert (await alice.push(bob.bare))["subscription"] == "none"
        await bob.presence(alice.bare, "unsubscribed")
        assert (await bob.push(alice.bare))["subscription"] == "none"
        await bob.presence(alice.bare, "unavailable")
    async with trial.check("afterwards neither sees the other's presence"):
        for client in (alice, bob, alice, bob):
            await client.sync()
            client.received.clear()
        alice.send_presence(pshow="dnd")
        bob.send_presence(pshow="away")
        for client in (alice, bob, alice, bob):
            await client.sync()
        alice.none(Presence, lambda p: p["from"].bare == bob.bare)
        bob.none(Presence, lambda p: p["from"].bare == alice.bare)
    async with trial.check("asked while away: the request waits for the next login, and for the one after it"):
        await bob.logout()
        alice.send_presence_subscription(pto=bob.bare, ptype="subscribe")
        await alice.sync()
        bob = await trial.again(bob)
        await bob.presence(alice.bare, "subscribe")
        await bob.logout()
        bob = await trial.again(bob)
        await bob.presence(alice.bare, "subscribe")
    async with trial.check("bob refuses: alice is told, her roster says none"):
        await alice.sync()
        alice.received.clear()
        bob.send_presence_subscription(pto=alice.bare, ptype="unsubscribed")
        item = await alice.push(bob.bare)
        assert item["subscription"] == "none" and "ask" not in item, item
        await alice.presence(bob.bare, "unsubscribed")
    async with trial.check("removing a contact of both kinds ends both subscriptions"):
        await trial.friends(alice, bob)
        alice.update_roster(bob.bare, subscription="remove")
        assert (await alice.push(bob.bare))["subscription"] == "remove"
        await bob.presence(alice.bare, "unsubscribe")
        await bob.presence(alice.bare, "unsubscribed")
        await bob.presence(alice.bare, "unavailable")


run(main)
