"""Presence (RFC 6121 4): broadcast, probes, several resources, directed presence, entity capabilities."""

from slixmpp.stanza import Presence
from slixmpp.xmlstream import ET

from trial import run

CAPS = "{http://jabber.org/protocol/caps}c"


async def main(trial):
    alice = await trial.newcomer("alice", plugins=("xep_0115",))
    bob = await trial.newcomer("bob", plugins=("xep_0115",))
    carol = await trial.newcomer("carol")
    await trial.friends(alice, bob)

    async with trial.check("a change goes to the subscriber with show, status and priority, to nobody else"):
        alice.send_presence(pshow="away", pstatus="tea & cake", ppriority=7)
        seen = await bob.presence(alice.me.full)
        assert (seen["show"], seen["status"], seen["priority"]) == ("away", "tea & cake", 7), seen
        await carol.sync()
        carol.none(Presence, lambda p: p["from"].bare == alice.bare)
    async with trial.check("a second resource learns of the first, and contacts of both"):
        phone = await trial.again(alice, "phone")
        assert (await phone.presence(alice.me.full))["show"] == "away"
        await alice.presence(phone.me.full)
        await bob.presence(phone.me.full)
    async with trial.check("at login the contact's presence comes, through a probe"):
        assert (await phone.presence(bob.me.full))["type"] == "available"
    async with trial.check("an explicit probe is answered with all resources of the contact"):
        for client in (alice, phone, bob):
            await client.sync()
        bob.received.clear()
        bob.send_presence(pto=alice.bare, ptype="probe")
        assert (await bob.presence(alice.me.full))["show"] == "away"
        await bob.presence(phone.me.full)
    async with trial.check("a probe by a stranger shows nobody"):
        carol.send_presence(pto=alice.bare, ptype="probe")
        for client in (carol, alice, carol):
            await client.sync()
        carol.none(Presence, lambda p: p["from"].bare == alice.bare and p["type"] in ("available", *p.showtypes))
    async with trial.check("the probe does not reach the probed client"):
        alice.none(Presence, lambda p: p["type"] == "probe")
    async with trial.check("one resource goes: contacts and the other resource are told"):
        await phone.logout()
        await bob.presence(phone.me.full, "unavailable")
        await alice.presence(phone.me.full, "unavailable")
    async with trial.check("directed presence reaches a stranger"):
        alice.send_presence(pto=carol.bare, pstatus="only you")
        assert (await carol.presence(alice.me.full))["status"] == "only you"
    async with trial.check("entity capabilities pass the server, and can be looked up at the client"):
        await bob["xep_0115"].update_caps()
        seen = await alice.take(Presence, lambda p: p["from"] == bob.me and p.xml.find(CAPS) is not None, "with caps")
        caps = seen["caps"]
        info = await alice["xep_0030"].get_info(jid=bob.me, node=f"{caps['node']}#{caps['ver']}", timeout=5)
        assert "http://jabber.org/protocol/caps" in info["disco_info"]["features"], info
    async with trial.check("the hash of an avatar passes as it is (XEP-0153)"):
        presence = bob.make_presence(pstatus="new picture")
        update = ET.SubElement(presence.xml, "{vcard-temp:x:update}x")
        ET.SubElement(update, "{vcard-temp:x:update}photo").text = "01b87fcd030b72895ff8e88db57ec525450f000d"
        presence.send()
        seen = await alice.take(Presence, lambda p: p["status"] == "new picture", "with the picture")
        photos = [x.findtext("{vcard-temp:x:update}photo") for x in seen.xml.findall("{vcard-temp:x:update}x")]
        assert photos == ["01b87fcd030b72895ff8e88db57ec525450f000d"], seen
    async with trial.check("who had directed presence gets the unavailable too"):
        await alice.logout()
        await bob.presence(alice.me.full, "unavailable")
        await carol.presence(alice.me.full, "unavailable")
    async with trial.check("a connection that breaks is an unavailable as well"):
        tablet = await trial.again(alice, "tablet")
        await bob.presence(tablet.me.full)
        tablet.abort()
        await bob.presence(tablet.me.full, "unavailable")
    async with trial.check("presence to an account that does not exist does no harm"):
        bob.send_presence_subscription(pto=f"nobody-{bob.account.name}@{bob.me.host}", ptype="subscribe")
        await bob.sync()


run(main)
