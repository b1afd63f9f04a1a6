"""External services (XEP-0215): STUN and TURN with credentials of the moment; slixmpp 1.8.3 has no plugin for it."""

import base64
import hashlib
import hmac
import time

from slixmpp.xmlstream import ET

from trial import DOMAIN, WAIT, expect, run

NS = "urn:xmpp:extdisco:2"


async def main(trial):
    alice = await trial.newcomer("alice")

    def services(answer):
        return [element.attrib for element in answer.xml.iter(f"{{{NS}}}service")]

    async with trial.check("external services: announced"):
        info = await alice["xep_0030"].get_info(jid=DOMAIN, timeout=WAIT)
        assert NS in info["disco_info"]["features"], info["disco_info"]["features"]
    async with trial.check("external services: all of them, and those of one type"):
        every = services(await alice.ask("get", DOMAIN, ET.Element(f"{{{NS}}}services")))
        assert [(it["type"], it["host"], it["port"]) for it in every] == \
            [("stun", "stun.localhost", "3478"), ("turn", "turn.localhost", "3478")], every
        turn = services(await alice.ask("get", DOMAIN, ET.Element(f"{{{NS}}}services", {"type": "turn"})))
        assert [it["type"] for it in turn] == ["turn"], turn
    async with trial.check("external services: the password is the one that a TURN server computes from the secret"):
        [turn] = services(await alice.ask("get", DOMAIN, ET.Element(f"{{{NS}}}services", {"type": "turn"})))
        until = int(turn["username"].split(":")[0])
        assert time.time() < until < time.time() + 86400, turn
        wanted = base64.b64encode(hmac.new(b"shared with the relay", turn["username"].encode(), hashlib.sha1).digest())
        assert turn["password"] == wanted.decode(), turn
        assert turn["restricted"] in ("true", "1") and turn["expires"], turn
    async with trial.check("external services: credentials of one that is named, and of one that is not there"):
        def ask(host):
            payload = ET.Element(f"{{{NS}}}credentials")
            ET.SubElement(payload, f"{{{NS}}}service", {"type": "turn", "host": host})
            return alice.ask("get", DOMAIN, payload)
        [one] = services(await ask("turn.localhost"))
        assert one["username"] and one["password"], one
        await expect(ask("no.such.host"), "item-not-found")


run(main)
