/** XEP-0198: counters, acknowledgements, resumption. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { archive } from "../../plugins/archive/archive.ts";
import { carbons } from "../../plugins/im/carbons.ts";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { ping } from "../../plugins/service/ping.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { definePlugin, nextTurn, none } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { arrive, enable, NS } from "./stream_management_client.ts";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const plugins = [roster, subscription, presence, message, offline, ping, streamManagement];

Deno.test("XEP-0198 §2: the feature is offered after the login, in both namespaces", async () => {
  await using server = await testServer({ plugins });
  const client = server.connect();
  await client.open();
  const before = client.expect("<stream:features/>");
  equal(before.has("sm", NS), false);
  const alice = await arrive(server, "alice");
  alice.quiet();
});

for (const ns of [NS, "urn:xmpp:sm:2"]) {
  Deno.test(`XEP-0198 §4: acknowledgements both ways (${ns})`, async () => {
    await using server = await testServer({ plugins });
    const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
    await enable(alice, ns);
    await alice.send(`<r xmlns='${ns}'/>`);
    alice.expect(`<a xmlns='${ns}' h='0'/>`);
    await alice.send(
      `<message to='bob@a.test'><body>1</body></message><message to='bob@a.test'/><r xmlns='${ns}'/>`,
    );
    alice.expect(`<a xmlns='${ns}' h='2'/>`);
    bob.expect("<message><body>1</body></message>");
    for (let i = 1; i <= 5; i++) await bob.send(`<message to='alice@a.test'><body>${i}</body></message>`);
    // The request is behind the stanza that it is made for: otherwise one would always be left over.
    for (let i = 1; i <= 5; i++) alice.expectNext(`<message><body>${i}</body></message>`);
    alice.expectNext(`<r xmlns='${ns}'/>`);
    await alice.send(`<a xmlns='${ns}' h='5'/>`);
    alice.quiet();
    equal(alice.streamClosed, false);
  });
}

Deno.test("a stanza that is refused counts as dealt with", async () => {
  await using server = await testServer({ plugins });
  const alice = await server.client("alice/desk");
  await enable(alice);
  await alice.send(`<iq type='get' to='a@@b' id='1'/><r xmlns='${NS}'/>`);
  alice.expect("<iq type='error' id='1'/>");
  alice.expect(`<a xmlns='${NS}' h='1'/>`);
});

Deno.test("fewer than that are asked for after a while; a client that does not answer is cut off and waits", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  await bob.send("<message to='alice@a.test'><body>1</body></message>");
  alice.clear();
  await server.clock.advance("31 s");
  alice.expectNext(`<r xmlns='${NS}'/>`);
  await server.clock.advance("62 s");
  ok(alice.closed);
  equal(server.host.registry.of("alice").length, 1);
  bob.never("<presence type='unavailable'/>");
});

Deno.test("whoever was asked at the last moment has the whole time to answer", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  for (let i = 0; i < 4; i++) await bob.send("<message to='alice@a.test'><body>1</body></message>");
  await server.clock.advance("29 s");
  await bob.send("<message to='alice@a.test'><body>1</body></message>");
  alice.expect(`<r xmlns='${NS}'/>`);
  await server.clock.advance("50 s");
  equal(alice.closed, false);
  await server.clock.advance("12 s");
  ok(alice.closed);
});

Deno.test("BUG-09 more acknowledged than was sent ends the stream with the XEP's condition", async () => {
  await using server = await testServer({ plugins });
  const alice = await server.client("alice/desk");
  await enable(alice);
  await alice.send(`<a xmlns='${NS}' h='10'/>`);
  const error = alice.expectStreamError("undefined-condition");
  const counts = error.child("handled-count-too-high", NS);
  deepEqual([counts?.attr("h"), counts?.attr("send-count")], ["10", "0"]);
  equal(server.host.registry.size, 0, "a session that broke the rules does not wait");
});

Deno.test("enable twice, before binding, or with nonsense: failed, and the stream goes on", async () => {
  await using server = await testServer({ plugins });
  const early = await arrive(server, "alice");
  await early.send(`<enable xmlns='${NS}'/>`);
  early.expect(`<failed xmlns='${NS}'><unexpected-request xmlns='${STANZAS}'/></failed>`);
  const alice = await server.client("alice/desk");
  await enable(alice);
  await alice.send(`<enable xmlns='${NS}'/>`);
  alice.expect(`<failed xmlns='${NS}'><unexpected-request xmlns='${STANZAS}'/></failed>`);
  await alice.send(`<resume xmlns='${NS}' previd='x' h='0'/>`);
  alice.expect(`<failed xmlns='${NS}'><unexpected-request xmlns='${STANZAS}'/></failed>`);
  await alice.send(`<a xmlns='${NS}' h='-1'/>`);
  alice.expectStreamError("bad-format");
});

Deno.test("XEP-0198 §5: a session whose connection broke is resumed, and what it missed comes in order", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(alice);
  await bob.send("<message to='alice@a.test'><body>1</body></message>");
  await alice.send("<message to='bob@a.test'><body>from alice</body></message>");
  await alice.cut();
  bob.clear();
  await bob.send(
    "<message to='alice@a.test'><body>2</body></message><message to='alice@a.test/desk'><body>3</body></message>",
  );
  bob.quiet();

  const again = await arrive(server, "alice");
  await again.send(`<resume xmlns='${NS}' previd='${id}' h='1'/>`);
  again.expectNext(`<resumed xmlns='${NS}' previd='${id}' h='1'/>`);
  again.expectNext("<message to='alice@a.test'><body>2</body></message>");
  again.expectNext("<message to='alice@a.test/desk'><body>3</body></message>");
  await again.send(`<a xmlns='${NS}' h='3'/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>`);
  again.expect("<iq type='result' id='p' to='alice@a.test/desk'/>");
  await bob.send("<message to='alice@a.test/desk'><body>4</body></message>");
  again.expect("<message><body>4</body></message>");
  bob.never("<presence type='unavailable'/>");
});

Deno.test("a session is resumed while its old connection still looks alive", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(alice);
  const again = await arrive(server, "alice");
  await again.send(`<resume xmlns='${NS}' previd='${id}' h='0'/>`);
  again.expect(`<resumed xmlns='${NS}' previd='${id}' h='0'/>`);
  alice.expectStreamError("conflict");
  await bob.send("<message to='alice@a.test'><body>1</body></message>");
  again.expect("<message><body>1</body></message>");
  equal(server.host.registry.size, 2);
});

Deno.test("another account's id, an unknown one and an old one are not found; the old one's counter is told", async () => {
  await using server = await testServer({ plugins });
  const [alice] = await server.online("alice/desk") as [TestClient];
  const id = await enable(alice);
  await alice.send("<presence><status>1</status></presence>");
  await alice.cut();
  const mallory = await arrive(server, "mallory");
  await mallory.send(`<resume xmlns='${NS}' previd='${id}' h='0'/>`);
  const refused = mallory.expect(`<failed xmlns='${NS}'><item-not-found xmlns='${STANZAS}'/></failed>`);
  equal(refused.attr("h"), undefined);
  await server.clock.advance("11 min");
  equal(server.host.registry.size, 0);
  const late = await arrive(server, "alice");
  await late.send(`<resume xmlns='${NS}' previd='${id}' h='0'/>`);
  late.expect(`<failed xmlns='${NS}' h='1'><item-not-found xmlns='${STANZAS}'/></failed>`);
  await late.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  late.expect("<iq type='result' id='b'/>");
});

Deno.test("a client that goes on from an older state of itself is told so, and loses nothing", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(alice);
  for (const body of ["1", "2", "3"]) {
    await bob.send(`<message to='alice@a.test' type='chat'><body>${body}</body></message>`);
  }
  await alice.send(`<a xmlns='${NS}' h='2'/>`);
  await alice.cut();
  const again = await arrive(server, "alice");
  await again.send(`<resume xmlns='${NS}' previd='${id}' h='1'/>`);
  again.expect(`<failed xmlns='${NS}' h='0'><item-not-found xmlns='${STANZAS}'/></failed>`);
  equal(again.closed, false);
  await again.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>");
  again.expect("<message><body>3</body></message>");
  again.never("<message><body>2</body></message>");
  equal(server.host.registry.size, 2);
});

Deno.test("BUG-55 what was never acknowledged is kept for the account and not bounced", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  await bob.send("<message to='alice@a.test' type='chat'><body>1</body></message>");
  await alice.cut();
  await bob.send("<message to='alice@a.test' type='chat'><body>2</body></message>");
  await bob.send("<iq type='get' to='alice@a.test/desk' id='q'><ping xmlns='urn:xmpp:ping'/></iq>");
  await server.clock.advance("11 min");
  bob.expect(`<iq type='error' id='q'><error><recipient-unavailable xmlns='${STANZAS}'/></error></iq>`);
  bob.never("<message type='error'/>");
  const again = await server.client("alice/phone");
  await again.send("<presence/>");
  again.expect("<message><body>1</body></message>");
  again.expect("<message><body>2</body></message>");
});

Deno.test("a session whose client does not answer pings, or reads nothing, waits like one that was cut", async () => {
  await using server = await testServer({
    plugins,
    config: {
      limits: { ping_after: "1 min", ping_timeout: "5 s", send_queue: "64 KiB" },
      defaults: { stream_management: { answer_within: "1 h" } },
    },
  });
  const [alice] = await server.online("alice/desk");
  const id = await enable(alice);
  await server.clock.advance("130 s");
  alice.expectStreamError("connection-timeout");
  equal(server.host.registry.of("alice").length, 1);
  const again = await arrive(server, "alice");
  await again.send(`<resume xmlns='${NS}' previd='${id}' h='1'/>`);
  again.expectNext(`<resumed xmlns='${NS}'/>`);
  again.carrier.reading = false;
  const bob = await server.client("bob/pad");
  for (let i = 0; i < 3; i++) {
    await bob.send(`<message to='alice@a.test'><body>${"x".repeat(65_536)}</body></message>`);
  }
  ok(again.closed);
  const last = await arrive(server, "alice");
  await last.send(`<resume xmlns='${NS}' previd='${id}' h='1'/>`);
  last.expectNext(`<resumed xmlns='${NS}'/>`);
  for (let i = 0; i < 3; i++) last.expectNext("<message><body>*</body></message>");
});

Deno.test("XEP-0198 §4: what comes again says when it came first", async () => {
  await using server = await testServer({ plugins });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  const id = await enable(alice);
  await alice.cut();
  await bob.send("<message to='alice@a.test' type='chat'><body>1</body></message>");
  await server.clock.advance("5 min");
  const delay = "<delay xmlns='urn:xmpp:delay' from='a.test' stamp='2026-01-01T12:00:00Z'/>";
  const resumed = await arrive(server, "alice");
  await resumed.send(`<resume xmlns='${NS}' previd='${id}' h='0'/>`);
  resumed.expect(`<message><body>1</body>${delay}</message>`);
  await resumed.cut();
  await server.clock.advance("11 min");
  const [phone] = await server.clients("alice/phone");
  await phone.send("<presence/>");
  phone.expect(`<message><body>1</body>${delay}</message>`);
});

Deno.test("BUG-55 what another device has got as well is not kept for a third one", async () => {
  await using server = await testServer({ plugins: [...plugins, carbons] });
  const [desk, pad, bob] = await server.online("alice/desk", "alice/pad", "bob/pad");
  await enable(desk);
  await pad.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await bob.send("<message to='alice@a.test' type='chat' id='1'><body>for all</body></message>");
  await bob.send("<message to='alice@a.test/desk' type='chat' id='2'><body>for one</body></message>");
  pad.clear();
  await desk.cut();
  await server.clock.advance("11 min");
  pad.never("<message/>");
  bob.never("<message type='error'/>");
  const phone = await server.client("alice/phone");
  await phone.send("<presence/>");
  phone.never("<message/>");
});

Deno.test("BUG-55 a note to oneself is kept although its writer, who gets no copy of it, is there", async () => {
  await using server = await testServer({ plugins: [...plugins, carbons] });
  const [phone] = await server.online("alice/phone");
  const desk = await server.client("alice/desk");
  await desk.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await enable(phone);
  await phone.cut();
  await desk.send("<message to='alice@a.test' type='chat'><body>note</body></message>");
  await server.clock.advance("11 min");
  const again = await server.client("alice/phone");
  await again.send("<presence/>");
  again.expect("<message><body>note</body></message>");
});

Deno.test("BUG-55 what nobody else has got goes to the devices that came later", async () => {
  await using server = await testServer({ plugins: [...plugins, carbons] });
  const [desk, bob] = await server.online("alice/desk", "bob/pad");
  await enable(desk);
  await desk.cut();
  await bob.send("<message to='alice@a.test' type='chat' id='1'><body>for all</body></message>");
  await bob.send("<message to='alice@a.test/desk' type='chat' id='2'><body>for one</body></message>");
  const pad = await server.client("alice/pad");
  await pad.send("<presence/><iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  pad.never("<message/>");
  await bob.send("<message to='alice@a.test' type='chat' id='3'><body>for both</body></message>");
  await bob.send("<message to='alice@a.test/desk' type='chat' id='4'><body>copied</body></message>");
  pad.clear();
  await server.clock.advance("11 min");
  pad.expect("<message id='1'><body>for all</body><delay xmlns='urn:xmpp:delay'/></message>");
  pad.expect("<message id='2'><body>for one</body><delay xmlns='urn:xmpp:delay'/></message>");
  pad.never("<message/>");
  bob.never("<message type='error'/>");
});

Deno.test("who came later and has read the archive is not given the same messages again", async () => {
  await using server = await testServer({ plugins: [...plugins, carbons, archive] });
  const [desk, bob] = await server.online("alice/desk", "bob/pad");
  await enable(desk);
  await desk.cut();
  await bob.send("<message to='alice@a.test' type='chat' id='1'><body>for all</body></message>");
  await bob.send("<message to='alice@a.test/desk' type='chat' id='2'><body>for one</body></message>");
  const [pad, old] = await server.clients("alice/pad", "alice/old");
  await pad.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq><presence/>");
  await server.clock.advance("1 s");
  await pad.send("<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'/></iq>");
  await old.send("<presence/>");
  pad.expect("<iq id='mam'/>");
  pad.clear();
  await server.clock.advance("11 min");
  pad.never("<message/>");
  old.expect("<message id='1'/>");
  old.expect("<message id='2'/>");
  bob.never("<message type='error'/>");
});

Deno.test("XEP-0313 §5.1.1: nor is a device without copies that finds in the archive what was for another device", async () => {
  await using server = await testServer({ plugins: [...plugins, carbons, archive] });
  const [desk, pad, bob] = await server.online("alice/desk", "alice/pad", "bob/pad");
  await enable(desk);
  await desk.cut();
  await bob.send("<message to='alice@a.test/desk' type='chat' id='1'><body>read</body></message>");
  await server.clock.advance("1 s");
  await pad.send("<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'/></iq>");
  pad.expect("<iq id='mam'/>");
  await server.clock.advance("1 s");
  await bob.send("<message to='alice@a.test/desk' type='chat' id='2'><body>unread</body></message>");
  pad.clear();
  await server.clock.advance("11 min");
  pad.expect("<message id='2'><body>unread</body></message>");
  pad.never("<message/>");
});

Deno.test("what was made for one session only goes with it: pages of an archive are no messages", async () => {
  await using server = await testServer({ plugins: [...plugins, archive] });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await bob.send("<message to='alice@a.test' type='chat'><body>1</body></message>");
  alice.clear();
  await enable(alice);
  await alice.send("<iq type='set' id='mam'><query xmlns='urn:xmpp:mam:2'/></iq>");
  alice.expect("<message><result xmlns='urn:xmpp:mam:2'/></message>");
  await alice.close();
  const again = await server.client("alice/desk");
  await again.send("<presence/>");
  again.never("<message/>");
});

Deno.test("who was blocked meanwhile learns nothing from what was never acknowledged", async () => {
  await using server = await testServer({ plugins: [...plugins, blocking] });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await enable(alice);
  await bob.send("<message to='alice@a.test' type='chat'><body>1</body></message>");
  await alice.send(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='bob@a.test'/></block></iq>",
  );
  bob.clear();
  await alice.close();
  bob.never("<message/>");
});

Deno.test("offline messages that a device never acknowledged come again once, in their order", async () => {
  await using server = await testServer({ plugins });
  const bob = await server.client("bob/pad");
  for (let i = 0; i < 3; i++) {
    await bob.send(`<message to='alice@a.test' type='chat'><body>${i}</body></message>`);
  }
  const alice = await server.client("alice/desk");
  await enable(alice);
  // Gone in the same breath: before the queue has heard how far it got.
  await alice.send("<presence/></stream:stream>");
  const again = await server.client("alice/desk");
  await again.send("<presence/>");
  const bodies = again.inbox.filter(({ name }) => name === "message").map((it) => it.childText("body"));
  deepEqual(bodies, ["0", "1", "2"]);
});

Deno.test("the size of what waits for a session is bounded too", async () => {
  await using server = await testServer({
    plugins,
    config: { defaults: { stream_management: { unacknowledged_size: "64 KiB" } } },
  });
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await enable(alice);
  await alice.cut();
  const large = "x".repeat(40_000);
  await bob.send(`<message to='alice@a.test' type='chat'><body>${large}</body></message>`);
  equal(server.host.registry.of("alice").length, 1);
  await bob.send(`<message to='alice@a.test' type='chat'><body>${large}</body></message>`);
  equal(server.host.registry.of("alice").length, 0);
  const again = await server.client("alice/phone");
  await again.send("<presence/>");
  for (let i = 0; i < 2; i++) again.expect("<message><body>*</body></message>");
});

Deno.test("a session that is closed in order, kicked or replaced does not wait", async () => {
  await using server = await testServer({ plugins });
  const alice = await server.client("alice/desk");
  await enable(alice);
  await alice.close();
  equal(server.host.registry.size, 0);
  const first = await server.client("alice/desk");
  await enable(first);
  await first.cut();
  equal(server.host.registry.size, 1);
  await server.client("alice/desk");
  equal(server.host.registry.size, 1, "the one that waited gave its resource up");
});

Deno.test("the queue of a session that waits is bounded", async () => {
  await using server = await testServer({
    plugins,
    config: { defaults: { stream_management: { unacknowledged: 10 } } },
  });
  const [alice, bob] = await server.online("alice/desk", "bob/pad") as [TestClient, TestClient];
  await enable(alice);
  await alice.cut();
  for (let i = 0; i < 11; i++) {
    await bob.send(`<message to='alice@a.test' type='chat'><body>${i}</body></message>`);
  }
  equal(server.host.registry.of("alice").length, 0);
  const again = await server.client("alice/phone");
  await again.send("<presence/>");
  for (let i = 0; i < 11; i++) again.expect(`<message><body>${i}</body></message>`);
});

Deno.test("a request that is still being answered is not acknowledged, nor what came behind it", async () => {
  const { promise: slowly, resolve: finish } = Promise.withResolvers<undefined>();
  const slow = definePlugin({
    name: "slow",
    doc: "Answers late.",
    config: none,
    setup(host) {
      host.iq.set("urn:test:slow", "query", "own", () => slowly);
    },
  });
  await using server = await testServer({ plugins: [...plugins, slow] });
  const alice = await server.client("alice/desk");
  await enable(alice);
  // The server is busy with the first of them, so nothing is waited for here.
  alice.carrier.feed(new TextEncoder().encode(
    `<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq><iq type='set' id='2'><query xmlns='urn:test:slow'/></iq>` +
      `<iq type='get' id='3'><ping xmlns='urn:xmpp:ping'/></iq><r xmlns='${NS}'/>`,
  ));
  const session = server.host.registry.of("alice")[0]!;
  while (session.owed > 0) await nextTurn();
  server.server.streams.flusher.flush();
  alice.expect("<iq type='result' id='3'/>");
  alice.expect(`<a xmlns='${NS}' h='1'/>`);
  finish(undefined);
  await alice.send(`<r xmlns='${NS}'/>`);
  alice.expect("<iq type='result' id='2'/>");
  alice.expect(`<a xmlns='${NS}' h='3'/>`);
});
