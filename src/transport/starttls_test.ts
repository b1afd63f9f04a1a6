import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Carrier, Upgrade } from "./carrier.ts";
import type { Listener } from "./listener.ts";
import { type ListenOptions, listenTcp } from "./tcp.ts";
import {
  client,
  closed,
  contextFor,
  fastWheel,
  Lines,
  Queue,
  reads,
  Recorder,
  tlsClient,
} from "./transport_test_rig.ts";
import type { TlsContext } from "./tls_context.ts";
import { Wire } from "./wire.ts";

const hosts: Record<string, TlsContext> = {
  "one.test": contextFor("one.test"),
  "two.test": contextFor("two.test"),
};
const certified = contextFor("client.test");

interface Server extends AsyncDisposable {
  readonly listener: Listener;
  /** Carriers with their sink; the sink answers "starttls HOST" with an upgrade and "echo …" with the same. */
  readonly sessions: Queue<Session>;
}

interface Session {
  readonly carrier: Carrier;
  readonly sink: Recorder;
  readonly upgraded: Promise<void>;
}

async function serve(upgrade: Upgrade = {}, options: Partial<ListenOptions> = {}): Promise<Server> {
  const wheel = fastWheel();
  const sessions = new Queue<Session>();
  const listener = await listenTcp({
    at: "127.0.0.1:0",
    wheel,
    log: new Lines(),
    accept(carrier) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => {});
      const sink = new Recorder(carrier, (text) => {
        const host = /starttls (\S+)/.exec(text)?.[1];
        if (host !== undefined && carrier.tls === undefined) {
          carrier.startTls!("<proceed/>", hosts[host]!, upgrade).then(resolve, reject);
        } else if (text.startsWith("echo ")) carrier.write(text.slice(5));
      });
      carrier.attach(sink);
      sessions.put({ carrier, sink, upgraded: promise });
    },
    ...options,
  });
  return { listener, sessions, [Symbol.asyncDispose]: () => (wheel.stop(), listener.close()) };
}

async function begin(server: Server, host: string): Promise<Session & { socket: Socket }> {
  const socket = await client(server.listener.address.port);
  const session = await server.sessions.take();
  socket.write(`starttls ${host} `);
  await reads(socket, "<proceed/>");
  return { ...session, socket };
}

for (const direct of [true, false]) {
  const way = direct ? "directly" : "by socket events";

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    Deno.test(`starttls: ${version}, the host chosen by the stream, ${way}`, async () => {
      await using server = await serve({}, { wire: new Wire({ direct }) });
      for (const host of ["one.test", "two.test"]) {
        const { socket, carrier, sink, upgraded } = await begin(server, host);
        const tls = await tlsClient({ socket, servername: host, minVersion: version, maxVersion: version });
        await upgraded;
        deepEqual(new Uint8Array(tls.getPeerCertificate().raw), hosts[host]!.leaf);
        equal(carrier.tls?.version, version);
        equal(carrier.tls?.sni, host);
        ok((carrier.tls?.cipher.length ?? 0) > 0);
        deepEqual(carrier.tls?.bindings.get("tls-server-end-point"), hosts[host]!.endPoint);
        deepEqual(carrier.tls?.peerCertificate(), []);
        tls.write("echo Grüße");
        equal(await reads(tls, "Grüße"), "Grüße");
        await rejects(carrier.startTls!("", hosts[host]!), /has TLS already/);
        tls.end();
        await sink.gone();
        equal(sink.closes, 1);
        equal(sink.error, undefined);
        await closed(tls);
      }
      equal(server.listener.connections, 0);
    });
  }

  Deno.test(`starttls: many large writes at once arrive whole and in order, ${way}`, async () => {
    await using server = await serve({}, { wire: new Wire({ direct }) });
    const { socket, carrier, sink, upgraded } = await begin(server, "one.test");
    const tls = await tlsClient({ socket });
    await upgraded;
    let expected = "";
    let refused = 0;
    for (let i = 0; i < 60; i++) {
      const part = `[${i}]${"é".repeat(i * 1_000)}`;
      expected += part;
      if (!carrier.write(part)) refused += 1;
    }
    ok(refused > 0);
    const length = new TextEncoder().encode(expected).length;
    const chunks: Uint8Array[] = [];
    let have = 0;
    await new Promise<void>((resolve) =>
      tls.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        have += chunk.length;
        if (have >= length) resolve();
      })
    );
    equal(new TextDecoder().decode(await new Blob(chunks as BlobPart[]).bytes()), expected);
    await sink.until(() => sink.drains > 0);
    equal(carrier.queued, 0);
    carrier.write("x".repeat(3_000_000));
    carrier.end();
    await closed(tls);
    equal(have, length + 3_000_000);
    await sink.gone();
    equal(sink.error, undefined);
  });

  Deno.test(`starttls: a paused carrier takes bounded bytes from a flood, then all, ${way}`, async () => {
    await using server = await serve({}, { wire: new Wire({ direct }) });
    const { socket, carrier, sink, upgraded } = await begin(server, "one.test");
    const tls = await tlsClient({ socket });
    await upgraded;
    const other = await begin(server, "two.test");
    const ping = await tlsClient({ socket: other.socket });
    await other.upgraded;
    carrier.pause();
    const before = sink.byteCount;
    const rss = Deno.memoryUsage().rss;
    let flooded = 0;
    const flood = "f".repeat(1_000_000);
    tls.on("drain", () => {
      flooded += 1;
      if (flooded < 200) tls.write(flood);
    });
    tls.write(flood);
    for (let i = 0; i < 200; i++) {
      ping.write("echo pong");
      await reads(ping, "pong");
    }
    ok(sink.byteCount - before <= 131_072, `${sink.byteCount - before} bytes were delivered while paused`);
    ok(flooded < 20, `${flooded} MB were taken in while paused`);
    ok(Deno.memoryUsage().rss - rss < 60_000_000);
    const goal = Math.min(flooded + 5, 190) * 1_000_000;
    carrier.resume();
    await sink.until(() => sink.byteCount - before > goal);
    tls.destroy();
    ping.destroy();
    await sink.gone();
    await other.sink.gone();
    await closed(tls);
    await closed(ping);
  });
}

Deno.test("starttls: the ClientHello may come in small pieces", async () => {
  await using server = await serve();
  const { socket, upgraded } = await begin(server, "one.test");
  const pieces = new Duplex({
    read() {},
    async write(chunk: Uint8Array, _encoding, done) {
      for (let at = 0; at < chunk.length; at += 13) {
        await new Promise<void>((resolve) => socket.write(chunk.slice(at, at + 13), () => resolve()));
      }
      done();
    },
  });
  socket.on("data", (chunk) => pieces.push(chunk));
  socket.on("close", () => pieces.push(null));
  const tls = await tlsClient({ socket: pieces, servername: "one.test" });
  await upgraded;
  tls.write("echo in pieces");
  await reads(tls, "in pieces");
  socket.destroy();
  tls.destroy();
  await closed(socket);
});

Deno.test("starttls: words in the clear behind the request never count as secured", async () => {
  await using server = await serve();
  const socket = await client(server.listener.address.port);
  const { sink, upgraded, carrier } = await server.sessions.take();
  socket.write("starttls one.test <injected/>");
  await reads(socket, "<proceed/>");
  const seen = sink.text;
  const tls = await tlsClient({ socket });
  await upgraded;
  tls.write("echo clean");
  await reads(tls, "clean");
  equal(sink.text, `${seen}echo clean`);
  carrier.destroy();
  await closed(tls);
});

Deno.test("starttls: words in the clear after it break the handshake", async () => {
  await using server = await serve();
  const { socket, sink, upgraded } = await begin(server, "one.test");
  const seen = sink.text;
  socket.write("<presence/><iq type='set' id='1'/>");
  await rejects(upgraded);
  await sink.gone();
  ok(sink.error !== undefined);
  equal(sink.text, seen);
  await closed(socket);
});

Deno.test("starttls: a handshake that takes too long is given up", async () => {
  await using server = await serve({ timeoutMs: 30 });
  const { socket, sink, upgraded } = await begin(server, "one.test");
  await rejects(upgraded, /took too long/);
  await sink.gone();
  equal(sink.error?.message, "the TLS handshake took too long");
  await closed(socket);
  equal(server.listener.connections, 0);
});

Deno.test("starttls: a peer that leaves in the handshake", async () => {
  await using server = await serve();
  for (const leave of ["end", "destroy", "resetAndDestroy"] as const) {
    const { socket, sink, upgraded } = await begin(server, "one.test");
    socket[leave]();
    await rejects(upgraded);
    await sink.gone();
    equal(sink.closes, 1);
    await closed(socket);
  }
});

Deno.test("starttls: pause and resume of the session do not disturb the handshake", async () => {
  await using server = await serve();
  const { socket, carrier, sink, upgraded } = await begin(server, "one.test");
  carrier.pause();
  const tls = await tlsClient({ socket });
  await upgraded;
  const before = sink.byteCount;
  tls.write("echo kept");
  const other = await begin(server, "two.test");
  equal(sink.byteCount, before);
  carrier.resume();
  await reads(tls, "kept");
  other.carrier.destroy();
  await closed(other.socket);
  carrier.destroy();
  await closed(tls);
});

Deno.test("starttls: a client's certificate is asked for and known, also when the session is resumed", async () => {
  await using server = await serve({ requestCertificate: true });
  let session: Uint8Array | undefined;
  for (let round = 0; round < 2; round++) {
    const { socket, carrier, upgraded } = await begin(server, "one.test");
    const tls = await tlsClient({
      socket,
      servername: "one.test",
      ...certified.pem,
      ...(session === undefined ? {} : { session: session as never }),
    });
    await upgraded;
    deepEqual(carrier.tls?.peerCertificate(), [certified.leaf]);
    tls.once("session", (ticket) => session = ticket);
    tls.write("echo x");
    await reads(tls, "x");
    carrier.destroy();
    await closed(tls);
  }
});

Deno.test("starttls: abrupt ends in the middle of traffic are errors of their connection alone", async () => {
  await using server = await serve();
  for (let i = 0; i < 40; i++) {
    const { socket, carrier, sink, upgraded } = await begin(server, "one.test");
    const tls = await tlsClient({ socket });
    await upgraded;
    tls.write("echo some");
    carrier.write("y".repeat(300_000));
    if (i % 4 === 0) socket.resetAndDestroy();
    else if (i % 4 === 1) tls.destroy();
    else if (i % 4 === 2) carrier.destroy();
    else carrier.end();
    const gone = closed(tls);
    await sink.gone();
    equal(sink.closes, 1);
    socket.destroy();
    await gone;
  }
  equal(server.listener.connections, 0);
});
