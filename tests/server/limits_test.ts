/** What one peer may cost, on real sockets: nobody else notices it (AC-2.19-2, AC-2.19-3). */
import assert from "node:assert/strict";
import { client, closed } from "../../src/transport/transport_test_rig.ts";
import { PLAIN, Serving, soon } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

function limited(limits: string): string {
  return `${PLAIN}[limits]\n${limits}\n[host."a.test"]\n`;
}

async function withAccounts(limits: string, ...names: string[]): Promise<Serving> {
  const server = await Serving.start(limited(limits));
  for (const name of names) await server.run(["user", "add", name], { input: ["wonderland"] });
  return server;
}

Deno.test("a client that sends too many stanzas is slowed; nothing is lost, nobody else waits", async () => {
  await using server = await withAccounts("stanzas_per_second = 100\nstanzas_burst = 10", "alice", "bob");
  const port = await server.port("c2s");
  using alice = await WireClient.login(port, "alice", "wonderland");
  using bob = await WireClient.login(port, "bob", "wonderland");
  const start = performance.now();
  const ids = Array.from({ length: 70 }, (_, i) => `n${i}`);
  alice.send(
    ids.map((id) => `<iq type='get' id='${id}' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>`).join(""),
  );
  await bob.ping();
  assert.ok(alice.inbox.length < 60, "another client had to wait");
  await alice.expect(`<iq id='n69' type='result'/>`);
  // 60 stanzas beyond the burst at 100 a second; a timer may be early by a tick.
  assert.ok(performance.now() - start > 500, `only ${performance.now() - start} ms`);
  assert.deepEqual(alice.inbox.map((it) => it.attr("id")), ids.slice(0, -1));
});

Deno.test("a client that sends too many bytes is slowed; nothing is lost", async () => {
  await using server = await withAccounts('bytes_per_second = "100 KB"\nbytes_burst = "20 KB"', "alice");
  using alice = await WireClient.login(await server.port("c2s"), "alice", "wonderland");
  const start = performance.now();
  for (let i = 0; i < 10; i++) {
    alice.send(
      `<iq type='set' id='b${i}' to='a.test'><x xmlns='urn:test'>${"x".repeat(8_000)}</x></iq>`,
    );
  }
  await alice.expect(`<iq id='b9' type='error'/>`);
  assert.ok(performance.now() - start > 500, `only ${performance.now() - start} ms`);
  assert.deepEqual(alice.inbox.map((it) => it.attr("id")), Array.from({ length: 9 }, (_, i) => `b${i}`));
});

Deno.test("a client that stops reading is closed at the limit; others are unaffected (AC-2.19-2)", async () => {
  const limits = 'send_queue = "256 KiB"\nbytes_per_second = "off"\nstanzas_per_second = "off"';
  await using server = await withAccounts(limits, "alice", "bob", "carol");
  const port = await server.port("c2s");
  using alice = await WireClient.login(port, "alice", "wonderland");
  using bob = await WireClient.login(port, "bob", "wonderland");
  using carol = await WireClient.login(port, "carol", "wonderland");
  bob.socket.pause();
  const text = "x".repeat(100_000);
  let sent = 0;
  while ((await server.status()).sessions === 3) {
    // What the system itself buffers on both ends comes first.
    assert.ok(sent < 100, "bob is still there after 10 MB beyond all buffers");
    for (let i = 0; i < 10; i++, sent++) {
      alice.send(`<message to='${bob.jid}' type='headline'><body>${text}</body></message>`);
    }
    await alice.ping();
    await carol.ping();
  }
  bob.socket.resume();
  await soon("the end of bob's connection", bob.closed);
  await alice.ping();
  await carol.ping();
});

Deno.test("one connection too many from an address is told so; when one goes, another may come", async () => {
  await using server = await withAccounts("connections_per_address = 2", "alice");
  const port = await server.port("c2s");
  using first = await WireClient.connect(port);
  await first.open();
  using second = await WireClient.login(port, "alice", "wonderland");
  using third = await WireClient.connect(port);
  await third.expectEnd("resource-constraint");
  await second.ping();
  first.send("</stream:stream>");
  await first.closed;
  while ((await server.status()).connections > 1) await second.ping();
  using fourth = await WireClient.connect(port);
  await fourth.open();
});

Deno.test("one connection too many in all is told so; a reload changes how many there may be", async () => {
  await using server = await withAccounts("connections = 2", "alice");
  const port = await server.port("c2s");
  using first = await WireClient.connect(port);
  await first.open();
  using second = await WireClient.login(port, "alice", "wonderland");
  using third = await WireClient.connect(port);
  await third.expectEnd("resource-constraint");
  await server.reload(limited("connections = 3"));
  using fourth = await WireClient.connect(port);
  await fourth.open();
  using fifth = await WireClient.connect(port);
  await fifth.expectEnd("resource-constraint");
  await second.ping();
});

Deno.test("who does not log in in time is told so and closed", async () => {
  await using server = await withAccounts('authentication_timeout = "1 s"', "alice");
  const port = await server.port("c2s");
  using alice = await WireClient.login(port, "alice", "wonderland");
  using idle = await WireClient.connect(port);
  await idle.open();
  await idle.expectEnd("connection-timeout");
  await alice.ping();
});

Deno.test("a TLS handshake of a byte at a time is closed after its time, on both kinds of port (AC-2.19-3)", async () => {
  await using server = await withAccounts('handshake_timeout = "1 s"');
  const { ports } = await server.status();
  const direct = await client(ports["c2s-tls"]![0]!);
  const upgraded = await client(ports["c2s"]![0]!);
  upgraded.write(
    `<stream:stream to='a.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>` +
      `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`,
  );
  await soon("the proceed", saysProceed(upgraded));
  // The first bytes of a ClientHello that never gets further.
  const hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...Array<number>(500).fill(7)];
  const drip = setInterval(() => {
    const byte = Uint8Array.of(hello.shift() ?? 0);
    for (const socket of [direct, upgraded]) if (!socket.destroyed) socket.write(byte);
  }, 100);
  try {
    await soon("the end of the direct one", closed(direct));
    await soon("the end of the upgraded one", closed(upgraded));
  } finally {
    clearInterval(drip);
  }
});

Deno.test("an element that is too big ends its stream and no other, before and after the login", async () => {
  await using server = await withAccounts(
    'stanza_size = "20 KB"\nstanza_size_unauthenticated = "10 KB"',
    "alice",
    "bob",
  );
  const port = await server.port("c2s");
  using alice = await WireClient.login(port, "alice", "wonderland");
  using bob = await WireClient.login(port, "bob", "wonderland");
  using stranger = await WireClient.connect(port);
  await stranger.open();
  stranger.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(11_000)}`);
  await stranger.expectEnd("policy-violation");
  alice.send(`<message to='${bob.jid}' type='headline'><body>${"x".repeat(15_000)}</body></message>`);
  await bob.expect("<message type='headline'/>");
  alice.send(`<message to='${bob.jid}' type='headline'><body>${"x".repeat(21_000)}`);
  await alice.expectEnd("policy-violation");
  await bob.ping();
});

function saysProceed(socket: Awaited<ReturnType<typeof client>>): Promise<void> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      if (text.includes("<proceed")) resolve();
    });
    socket.resume();
  });
}
