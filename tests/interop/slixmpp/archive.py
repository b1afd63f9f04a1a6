"""The message archive (XEP-0313): what was said is found by another device, whole, in order, in pages, once."""

from datetime import datetime, timedelta, timezone

from trial import WAIT, run

MAM = "urn:xmpp:mam:2"
FORWARDED = ".//{urn:xmpp:forward:0}forwarded"
BODY = f"{FORWARDED}/{{jabber:client}}message/{{jabber:client}}body"
PLUGINS = ("xep_0313", "xep_0359")


async def found(client, **query):
    """The texts that a query finds, its pages walked through."""
    return [message.xml.findtext(BODY) async for message in client["xep_0313"].iterate(**query)]


async def main(trial):
    alice = await trial.newcomer("alice", plugins=PLUGINS)
    bob = await trial.newcomer("bob", plugins=PLUGINS)
    carol = await trial.newcomer("carol")
    before = datetime.now(timezone.utc) - timedelta(minutes=1)

    async with trial.check("announced by the account"):
        info = await alice["xep_0030"].get_info(jid=alice.bare, timeout=WAIT, local=False, cached=False)
        assert MAM in info["disco_info"]["features"], info["disco_info"]["features"]
    async with trial.check("both sides of a conversation, in order, the own ones too"):
        said = []
        for number in range(12):
            speaker, hearer = (alice, bob) if number % 3 else (bob, alice)
            said.append(f"line {number} — 🎉 <&>")
            speaker.send_message(mto=hearer.bare, mbody=said[-1], mtype="chat")
            await hearer.message(said[-1])
        assert await found(alice) == said, await found(alice)
        assert await found(bob) == said, await found(bob)
    async with trial.check("in pages of five, forward and backward"):
        assert await found(alice, rsm={"max": 5}) == said
        assert await found(alice, rsm={"max": 5}, reverse=True) == said[::-1]
    async with trial.check("the last page alone: what a client asks for when it opens a chat"):
        assert await found(alice, rsm={"max": 3}, reverse=True, total=3) == said[:-4:-1]
    async with trial.check("with one contact only"):
        alice.send_message(mto=carol.bare, mbody="something else", mtype="chat")
        await carol.message("something else")
        assert await found(alice, with_jid=carol.bare) == ["something else"]
        assert await found(alice, with_jid=bob.bare) == said
    async with trial.check("between two times"):
        after = datetime.now(timezone.utc) + timedelta(minutes=1)
        assert await found(alice, with_jid=bob.bare, start=before, end=after) == said
        assert await found(alice, start=after) == []
        assert await found(alice, end=before) == []
    async with trial.check("the id in a live message is the id in the archive"):
        bob.send_message(mto=alice.bare, mbody="with an id", mtype="chat")
        live = await alice.message("with an id")
        ids = [id.get("id") for id in live.xml.findall("{urn:xmpp:sid:0}stanza-id") if id.get("by") == alice.bare]
        assert len(ids) == 1, live
        last = [message async for message in alice["xep_0313"].iterate(with_jid=bob.bare, reverse=True, total=1)]
        result = last[0].xml.find(f"{{{MAM}}}result")
        assert result.get("id") == ids[0], (result.attrib, ids)
        delay = result.find(f"{FORWARDED}/{{urn:xmpp:delay}}delay")
        assert delay is not None and delay.get("stamp"), result
    async with trial.check("what came while nobody was there is in it, for a device that was never there before"):
        await alice.logout()
        bob.send_message(mto=alice.bare, mbody="nobody there", mtype="chat")
        await bob.sync()
        tablet = trial.client(alice.account, "tablet", plugins=PLUGINS)
        await tablet.login(presence=False)
        assert (await found(tablet, with_jid=bob.bare))[-2:] == ["with an id", "nobody there"]
    async with trial.check("the fields of a query can be asked for"):
        fields = await bob["xep_0313"].get_fields(timeout=WAIT)
        assert {"with", "start", "end"} <= set(fields.get_fields()), fields
    async with trial.check("another's archive is not to be had"):
        from slixmpp.exceptions import IqError
        try:
            await bob["xep_0313"].retrieve(jid=tablet.bare, timeout=WAIT)
        except IqError as error:
            assert error.condition in ("forbidden", "service-unavailable", "not-allowed"), error.condition
        else:
            raise AssertionError("was let through")


run(main)
