"""What the server itself answers: disco, ping, version, time, last activity, vcard-temp, private XML, and who gets an error."""

from datetime import datetime, timedelta, timezone

from slixmpp.xmlstream import ET

from trial import DOMAIN, WAIT, expect, run


async def main(trial):
    alice = await trial.newcomer("alice", plugins=("xep_0050",))
    bob = await trial.newcomer("bob")
    disco = alice["xep_0030"]

    async with trial.check("disco#info of the server: its identity and features"):
        info = (await disco.get_info(jid=DOMAIN, timeout=WAIT))["disco_info"]
        assert any(identity[:2] == ("server", "im") for identity in info["identities"]), info["identities"]
        wanted = {"http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "urn:xmpp:ping",
                  "jabber:iq:version", "urn:xmpp:time", "jabber:iq:last", "vcard-temp", "jabber:iq:private", "msgoffline"}
        assert wanted <= set(info["features"]), f"missing: {wanted - set(info['features'])}"
    async with trial.check("disco#items of the server answers"):
        await disco.get_items(jid=DOMAIN, timeout=WAIT)
    async with trial.check("disco#info of one's own account: account, registered"):
        info = (await disco.get_info(jid=alice.bare, timeout=WAIT, local=False, cached=False))["disco_info"]
        assert any(identity[:2] == ("account", "registered") for identity in info["identities"]), info["identities"]
    async with trial.check("disco#info of a stranger's account tells nothing"):
        await expect(disco.get_info(jid=bob.bare, timeout=WAIT, local=False, cached=False), "service-unavailable")
    async with trial.check("an unknown node is item-not-found"):
        await expect(disco.get_info(jid=DOMAIN, node="urn:no:such:node", timeout=WAIT), "item-not-found")

    async with trial.check("ping: server, own account, another client"):
        for jid in (DOMAIN, alice.bare, bob.me):
            await alice["xep_0199"].send_ping(jid, timeout=WAIT)
    async with trial.check("version: a name"):
        version = (await alice["xep_0092"].get_version(DOMAIN, timeout=WAIT))["software_version"]
        assert version["name"], version
    async with trial.check("time: within a minute of ours, UTC and an offset"):
        answer = await alice["xep_0202"].get_entity_time(DOMAIN, timeout=WAIT)
        # The text itself: slixmpp 1.8.3 appends a second Z before it parses.
        utc, tzo = (answer.xml.findtext(f".//{{urn:xmpp:time}}{name}") for name in ("utc", "tzo"))
        assert utc.endswith("Z") and tzo, (utc, tzo)
        assert abs(datetime.fromisoformat(utc) - datetime.now(timezone.utc)) < timedelta(minutes=1), utc
    async with trial.check("last activity of the server is its uptime"):
        last = await alice["xep_0012"].get_last_activity(DOMAIN, timeout=WAIT)
        assert 0 <= int(last["last_activity"]["seconds"]) < 600, last
    async with trial.check("last activity of a stranger is refused"):
        await expect(alice["xep_0012"].get_last_activity(bob.bare, timeout=WAIT), "service-unavailable")

    async with trial.check("vcard-temp: none yet, then as stored, for oneself and for others"):
        vcard = alice["xep_0054"]
        card = vcard.make_vcard()
        card["FN"] = "Alice & Söhne"
        card["NICKNAME"] = "al"
        await vcard.publish_vcard(card, timeout=WAIT)
        for client in (alice, bob):
            got = await client["xep_0054"].get_vcard(alice.bare if client is bob else None, timeout=WAIT, cached=False)
            assert got["vcard_temp"]["FN"] == "Alice & Söhne", got
    async with trial.check("another's vcard cannot be set"):
        from slixmpp.exceptions import IqError
        try:
            await bob["xep_0054"].publish_vcard(card, jid=alice.bare, timeout=WAIT)
            raise AssertionError("was let through")
        except IqError as error:
            assert error.condition in ("forbidden", "not-allowed", "service-unavailable"), error.condition

    async with trial.check("private XML: as stored, empty when nothing is"):
        payload = '<query xmlns="jabber:iq:private"><data xmlns="urn:example:own" a="1"><b>x &amp; y</b></data></query>'
        asked = '<query xmlns="jabber:iq:private"><data xmlns="urn:example:own"/></query>'
        empty = await alice.ask("get", None, ET.fromstring(asked))
        assert empty.xml.find(".//{urn:example:own}data") is not None, empty
        await alice.ask("set", None, ET.fromstring(payload))
        got = await alice.ask("get", None, ET.fromstring(asked))
        data = got.xml.find(".//{urn:example:own}data")
        assert data.get("a") == "1" and data.find("{urn:example:own}b").text == "x & y", got

    async with trial.check("ad-hoc commands: the server has a list, those of an administrator are not in a user's"):
        commands = await alice["xep_0050"].get_commands(DOMAIN, timeout=WAIT)
        nodes = [item[1] for item in commands["disco_items"]["items"]]
        assert not [node for node in nodes if node.startswith("http://jabber.org/protocol/admin")], nodes
    async with trial.check("ad-hoc commands: an administrator's are refused"):
        payload = ET.Element("{http://jabber.org/protocol/commands}command",
                             {"node": "http://jabber.org/protocol/admin#add-user", "action": "execute"})
        await expect(alice.ask("set", DOMAIN, payload), "forbidden")
    async with trial.check("an IQ that nobody knows: service-unavailable, from server, account, absent resource"):
        for jid in (DOMAIN, None, bob.bare, f"{bob.bare}/absent"):
            await expect(alice.ask("get", jid, ET.Element("{urn:example:unknown}query")), "service-unavailable", "cancel")
    async with trial.check("an IQ without a payload is a bad request"):
        await expect(alice.ask("get", DOMAIN), "bad-request", "modify")
    async with trial.check("client to client: the request arrives, the answer comes back"):
        version = await bob["xep_0092"].get_version(alice.me, timeout=WAIT)
        assert version["software_version"]["name"], version


run(main)
