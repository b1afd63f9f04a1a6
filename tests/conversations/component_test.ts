/** XEP-0114: external components, as they and everybody else see it. */
import { equal, notEqual } from "node:assert/strict";
import { type TestServer, testServer } from "#testing";
import { component } from "../../plugins/component/component.ts";
import { message } from "../../plugins/im/message.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { disco } from "../../plugins/service/disco.ts";

const SECRET = "between the two of us";
const GW = "gw.a.test";
const DISCO_INFO = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";

const PLUGINS = [component, message, disco, presence, roster];

/** A server with one component, whose options may be others. */
function serverWith(options: Record<string, unknown> = {}): Promise<TestServer> {
  return testServer({ plugins: PLUGINS, config: config(options) });
}

function config(options: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    host: { [GW]: { kind: "component", name: "The gateway", component: { secret: SECRET, ...options } } },
  };
}

Deno.test("XEP-0114 §3: header, handshake, and stanzas both ways", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  const gateway = server.connectComponent(GW);
  await gateway.open();
  equal(gateway.header?.attr("from"), GW);
  equal(gateway.header?.attr("version"), undefined);
  notEqual(gateway.header?.attr("id"), undefined);
  await gateway.shake(SECRET);
  gateway.expect("<handshake/>");

  await alice.send(`<message to='bot@${GW}' type='chat' id='1'><body>Hello?</body></message>`);
  gateway.expect(
    `<message from='alice@a.test/desk' to='bot@${GW}' type='chat' id='1'><body>Hello?</body></message>`,
  );
  await gateway.send(`<message from='bot@${GW}/x' to='alice@a.test' type='chat'><body>Yes.</body></message>`);
  alice.expect(`<message from='bot@${GW}/x' type='chat'><body>Yes.</body></message>`);

  await alice.send(`<iq type='get' id='2' to='${GW}'><query xmlns='${DISCO_INFO}'/></iq>`);
  gateway.expect(`<iq from='alice@a.test/desk' type='get' id='2'/>`);
  alice.quiet();
  await gateway.send(`<iq from='${GW}' to='alice@a.test/desk' type='result' id='2'/>`);
  alice.expect(`<iq from='${GW}' type='result' id='2'/>`);
});

Deno.test("XEP-0114 §3: a wrong secret is not-authorized and closes; guessing becomes slow", async () => {
  await using server = await serverWith();
  for (let i = 0; i < 10; i++) {
    const guesser = server.connectComponent(GW);
    await guesser.open();
    await guesser.shake(`guess ${i}`);
    guesser.expectStreamError("not-authorized");
    equal(guesser.closed, true);
  }
  const guesser = server.connectComponent(GW);
  await guesser.open();
  await guesser.shake("one guess too many");
  guesser.quiet();
  await server.clock.advance("20 s");
  guesser.expectStreamError("not-authorized");
});

Deno.test("XEP-0114 §3: a domain that is no component is host-unknown, also one of people", async () => {
  await using server = await serverWith();
  for (const domain of ["other.test", "a.test"]) {
    const stranger = server.connectComponent(domain);
    await stranger.open();
    stranger.expectStreamError("host-unknown");
    equal(stranger.closed, true);
  }
  const client = server.connect();
  await client.open(GW);
  client.expectStreamError("host-unknown");
});

Deno.test("XEP-0114 §3: another namespace is invalid-namespace", async () => {
  await using server = await serverWith();
  const client = server.connectComponent(GW);
  await client.send(
    `<stream:stream to='${GW}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  client.expectStreamError("invalid-namespace");
});

Deno.test("XEP-0114 §3: stanzas before the handshake, or something else after it, end the stream", async () => {
  await using server = await serverWith();
  const early = server.connectComponent(GW);
  await early.open();
  await early.send(`<message from='${GW}' to='alice@a.test'><body>Me first</body></message>`);
  early.expectStreamError("not-authorized");
  const odd = await server.component(GW, SECRET);
  await odd.send("<handshake/>");
  odd.expectStreamError("unsupported-stanza-type");
});

Deno.test("XEP-0114 §3: a forged sender ends the stream with invalid-from", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  for (const from of ["bob@a.test", "a.test", `sub.${GW}`, "not a@jid@"]) {
    const gateway = await server.component(GW, SECRET);
    await gateway.send(`<message from='${from}' to='alice@a.test'><body>Trust me</body></message>`);
    gateway.expectStreamError("invalid-from");
  }
  alice.quiet();
});

Deno.test("M1: a missing sender is the domain, a missing receiver is bad-request", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  const gateway = await server.component(GW, SECRET);
  await gateway.send(`<message to='alice@a.test'><body>News</body></message>`);
  alice.expect(`<message from='${GW}'><body>News</body></message>`);
  await gateway.send(`<message id='9'><body>To whom?</body></message>`);
  gateway.expect(
    `<message type='error' id='9'><error><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  );
});

Deno.test("XEP-0114 §3: a second connection is refused with conflict", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  const first = await server.component(GW, SECRET);
  const second = server.connectComponent(GW);
  await second.open();
  await second.shake(SECRET);
  second.expectStreamError("conflict");
  await alice.send(`<message to='${GW}'><body>Still there?</body></message>`);
  first.expect("<message><body>Still there?</body></message>");
});

Deno.test("component.conflict = replace: the new connection takes over", async () => {
  await using server = await serverWith({ conflict: "replace" });
  const [alice] = await server.online("alice/desk");
  const first = await server.component(GW, SECRET);
  const second = await server.component(GW, SECRET);
  first.expectStreamError("conflict");
  await alice.send(`<message to='${GW}'><body>Who is it?</body></message>`);
  second.expect("<message><body>Who is it?</body></message>");
});

Deno.test("component.conflict = share: every address is served by one of the connections", async () => {
  await using server = await serverWith({ conflict: "share" });
  const [alice] = await server.online("alice/desk");
  const both = [await server.component(GW, SECRET), await server.component(GW, SECRET)];
  for (let n = 0; n < 20; n++) {
    for (const part of ["one", "two"]) {
      await alice.send(`<message to='user${n}@${GW}' id='${part}'><body>${n}</body></message>`);
    }
  }
  const got = both.map(({ inbox }) => inbox.map((it) => it.attr("to")));
  equal(got[0]!.length + got[1]!.length, 40);
  for (const list of got) notEqual(list.length, 0);
  equal(got[0]!.some((to) => got[1]!.includes(to)), false);
  await both[0]!.cut();
  await alice.send(`<message to='user1@${GW}'><body>And now?</body></message>`);
  both[1]!.expect("<message><body>And now?</body></message>");
});

Deno.test("M1: what comes while the component restarts waits, in its order", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  const before = await server.component(GW, SECRET);
  await before.cut();
  await alice.send(`<message to='${GW}' id='1'><body>One</body></message>`);
  await alice.send(`<iq type='get' to='${GW}' id='2'><query xmlns='jabber:iq:version'/></iq>`);
  await server.clock.advance("20 s");
  alice.quiet();
  const after = await server.component(GW, SECRET);
  after.expectNext(`<message id='1' from='alice@a.test/desk'><body>One</body></message>`);
  after.expectNext(`<iq id='2' type='get'><query xmlns='jabber:iq:version'/></iq>`);
  after.quiet();
  await server.clock.advance("1 min");
  alice.quiet();
});

Deno.test("M1: what waited in vain comes back as remote-server-timeout; later stanzas at once", async () => {
  await using server = await serverWith({ wait: "10 s" });
  const [alice] = await server.online("alice/desk");
  await alice.send(`<message to='bot@${GW}' id='1'><body>One</body></message>`);
  await alice.send(`<message to='bot@${GW}' id='e' type='error'/>`);
  alice.quiet();
  await server.clock.advance("12 s");
  alice.expect(
    `<message from='bot@${GW}' id='1' type='error'><error type='wait'>
      <remote-server-timeout xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
      <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>*</text></error></message>`,
  );
  await alice.send(`<message to='bot@${GW}' id='2'><body>Two</body></message>`);
  alice.expect(
    `<message id='2' type='error'><error type='wait'>
      <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
      <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>*</text></error></message>`,
  );
  alice.quiet();
});

Deno.test("BUG-52, AC-2.6-5: the queue of a component that is away is bounded, by count and by size", async () => {
  await using server = await serverWith({ queue: 3, queue_size: "4 KB" });
  const [alice] = await server.online("alice/desk");
  for (let n = 0; n < 4; n++) await alice.send(`<message to='${GW}' id='${n}'><body>${n}</body></message>`);
  alice.expect(`<message id='3' type='error'><error type='wait'/></message>`);
  alice.quiet();
  const gateway = await server.component(GW, SECRET);
  equal(gateway.inbox.length, 3);
  await gateway.cut();
  await alice.send(`<message to='${GW}' id='big'><body>${"x".repeat(4000)}</body></message>`);
  alice.expect(`<message id='big' type='error'/>`);
  // Attributes count too, also those that nobody defines.
  await alice.send(`<message to='${GW}' id='wide' other='${"x".repeat(4000)}'/>`);
  alice.expect(`<message id='wide' type='error'/>`);
});

Deno.test("M1: with wait off, what comes for a component that is away is refused at once", async () => {
  await using server = await serverWith({ wait: "off" });
  const [alice] = await server.online("alice/desk");
  await alice.send(`<iq type='get' to='bot@${GW}' id='1'><query xmlns='jabber:iq:version'/></iq>`);
  alice.expect(`<iq id='1' type='error'><error type='wait'/></iq>`);
});

Deno.test("M1: in the disco items of its parent; says what it is while it is away", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  await alice.send(`<iq type='get' to='a.test' id='1'><query xmlns='${DISCO_ITEMS}'/></iq>`);
  alice.expect(
    `<iq id='1' type='result'><query xmlns='${DISCO_ITEMS}'><item jid='${GW}' name='The gateway'/></query></iq>`,
  );
  await alice.send(`<iq type='get' to='${GW}' id='2'><query xmlns='${DISCO_INFO}'/></iq>`);
  alice.expect(
    `<iq id='2' type='result'><query xmlns='${DISCO_INFO}'>
      <identity category='component' type='generic' name='The gateway'/></query></iq>`,
  );
});

Deno.test("a reload keeps the connection; another secret, or no host any more, ends it", async () => {
  await using server = await serverWith();
  const gateway = await server.component(GW, SECRET);
  const [alice] = await server.online("alice/desk");
  await server.reload({ config: config({ queue: 5 }) });
  await alice.send(`<message to='${GW}'><body>Still there?</body></message>`);
  gateway.expect("<message><body>Still there?</body></message>");
  await gateway.send(`<message to='alice@a.test'><body>Of course.</body></message>`);
  alice.expect(`<message from='${GW}'><body>Of course.</body></message>`);

  await server.reload({ config: config({ queue: 5, secret: "a new one" }) });
  gateway.expectStreamError("reset");
  const again = await server.component(GW, "a new one");
  await server.reload({ config: {} });
  again.expectStreamError("host-gone");
});

Deno.test("a reload does not forget what waits for the component", async () => {
  await using server = await serverWith();
  const [alice] = await server.online("alice/desk");
  await alice.send(`<message to='${GW}' id='1'><body>One</body></message>`);
  await server.reload({ config: config({ queue: 5 }) });
  await server.clock.advance("40 s");
  alice.expect(`<message id='1' type='error'><error type='wait'/></message>`);
});

Deno.test("several components have their connections and secrets apart", async () => {
  const both = config();
  (both.host as Record<string, unknown>)["irc.a.test"] = {
    kind: "component",
    component: { secret: "another" },
  };
  await using server = await testServer({ plugins: PLUGINS, config: both });
  const gateway = await server.component(GW, SECRET);
  const irc = await server.component("irc.a.test", "another");
  await gateway.send(`<message from='a@${GW}' to='b@irc.a.test'><body>Neighbour</body></message>`);
  irc.expect(`<message from='a@${GW}' to='b@irc.a.test'><body>Neighbour</body></message>`);
  const wrong = server.connectComponent("irc.a.test");
  await wrong.open();
  await wrong.shake(SECRET);
  wrong.expectStreamError("not-authorized");
});

Deno.test("sizes: an element before the handshake and a stanza after it have their limits", async () => {
  await using server = await serverWith();
  const early = server.connectComponent(GW);
  await early.open();
  await early.send(`<handshake>${"a".repeat(20_000)}</handshake>`);
  early.expectStreamError("policy-violation");
  const gateway = await server.component(GW, SECRET);
  await gateway.send(`<message to='a@a.test'><body>${"a".repeat(600_000)}</body></message>`);
  gateway.expectStreamError("policy-violation");
});

Deno.test("a component that says nothing is sent a blank now and then, and kept", async () => {
  await using server = await serverWith();
  const gateway = await server.component(GW, SECRET);
  await server.clock.advance("2 h");
  equal(gateway.closed, false);
  const silent = server.connectComponent(GW);
  await server.clock.advance("2 min");
  silent.expectStreamError("connection-timeout");
});
