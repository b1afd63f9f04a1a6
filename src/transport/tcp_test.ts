import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import type { Carrier } from "./carrier.ts";
import { ConnectionLimits, type Refusal } from "./connection_limits.ts";
import type { Listener } from "./listener.ts";
import { type ListenOptions, listenTcp } from "./tcp.ts";
import { client, closed, fastWheel, Lines, Queue, reads, Recorder } from "./transport_test_rig.ts";
import { Wire } from "./wire.ts";

interface Port extends AsyncDisposable {
  readonly listener: Listener;
  readonly carriers: Queue<Carrier>;
  readonly log: Lines;
}

async function open(options: Partial<ListenOptions> = {}): Promise<Port> {
  const carriers = new Queue<Carrier>();
  const wheel = fastWheel();
  const log = new Lines();
  const listener = await listenTcp({ at: "127.0.0.1:0", wheel, log, accept: carriers.put, ...options });
  return {
    listener,
    carriers,
    log,
    [Symbol.asyncDispose]: () => {
      wheel.stop();
      return listener.close();
    },
  };
}

async function pair(port: Port) {
  const socket = await client(port.listener.address.port);
  const carrier = await port.carriers.take();
  const sink = new Recorder(carrier);
  carrier.attach(sink);
  return { socket, carrier, sink };
}

for (const direct of [true, false]) {
  const way = direct ? "directly" : "by socket events";

  Deno.test(`tcp: text both ways, ${way}`, async () => {
    await using port = await open({ wire: new Wire({ direct }) });
    const { socket, carrier, sink } = await pair(port);
    socket.write("hello, wörld");
    await sink.says("wörld");
    equal(carrier.write("answer ⚡"), true);
    await reads(socket, "⚡");
    equal(carrier.peer.address, "127.0.0.1");
    equal(carrier.peer.port, socket.localPort);
    equal(carrier.local.port, port.listener.address.port);
    equal(port.listener.connections, 1);
    socket.end();
    await sink.gone();
    equal(sink.error, undefined);
    equal(port.listener.connections, 0);
    await closed(socket);
  });

  Deno.test(`tcp: large writes arrive whole, the queue is told, ${way}`, async () => {
    await using port = await open({ wire: new Wire({ direct }) });
    const { socket, carrier, sink } = await pair(port);
    socket.pause();
    const part = "0123456789é".repeat(20_000);
    let refused = false;
    for (let i = 0; i < 40; i++) refused = !carrier.write(part) || refused;
    ok(refused);
    ok(carrier.queued > 65_536);
    let received = 0;
    const all = 40 * new TextEncoder().encode(part).length;
    const whole = new Promise<void>((resolve) =>
      socket.on("data", (chunk) => {
        received += chunk.length;
        if (received >= all) resolve();
      })
    );
    socket.resume();
    await whole;
    await sink.until(() => sink.drains === 1);
    equal(received, all);
    equal(carrier.queued, 0);
    carrier.destroy();
    await sink.gone();
    await closed(socket);
  });

  Deno.test(`tcp: what is queued is sent before the end, ${way}`, async () => {
    await using port = await open({ wire: new Wire({ direct }) });
    const { socket, carrier, sink } = await pair(port);
    let received = 0;
    socket.on("data", (chunk) => received += chunk.length);
    for (let i = 0; i < 10; i++) carrier.write("x".repeat(1_000_000));
    carrier.end();
    carrier.write("too late");
    await closed(socket);
    equal(received, 10_000_000);
    await sink.gone();
    equal(sink.closes, 1);
    equal(sink.error, undefined);
  });

  Deno.test(`tcp: a paused carrier takes nothing in, ${way}`, async () => {
    await using port = await open({ wire: new Wire({ direct }) });
    const { socket, carrier, sink } = await pair(port);
    carrier.pause();
    for (let i = 0; i < 210; i++) socket.write("y".repeat(100_000));
    const other = await pair(port);
    for (let i = 0; i < 20; i++) {
      other.socket.write("ping");
      await other.sink.until(() => other.sink.byteCount === 4 * (i + 1));
    }
    ok(sink.byteCount <= 131_072, `${sink.byteCount} bytes were read while paused`);
    carrier.resume();
    await sink.until(() => sink.byteCount > 20_000_000);
    socket.destroy();
    await sink.gone();
    other.carrier.destroy();
    await closed(other.socket);
  });

  Deno.test(`tcp: a peer that resets is an error of its connection alone, ${way}`, async () => {
    await using port = await open({ wire: new Wire({ direct }) });
    const { socket, carrier, sink } = await pair(port);
    carrier.write("z".repeat(5_000_000));
    socket.resetAndDestroy();
    await sink.gone();
    equal(sink.closes, 1);
    equal(carrier.write("more"), true);
    carrier.end();
    carrier.destroy();
    carrier.pause();
    carrier.resume();
    await closed(socket);
  });
}

Deno.test("tcp: a sink that throws closes its own connection with that error", async () => {
  await using port = await open();
  const { socket, carrier } = await pair(port);
  const sink = new Recorder(carrier, () => {
    throw new Error("broken sink");
  });
  carrier.attach(sink);
  socket.write("a");
  await sink.gone();
  equal(sink.error?.message, "broken sink");
  await closed(socket);
});

Deno.test("tcp: a sink that throws at the end is logged, and harms nobody", async () => {
  await using port = await open();
  const { socket, carrier } = await pair(port);
  carrier.attach({
    bytes: () => {},
    drained: () => {},
    closed: () => {
      throw new Error("broken end");
    },
  });
  socket.destroy();
  await port.log.has("the end of a connection could not be handled");
  equal(port.listener.connections, 0);
  await closed(socket);
});

Deno.test("tcp: nothing is read before there is a sink; the next sink takes over", async () => {
  await using port = await open();
  const socket = await client(port.listener.address.port);
  const carrier = await port.carriers.take();
  socket.write("early");
  const first = new Recorder();
  carrier.attach(first);
  await first.says("early");
  const second = new Recorder();
  carrier.attach(second);
  socket.write("late");
  await second.says("late");
  equal(first.text, "early");
  carrier.destroy();
  await second.gone();
  equal(first.closes, 0);
  await closed(socket);
});

Deno.test("tcp: a sink that comes after the end is told of it, once", async () => {
  await using port = await open();
  const socket = await client(port.listener.address.port);
  const carrier = await port.carriers.take();
  carrier.destroy();
  await closed(socket);
  const sink = new Recorder();
  carrier.attach(sink);
  await sink.gone();
  const another = new Recorder();
  carrier.attach(another);
  await Promise.resolve();
  equal(sink.closes + another.closes, 1);
});

Deno.test("tcp: an end that the peer does not answer is enforced", async () => {
  await using port = await open({ lingerMs: 30 });
  const { socket, carrier, sink } = await pair(port);
  socket.pause();
  carrier.write("x".repeat(20_000_000));
  carrier.end();
  await sink.gone();
  socket.destroy();
  await closed(socket);
});

Deno.test("tcp: limits refuse politely and are always freed", async () => {
  const limits = new ConnectionLimits({ perAddress: 2 });
  const reasons: Refusal[] = [];
  await using port = await open({
    limits,
    refused(carrier, reason) {
      reasons.push(reason);
      carrier.attach(new Recorder());
      carrier.write("too many");
      carrier.end();
    },
  });
  const one = await pair(port);
  const two = await pair(port);
  const three = await client(port.listener.address.port);
  await reads(three, "too many");
  await closed(three);
  deepEqual(reasons, ["address"]);
  equal(limits.open, 2);
  one.socket.destroy();
  await one.sink.gone();
  equal(limits.open, 1);
  const four = await pair(port);
  equal(limits.openFrom("127.0.0.1"), 2);
  for (const each of [two, four]) {
    each.carrier.destroy();
    await each.sink.gone();
    await closed(each.socket);
  }
  equal(limits.open, 0);
});

Deno.test("tcp: only so many at a time are told that they are too many", async () => {
  let told = 0;
  await using port = await open({
    limits: new ConnectionLimits({ perAddress: 0 }),
    refused: (carrier) => {
      told++;
      carrier.attach(new Recorder());
    },
  });
  const number = port.listener.address.port;
  const waiting: Socket[] = [];
  for (let i = 0; i < 64; i++) waiting.push(await client(number));
  const more = await client(number);
  more.resume();
  await closed(more);
  equal(told, 64);
  const [first] = waiting;
  first!.destroy();
  while (port.listener.connections === 64) await new Promise((resolve) => setTimeout(resolve, 1));
  waiting.push(await client(number));
  while (told === 64) await new Promise((resolve) => setTimeout(resolve, 1));
  for (const socket of waiting) socket.destroy();
  while (port.listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 1));
});

Deno.test("tcp: a port that is taken is explained", async () => {
  await using port = await open();
  await rejects(
    open({ at: `127.0.0.1:${port.listener.address.port}` }),
    /cannot listen on 127\.0\.0\.1:\d+: another program has this port/,
  );
  await rejects(open({ at: "203.0.113.77:0" }), /this machine has no address 203\.0\.113\.77/);
  await rejects(open({ at: "5222" }), /not an address to listen on/);
});

Deno.test("tcp: [::] takes IPv6 and IPv4", async (test) => {
  const ipv6 = await new Promise<boolean>((resolve) => {
    const server = createServer().listen(0, "::1", () => server.close(() => resolve(true)));
    server.once("error", () => resolve(false));
  });
  await test.step({
    name: "on a machine with IPv6",
    ignore: !ipv6,
    fn: async () => {
      await using port = await open({ at: "[::]:0" });
      const { socket, carrier, sink } = await pair(port);
      equal(carrier.peer.address, "127.0.0.1");
      socket.destroy();
      await sink.gone();
      await closed(socket);
    },
  });
});

Deno.test("tcp: a closed port keeps its connections", async () => {
  const port = await open();
  const { socket, carrier, sink } = await pair(port);
  await port.listener.close();
  socket.write("still here");
  await sink.says("still here");
  carrier.end();
  await sink.gone();
  await closed(socket);
  await port[Symbol.asyncDispose]();
});
