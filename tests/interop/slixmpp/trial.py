"""What every script here stands on: clients that remember what they received, and checks that are printed as JSON.

A script calls run(main); main(trial) makes accounts and clients and wraps each claim in
`async with trial.check("..."):`. Nothing sleeps: a script waits for stanzas, and to see that
something does NOT come it lets a ping go around after it (XMPP keeps order, RFC 6120 10.1).
"""

import asyncio
import json
import logging
import os
import sys
import traceback
import uuid
from contextlib import asynccontextmanager

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError
from slixmpp.stanza import Iq, Message, Presence

DOMAIN = os.environ["INTEROP_DOMAIN"]
PORT = int(os.environ["INTEROP_PORT"])
TLS_PORT = int(os.environ["INTEROP_TLS_PORT"])
TARGET = os.environ.get("METRONOME_INTEROP_TARGET", "metronome")
CA = os.environ["INTEROP_CA"]
WAIT = 5
PLUGINS = ("xep_0012", "xep_0030", "xep_0049", "xep_0054", "xep_0077", "xep_0092", "xep_0199", "xep_0202", "xep_0203")


class Refused(Exception):
    """The server did not let the client in; conditions are those of the SASL failures."""

    def __init__(self, why, conditions=()):
        super().__init__(f"{why} {list(conditions)}")
        self.conditions = list(conditions)


class Client(ClientXMPP):
    """One connection of one account."""

    def __init__(self, account, resource="one", mechanism=None, direct=False, register=False, plugins=()):
        mechanisms = {"feature_mechanisms": {"use_mech": mechanism}} if mechanism else {}
        super().__init__(f"{account.bare}/{resource}".rstrip("/"), account.password, plugin_config=mechanisms)
        self.account = account
        self.direct = direct
        self.offered = []
        self.failures = []
        self.received = []
        self.arrived = asyncio.Event()
        self.ca_certs = CA
        self.roster.auto_authorize = None
        self.roster.auto_subscribe = None
        for plugin in (*PLUGINS, *plugins):
            self.register_plugin(plugin)
        self.add_filter("in", self._remember)
        self.add_event_handler("failed_auth", lambda stanza: self.failures.append(stanza["condition"]))
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: settle(self.opened, None))
        self.add_event_handler("failed_all_auth", lambda _: self._refuse("no mechanism got in"))
        self.add_event_handler("connection_failed", lambda error: self._refuse(f"no connection: {error}"))
        self.add_event_handler("disconnected", lambda _: (self._refuse("disconnected"), settle(self.closed, None)))
        self.registration = asyncio.get_running_loop().create_future()
        if register:
            self.add_event_handler("register", self._register)
            # slixmpp 1.8.3 holds back every IQ before the session, those of in-band registration too.
            self._always_send_everything = True
        else:
            self["xep_0077"].create_account = False

    @property
    def me(self):
        return self.boundjid

    @property
    def bare(self):
        return self.boundjid.bare

    async def login(self, presence=True, priority=None):
        """Connects, logs in, fetches the roster, becomes available; raises Refused when it is not let in."""
        self._connect()
        await asyncio.wait_for(asyncio.shield(self.opened), 4 * WAIT)
        await self.get_roster()
        if presence:
            self.send_presence(ppriority=priority)
        await self.sync()
        return self

    async def logout(self):
        """Unavailable presence, end of stream, and waits until the server has closed."""
        if self.is_connected():
            self.send_presence(ptype="unavailable")
            self.disconnect(wait=WAIT)
            await asyncio.wait_for(asyncio.shield(self.closed), 2 * WAIT)

    async def cut(self):
        """The connection is gone from one moment to the next."""
        self.abort()
        await asyncio.wait_for(asyncio.shield(self.closed), WAIT)

    async def come_back(self):
        """Connects again after `cut` or `logout`; "resumed" or "new"."""
        self["xep_0077"].create_account = False
        self.closed = asyncio.get_running_loop().create_future()
        back = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_resumed", lambda _: settle(back, "resumed"), disposable=True)
        self.add_event_handler("session_start", lambda _: settle(back, "new"), disposable=True)
        self._connect()
        return await asyncio.wait_for(back, 4 * WAIT)

    async def sync(self):
        """All that was sent before has been handled, and all that the server had for us has come."""
        await self["xep_0199"].send_ping(DOMAIN, timeout=WAIT)

    async def take(self, kind, test=lambda stanza: True, why=""):
        """The first stanza of a kind that passes the test, waiting for it if it has not come yet; it is consumed."""
        deadline = asyncio.get_running_loop().time() + WAIT
        while True:
            for stanza in self.received:
                if isinstance(stanza, kind) and test(stanza):
                    self.received.remove(stanza)
                    return stanza
            self.arrived.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self.arrived.wait(), left)
            except asyncio.TimeoutError:
                seen = "\n".join(str(stanza) for stanza in self.received)
                raise AssertionError(f"no {kind.__name__} {why} within {WAIT} s; there were:\n{seen}") from None

    async def presence(self, sender, kind="available"):
        """Presence of a kind from a bare JID (any resource) or a full JID."""
        return await self.take(Presence, lambda p: p["type"] == kind and sender in (p["from"].full, p["from"].bare)
                               or kind == "available" and p["type"] in p.showtypes and sender in (p["from"].full, p["from"].bare),
                               f"{kind} from {sender}")

    async def message(self, body):
        return await self.take(Message, lambda m: m["body"] == body, f"with body {body!r}")

    async def push(self, jid):
        """The next roster push about a contact: its <item/>."""
        def about(iq):
            return iq["type"] == "set" and jid in [str(key) for key in iq["roster"]["items"]]
        iq = await self.take(Iq, about, f"roster push for {jid}")
        return iq.xml.find("{jabber:iq:roster}query/{jabber:iq:roster}item").attrib

    def none(self, kind, test=lambda stanza: True):
        """Asserts that no such stanza has come; call sync() before."""
        found = [str(stanza) for stanza in self.received if isinstance(stanza, kind) and test(stanza)]
        assert not found, f"should not have come: {found}"

    async def ask(self, type, to, payload=None):
        """An IQ with a payload of our own; answers the result, raises IqError."""
        iq = self.make_iq(ito=to, itype=type)
        if payload is not None:
            iq.append(payload)
        return await iq.send(timeout=WAIT)

    def _connect(self):
        self.connect(("127.0.0.1", TLS_PORT if self.direct else PORT), use_ssl=self.direct, force_starttls=not self.direct,
                     disable_starttls=self.direct)

    async def _pick_dns_answer(self, domain, service=None):
        # SNI and certificate are the domain's, the address is where the server under test listens.
        return domain, *self.address

    def _remember(self, stanza):
        if "mechanisms" in stanza.plugins or stanza.name == "features":
            self.offered = sorted(stanza["mechanisms"]) or self.offered
        self.received.append(stanza)
        self.arrived.set()
        return stanza

    def _refuse(self, why):
        if not self.opened.done():
            self.opened.set_exception(Refused(why, self.failures))
            self.opened.exception()

    async def _register(self, form):
        iq = self.make_iq_set()
        iq["register"]["username"] = self.account.name
        iq["register"]["password"] = self.account.password
        try:
            await iq.send(timeout=WAIT)
            settle(self.registration, form)
        except IqError as error:
            settle(self.registration, error)
            self._refuse(f"registration: {error.condition}")
            self.disconnect()


class Account:
    def __init__(self, name):
        self.name = f"{name}-{uuid.uuid4().hex[:8]}"
        self.password = uuid.uuid4().hex

    @property
    def bare(self):
        return f"{self.name}@{DOMAIN}"


class Trial:
    def __init__(self):
        self.clients = []

    def client(self, account, resource="one", **how):
        client = Client(account, resource, **how)
        self.clients.append(client)
        return client

    async def newcomer(self, name, resource="one", plugins=(), **presence):
        """A new account by in-band registration, logged in."""
        return await self.client(Account(name), resource, register=True, plugins=plugins).login(**presence)

    async def again(self, client, resource="one", plugins=(), **presence):
        """One more session of the client's account."""
        return await self.client(client.account, resource, plugins=plugins).login(**presence)

    async def friends(self, one, other):
        """Subscribes two clients to one another and forgets the stanzas that this took."""
        for asker, asked in ((one, other), (other, one)):
            asker.send_presence_subscription(pto=asked.bare, ptype="subscribe")
            await asked.presence(asker.bare, "subscribe")
            asked.send_presence_subscription(pto=asker.bare, ptype="subscribed")
            await asker.presence(asked.bare, "available")
        for client in (one, other, one, other):
            await client.sync()
            client.received.clear()

    @asynccontextmanager
    async def check(self, name, lacking=None):
        """One claim. lacking = {target: why} for what another server than ours is known not to do."""
        excuse = (lacking or {}).get(TARGET)
        try:
            yield
            say(check=name, ok=True)
        except Exception as error:
            if excuse:
                say(check=f"{name} (not with {TARGET}: {excuse})", ok=True)
                return
            traceback.print_exc()
            say(check=name, ok=False, detail=f"{type(error).__name__}: {error}")

    async def end(self):
        await asyncio.gather(*(client.logout() for client in self.clients), return_exceptions=True)


def settle(future, value):
    if not future.done():
        future.set_result(value)


def say(**fields):
    print(json.dumps(fields), flush=True)


def refused(error, condition, type=None):
    """Asserts the condition, and the type if given, of an IqError."""
    assert error.condition == condition, f"expected {condition}, got {error.condition}"
    if type is not None:
        assert error.etype == type, f"expected type {type}, got {error.etype}"


async def expect(awaitable, condition, type=None):
    """Awaits an IQ that has to be refused with a condition."""
    try:
        await awaitable
    except IqError as error:
        return refused(error, condition, type)
    raise AssertionError(f"expected the error {condition}, got a result")


def run(main):
    logging.basicConfig(level=os.environ.get("INTEROP_LOG", "ERROR"), stream=sys.stderr)

    async def all():
        trial = Trial()
        try:
            await main(trial)
        finally:
            await trial.end()
        say(end=True)

    asyncio.run(all())
