import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { concat, encodeUtf8 } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import type { Carrier } from "./carrier.ts";
import { Certificates } from "./certificates.ts";
import { connectTcp, connectTls } from "./connect.ts";
import { ProxyTrust } from "./proxy_protocol.ts";
import { makeSelfSigned } from "./self_signed.ts";
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
import { type ContextChoice, listenTls, type TlsListenOptions } from "./tls.ts";
import type { TlsContext } from "./tls_context.ts";
import { Wire } from "./wire.ts";

const one = contextFor("one.test");
const two = contextFor("two.test");

function choice(...contexts: TlsContext[]): ContextChoice {
  return {
    size: contexts.length,
    choose: (name) => contexts.find((context) => context.names.dns[0] === name) ?? contexts[0],
  };
}

async function open(options: Partial<TlsListenOptions> = {}) {
  const sessions = new Queue<{ carrier: Carrier; sink: Recorder }>();
  const wheel = fastWheel();
  const log = new Lines();
  const listener = await listenTls({
    at: "127.0.0.1:0",
    wheel,
    log,
    contexts: choice(one, two),
    accept(carrier) {
      const sink = new Recorder(carrier, (text) => {
        if (text.startsWith("echo ")) carrier.write(text.slice(5));
      });
      carrier.attach(sink);
      sessions.put({ carrier, sink });
    },
    ...options,
  });
  const { port } = listener.address;
  return {
    listener,
    sessions,
    log,
    port,
    wheel,
    join: (tls: ConnectionOptions) => tlsClient({ host: "127.0.0.1", port, ...tls }),
    [Symbol.asyncDispose]: () => (wheel.stop(), listener.close()),
  };
}

for (const direct of [true, false]) {
  for (const contexts of [choice(one, two), choice(one)]) {
    const way = `${contexts.size} certificates, ${direct ? "directly" : "by socket events"}`;

    Deno.test(`tls: the certificate by SNI, ALPN, data with the handshake; ${way}`, async () => {
      await using port = await open({ contexts, wire: new Wire({ direct }) });
      for (const name of ["one.test", "two.test", "unknown.test", undefined]) {
        for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
          const socket = await port.join({
            ...(name === undefined ? {} : { servername: name }),
            minVersion: version,
            maxVersion: version,
            ALPNProtocols: ["other", "xmpp-client"],
          });
          const expected = contexts.choose(name ?? "")!;
          socket.write("echo quick");
          const { carrier, sink } = await port.sessions.take();
          deepEqual(new Uint8Array(socket.getPeerCertificate().raw), expected.leaf);
          equal(carrier.tls?.sni, name ?? "");
          equal(carrier.tls?.alpn, "xmpp-client");
          equal(socket.alpnProtocol, "xmpp-client");
          equal(carrier.tls?.version, version);
          deepEqual(carrier.tls?.bindings.get("tls-server-end-point"), expected.endPoint);
          await reads(socket, "quick");
          socket.end();
          await sink.gone();
          equal(sink.error, undefined);
          await closed(socket);
        }
      }
      equal(port.listener.connections, 0);
    });
  }
}

Deno.test("tls: without ALPN let in, with a foreign one refused", async () => {
  await using port = await open();
  const socket = await port.join({ servername: "one.test" });
  const { carrier, sink } = await port.sessions.take();
  equal(carrier.tls?.alpn, "");
  socket.destroy();
  await sink.gone();
  await rejects(port.join({ ALPNProtocols: ["h2", "http/1.1"] }), /alpn|application|alert|closed/i);
  await port.log.has("TLS handshake failed");
  await using server = await open({ alpn: ["xmpp-server"] });
  const peer = await server.join({ ALPNProtocols: ["xmpp-server"] });
  const session = await server.sessions.take();
  equal(session.carrier.tls?.alpn, "xmpp-server");
  session.carrier.destroy();
  await closed(peer);
});

Deno.test("tls: OpenSSL gets TLS 1.2 and 1.3, and is refused anything older", async () => {
  await using port = await open();
  const speak = async (...args: string[]) => {
    const command = new Deno.Command("openssl", {
      args: [
        "s_client",
        "-connect",
        `127.0.0.1:${port.port}`,
        "-servername",
        "two.test",
        "-cipher",
        "ALL@SECLEVEL=0",
        ...args,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { stdout, stderr } = await command.output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  match(await speak("-tls1_2", "-alpn", "xmpp-client"), /CN = two\.test[\s\S]*ALPN protocol: xmpp-client/);
  match(await speak("-tls1_3"), /New, TLSv1\.3/);
  match(await speak("-tls1_1"), /alert|no protocols available|New, \(NONE\)/);
  await port.log.has("TLS handshake failed");
  match(await speak("-alpn", "h2"), /alert no application protocol/);
});

Deno.test("tls: a slow handshake is closed, before and after the ClientHello; so is nonsense", async () => {
  await using port = await open({ handshakeMs: 40 });
  const silent = await client(port.port);
  await closed(silent);
  await port.log.has("took too long");
  const half = await client(port.port);
  half.write(Uint8Array.of(22, 3, 1, 0, 200, 1, 0));
  await closed(half);
  await using single = await open({ handshakeMs: 40, contexts: choice(one) });
  await closed(await client(single.port));
  for (const each of [port, single]) {
    const plain = await client(each.port);
    plain.write("<?xml version='1.0'?><stream:stream xmlns='jabber:client'>");
    await closed(plain);
    const leaving = await client(each.port);
    leaving.resetAndDestroy();
    await closed(leaving);
  }
  await using empty = await open({ contexts: choice() });
  const nobody = await client(empty.port);
  nobody.write(Uint8Array.of(1, 2, 3, 4, 5));
  await closed(nobody);
  await empty.log.has("no certificate to show");
});

Deno.test("tls: a replaced certificate is shown to new sessions, old ones live on", async () => {
  const folder = Deno.makeTempDirSync();
  const put = () => {
    const pair = makeSelfSigned("a.test", systemClock.now());
    writeFileSync(join(folder, "a.test.crt"), pair.cert);
    writeFileSync(join(folder, "a.test.key"), pair.key, { mode: 0o600 });
  };
  put();
  const hosts = [{ host: "a.test" }];
  const contexts = new Certificates({ hosts, folder, clock: systemClock, log: new Lines() });
  await using port = await open({ contexts });
  const old = await port.join({ servername: "a.test" });
  const session = await port.sessions.take();
  put();
  deepEqual(contexts.reload(), []);
  const fresh = await port.join({ servername: "a.test" });
  const other = await port.sessions.take();
  ok(
    !new Uint8Array(fresh.getPeerCertificate().raw).every((byte, i) =>
      byte === old.getPeerCertificate().raw[i]
    ),
  );
  old.write("echo still");
  await reads(old, "still");
  for (const { carrier, sink } of [session, other]) {
    carrier.destroy();
    await sink.gone();
  }
  await closed(old);
  await closed(fresh);
  rmSync(folder, { recursive: true });
});

Deno.test("tls: the PROXY header comes before the handshake, also in the same packet", async () => {
  const proxy = new ProxyTrust(["127.0.0.1", "::1"]);
  for (const contexts of [choice(one, two), choice(one)]) {
    await using port = await open({ contexts, proxy });
    const raw = await client(port.port);
    let before = "PROXY TCP4 203.0.113.9 10.0.0.1 4321 5223\r\n";
    const stream = new Duplex({
      read() {},
      write(chunk: Uint8Array, _encoding, done) {
        raw.write(concat(encodeUtf8(before), chunk), () => done());
        before = "";
      },
    });
    raw.on("data", (chunk) => stream.push(chunk));
    raw.on("close", () => stream.push(null));
    const socket = await tlsClient({ socket: stream, servername: "one.test" });
    const { carrier, sink } = await port.sessions.take();
    deepEqual(carrier.peer, { address: "203.0.113.9", port: 4321 });
    socket.write("echo hi");
    await reads(socket, "hi");
    raw.destroy();
    await sink.gone();
    await closed(raw);
  }
});

Deno.test("connect: TLS from our side, at once and after words in the clear", async () => {
  await using port = await open({ requestCertificate: true });
  const options = { hostname: "127.0.0.1", port: port.port, wheel: port.wheel, wire: new Wire() };
  const ours = await connectTls(options, {
    servername: "two.test",
    alpn: ["xmpp-client"],
    secure: one.secure,
  });
  const sink = new Recorder();
  ours.attach(sink);
  const session = await port.sessions.take();
  deepEqual(session.carrier.tls?.peerCertificate(), [one.leaf]);
  deepEqual(ours.tls?.peerCertificate(), [two.leaf]);
  equal(ours.tls?.alpn, "xmpp-client");
  ours.write("echo from afar");
  await sink.says("from afar");
  ours.end();
  await sink.gone();
  await session.sink.gone();
  const plain = await connectTcp(options);
  await plain.secure({ servername: "one.test" });
  deepEqual(plain.tls?.peerCertificate(), [one.leaf]);
  plain.destroy();
  await (await port.sessions.take()).sink.gone();
});

Deno.test("connect: what cannot be had is told, and can be called off", async () => {
  const port = await open();
  const options = { hostname: "127.0.0.1", port: port.port, wheel: port.wheel };
  await rejects(connectTcp({ ...options, signal: AbortSignal.abort(new Error("not now")) }), /not now/);
  const abort = new AbortController();
  const plain = await connectTcp(options);
  const silent = await listenSilently();
  const waiting = await connectTcp({ ...options, port: silent.port });
  const securing = waiting.secure({ servername: "x.test" }, abort.signal);
  abort.abort(new Error("changed my mind"));
  await rejects(securing, /changed my mind/);
  silent.close();
  plain.destroy();
  await port[Symbol.asyncDispose]();
  await rejects(connectTcp(options), /ECONNREFUSED/);
});

async function listenSilently() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  return await Promise.resolve({
    port: listener.addr.port,
    close: () => {
      accepted.then((conn) => conn.close());
      listener.close();
    },
  });
}
