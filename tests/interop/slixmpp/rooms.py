"""Rooms (XEP-0045): made, configured, talked in, governed and destroyed, by a client that nobody of us wrote."""

from slixmpp.exceptions import IqError, PresenceError
from slixmpp.stanza import Message, Presence

from trial import DOMAIN, TARGET, WAIT, run

SERVICE = f"muc.{DOMAIN}" if TARGET == "metronome" else f"conference.{DOMAIN}"
PLUGINS = ("xep_0045", "xep_0004")
USER = "{http://jabber.org/protocol/muc#user}"


def codes(stanza):
    """All but 170: whether a room keeps what is said is the server's choice."""
    found = (int(status.get("code")) for status in stanza.xml.iter(f"{USER}status"))
    return sorted(code for code in found if code != 170)


async def enter(client, room, nick, **how):
    return await client["xep_0045"].join_muc_wait(room, nick, maxchars=0, timeout=WAIT, **how)


async def main(trial):
    alice = await trial.newcomer("alice", plugins=PLUGINS)
    bob = await trial.newcomer("bob", plugins=PLUGINS)
    carol = await trial.newcomer("carol", plugins=PLUGINS)
    room = f"{alice.account.name}@{SERVICE}"
    muc = alice["xep_0045"]

    async with trial.check("the server lists the service, and the service says what it is"):
        items = await alice["xep_0030"].get_items(jid=DOMAIN, timeout=WAIT)
        assert SERVICE in [str(item[0]) for item in items["disco_items"]["items"]], items
        info = await alice["xep_0030"].get_info(jid=SERVICE, timeout=WAIT)
        assert ("conference", "text") in [identity[:2] for identity in info["disco_info"]["identities"]], info
    async with trial.check("a room is made by coming in, and configured by its form"):
        own, subject, _, _ = await enter(alice, room, "alice")
        assert codes(own) == [110, 201], own
        form = await muc.get_room_config(room)
        form["type"] = "submit"
        form.set_values({"muc#roomconfig_roomname": "The Lab", "muc#roomconfig_whois": "anyone",
                         "muc#roomconfig_persistentroom": True})
        await muc.set_room_config(room, form)
    async with trial.check("others come in: they see who is there, and are warned that addresses are visible"):
        own, _, occupants, _ = await enter(bob, room, "bob")
        assert codes(own) == [100, 110], own
        assert "alice" in bob["xep_0045"].get_roster(room), bob["xep_0045"].rooms
        await alice.presence(f"{room}/bob")
        assert str(muc.get_jid_property(room, "bob", "jid")) == bob.me.full
    async with trial.check("messages go to everybody, with the id of their sender"):
        message = bob.make_message(mto=room, mbody="hello all", mtype="groupchat")
        message["id"] = "m-1"
        message.send()
        for client in (alice, bob):
            got = await client.message("hello all")
            assert (got["id"], got["from"].full, got["type"]) == ("m-1", f"{room}/bob", "groupchat"), got
    async with trial.check("who comes later gets the history, then the subject"):
        muc.set_subject(room, "Science")
        await bob.take(Message, lambda m: m["subject"] == "Science", "subject")
        carol.received.clear()
        join = carol.make_presence(pto=f"{room}/carol")
        join.enable("muc_join")
        join.send()
        old = await carol.message("hello all")
        assert old["delay"]["from"].full == room, old
        await carol.take(Message, lambda m: m["subject"] == "Science", "subject")
    async with trial.check("a private message reaches one"):
        bob.send_message(mto=f"{room}/carol", mbody="psst", mtype="chat")
        got = await carol.message("psst")
        assert got["from"].full == f"{room}/bob", got
        await alice.sync()
        alice.none(Message, lambda m: m["body"] == "psst")
    async with trial.check("a nickname that is taken"):
        try:
            await enter(await trial.newcomer("dave", plugins=PLUGINS), room, "bob")
            assert False, "let in"
        except PresenceError as error:
            assert error.condition == "conflict", error
    async with trial.check("another nickname"):
        bob.send_presence(pto=f"{room}/robert")
        gone = await carol.presence(f"{room}/bob", "unavailable")
        assert codes(gone) == [303], gone
        await carol.presence(f"{room}/robert")
    async with trial.check("affiliations and their lists; not for everybody"):
        await muc.set_affiliation(room, "member", jid=bob.bare)
        assert await muc.get_affiliation_list(room, "member") == [bob.bare]
        assert await bob["xep_0045"].get_affiliation_list(room, "owner") == [alice.bare]
        try:
            await bob["xep_0045"].set_affiliation(room, "owner", jid=bob.bare)
            assert False, "taken over"
        except IqError as error:
            assert error.condition == "forbidden", error
    async with trial.check("an invitation, and a refusal"):
        erin = await trial.newcomer("erin", plugins=PLUGINS)
        muc.invite(room, erin.bare, reason="come")
        await erin.take(Message, lambda m: m.xml.find(f"{USER}x/{USER}invite") is not None, "invitation")
        erin["xep_0045"].decline(room, alice.bare, reason="busy")
        await alice.take(Message, lambda m: m.xml.find(f"{USER}x/{USER}decline") is not None, "refusal")
    async with trial.check("a kick"):
        await muc.set_role(room, "carol", "none", reason="enough")
        assert codes(await carol.presence(f"{room}/carol", "unavailable")) == [110, 307]
        assert codes(await bob.presence(f"{room}/carol", "unavailable")) == [307]
    async with trial.check("a ban"):
        await muc.set_affiliation(room, "outcast", jid=carol.bare)
        try:
            await enter(carol, room, "carol")
            assert False, "let in"
        except PresenceError as error:
            assert error.condition == "forbidden", error
    async with trial.check("a self-ping, in and out of the room"):
        await bob["xep_0199"].send_ping(f"{room}/robert", timeout=WAIT)
        try:
            await erin["xep_0199"].send_ping(f"{room}/robert", timeout=WAIT)
            assert False, "answered"
        except IqError as error:
            assert error.condition == "not-acceptable", error
    async with trial.check("a lost connection is a departure"):
        await bob.cut()
        gone = await alice.take(Presence, lambda p: p["from"].full == f"{room}/robert" and p["type"] == "unavailable")
        assert gone is not None
    async with trial.check("the end of a room, and where it has gone"):
        await muc.destroy(room, reason="moved", altroom=f"other@{SERVICE}")
        gone = await alice.presence(f"{room}/alice", "unavailable")
        destroy = gone.xml.find(f"{USER}x/{USER}destroy")
        assert destroy is not None and destroy.get("jid") == f"other@{SERVICE}", gone


run(main)
