import { equal, ok } from "node:assert/strict";
import { ConnectionLimits } from "./connection_limits.ts";
import { listenTcp } from "./tcp.ts";
import {
  client,
  closed,
  contextFor,
  fastWheel,
  Lines,
  Queue,
  Recorder,
  tlsClient,
} from "./transport_test_rig.ts";
import { listenTls } from "./tls.ts";

/** As many connections, opened and closed in turn by every way there is; eight at a time. */
async function churn(count: number, once: (round: number) => Promise<void>): Promise<void> {
  let begun = 0;
  const worker = async () => {
    while (begun < count) await once(begun++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

Deno.test("churn: 2,000 plain connections leave nothing behind", async () => {
  const wheel = fastWheel();
  const limits = new ConnectionLimits({ perAddress: 100 });
  const sinks = new Queue<Recorder>();
  const listener = await listenTcp({
    at: "127.0.0.1:0",
    wheel,
    log: new Lines(),
    limits,
    accept(carrier) {
      const sink = new Recorder(carrier, (text) => {
        if (text === "end") carrier.end();
        else if (text === "destroy") carrier.destroy();
        else carrier.write(text);
      });
      carrier.attach(sink);
      sinks.put(sink);
    },
  });
  const sizes: number[] = [];
  for (let half = 0; half < 2; half++) {
    await churn(1_000, async (round) => {
      const socket = await client(listener.address.port);
      const sink = await sinks.take();
      const gone = closed(socket);
      if (round % 4 === 0) socket.end("bye");
      else if (round % 4 === 1) socket.resetAndDestroy();
      else socket.write(round % 4 === 2 ? "end" : "destroy");
      await gone;
      await sink.gone();
      equal(sink.closes, 1);
    });
    sizes.push(Deno.memoryUsage().heapUsed);
  }
  equal(listener.connections, 0);
  equal(limits.open, 0);
  equal(wheel.armed, 0);
  ok(
    sizes[1]! - sizes[0]! < 30_000_000,
    `the heap grew by ${sizes[1]! - sizes[0]!} bytes in 1,000 connections`,
  );
  wheel.stop();
  await listener.close();
});

Deno.test("churn: 300 TLS connections leave nothing behind", async () => {
  const wheel = fastWheel();
  const limits = new ConnectionLimits();
  const context = contextFor("one.test");
  const sinks = new Queue<Recorder>();
  const listener = await listenTls({
    at: "127.0.0.1:0",
    wheel,
    log: new Lines(),
    limits,
    contexts: { size: 1, choose: () => context },
    accept(carrier) {
      const sink = new Recorder(carrier, () => carrier.end());
      carrier.attach(sink);
      sinks.put(sink);
    },
  });
  const { port } = listener.address;
  await churn(300, async (round) => {
    if (round % 3 === 0) {
      const raw = await client(port);
      raw.write(Uint8Array.of(22, 3, 1));
      raw.resetAndDestroy();
      return closed(raw);
    }
    const socket = await tlsClient({ host: "127.0.0.1", port });
    const sink = await sinks.take();
    const gone = closed(socket);
    if (round % 3 === 1) socket.destroy();
    else socket.write("bye");
    await gone;
    await sink.gone();
  });
  const last = await tlsClient({ host: "127.0.0.1", port });
  const sink = await sinks.take();
  last.destroy();
  await sink.gone();
  equal(listener.connections, 0);
  equal(limits.open, 0);
  equal(wheel.armed, 0);
  wheel.stop();
  await listener.close();
});
