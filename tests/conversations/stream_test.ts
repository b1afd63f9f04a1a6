/** Streams: headers, errors and closing, word by word (RFC 6120 §4). */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { definePlugin, el, keyval, none, sessionBound, StreamError } from "#plugin";
import { type TestClient, testServer } from "#testing";

const STREAMS = "http://etherx.jabber.org/streams";

/** A header of a client; what is given replaces or (undefined) removes an attribute. */
function header(changes: Record<string, string | undefined> = {}): string {
  const attrs: Record<string, string | undefined> = {
    to: "a.test",
    version: "1.0",
    xmlns: "jabber:client",
    "xmlns:stream": STREAMS,
    ...changes,
  };
  const written = Object.entries(attrs).map(([name, value]) =>
    value === undefined ? "" : ` ${name}='${value}'`
  );
  return `<stream:stream${written.join("")}>`;
}

const service = definePlugin({
  name: "muc",
  doc: "A service without a service.",
  config: none,
  hosts: ["component"],
  owns: true,
  setup() {},
});

/** The stream was refused: our header, the error, our closing tag, and the connection is closed (RFC 6120 §4.9.1). */
function refused(client: TestClient, condition: string): void {
  client.expectStreamError(condition);
  client.never("<stream:features/>");
  equal(client.header?.ns, STREAMS);
  equal(client.header?.attr("version"), "1.0");
  equal(client.header?.attr("from"), "a.test");
  match(client.header?.attr("id") ?? "", /^.{12,}$/);
  ok(client.closed);
}

Deno.test("header: the answer (RFC 6120 §4.7)", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.send(header({ from: "alice@a.test", "xml:lang": "de" }));
  equal(client.header?.attr("from"), "a.test");
  equal(client.header?.attr("to"), "alice@a.test");
  equal(client.header?.attr("version"), "1.0");
  equal(client.header?.attr("xml:lang"), "en");
  client.expectNext("<stream:features/>");
  client.quiet();
});

Deno.test("header: no 'to' in the answer to one without 'from'", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.send(header());
  equal(client.header?.attr("to"), undefined);
});

Deno.test("header: ids are long, and new for every stream and every restart (RFC 6120 §4.7.3, §4.3.3)", async () => {
  await using server = await testServer();
  const ids = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const client = server.connect();
    await client.open();
    ids.add(client.header!.attr("id")!);
  }
  const alice = server.connect();
  await alice.open();
  ids.add(alice.header!.attr("id")!);
  await alice.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  await alice.open();
  ids.add(alice.header!.attr("id")!);
  equal(ids.size, 22);
  for (const id of ids) match(id, /^[\w-]{16,}$/);
});

for (const version of ["1.0", "1.1", "2.0", "10.0", "01.0"]) {
  Deno.test(`header: version ${version} is spoken to as 1.0 (RFC 6120 §4.7.5)`, async () => {
    await using server = await testServer();
    const client = server.connect();
    await client.send(header({ version }));
    equal(client.header?.attr("version"), "1.0");
    client.expect("<stream:features/>");
  });
}

Deno.test("header: a domain is prepared before it is looked up", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.send(header({ to: "A.Test." }));
  equal(client.header?.attr("from"), "a.test");
  client.expect("<stream:features/>");
});

const REFUSED: readonly [what: string, sent: string | Uint8Array, condition: string][] = [
  ["another stream namespace", header({ "xmlns:stream": "urn:test" }), "invalid-namespace"],
  ["no stream namespace", `<stream to='a.test' version='1.0' xmlns='jabber:client'>`, "invalid-namespace"],
  ["a prefix that is not declared", header({ "xmlns:stream": undefined }), "bad-namespace-prefix"],
  ["the namespace of servers", header({ xmlns: "jabber:server" }), "invalid-namespace"],
  ["the namespace of components", header({ xmlns: "jabber:component:accept" }), "invalid-namespace"],
  ["no content namespace", header({ xmlns: undefined }), "invalid-namespace"],
  ["another content namespace", header({ xmlns: "urn:test" }), "invalid-namespace"],
  ["another root element", header().replace("<stream:stream", "<stream:flood"), "bad-format"],
  ["a header that is closed at once", header().replace(">", "/>"), "bad-format"],
  ["no version", header({ version: undefined }), "unsupported-version"],
  ["version 0.9", header({ version: "0.9" }), "unsupported-version"],
  ["a version in words", header({ version: "one" }), "unsupported-version"],
  ["no 'to'", header({ to: undefined }), "improper-addressing"],
  ["an empty 'to'", header({ to: "" }), "host-unknown"],
  ["another domain", header({ to: "b.test" }), "host-unknown"],
  ["a 'to' with a local part", header({ to: "alice@a.test" }), "host-unknown"],
  ["a 'to' that is no address", header({ to: "a test" }), "host-unknown"],
  ["a service's domain", header({ to: "muc.a.test" }), "host-unknown"],
  [
    "an encoding other than UTF-8",
    `<?xml version='1.0' encoding='ISO-8859-1'?>${header()}`,
    "unsupported-encoding",
  ],
  ["bytes in UTF-16", new Uint8Array([0xff, 0xfe, 0x3c, 0x00]), "not-well-formed"],
  ["a processing instruction", `<?php echo ?>${header()}`, "restricted-xml"],
  ["a document type", `<!DOCTYPE x [<!ENTITY a "b">]>${header()}`, "restricted-xml"],
  ["a comment", `<!-- hello -->${header()}`, "restricted-xml"],
  ["another protocol", "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "not-well-formed"],
  ["a header without end", header().replace(">", ` x='${"y".repeat(20_000)}`), "policy-violation"],
  [
    "too many attributes",
    header(Object.fromEntries(range(101).map((i) => [`a${i}`, ""]))),
    "policy-violation",
  ],
];

for (const [what, sent, condition] of REFUSED) {
  Deno.test(`header: ${what} is ${condition}, after a header of ours (RFC 6120 §4.9.1.2)`, async () => {
    await using server = await testServer({ plugins: [service] });
    const client = server.connect();
    await (typeof sent === "string" ? client.send(sent) : client.sendBytes(sent));
    refused(client, condition);
  });
}

const BROKEN: readonly [what: string, sent: string, condition: string][] = [
  ["text between stanzas", "hello", "bad-format"],
  ["an end tag that does not fit", "<message></iq>", "not-well-formed"],
  ["an attribute without quotes", "<message to=x/>", "not-well-formed"],
  ["an attribute twice", "<message to='a.test' to='b.test'/>", "not-well-formed"],
  ["a prefix that is not declared", "<x:message/>", "bad-namespace-prefix"],
  ["a comment", "<message><!-- hi --></message>", "restricted-xml"],
  ["a processing instruction", "<message><?php ?></message>", "restricted-xml"],
  ["a document type", "<!DOCTYPE x>", "restricted-xml"],
  ["an entity of one's own", "<message><body>&lol;</body></message>", "restricted-xml"],
  ["a character XML forbids", "<message><body>&#0;</body></message>", "not-well-formed"],
  ["an unknown element", "<hello xmlns='urn:test'/>", "unsupported-stanza-type"],
  ["a stanza in no namespace", "<message xmlns=''/>", "unsupported-stanza-type"],
];

for (const [what, sent, condition] of BROKEN) {
  Deno.test(`errors: ${what} is ${condition} (RFC 6120 §4.9.3), logged in or not`, async () => {
    await using server = await testServer();
    const stranger = server.connect();
    await stranger.open();
    await stranger.send(sent);
    stranger.expectStreamError(condition);
    ok(stranger.closed);

    const alice = await server.client("alice/desk");
    await alice.send(sent);
    alice.expectStreamError(condition);
    alice.quiet();
    ok(alice.closed);
    equal(server.host.registry.size, 0);
  });
}

Deno.test("errors: every one is noted with its peer", async () => {
  await using server = await testServer();
  server.server.log.setLevels("info", {});
  const stranger = server.connect({ address: "192.0.2.7" });
  await stranger.send("<oops>");
  const alice = await server.client("alice/desk", { address: "192.0.2.8" });
  await alice.send("<message from='bob@a.test/x' to='bob@a.test'/>");
  const [first, second] = server.logged.filter((line) => line.includes("stream-error"));
  match(first ?? "", /info .*peer=192\.0\.2\.7 .*invalid-namespace/);
  match(second ?? "", /info .*peer=192\.0\.2\.8 session=alice@a\.test\/desk .*invalid-from/);
});

Deno.test("errors: not-authorized for a stanza before the login (RFC 6120 §4.9.3.12)", async () => {
  for (
    const stanza of ["<message/>", "<presence/>", "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"]
  ) {
    await using server = await testServer();
    const client = server.connect();
    await client.open();
    await client.send(stanza);
    client.expectStreamError("not-authorized");
  }
});

Deno.test("errors: connection-timeout for who says nothing, with and without a header", async () => {
  await using server = await testServer();
  const silent = server.connect();
  const headed = server.connect();
  await headed.open();
  await server.clock.advance("59 seconds");
  equal(silent.closed || headed.closed, false);
  await server.clock.advance("2 seconds");
  refused(silent, "connection-timeout");
  headed.clear();
  ok(headed.closed && headed.streamClosed);
});

Deno.test("errors: connection-timeout for who does not answer a ping, none for who does", async () => {
  await using server = await testServer({
    config: { limits: { ping_after: "1 min", ping_timeout: "10 s" } },
  });
  const [here, gone] = await server.clients("alice/desk", "bob/pad");
  for (let seconds = 0; seconds < 300; seconds += 5) {
    await server.clock.advance("5 seconds");
    for (const { attrs } of here!.inbox.splice(0)) await here!.send(`<iq type='result' id='${attrs.id}'/>`);
  }
  equal(here!.closed, false);
  gone!.expect(`<iq type='get' from='a.test' to='bob@a.test/pad'><ping xmlns='urn:xmpp:ping'/></iq>`);
  gone!.expectStreamError("connection-timeout");
});

Deno.test("errors: white space is a sign of life (RFC 6120 §4.6.1)", async () => {
  await using server = await testServer({
    config: { limits: { ping_after: "1 min", ping_timeout: "10 s" } },
  });
  const alice = await server.client("alice/desk");
  for (let i = 0; i < 10; i++) {
    await alice.send(" ");
    await server.clock.advance("50 seconds");
  }
  alice.quiet();
});

Deno.test("errors: host-gone when the host is not served any more", async () => {
  await using server = await testServer({ config: { host: { "b.test": {} } } });
  const alice = await server.client("alice/desk");
  const bob = await server.client("bob@b.test/pad");
  const stranger = server.connect({}, "b.test");
  await stranger.open();
  await server.reload({ config: {} });
  bob.expectStreamError("host-gone");
  equal(alice.closed, false);
  stranger.expectStreamError("host-gone");
});

Deno.test("errors: system-shutdown for everybody, also before a header", async () => {
  const server = await testServer();
  const silent = server.connect();
  const alice = await server.client("alice/desk");
  await server[Symbol.asyncDispose]();
  alice.expectStreamError("system-shutdown");
  refused(silent, "system-shutdown");
});

Deno.test("errors: internal-server-error for a bug of ours, which is logged", async () => {
  const buggy = definePlugin({
    name: "buggy",
    doc: "Has a bug.",
    config: none,
    setup(host) {
      host.nonza("urn:test", "bug", () => {
        throw new TypeError("a bug");
      });
    },
  });
  await using server = await testServer({ plugins: [buggy] });
  server.allowErrors();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send("<bug xmlns='urn:test'/>");
  alice!.expectStreamError("internal-server-error");
  ok(server.logged.some((line) => line.includes("a bug") && line.includes("alice@a.test/desk")));
  await bob!.send("<iq type='get' id='1'><x xmlns='urn:test'/></iq>");
  bob!.expect("<iq id='1' type='error'/>");
});

Deno.test("errors: a plugin may end a stream with any condition, text and more (RFC 6120 §4.9.4)", async () => {
  const moved = definePlugin({
    name: "moved",
    doc: "Sends everybody elsewhere.",
    config: none,
    setup(host) {
      host.on(sessionBound, ({ session }) => {
        const error = session.username === "alice"
          ? new StreamError("see-other-host", undefined, "[2001:db8::7]:5222")
          : new StreamError("undefined-condition", "no", el("tired", "urn:test"));
        session.end(error);
      });
    },
  });
  await using server = await testServer({ plugins: [moved] });
  const [alice, bob] = await server.clients("alice/desk", "bob/desk");
  const error = alice!.expectStreamError("see-other-host");
  equal(error.first()?.text, "[2001:db8::7]:5222");
  bob!.expect(`<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>
    <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>no</text><tired xmlns='urn:test'/></stream:error>`);
});

Deno.test("closing: the client's closing tag is answered by ours (RFC 6120 §4.4)", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  await alice.send("<iq type='get' id='1'><x xmlns='urn:test'/></iq></stream:stream><message/>");
  alice.expect("<iq type='error' id='1'/>");
  alice.quiet();
  ok(alice.streamClosed && alice.closed);
  equal(server.host.registry.size, 0);
});

Deno.test("closing: what was asked for before is still answered, after its commit", async () => {
  const slow = definePlugin({
    name: "slow",
    doc: "Writes, so that its answers wait.",
    config: none,
    setup(host) {
      const store = host.open(keyval<number>("slow"));
      host.iq.set("urn:test", "write", "own", ({ from }) => {
        store.set(from.local, 1);
        return undefined;
      });
    },
  });
  await using server = await testServer({ plugins: [slow] });
  const alice = await server.client("alice/desk");
  await alice.send("<iq type='set' id='1'><write xmlns='urn:test'/></iq></stream:stream>");
  alice.expect("<iq type='result' id='1'/>");
  alice.quiet();
  ok(alice.streamClosed && alice.closed);
  equal(server.host.registry.size, 0);
});

Deno.test("closing: before the login too", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.send(header() + "</stream:stream>");
  ok(client.streamClosed && client.closed);
});

Deno.test("closing: after ours, the client's is awaited for some seconds", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  for (const session of server.host.registry.all()) session.end();
  ok(alice!.streamClosed && !alice!.closed);
  equal(server.host.registry.size, 0);
  // What still comes is not dealt with any more.
  await alice!.send("<iq type='get' id='1'><x xmlns='urn:test'/></iq></stream:stream>");
  alice!.quiet();
  ok(alice!.closed);
  equal(bob!.closed, false);
  await server.clock.advance("7 seconds");
  ok(bob!.closed);
  equal(server.server.streams.open.size, 0);
});

Deno.test("closing: a stream error of the client's is answered by our closing tag alone", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  const error = "<not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
  await alice.send(`<stream:error>${error}</stream:error></stream:stream>`);
  alice.quiet();
  ok(alice.streamClosed && alice.closed);
});

Deno.test("closing: a connection that breaks ends the session", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  await alice.cut();
  equal(server.host.registry.size, 0);
  equal(server.server.streams.open.size, 0);
});

Deno.test("restart: after SASL a header is needed, and the host stays the same", async () => {
  await using server = await testServer({ config: { host: { "b.test": {} } } });
  const first = server.connect();
  await first.open();
  const before = first.header?.attr("id");
  await first.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  await first.open("b.test");
  first.expectStreamError("host-unknown");
  notEqual(first.header?.attr("id"), before);

  const second = server.connect();
  await second.open();
  await second.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>` +
      `<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
  );
  ok(second.closed);
});

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
