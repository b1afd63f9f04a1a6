import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { DnsServer, type Table } from "../dns/dns_test_server.ts";
import { createLog } from "../base/log.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { Wheel } from "../base/wheel.ts";
import { CachingResolver } from "../dns/caching.ts";
import { NameServers } from "../dns/name_servers.ts";
import { ManualClock } from "../testing/clock.ts";
import type { Carrier } from "../transport/carrier.ts";
import { connectTcp } from "../transport/connect.ts";
import type { Listener } from "../transport/listener.ts";
import { listenTcp } from "../transport/tcp.ts";
import { listenTls } from "../transport/tls.ts";
import { contextFor, Queue } from "../transport/transport_test_rig.ts";
import { Dialer, DialError, type DialGround } from "./dial.ts";
import { isPrivate } from "./private_addresses.ts";
import type { Target } from "./resolve.ts";

const log = createLog({ level: "error", write: () => {} });

/** A dialler on a scripted name server; what it opens can be looked at, and addresses can be made black holes. */
class Rig implements AsyncDisposable {
  readonly opened: string[] = [];
  readonly holes = new Set<string>();
  readonly wheel = new Wheel(systemClock, 20);
  readonly dialer: Dialer;
  readonly #listeners: (Listener | { close(): Promise<void> })[] = [];
  #seen: (() => void) | undefined;

  private constructor(readonly dns: DnsServer, options: Partial<DialGround>, clock: Clock) {
    const { hostname, port } = dns.server;
    const servers = [{ address: hostname, port, trusted: true }];
    const source = new NameServers({ servers, timeoutMs: 5_000, attempts: 1, clock });
    const resolver = new CachingResolver({ source, clock, entries: 100, longestMs: 60_000, ipv6: true });
    const open: typeof connectTcp = (it) => {
      this.opened.push(it.hostname);
      this.#seen?.();
      if (!this.holes.has(it.hostname)) return connectTcp(it);
      return new Promise((_, reject) => {
        it.signal?.addEventListener("abort", () => reject(it.signal?.reason));
      });
    };
    this.dialer = new Dialer({ resolver, wheel: this.wheel, clock, log, open, ...options });
  }

  static async make(
    table: Table,
    options: Partial<DialGround> = {},
    clock: Clock = systemClock,
  ): Promise<Rig> {
    return new Rig(await DnsServer.start(table, { authentic: true }), options, clock);
  }

  /** Resolves when so many connections were begun. */
  async until(count: number): Promise<void> {
    while (this.opened.length < count) {
      await new Promise<void>((resolve) => this.#seen = resolve);
    }
  }

  async tls(...names: string[]): Promise<{ port: number; carriers: Queue<Carrier> }> {
    const carriers = new Queue<Carrier>();
    const contexts = names.map(contextFor);
    const listener = await listenTls({
      at: "127.0.0.1:0",
      wheel: this.wheel,
      log,
      alpn: ["xmpp-server"],
      contexts: {
        size: contexts.length + 1,
        choose: (name) => contexts.find(({ names }) => names.dns[0] === name) ?? contexts[0],
      },
      accept: (carrier) => carriers.put(carrier),
    });
    this.#listeners.push(listener);
    return { port: listener.address.port, carriers };
  }

  async plain(): Promise<{ port: number; carriers: Queue<Carrier> }> {
    const carriers = new Queue<Carrier>();
    const accept = (carrier: Carrier) => carriers.put(carrier);
    const listener = await listenTcp({ at: "127.0.0.1:0", wheel: this.wheel, log, accept });
    this.#listeners.push(listener);
    return { port: listener.address.port, carriers };
  }

  /** A port that takes connections and does this with them. */
  async raw(act: (socket: Socket) => void): Promise<number> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      act(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    this.#listeners.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    });
    return (server.address() as { port: number }).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const it of this.#listeners) await it.close();
    this.wheel.stop();
    await this.dns[Symbol.asyncDispose]();
  }
}

function target(port: number, extra: Partial<Target> = {}): Target {
  return { host: "x.test", port, direct: false, authentic: false, ...extra };
}

Deno.test("AC-2.8-1: only _xmpps-server: TLS from the first byte, with SNI of the domain and ALPN xmpp-server", async () => {
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1"] });
  const { port, carriers } = await rig.tls("other.test", "xn--bcher-kva.test");
  rig.dns.set("SRV _xmpps-server._tcp.xn--bcher-kva.test", [{
    priority: 0,
    weight: 0,
    port,
    target: "x.test",
  }]);
  const [first] = await rig.dialer.targets("bücher.test");
  const { carrier, address, tlsa } = await rig.dialer.connect("bücher.test", first!);
  const peer = await carriers.take();
  assert.equal(address, "127.0.0.1");
  assert.equal(tlsa, undefined);
  assert.equal(peer.tls?.sni, "xn--bcher-kva.test");
  assert.equal(peer.tls?.alpn, "xmpp-server");
  assert.equal(carrier.tls?.alpn, "xmpp-server");
  assert.equal(carrier.tls?.peerCertificate().length, 1);
  const text = new Promise<string>((resolve) =>
    peer.attach({ bytes: (chunk) => resolve(new TextDecoder().decode(chunk)), drained() {}, closed() {} })
  );
  carrier.write("<hello/>");
  assert.equal(await text, "<hello/>");
  carrier.destroy();
});

Deno.test("a target with STARTTLS is connected to in the clear", async () => {
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1"] });
  const { port } = await rig.plain();
  const { carrier } = await rig.dialer.connect("a.test", target(port));
  assert.equal(carrier.tls, undefined);
  carrier.destroy();
});

Deno.test("AC-2.8-4: first address black-holed: the second is attempted within 300 ms, and connected to", async () => {
  const clock = new ManualClock();
  await using rig = await Rig.make({ "AAAA x.test": ["2001:db8::1"], "A x.test": ["127.0.0.1"] }, {}, clock);
  const { port } = await rig.plain();
  rig.holes.add("2001:db8::1");
  const connecting = rig.dialer.connect("a.test", target(port));
  await rig.until(1);
  assert.deepEqual(rig.opened, ["2001:db8::1"]);
  await clock.advance(300);
  assert.deepEqual(rig.opened, ["2001:db8::1", "127.0.0.1"]);
  const { carrier, address } = await connecting;
  assert.equal(address, "127.0.0.1");
  carrier.destroy();
});

Deno.test("AC-2.8-4: the same by the clock on the wall, all in all under a second", async () => {
  await using rig = await Rig.make({ "AAAA x.test": ["2001:db8::1"], "A x.test": ["127.0.0.1"] });
  const { port } = await rig.plain();
  rig.holes.add("2001:db8::1");
  const begun = performance.now();
  const { carrier } = await rig.dialer.connect("a.test", target(port));
  assert.ok(performance.now() - begun < 1_000);
  carrier.destroy();
});

Deno.test("an address that refuses is followed by the next at once; families take turns, IPv6 first", async () => {
  const clock = new ManualClock();
  const table = {
    "A x.test": ["127.0.0.2", "127.0.0.3", "127.0.0.1"],
    "AAAA x.test": ["::1", "2001:db8::2"],
  };
  await using rig = await Rig.make(table, {}, clock);
  const { port } = await rig.plain();
  rig.holes.add("2001:db8::2");
  const connecting = rig.dialer.connect("a.test", target(port));
  await rig.until(3);
  assert.deepEqual(rig.opened, ["::1", "127.0.0.2", "2001:db8::2"]);
  await clock.advance(250);
  const { carrier, address } = await connecting;
  assert.equal(address, "127.0.0.1");
  assert.deepEqual(rig.opened.slice(3), ["127.0.0.3", "127.0.0.1"]);
  carrier.destroy();
});

Deno.test("a handshake that fails, and one that hangs, lead to the target's next address", async () => {
  for (const act of [(socket: Socket) => void socket.end("<stream:error/>"), () => {}]) {
    const clock = new ManualClock();
    await using rig = await Rig.make({ "A x.test": ["127.0.0.5", "127.0.0.1"] }, {
      open: async (it) => {
        const broken = it.hostname === "127.0.0.5";
        const carrier = await connectTcp(broken ? { ...it, hostname: "127.0.0.1", port: other } : it);
        if (broken) reached();
        return carrier;
      },
    }, clock);
    const { promise, resolve: reached } = Promise.withResolvers<void>();
    const other = await rig.raw(act);
    const { port } = await rig.tls("a.test");
    const connecting = rig.dialer.connect("a.test", target(port, { direct: true }));
    await promise;
    await new Promise((resolve) => setTimeout(resolve, 0));
    await clock.advance(2_000);
    const { carrier, address } = await connecting;
    assert.equal(address, "127.0.0.1");
    carrier.destroy();
  }
});

Deno.test("all addresses fail: remote-server-timeout, with what became of each", async () => {
  const clock = new ManualClock();
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1", "127.0.0.2"] }, {}, clock);
  rig.holes.add("127.0.0.2");
  const connecting = rig.dialer.connect("a.test", target(1));
  const rejected = assert.rejects(connecting, (error) => {
    assert.ok(error instanceof DialError);
    assert.equal(error.condition, "remote-server-timeout");
    assert.match(
      error.message,
      /^cannot connect to x\.test:1: 127\.0\.0\.1: .*refused.*; 127\.0\.0\.2: no answer within 20 s/i,
    );
    return true;
  });
  await rig.until(2);
  await clock.advance(20_000);
  await rejected;
  assert.equal(clock.pending, 0);
});

Deno.test("a target without addresses is not found, one whose addresses nobody knows neither", async () => {
  await using rig = await Rig.make({});
  await assert.rejects(rig.dialer.connect("a.test", target(1)), {
    condition: "remote-server-not-found",
    message: /x\.test has no addresses/,
  });
  rig.dns.conduct("*", { code: 2 });
  await assert.rejects(rig.dialer.connect("a.test", target(1, { host: "y.test" })), {
    condition: "remote-server-not-found",
    message: /SERVFAIL/,
  });
});

Deno.test("a domain that is an address, and a target that is one, need no DNS", async () => {
  await using rig = await Rig.make({});
  const { port, carriers } = await rig.tls("a.test");
  const [first] = await rig.dialer.targets("127.0.0.1");
  assert.deepEqual(first, { host: "127.0.0.1", port: 5269, direct: false, authentic: false });
  const { carrier } = await rig.dialer.connect("127.0.0.1", { ...first!, port, direct: true });
  assert.equal((await carriers.take()).tls?.sni, "");
  assert.deepEqual(rig.dns.asked, []);
  carrier.destroy();
});

Deno.test("DANE: associations are looked for where everything before is authentic", async () => {
  const record = { usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 3) };
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1"], "AAAA x.test": [] }, { dane: true });
  const { port } = await rig.plain();
  rig.dns.set(`TLSA _${port}._tcp.x.test`, [record], { authentic: true });
  const tlsa = async (authentic: boolean) => {
    const dialled = await rig.dialer.connect("a.test", target(port, { authentic }));
    dialled.carrier.destroy();
    return dialled.tlsa;
  };
  assert.deepEqual(await tlsa(true), [record]);
  assert.equal(await tlsa(false), undefined);
});

Deno.test("RFC 7673: where associations cannot be asked for, nobody connects", async () => {
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1"], "AAAA x.test": [] }, { dane: true });
  const { port } = await rig.plain();
  rig.dns.conduct(`TLSA _${port}._tcp.x.test`, { code: 2 });
  const connecting = rig.dialer.connect("a.test", target(port, { authentic: true }));
  await assert.rejects(connecting, { condition: "remote-server-not-found", message: /TLSA .*SERVFAIL/ });
  assert.deepEqual(rig.opened, []);
});

Deno.test("private addresses are refused where that is wanted, in answers and as domains", async () => {
  const table = { "A x.test": ["127.0.0.1"], "AAAA x.test": ["fd00::1"] };
  await using rig = await Rig.make(table, { publicOnly: true });
  const error = {
    condition: "remote-server-not-found",
    message: /private addresses \(fd00::1, 127\.0\.0\.1\)/,
  };
  await assert.rejects(rig.dialer.connect("a.test", target(5269)), error);
  const [first] = await rig.dialer.targets("127.0.0.1");
  await assert.rejects(rig.dialer.connect("127.0.0.1", first!), { condition: "remote-server-not-found" });
  assert.deepEqual(rig.opened, []);
});

Deno.test("which addresses are private", () => {
  const yes = [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.0.1",
    "169.254.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::",
  ];
  const mapped = [
    "::ffff:10.0.0.1",
    "fe80::1",
    "fd00::1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "255.255.255.255",
  ];
  for (const address of [...yes, ...mapped]) assert.equal(isPrivate(address), true, address);
  for (const address of ["192.0.2.1", "8.8.8.8", "172.32.0.1", "2001:db8::1", "64:ff9b::808:808"]) {
    assert.equal(isPrivate(address), false, address);
  }
});

Deno.test("giving up leaves no connection behind", async () => {
  await using rig = await Rig.make({ "A x.test": ["127.0.0.1"] });
  const port = await rig.raw(() => {});
  const stop = new AbortController();
  const rejected = assert.rejects(
    rig.dialer.connect("a.test", target(port, { direct: true }), { signal: stop.signal }),
    /enough/,
  );
  await rig.until(1);
  stop.abort(new Error("enough"));
  await rejected;
});
