"""An external component (XEP-0114) by slixmpp: a wrong secret, both ways, privileges (XEP-0356), delegation (XEP-0355)."""

import asyncio
import os
import xml.etree.ElementTree as ET

from slixmpp import ComponentXMPP
from slixmpp.stanza import Iq, Message, Presence
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from trial import DOMAIN, WAIT, Client, expect, run, settle

PORT = int(os.environ["INTEROP_COMPONENT_PORT"])
SECRET = "between the two of us"
GATEWAY = f"gateway.{DOMAIN}"
ACCEPT = "jabber:component:accept"
DELEGATION = "urn:xmpp:delegation:2"
WEATHER = "urn:example:weather"


class Gateway(ComponentXMPP):
    """A component that remembers what it gets, with the ways of a trial's client to ask for it."""

    take, presence, message, none = Client.take, Client.presence, Client.message, Client.none
    _remember = Client._remember

    def __init__(self, secret=SECRET):
        super().__init__(GATEWAY, secret, DOMAIN, PORT)
        self.received = []
        self.arrived = asyncio.Event()
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.granted = asyncio.get_running_loop().create_future()
        for plugin in ("xep_0030", "xep_0199", "xep_0356"):
            self.register_plugin(plugin)
        self.add_filter("in", self._remember)
        self.add_event_handler("session_start", lambda _: settle(self.opened, None))
        self.add_event_handler("disconnected", lambda _: settle(self.closed, None))
        self.add_event_handler("privileges_advertised", lambda _: settle(self.granted, None))
        self.register_handler(Callback("delegated", MatchXPath(f"{{{ACCEPT}}}iq/{{{DELEGATION}}}delegation"), self._answer))

    async def log_in(self):
        self.connect(host="127.0.0.1", port=PORT)
        await asyncio.wait_for(self.opened, 2 * WAIT)
        return self

    def _answer(self, outer):
        inner = outer.xml.find(f"{{{DELEGATION}}}delegation/{{urn:xmpp:forward:0}}forwarded/{{jabber:client}}iq")
        self.send_raw(
            f"<iq type='result' from='{GATEWAY}' to='{outer['from']}' id='{outer['id']}'><delegation xmlns='{DELEGATION}'>"
            f"<forwarded xmlns='urn:xmpp:forward:0'><iq xmlns='jabber:client' type='result' to='{inner.get('from')}' "
            f"id='{inner.get('id')}'><weather xmlns='{WEATHER}'>rain</weather></iq></forwarded></delegation></iq>")


async def main(trial):
    async with trial.check("a wrong secret does not get in"):
        stranger = Gateway("another secret")
        stranger.connect(host="127.0.0.1", port=PORT)
        await asyncio.wait_for(stranger.closed, 2 * WAIT)
        assert not stranger.opened.done()
        stranger.abort()

    async with trial.check("the right one does"):
        gateway = await Gateway().log_in()
    alice = await trial.newcomer("alice")
    bob = await trial.newcomer("bob")

    async with trial.check("messages both ways, from and to anybody at its domain"):
        gateway.send_message(mto=alice.bare, mfrom=f"romeo@{GATEWAY}", mbody="Juliet?", mtype="chat")
        assert (await alice.message("Juliet?"))["from"].full == f"romeo@{GATEWAY}"
        alice.send_message(mto=f"romeo@{GATEWAY}", mbody="Romeo!", mtype="chat")
        assert (await gateway.message("Romeo!"))["from"].full == alice.me.full
    async with trial.check("it answers disco and ping itself"):
        info = (await alice["xep_0030"].get_info(jid=GATEWAY, timeout=WAIT))["disco_info"]
        assert "http://jabber.org/protocol/disco#info" in info["features"], info
        await alice["xep_0199"].send_ping(GATEWAY, timeout=WAIT)
    async with trial.check("it is among the items of its server"):
        items = (await alice["xep_0030"].get_items(jid=DOMAIN, timeout=WAIT))["disco_items"]["items"]
        assert GATEWAY in [str(jid) for jid, *_ in items], items

    async with trial.check("XEP-0356: its privileges are told, as slixmpp reads them"):
        await asyncio.wait_for(gateway.granted, WAIT)
        granted = gateway["xep_0356"].granted_privileges
        assert granted["roster"] == "both" and granted["message"] == "outgoing", granted
        assert granted["presence"] == "managed_entity", granted
    async with trial.check("XEP-0356: presence of accounts"):
        await gateway.presence(alice.me.full)
    async with trial.check("XEP-0356: it puts a contact of its own into a roster, and reads it there"):
        item = {f"romeo@{GATEWAY}": {"name": "Romeo", "subscription": "both", "groups": ["Gateway"]}}
        await gateway["xep_0356"].set_roster(alice.bare, item, timeout=WAIT)
        pushed = await alice.push(f"romeo@{GATEWAY}")
        while pushed["subscription"] != "both":
            pushed = await alice.push(f"romeo@{GATEWAY}")
        roster = (await gateway["xep_0356"].get_roster(alice.bare, timeout=WAIT))["roster"]["items"]
        assert [str(jid) for jid in roster] == [f"romeo@{GATEWAY}"], roster
    async with trial.check("XEP-0356: a message in the name of an account"):
        said = Message()
        said["from"], said["to"], said["type"], said["body"] = alice.bare, bob.bare, "chat", "I am Alice"
        said.xml.tag = "{jabber:client}message"
        for child in said.xml:
            child.tag = child.tag.replace(ACCEPT, "jabber:client")
        gateway["xep_0356"].send_privileged_message(said)
        assert (await bob.message("I am Alice"))["from"].full == alice.bare
    async with trial.check("XEP-0355: what is delegated is answered by the component, in the server's name"):
        iq = await alice.ask("get", None, ET.Element(f"{{{WEATHER}}}weather"))
        assert iq.xml.findtext(f"{{{WEATHER}}}weather") == "rain", iq
    async with trial.check("while it is away: waits, and is delivered when it is back"):
        gateway.disconnect()
        await asyncio.wait_for(gateway.closed, WAIT)
        alice.send_message(mto=f"romeo@{GATEWAY}", mbody="Art thou there?", mtype="chat")
        await alice.sync()
        back = await Gateway().log_in()
        await back.message("Art thou there?")
        back.disconnect()
        await asyncio.wait_for(back.closed, WAIT)


run(main)
