/** What one peer may cost: sizes, rates, queues (FEATURES §1.B; XEP-0478). */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type TestClient, testServer } from "#testing";
import { streamLimits } from "../../plugins/stream/stream_limits.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

function ids(client: TestClient): string[] {
  return client.inbox.splice(0).map((message) => message.attr("id") ?? "");
}

function messages(from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += `<message to='bob@a.test/pad' id='${i}'/>`;
  return text;
}

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

/** A message of exactly so many bytes. */
function message(bytes: number): string {
  const [start, end] = ["<message to='bob@a.test/pad'><body>", "</body></message>"];
  return start + "é".repeat((bytes - start.length - end.length) >> 1) +
    "x".repeat((bytes - start.length - end.length) & 1) + end;
}

Deno.test("limits: a stanza may be as large as it may, and not a byte larger", async () => {
  await using server = await testServer({ config: { limits: { stanza_size: "20 KB" } } });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(message(20_000));
  bob!.expectNext("<message/>");
  await alice!.send(message(20_001));
  alice!.expectStreamError("policy-violation");
  bob!.quiet();
});

Deno.test("limits: before the login less is allowed, after it what the session may", async () => {
  await using server = await testServer({
    config: { limits: { stanza_size: "40 KB", stanza_size_unauthenticated: "10 KB" } },
  });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(message(40_000));
  bob!.expectNext("<message/>");
  const stranger = server.connect();
  await stranger.open();
  await stranger.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${"A".repeat(10_000)}</auth>`);
  stranger.expectStreamError("policy-violation");
});

Deno.test("limits: what is too large is noticed before it has all come", async () => {
  await using server = await testServer();
  const stranger = server.connect();
  await stranger.open();
  let sent = 0;
  while (!stranger.closed && sent < 10_000_000) {
    const chunk = sent === 0 ? "<message><body>" : "x".repeat(1000);
    sent += chunk.length;
    await stranger.send(chunk);
  }
  stranger.expectStreamError("policy-violation");
  ok(sent < 20_000, `${sent} bytes were read`);
});

Deno.test("limits: depth and number of attributes", async () => {
  await using server = await testServer({ config: { limits: { depth: 10, attributes: 10 } } });
  const nested = (depth: number) =>
    `<message to='bob@a.test/pad'>${"<x>".repeat(depth)}${"</x>".repeat(depth)}</message>`;
  const wide = (n: number) =>
    `<message to='bob@a.test/pad'><x ${range(0, n).map((i) => `a${i}=''`).join(" ")}/></message>`;
  const [alice, bob, carol] = await server.clients("alice/desk", "bob/pad", "carol/sofa");
  await alice!.send(nested(9) + wide(10));
  equal(bob!.inbox.splice(0).length, 2);
  await alice!.send(nested(10));
  alice!.expectStreamError("policy-violation");
  await carol!.send(wide(11));
  carol!.expectStreamError("policy-violation");
  bob!.quiet();
});

Deno.test("limits: too many stanzas wait, in order, and nobody is punished", async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: 10, stanzas_burst: 20 } },
  });
  const [alice, bob, carol] = await server.clients("alice/desk", "bob/pad", "carol/sofa");
  await server.clock.advance("1 minute");
  // In one chunk, and in one more behind it.
  await alice!.send(messages(0, 100));
  await alice!.send(messages(100, 120));
  const first = ids(bob!);
  ok(first.length >= 20 && first.length <= 22, `${first.length} came at once`);
  ok(alice!.carrier.paused);
  // Others are served as ever.
  await carol!.send("<message to='bob@a.test/pad' id='carol'/>");
  deepEqual(ids(bob!), ["carol"]);
  await server.clock.advance("5 seconds");
  const second = ids(bob!);
  ok(second.length >= 45 && second.length <= 55, `${second.length} came in five seconds`);
  await server.clock.advance("10 seconds");
  deepEqual([...first, ...second, ...ids(bob!)], range(0, 120));
  equal(alice!.carrier.paused, false);
});

Deno.test("limits: too many bytes wait as well", async () => {
  await using server = await testServer({
    config: { limits: { bytes_per_second: "10 KB", bytes_burst: "20 KB" } },
  });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await server.clock.advance("1 minute");
  for (let i = 0; i < 10; i++) await alice!.send(message(8_000));
  const first = bob!.inbox.splice(0).length;
  ok(first >= 2 && first <= 3, `${first} came at once`);
  ok(alice!.carrier.unread >= 48_000, "the rest was not even read");
  await server.clock.advance("10 seconds");
  equal(first + bob!.inbox.length, 10);
  equal(alice!.carrier.unread, 0);
});

Deno.test("limits: without a rate nobody waits", async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: "off", bytes_per_second: "off" } },
  });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(messages(0, 5000));
  deepEqual(ids(bob!), range(0, 5000));
});

Deno.test("limits: rates hold before the login too", async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: 1, stanzas_burst: 2 } },
  });
  const stranger = server.connect();
  await stranger.open();
  stranger.clear();
  await stranger.send(
    "<unknown xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".replace("unknown", "abort").repeat(10),
  );
  ok(stranger.carrier.paused);
  equal(stranger.closed, false);
  await server.clock.advance("10 seconds");
  stranger.expectStreamError("policy-violation");
});

Deno.test("limits: closing is not kept waiting by a rate", async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: 1, stanzas_burst: 5 } },
  });
  const [alice] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(messages(0, 100) + "</stream:stream>");
  ok(alice!.carrier.paused && !alice!.closed);
  for (const session of server.host.registry.of("alice")) session.end();
  await server.settle();
  ok(alice!.streamClosed && alice!.closed);
  equal(server.server.streams.fineWheel.armed, 0);
});

Deno.test("limits: whoever does not read is closed once too much waits, and nobody else notices", async () => {
  await using server = await testServer({
    config: { limits: { send_queue: "100 KB", stanzas_per_second: "off", bytes_per_second: "off" } },
  });
  server.server.log.setLevels("info", {});
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  bob!.carrier.reading = false;
  let sent = 0;
  while (!bob!.closed && sent < 1000) {
    await alice!.send(
      `<message to='bob@a.test/pad' id='${sent++}'><body>${"x".repeat(1000)}</body></message>`,
    );
  }
  ok(sent >= 90 && sent < 110, `${sent} messages were queued`);
  equal(server.host.registry.of("bob").length, 0);
  equal(alice!.closed, false);
  ok(server.logged.some((line) => line.includes("resource-constraint") && line.includes("bob@a.test/pad")));
  await alice!.send("<message to='bob@a.test/pad' id='late'/>");
  alice!.expect("<message id='late' type='error'/>");
});

Deno.test("limits: whoever reads slowly is not read from meanwhile, and loses nothing", async () => {
  await using server = await testServer({
    config: { limits: { stanzas_per_second: "off", bytes_per_second: "off" } },
  });
  const [alice, bob] = await server.clients("alice/desk", "bob/pad");
  bob!.carrier.reading = false;
  for (let i = 0; i < 100; i++) {
    await alice!.send(`<message to='bob@a.test/pad' id='${i}'><body>${"x".repeat(1000)}</body></message>`);
  }
  ok(bob!.carrier.paused);
  await bob!.send("<message to='alice@a.test/desk' id='from bob'/>");
  alice!.quiet();
  bob!.carrier.readOn();
  await server.settle();
  alice!.expectNext("<message id='from bob'/>");
  deepEqual(ids(bob!), range(0, 100));
});

Deno.test("limits: they are announced, before and after the login (XEP-0478)", async () => {
  await using server = await testServer({
    plugins: [streamLimits],
    config: {
      limits: {
        stanza_size: "40 KB",
        stanza_size_unauthenticated: "10 KB",
        ping_after: "5 min",
        ping_timeout: "1 min",
      },
    },
  });
  const client = server.connect();
  const announced = async () => {
    await client.open();
    const limits = client.expectNext("<stream:features/>").child("limits", "urn:xmpp:stream-limits:0")!;
    return limits.elements().map((limit) => `${limit.name} ${limit.text}`);
  };
  deepEqual(await announced(), ["max-bytes 10000"]);
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  client.clear();
  deepEqual(await announced(), ["max-bytes 40000", "idle-seconds 360"]);
});
