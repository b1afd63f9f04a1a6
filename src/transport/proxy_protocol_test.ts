import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import type { Carrier } from "./carrier.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import { proxyHeader, ProxyTrust } from "./proxy_protocol.ts";
import { listenTcp } from "./tcp.ts";
import { client, closed, fastWheel, Lines, Queue, reads, Recorder } from "./transport_test_rig.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const four = (command = 0x21, family = 0x11) =>
  Uint8Array.of(
    ...SIGNATURE,
    command,
    family,
    0,
    15,
    203,
    0,
    113,
    9,
    10,
    0,
    0,
    1,
    0x30,
    0x39,
    0x14,
    0x66,
    4,
    0,
    0,
  );
const six = () =>
  Uint8Array.of(
    ...SIGNATURE,
    0x21,
    0x21,
    0,
    36,
    ...[0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9],
    ...Array(15).fill(0),
    1,
    0x30,
    0x39,
    0x14,
    0x66,
  );

Deno.test("proxy: version 1", () => {
  const tcp4 = "PROXY TCP4 203.0.113.9 10.0.0.1 12345 5222\r\n";
  deepEqual(proxyHeader(bytes(`${tcp4}<stream`)), {
    source: { address: "203.0.113.9", port: 12345 },
    length: tcp4.length,
  });
  deepEqual(proxyHeader(bytes("PROXY TCP6 2001:DB8::9 ::1 1 65535\r\n"))?.source, {
    address: "2001:db8::9",
    port: 1,
  });
  deepEqual(proxyHeader(bytes("PROXY UNKNOWN\r\n")), { source: undefined, length: 15 });
  deepEqual(proxyHeader(bytes("PROXY UNKNOWN ffff::1 1 2 3\r\nx"))?.length, 29);
  for (let cut = 0; cut < tcp4.length; cut++) equal(proxyHeader(bytes(tcp4.slice(0, cut))), undefined);
  const bad = [
    "<?xml version='1.0'?>",
    "PROXX",
    "PROXY TCP4 203.0.113.9 10.0.0.1 12345\r\n",
    "PROXY TCP4 203.0.113.9 10.0.0.1 12345 5222 9\r\n",
    "PROXY TCP4 ::1 ::1 1 1\r\n",
    "PROXY TCP6 203.0.113.9 10.0.0.1 1 1\r\n",
    "PROXY TCP4 203.0.113.999 10.0.0.1 1 1\r\n",
    "PROXY TCP4 203.0.113.9 10.0.0.1 01 1\r\n",
    "PROXY TCP4 203.0.113.9 10.0.0.1 65536 1\r\n",
    "PROXY UDP4 203.0.113.9 10.0.0.1 1 1\r\n",
    `PROXY TCP4 ${"9".repeat(120)}`,
  ];
  for (const text of bad) throws(() => proxyHeader(bytes(text)), /PROXY header/, text);
});

Deno.test("proxy: version 2", () => {
  deepEqual(proxyHeader(four()), { source: { address: "203.0.113.9", port: 12345 }, length: 31 });
  deepEqual(proxyHeader(six())?.source, { address: "2001:db8::9", port: 12345 });
  equal(proxyHeader(four(0x20))?.source, undefined);
  equal(proxyHeader(four(0x21, 0))?.source, undefined);
  for (let cut = 0; cut < 31; cut++) equal(proxyHeader(four().subarray(0, cut)), undefined);
  throws(() => proxyHeader(four(0x31)), /unknown version/);
  throws(() => proxyHeader(four(0x22)), /unknown version/);
  const short = four();
  short[15] = 8;
  throws(() => proxyHeader(short), /cut off/);
  const long = four();
  long[14] = 0xff;
  throws(() => proxyHeader(long), /too long/);
});

Deno.test("proxy: any bytes give a header, a wish for more, or a plain error", () => {
  const start = fc.constantFrom<Uint8Array>(
    bytes("PROXY TCP4 "),
    bytes("PROXY "),
    four().subarray(0, 16),
    new Uint8Array(0),
  );
  fc.assert(fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, tail) => {
    const input = Uint8Array.of(...head, ...tail);
    try {
      const header = proxyHeader(input);
      ok(header === undefined || header.length <= input.length);
    } catch (error) {
      ok(error instanceof Error && error.message.includes("PROXY header"), String(error));
    }
  }));
});

Deno.test("proxy: a trusted peer is who it says, is counted so, and must say it", async () => {
  const carriers = new Queue<Carrier>();
  const log = new Lines();
  const wheel = fastWheel();
  const limits = new ConnectionLimits({ perAddress: 1 });
  const proxy = new ProxyTrust(["127.0.0.0/8"], 40);
  const listener = await listenTcp({ at: "127.0.0.1:0", wheel, log, limits, proxy, accept: carriers.put });
  const { port } = listener.address;
  const socket = await client(port);
  for (const byte of "PROXY TCP6 2001:db8::9 ::1 12345 5222\r\n<stream>") socket.write(byte);
  const carrier = await carriers.take();
  const sink = new Recorder();
  carrier.attach(sink);
  await sink.says("<stream>");
  deepEqual(carrier.peer, { address: "2001:db8::9", port: 12345 });
  equal(limits.openFrom("2001:db8::"), 1);
  equal(limits.openFrom("127.0.0.1"), 0);

  const second = await client(port);
  second.write("PROXY TCP6 2001:db8::a ::1 1 5222\r\n");
  await closed(second);
  await log.has("too many");

  const third = await client(port);
  third.write(four());
  third.write("<early/>");
  const proxied = await carriers.take();
  const other = new Recorder();
  proxied.attach(other);
  await other.says("<early/>");
  proxied.write("fine");
  await reads(third, "fine");

  const without = await client(port);
  without.write("<stream:stream>");
  await closed(without);
  await log.has("no PROXY header");
  const silent = await client(port);
  await closed(silent);
  await log.has("no PROXY header came");

  carrier.destroy();
  proxied.destroy();
  await sink.gone();
  await other.gone();
  await closed(socket);
  await closed(third);
  equal(limits.open, 0);
  equal(listener.connections, 0);
  wheel.stop();
  await listener.close();
});

Deno.test("proxy: the header of a peer that is not trusted is simply what it sends", async () => {
  const carriers = new Queue<Carrier>();
  const wheel = fastWheel();
  const proxy = new ProxyTrust(["192.0.2.0/24"]);
  const listener = await listenTcp({
    at: "127.0.0.1:0",
    wheel,
    log: new Lines(),
    proxy,
    accept: carriers.put,
  });
  const socket = await client(listener.address.port);
  const carrier = await carriers.take();
  const sink = new Recorder();
  carrier.attach(sink);
  socket.write("PROXY TCP4 203.0.113.9 10.0.0.1 1 1\r\n");
  await sink.says("PROXY TCP4");
  equal(carrier.peer.address, "127.0.0.1");
  socket.destroy();
  await sink.gone();
  wheel.stop();
  await listener.close();
});
