/** RFC 6121 §4: initial, subsequent and unavailable presence, probes, and presence to chosen receivers. */
import assert from "node:assert/strict";
import { Jid, Stanza } from "#plugin";
import { elementOf, matches, type TestClient, type TestServer, testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { rosterBook } from "../../plugins/im/roster_book.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import type { State } from "../../plugins/im/subscription_table.ts";

const plugins = [roster, subscription, presence];

/** Puts contacts of an account of a.test into states, on both sides where both are there. */
function relate(server: TestServer, local: string, contacts: Record<string, State>): void {
  const book = server.host.fittings.service(rosterBook)!;
  for (const [contact, state] of Object.entries(contacts)) {
    const jid = Jid.parse(contact);
    book.change(local, jid, state);
    if (jid.domain !== "a.test") continue;
    const other = state === "to" ? "from" : state === "from" ? "to" : state;
    book.change(jid.local, Jid.parse(`${local}@a.test`), other);
  }
}

async function online(server: TestServer, ...specs: string[]): Promise<TestClient[]> {
  const clients = await server.online(...specs);
  for (const client of clients) client.clear();
  return clients;
}

Deno.test("initial presence goes to subscribers and to all own resources; contacts are shown (§4.2)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", {
    "romeo@b.test": "both",
    "benvolio@b.test": "from",
    "paris@b.test": "to",
    "tybalt@b.test": "none",
    "mercutio@a.test": "both",
    "nurse@a.test": "to",
    "mother@a.test": "from",
  });
  const [mercutio, nurse, mother, chamber] = await online(
    server,
    "mercutio/street",
    "nurse/kitchen",
    "mother/hall",
    "juliet/chamber",
  );
  await nurse!.send(`<presence id='n1'><show>dnd</show></presence>`);
  for (const client of [mercutio!, nurse!, mother!, chamber!]) client.clear();
  peer.inbox.length = 0;

  const balcony = await server.client("juliet/balcony");
  await balcony.send(`<presence id='p1'><show>away</show></presence>`);
  const said = `<presence from='juliet@a.test/balcony' id='p1'><show>away</show></presence>`;
  for (const client of [mercutio!, mother!, chamber!, balcony]) client.expect(said);
  nurse!.quiet();
  for (const to of ["romeo", "benvolio"]) {
    peer.expect(
      `<presence from='juliet@a.test/balcony' to='${to}@b.test' id='p1'><show>away</show></presence>`,
    );
  }
  for (const to of ["romeo", "paris"]) {
    peer.expect(`<presence type='probe' id='*' from='juliet@a.test' to='${to}@b.test'/>`);
  }
  peer.quiet();
  balcony.expect(`<presence from='juliet@a.test/chamber'/>`);
  balcony.expect(`<presence from='mercutio@a.test/street'/>`);
  balcony.expect(`<presence from='nurse@a.test/kitchen' id='n1'><show>dnd</show></presence>`);
  for (const client of [balcony, chamber!, mercutio!, mother!]) client.quiet();
});

Deno.test("subsequent presence goes to subscribers, and no probe with it (§4.4)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "romeo@b.test": "both", "mercutio@a.test": "both" });
  const [mercutio, chamber, balcony] = await online(
    server,
    "mercutio/street",
    "juliet/chamber",
    "juliet/balcony",
  );
  for (const client of [mercutio!, chamber!, balcony!]) client.clear();
  peer.inbox.length = 0;
  const extra = `<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/>` +
    `<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T11:00:00Z'/>`;
  await balcony!.send(`<presence xml:lang='en'><status>out</status>${extra}</presence>`);
  const said = `<presence from='juliet@a.test/balcony' xml:lang='en'><status>out</status>${extra}</presence>`;
  for (const client of [mercutio!, chamber!, balcony!]) {
    client.expectNext(said);
    client.quiet();
  }
  peer.expect(said);
  peer.quiet();
});

Deno.test("unavailable presence: in full to all who knew, and to the sender (§4.5)", async () => {
  await using server = await testServer({ plugins });
  relate(server, "juliet", { "mercutio@a.test": "both" });
  const [mercutio, chamber, balcony] = await online(
    server,
    "mercutio/street",
    "juliet/chamber",
    "juliet/balcony",
  );
  for (const client of [mercutio!, chamber!, balcony!]) client.clear();
  await balcony!.send(`<presence type='unavailable'><status>going on vacation</status></presence>`);
  const said =
    `<presence from='juliet@a.test/balcony' type='unavailable'><status>going on vacation</status></presence>`;
  for (const client of [mercutio!, chamber!, balcony!]) {
    client.expectNext(said);
    client.quiet();
  }
  await balcony!.send(`<presence type='unavailable'/>`);
  await chamber!.send("<presence/>");
  balcony!.quiet();
  mercutio!.clear();
  await balcony!.send("<presence/>");
  mercutio!.expectNext(`<presence from='juliet@a.test/balcony'/>`);
  balcony!.expect(`<presence from='juliet@a.test/chamber'/>`);
});

for (const how of ["close", "cut", "replace", "kick"] as const) {
  Deno.test(`the server says "unavailable" for a session that ends by ${how} (§4.5.2)`, async () => {
    await using server = await testServer({ plugins });
    const peer = server.remote("b.test");
    relate(server, "juliet", { "mercutio@a.test": "both", "romeo@b.test": "from" });
    const [mercutio, chamber, balcony] = await online(
      server,
      "mercutio/street",
      "juliet/chamber",
      "juliet/balcony",
    );
    await balcony!.send(`<presence to='room@b.test/me'/>`);
    for (const client of [mercutio!, chamber!, balcony!]) client.clear();
    peer.inbox.length = 0;
    if (how === "close") await balcony!.close();
    else if (how === "cut") await balcony!.cut();
    else if (how === "replace") await server.client("juliet/balcony");
    else {
      server.host.registry.find("juliet", "balcony")!.end();
      await server.settle();
    }
    const said = `<presence from='juliet@a.test/balcony' type='unavailable'/>`;
    mercutio!.expectNext(said);
    chamber!.expectNext(said);
    peer.expect(`<presence from='juliet@a.test/balcony' to='romeo@b.test' type='unavailable'/>`);
    peer.expect(`<presence from='juliet@a.test/balcony' to='room@b.test/me' type='unavailable'/>`);
    peer.quiet();
    mercutio!.quiet();
    chamber!.quiet();
  });
}

Deno.test("a server that stops says so to other servers", async () => {
  const server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "mercutio@a.test": "both", "romeo@b.test": "from" });
  await online(server, "mercutio/street", "juliet/balcony");
  peer.inbox.length = 0;
  await server[Symbol.asyncDispose]();
  peer.expect(`<presence from='juliet@a.test/balcony' to='romeo@b.test' type='unavailable'/>`);
  peer.quiet();
});

Deno.test("a session that never was available ends in silence", async () => {
  await using server = await testServer({ plugins });
  relate(server, "juliet", { "mercutio@a.test": "both" });
  const [mercutio] = await online(server, "mercutio/street");
  const [balcony] = await server.clients("juliet/balcony");
  await balcony!.close();
  mercutio!.quiet();
});

Deno.test("priorities from -128 to 127 and nothing else (§4.7.2.3)", async () => {
  await using server = await testServer({ plugins });
  const [juliet] = await online(server, "juliet/balcony");
  const session = server.host.registry.find("juliet", "balcony")!;
  for (const [text, priority] of [["127", 127], ["-128", -128], [" 5 ", 5], ["+1", 1], ["0", 0]] as const) {
    await juliet!.send(`<presence><priority>${text}</priority></presence>`);
    assert.equal(session.priority, priority);
  }
  await juliet!.send(`<presence><priority>7</priority></presence>`);
  juliet!.clear();
  for (const text of ["128", "-129", "1.5", "high", "", "1e2", "0x1"]) {
    await juliet!.send(`<presence id='x'><priority>${text}</priority></presence>`);
    juliet!.expectNext(
      `<presence type='error' id='x'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
    );
    juliet!.quiet();
    assert.equal(session.priority, 7);
  }
  await juliet!.send(`<presence><priority>1</priority><priority>2</priority></presence>`);
  juliet!.expectNext(`<presence type='error'/>`);
  await juliet!.send("<presence/>");
  assert.equal(session.priority, 0);
});

Deno.test("a probe is answered with the last presence of each resource, and when it came (§4.3.2)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "romeo@b.test": "from" });
  const [balcony] = await online(server, "juliet/balcony", "juliet/chamber");
  await balcony!.send(`<presence id='pres2'><show>away</show></presence>`);
  await server.clock.advance("5 min");
  peer.inbox.length = 0;
  const probe = `<presence type='probe' id='probe1' from='romeo@b.test' to='juliet@a.test'/>`;
  await peer.send(probe);
  peer.expect(
    `<presence from='juliet@a.test/balcony' to='romeo@b.test' id='pres2'><show>away</show>` +
      `<delay xmlns='urn:xmpp:delay' from='a.test' stamp='2026-01-01T12:00:00.000Z'/></presence>`,
  );
  peer.expect(`<presence from='juliet@a.test/chamber' to='romeo@b.test'/>`);
  peer.quiet();

  await peer.send(`<presence type='probe' id='p' from='romeo@b.test' to='juliet@a.test/balcony'/>`);
  const mere = peer.expect(`<presence from='juliet@a.test/balcony' to='romeo@b.test'/>`);
  assert.equal(mere.children.length, 0, "only that it is there (§4.3.2)");
  await peer.send(`<presence type='probe' id='p' from='romeo@b.test' to='juliet@a.test/attic'/>`);
  peer.expect(`<presence type='unavailable' id='p' from='juliet@a.test/attic' to='romeo@b.test'/>`);
  peer.quiet();
});

Deno.test("a probe of an account without resources, and of one that says nothing (§4.3.2)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "romeo@b.test": "from", "paris@b.test": "to" });
  await peer.send(`<presence type='probe' id='probe2' from='romeo@b.test' to='juliet@a.test'/>`);
  peer.expect(`<presence type='unavailable' id='probe2' from='juliet@a.test' to='romeo@b.test'/>`);
  await online(server, "juliet/balcony");
  peer.inbox.length = 0;
  for (const [from, to] of [["paris", "juliet"], ["stranger", "juliet"], ["romeo", "nobody"]]) {
    for (const resource of ["", "/balcony"]) {
      await peer.send(`<presence type='probe' id='x' from='${from}@b.test' to='${to}@a.test${resource}'/>`);
      peer.expect(`<presence type='unsubscribed' id='x' from='${to}@a.test' to='${from}@b.test'/>`);
      peer.quiet();
    }
  }
});

Deno.test("a client's own probe is answered, and what comes back for ours is kept from clients (§4.3)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "mercutio@a.test": "both", "romeo@b.test": "both" });
  const [, juliet] = await online(server, "mercutio/street", "juliet/balcony");
  await juliet!.send(`<presence type='probe' to='mercutio@a.test'/>`);
  juliet!.expectNext(`<presence from='mercutio@a.test/street' to='juliet@a.test/balcony'/>`);
  await juliet!.send(`<presence type='probe'/>`);
  const id = peer.expect(`<presence type='probe' to='romeo@b.test'/>`).attr("id");
  const error =
    `<error type='cancel'><remote-server-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
  await peer.send(
    `<presence type='error' id='${id}' from='romeo@b.test' to='juliet@a.test'>${error}</presence>`,
  );
  juliet!.quiet();
  await peer.send(
    `<presence type='error' id='mine' from='romeo@b.test' to='juliet@a.test'>${error}</presence>`,
  );
  juliet!.expectNext(`<presence type='error' id='mine'/>`);
});

Deno.test("directed presence is followed by its end, once (§4.6)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "romeo@b.test": "both" });
  const [juliet] = await online(server, "juliet/balcony");
  for (
    const to of ["room@b.test/me", "left@b.test/me", "kicked@b.test/me", "friend@b.test", "romeo@b.test"]
  ) {
    await juliet!.send(`<presence to='${to}'><status>hi</status></presence>`);
    peer.expect(`<presence from='juliet@a.test/balcony' to='${to}'><status>hi</status></presence>`);
  }
  await juliet!.send(`<presence type='unavailable' to='left@b.test/me'/>`);
  await peer.send(`<presence type='unavailable' from='kicked@b.test/me' to='juliet@a.test/balcony'/>`);
  juliet!.clear();
  peer.inbox.length = 0;
  await juliet!.send(`<presence><show>away</show></presence>`);
  peer.expect(`<presence to='romeo@b.test'/>`);
  peer.quiet();
  await juliet!.send(`<presence type='unavailable'><status>gone home</status></presence>`);
  for (const to of ["romeo@b.test", "room@b.test/me", "friend@b.test"]) {
    peer.expect(`<presence type='unavailable' to='${to}'><status>gone home</status></presence>`);
  }
  peer.quiet();
  await juliet!.close();
  peer.quiet();
});

Deno.test("directed presence without a broadcast is ended too, and answers probes (§4.6.3, §4.6.6)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [juliet] = await server.clients("juliet/balcony");
  await juliet!.send(`<presence to='room@b.test/me'><status>hi</status></presence>`);
  peer.inbox.length = 0;
  await peer.send(`<presence type='probe' from='room@b.test/me' to='juliet@a.test/balcony'/>`);
  const mere = peer.expect(`<presence from='juliet@a.test/balcony' to='room@b.test/me'/>`);
  assert.equal(mere.children.length, 0);
  await peer.send(`<presence type='probe' from='room@b.test/other' to='juliet@a.test/balcony'/>`);
  peer.expect(`<presence type='unsubscribed' from='juliet@a.test'/>`);
  await juliet!.cut();
  peer.expect(`<presence type='unavailable' from='juliet@a.test/balcony' to='room@b.test/me'/>`);
  peer.quiet();
});

Deno.test("directed presence is bounded", async () => {
  await using server = await testServer({ plugins, config: { defaults: { presence: { directed: 2 } } } });
  const peer = server.remote("b.test");
  const [juliet] = await online(server, "juliet/balcony");
  await juliet!.send(
    `<presence to='one@b.test'/><presence to='two@b.test'/><presence to='three@b.test' id='x'/>`,
  );
  juliet!.expectNext(
    `<presence type='error' id='x' from='three@b.test'><error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>`,
  );
  await juliet!.send(
    `<presence type='unavailable' to='one@b.test'/><presence to='two@b.test'/><presence to='three@b.test'/>`,
  );
  juliet!.quiet();
  peer.inbox.length = 0;
});

Deno.test("presence for an account goes to its available resources, for a resource to that one (§8.5)", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  const [available, connected] = await server.clients("juliet/available", "juliet/connected");
  await available!.send(`<presence><priority>-1</priority></presence>`);
  available!.clear();
  await peer.send(`<presence from='romeo@b.test/x' to='juliet@a.test' id='1'/>`);
  available!.expectNext(`<presence from='romeo@b.test/x' to='juliet@a.test' id='1'/>`);
  await peer.send(`<presence from='romeo@b.test/x' to='juliet@a.test/connected' id='2'/>`);
  connected!.expectNext(`<presence from='romeo@b.test/x' to='juliet@a.test/connected' id='2'/>`);
  await peer.send(`<presence from='romeo@b.test/x' to='juliet@a.test/nowhere' id='3'/>`);
  await peer.send(`<presence from='romeo@b.test/x' to='nobody@a.test' id='4'/>`);
  available!.quiet();
  connected!.quiet();
  peer.quiet();
});

Deno.test("what is kept of presence is what came, and says when (XEP-0203)", async () => {
  await using server = await testServer({ plugins });
  const [juliet] = await online(server, "juliet/balcony");
  await juliet!.send(`<presence id='k'/>`);
  const kept = server.host.registry.find("juliet", "balcony")!.presence!;
  assert.ok(kept instanceof Stanza);
  assert.equal(kept.to, undefined);
  assert.equal(kept.from?.toString(), "juliet@a.test/balcony");
  assert.ok(matches(
    elementOf(
      `<presence from='juliet@a.test/balcony' id='k'>` +
        `<delay xmlns='urn:xmpp:delay' from='a.test' stamp='2026-01-01T12:00:00.000Z'/></presence>`,
    ),
    kept.toElement(),
  ));
  assert.equal(kept.source.children.length, 1);
});

Deno.test("two hosts of one server tell each other", async () => {
  await using server = await testServer({ plugins, config: { host: { "b.test": {} } } });
  const [juliet, romeo] = await online(server, "juliet/balcony", "romeo@b.test/orchard");
  await romeo!.send(`<presence type='subscribe' to='juliet@a.test'/>`);
  await juliet!.send(`<presence type='subscribed' to='romeo@b.test'/>`);
  romeo!.expect(`<presence from='juliet@a.test/balcony' to='romeo@b.test'/>`);
  const phone = await server.client("romeo@b.test/phone");
  await phone.send("<presence/>");
  phone.expect(`<presence from='juliet@a.test/balcony' to='romeo@b.test'/>`);
  romeo!.clear();
  await juliet!.close();
  romeo!.expectNext(`<presence type='unavailable' from='juliet@a.test/balcony' to='romeo@b.test'/>`);
});

Deno.test("who is available, and who was told, outlives a reload of the plugins", async () => {
  await using server = await testServer({ plugins });
  const peer = server.remote("b.test");
  relate(server, "juliet", { "mercutio@a.test": "both" });
  const [mercutio, juliet] = await online(server, "mercutio/street", "juliet/balcony");
  await juliet!.send(`<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>`);
  await juliet!.send(`<presence to='room@b.test/me'/>`);
  await server.reload({ config: { defaults: { roster: { contacts: 7 }, presence: { directed: 7 } } } });
  server.server.router.routes = [peer.route, ...server.server.router.routes];
  for (const client of [mercutio!, juliet!]) client.clear();
  peer.inbox.length = 0;

  await juliet!.send(
    `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='nurse@a.test'/></query></iq>`,
  );
  juliet!.expect(`<iq type='set'><query xmlns='jabber:iq:roster'><item jid='nurse@a.test'/></query></iq>`);
  await mercutio!.send(`<presence type='probe' to='juliet@a.test'/>`);
  mercutio!.expectNext(`<presence from='juliet@a.test/balcony'/>`);
  await juliet!.cut();
  mercutio!.expectNext(`<presence type='unavailable' from='juliet@a.test/balcony'/>`);
  mercutio!.quiet();
  peer.expect(`<presence type='unavailable' to='room@b.test/me'/>`);
});
