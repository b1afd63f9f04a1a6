/**
 * Hostile input: whatever a peer sends, it gets the RFC's error or nothing, its cost is bounded, and other sessions notice
 * nothing. The sizes, rates and queues themselves are in limits_test.ts, single violations in stream_test.ts.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { arriving, CLAIMED, CONTENT_NS, definePlugin, departing, el, none, Stanza } from "#plugin";
import { type TestClient, type TestServer, testServer } from "#testing";

const encoder = new TextEncoder();

/** Two who talk to each other while a third misbehaves. */
async function withWitnesses(server: TestServer): Promise<() => Promise<void>> {
  const [one, two] = await server.clients("witness/1", "witness/2");
  let n = 0;
  return async () => {
    await one!.send(`<message to='witness@a.test/2' id='${++n}'/>`);
    two!.expectNext(`<message id='${n}'/>`);
    one!.quiet();
    two!.quiet();
  };
}

const ATTACKS: readonly [what: string, sent: string | Uint8Array, condition: string][] = [
  ["an attribute of a megabyte", `<message to='${"x".repeat(1 << 20)}'/>`, "policy-violation"],
  ["a name of a megabyte", `<${"x".repeat(1 << 20)}/>`, "policy-violation"],
  ["a text of a megabyte", `<message><body>${"x".repeat(1 << 20)}</body></message>`, "policy-violation"],
  ["a tag that never ends", `<message ${"a ".repeat(1 << 19)}`, "not-well-formed"],
  ["a hundred thousand open elements", "<x>".repeat(100_000), "policy-violation"],
  [
    "a hundred thousand attributes",
    `<x ${Array.from({ length: 100_000 }, (_, i) => `a${i}=''`).join(" ")}/>`,
    "policy-violation",
  ],
  [
    "a hundred thousand prefixes",
    `<x ${Array.from({ length: 100_000 }, (_, i) => `xmlns:a${i}='u'`).join(" ")}/>`,
    "policy-violation",
  ],
  [
    "a bomb of entities",
    `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><message>&b;</message>`,
    "restricted-xml",
  ],
  [
    "an entity from a file",
    `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>`,
    "restricted-xml",
  ],
  ["a NUL byte", encoder.encode("<message><body>\0</body></message>"), "not-well-formed"],
  ["a NUL byte between stanzas", new Uint8Array([0]), "bad-format"],
  ["half a character", new Uint8Array([0x3c, 0x61, 0x3e, 0xc3, 0x3c]), "not-well-formed"],
  ["a slash in too many bytes", new Uint8Array([0x3c, 0x61, 0x3e, 0xc0, 0xaf]), "not-well-formed"],
  ["half of a surrogate pair", new Uint8Array([0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80]), "not-well-formed"],
  [
    "a character beyond Unicode",
    new Uint8Array([0x3c, 0x61, 0x3e, 0xf5, 0x80, 0x80, 0x80]),
    "not-well-formed",
  ],
  [
    "an unknown element with a long name",
    `<${"y".repeat(50_000)} xmlns='${"u".repeat(50_000)}'/>`,
    "unsupported-stanza-type",
  ],
  ["a second header", `<?xml version='1.0'?><stream:stream to='a.test'>`, "restricted-xml"],
  ["an end tag too many", "</message>", "not-well-formed"],
];

for (const [what, sent, condition] of ATTACKS) {
  Deno.test(`hostile: ${what} is ${condition}, noted with the peer, and nobody else notices`, async () => {
    await using server = await testServer({ config: { limits: { bytes_per_second: "off" } } });
    server.server.log.setLevels("info", {});
    const check = await withWitnesses(server);
    const alice = await server.client("alice/desk", { address: "192.0.2.66" });
    const bytes = typeof sent === "string" ? encoder.encode(sent) : sent;
    // As a network would cut it.
    for (let at = 0; at < bytes.length && !alice.closed; at += 50_000) {
      alice.carrier.feed(bytes.slice(at, at + 50_000));
    }
    await server.settle();
    alice.expectStreamError(condition);
    ok(alice.closed);
    equal(server.host.registry.of("alice").length, 0);
    const noted = server.logged.filter((line) => line.includes("stream-error"));
    equal(noted.length, 1);
    ok(noted[0]!.includes("peer=192.0.2.66") && noted[0]!.includes(condition));
    ok(noted[0]!.length < 1000, "the note is short");
    await check();
  });
}

Deno.test("hostile: byte by byte it is only slow", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  for (const byte of encoder.encode("<message to='bob@a.test/pad'><body>h\u00e9\u{1f600}</body></message>")) {
    alice!.carrier.feed(new Uint8Array([byte]));
  }
  await server.settle();
  equal(bob!.expectNext("<message/>").childText("body"), "h\u00e9\u{1f600}");
});

Deno.test("hostile: who takes for ever to log in is cut off, however alive", async () => {
  await using server = await testServer();
  const slow = server.connect();
  const text = "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' ";
  for (let i = 0; i < 70 && !slow.closed; i++) {
    await slow.send(text[i] ?? " ");
    await server.clock.advance("1 second");
  }
  slow.expectStreamError("connection-timeout");
});

Deno.test("hostile: nothing that comes behind an error is looked at", async () => {
  await using server = await testServer();
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send("<oops><message to='bob@a.test/pad'/></oups><message to='bob@a.test/pad'/>");
  alice!.expectStreamError("not-well-formed");
  bob!.quiet();
});

Deno.test("hostile: a very long id comes back whole, and only to its sender", async () => {
  await using server = await testServer();
  const alice = await server.client("alice/desk");
  const id = "&lt;&apos;&quot;" + "y".repeat(100_000);
  await alice.send(`<iq type='get' id='${id}' to='a.test'><x xmlns='urn:test'/></iq>`);
  equal(alice.expectNext("<iq type='error'/>").attr("id"), "<'\"" + "y".repeat(100_000));
});

Deno.test("hostile: what is quoted in an error or an answer cannot break out of it", async () => {
  await using server = await testServer();
  const tricky = "&apos;/&gt;&lt;message/&gt;";
  const alice = await server.client("alice/desk");
  await alice.send(`<iq type='get' id='${tricky}' to='a.test'><x xmlns='urn:test'/></iq>`);
  equal(alice.expectNext("<iq type='error'/>").attr("id"), "'/><message/>");
  await alice.send(`<message from='${tricky}@x'/>`);
  alice.expectStreamError("invalid-from");
  const stranger = server.connect();
  await stranger.send(
    `<stream:stream to='${tricky}' from='${tricky}' version='1.0' xmlns='jabber:client' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  equal(stranger.header?.attr("to"), "'/><message/>");
  stranger.expectStreamError("host-unknown");
});

Deno.test("hostile: a line break in a name cannot forge a line of the log", async () => {
  await using server = await testServer();
  server.server.log.setLevels("info", {});
  const stranger = server.connect();
  await stranger.open();
  await stranger.send(`<a xmlns='x&#10;2026-01-01 12:00:00.000 info  a.test: login account=root'/>`);
  stranger.expectStreamError("unsupported-stanza-type");
  for (const line of server.logged) equal(line.trimEnd().includes("\n"), false);
});

Deno.test("hostile: ten thousand stanzas in one breath", async () => {
  const limits = { stanzas_per_second: "off", bytes_per_second: "off" };
  await using server = await testServer({ config: { limits } });
  const check = await withWitnesses(server);
  const alice = await server.client("alice/desk");
  await alice.send("<iq type='get' id='1' to='a.test'><x xmlns='urn:test'/></iq>".repeat(10_000));
  equal(alice.inbox.filter((answer) => answer.attr("type") === "error").length, 10_000);
  await check();
});

/** Answers when it is told to. */
class Waiting {
  readonly pending: (() => void)[] = [];
  most = 0;

  readonly plugin = definePlugin({
    name: "waiting",
    doc: "Waits.",
    config: none,
    setup: (host) => {
      host.iq.get("urn:test:wait", "wait", "host", () =>
        new Promise((resolve) => {
          this.pending.push(() => resolve(undefined));
          this.most = Math.max(this.most, this.pending.length);
        }));
    },
  });
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function waits(from: number, to: number): Uint8Array {
  let text = "";
  for (let i = from; i < to; i++) {
    text += `<iq type='get' id='${i}' to='a.test'><wait xmlns='urn:test:wait'/></iq>`;
  }
  return encoder.encode(text);
}

Deno.test("hostile: a storm of requests that take long is held at sixteen, and all are answered once", async () => {
  const waiting = new Waiting();
  await using server = await testServer({ plugins: [waiting.plugin] });
  const check = await withWitnesses(server);
  const alice = await server.client("alice/desk");
  alice.carrier.feed(waits(0, 200));
  alice.carrier.feed(waits(200, 300));
  await turns();
  equal(waiting.pending.length, 16);
  ok(alice.carrier.paused && alice.carrier.unread > 0);
  // The others go on meanwhile; sixteen of alice's are no business of theirs.
  const bob = server.connect();
  bob.carrier.feed(encoder.encode("<oops>"));
  await turns();
  ok(bob.closed);
  // The last one first: answers come as they are ready.
  while (waiting.pending.length > 0) {
    waiting.pending.pop()!();
    await turns0();
  }
  await server.settle();
  equal(waiting.most, 16);
  const answered = alice.inbox.map((answer) => Number(answer.attr("id")));
  equal(answered.length, 300);
  deepEqual(answered.toSorted((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i));
  ok(answered[0] !== 0, "not in the order of the requests");
  equal(alice.carrier.paused, false);
  await check();
});

async function turns0(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

Deno.test("hostile: one who leaves with requests open costs nothing more", async () => {
  const waiting = new Waiting();
  await using server = await testServer({ plugins: [waiting.plugin] });
  const alice = await server.client("alice/desk");
  alice.carrier.feed(waits(0, 100));
  await turns();
  alice.carrier.destroy();
  await turns();
  equal(server.server.streams.open.size, 0);
  for (const answer of waiting.pending.splice(0)) answer();
  await server.settle();
  equal(waiting.pending.length, 0, "what was not begun is never begun");
  equal(server.server.streams.wheel.armed, 0);
});

Deno.test("hostile: a stream that is closed with requests open, by either side", async () => {
  for (const close of ["client", "server"]) {
    const waiting = new Waiting();
    await using server = await testServer({ plugins: [waiting.plugin] });
    const alice = await server.client("alice/desk");
    alice.carrier.feed(waits(0, 5));
    if (close === "client") alice.carrier.feed(encoder.encode("</stream:stream>"));
    else for (const session of server.host.registry.all()) session.end();
    await turns();
    // Who closes is still told what it had asked for; who is closed is not.
    equal(alice.streamClosed, close === "server");
    for (const answer of waiting.pending.splice(0)) answer();
    await server.settle();
    equal(alice.inbox.filter((element) => element.name === "iq").length, close === "client" ? 5 : 0);
    ok(alice.streamClosed);
    equal(server.host.registry.size, 0);
  }
});

Deno.test("hostile: while a guard waits nothing is read, and what came meanwhile keeps its order", async () => {
  let open = (): void => {};
  const gate = definePlugin({
    name: "gate",
    doc: "Waits once.",
    config: none,
    setup(host) {
      host.at(departing).guard(
        { kind: "message" },
        ({ stanza }) =>
          stanza.id === "0" ? new Promise((resolve) => open = () => resolve(undefined)) : undefined,
      );
    },
  });
  await using server = await testServer({ plugins: [gate] });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  const send = (id: number) =>
    alice!.carrier.feed(encoder.encode(`<message to='bob@a.test/pad' id='${id}'/>`));
  alice!.carrier.feed(
    encoder.encode("<message to='bob@a.test/pad' id='0'/><message to='bob@a.test/pad' id='1'/>"),
  );
  for (let id = 2; id < 6; id++) send(id);
  await turns();
  bob!.quiet();
  ok(alice!.carrier.paused && alice!.carrier.unread > 0);
  open();
  await server.settle();
  deepEqual(bob!.inbox.map((message) => message.attr("id")), ["0", "1", "2", "3", "4", "5"]);
});

Deno.test("hostile: a handler may ask the very client that asked it", async () => {
  const curious = definePlugin({
    name: "curious",
    doc: "Asks back.",
    config: none,
    setup(host) {
      host.iq.get("urn:test:ask", "ask", "host", async ({ from }) => {
        const question = el("iq", CONTENT_NS, { type: "get", id: "back" }, el("who", "urn:test:ask"));
        return await host.request(Stanza.of(question, host.jid, from));
      });
    },
  });
  await using server = await testServer({ plugins: [curious] });
  const [alice, mallory] = await server.clients("alice/desk", "mallory/x");
  await alice!.send("<iq type='get' id='1' to='a.test'><ask xmlns='urn:test:ask'/></iq>");
  alice!.expectNext("<iq type='get' id='back' from='a.test'/>");
  // Somebody else's answer is none.
  await mallory!.send("<iq type='result' id='back' to='a.test'><me xmlns='urn:test:mallory'/></iq>");
  alice!.quiet();
  await alice!.send("<iq type='result' id='back' to='a.test'><me xmlns='urn:test:alice'/></iq>");
  alice!.expectNext("<iq type='result' id='1'><me xmlns='urn:test:alice'/></iq>");
  // One that never answers is not waited for without end.
  await alice!.send("<iq type='get' id='2' to='a.test'><ask xmlns='urn:test:ask'/></iq>");
  alice!.clear();
  await server.clock.advance("2 minutes");
  alice!.expectNext("<iq type='error' id='2'><error type='wait'/></iq>");
  equal(server.host.requests.size, 0);
});

Deno.test("hostile: a handler that answers itself does not recurse", async () => {
  const echo = definePlugin({
    name: "echo",
    doc: "Sends back what comes to it, up to a number.",
    config: none,
    setup(host) {
      host.at(arriving).claim({ kind: "message", to: "host" }, ({ stanza }) => {
        const left = Number(stanza.id) - 1;
        if (left > 0) host.send(Stanza.of(el("message", CONTENT_NS, { id: `${left}` }), host.jid, host.jid));
        return CLAIMED;
      });
    },
  });
  await using server = await testServer({ plugins: [echo] });
  const alice = await server.client("alice/desk");
  await alice.send("<message to='a.test' id='50000'/>");
  equal(alice.closed, false);
});

Deno.test("hostile: a route with a bug loses its stanza, not the stream of the sender", async () => {
  const lost = definePlugin({
    name: "lost",
    doc: "Loses its way.",
    config: none,
    setup(host) {
      host.route({
        label: "lost",
        takes: (domain) => domain === "b.test",
        route(stanza) {
          if (stanza.id === "later") return Promise.reject(new Error("lost later"));
          throw new Error("lost");
        },
      });
    },
  });
  await using server = await testServer({ plugins: [lost] });
  server.allowErrors();
  const alice = await server.client("alice/desk");
  await alice.send("<message to='x@b.test'/><message to='x@b.test' id='later'/>");
  await alice.send("<iq type='get' id='1' to='a.test'><x xmlns='urn:test'/></iq>");
  alice.expect("<iq type='error' id='1'/>");
  equal(server.logged.filter((line) => line.includes("lost")).length, 2);
});

const ROUNDS = Deno.env.get("METRONOME_LONG") === "1" ? 3000 : 300;

/** A reproducible source of chance. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

const TRANSCRIPT = "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>" +
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>" +
  "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>" +
  "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>" +
  "<presence/><message to='bob@a.test/pad' id='2'><body>h\u00e9llo &amp; \u{1f600}</body></message>" +
  "<iq type='get' id='3' to='a.test'><x xmlns='urn:test'/></iq>" +
  "<iq type='result' id='4'/><message from='alice@a.test' to='bob@a.test'/></stream:stream>";

Deno.test(`hostile: ${ROUNDS} damaged conversations, and no fault of ours`, async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: "off", bytes_per_second: "off" } },
  });
  const check = await withWitnesses(server);
  const whole = encoder.encode(TRANSCRIPT);
  for (let round = 0; round < ROUNDS; round++) {
    const roll = dice(round + 1);
    const bytes = damaged(whole, roll);
    const client: TestClient = server.connect();
    for (let at = 0; at < bytes.length;) {
      const next = at + 1 + roll(200);
      client.carrier.feed(bytes.slice(at, next));
      at = next;
    }
    client.carrier.feed(encoder.encode(""));
    await server.settle();
    if (!client.closed) await client.cut();
    const ending = client.inbox.find((element) => element.name === "error");
    equal(ending?.first()?.name === "internal-server-error", false, `round ${round}: ${ending}`);
    if (round % 50 === 0) await check();
  }
  await check();
  equal(server.server.streams.open.size, 2);
  equal(server.host.registry.size, 2);
});

function damaged(whole: Uint8Array, roll: (below: number) => number): Uint8Array {
  let bytes = whole.slice();
  for (let i = 0, times = 1 + roll(3); i < times; i++) {
    const at = roll(bytes.length);
    const length = roll(40);
    switch (roll(4)) {
      case 0:
        bytes[at] = roll(256);
        break;
      case 1:
        bytes = joined(bytes.slice(0, at), bytes.slice(at + length));
        break;
      case 2:
        bytes = joined(bytes.slice(0, at), bytes.slice(at, at + length), bytes.slice(at));
        break;
      default:
        bytes = joined(
          bytes.slice(0, at),
          encoder.encode(["<", ">", "'", "&", "</", "/>", "\0"][roll(7)]),
          bytes.slice(at),
        );
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
