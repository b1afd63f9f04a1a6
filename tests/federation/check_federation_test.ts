/** `check federation`: what it says of servers that are well, ill, or not there. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { Wheel } from "../../src/base/wheel.ts";
import type { Carrier, Sink } from "../../src/transport/carrier.ts";
import { issue, type Issued } from "../../src/transport/issue_test_certificate.ts";
import type { Listener } from "../../src/transport/listener.ts";
import { listenTcp } from "../../src/transport/tcp.ts";
import { listenTls } from "../../src/transport/tls.ts";
import { type TlsContext, tlsContext } from "../../src/transport/tls_context.ts";
import { Lines } from "../../src/transport/transport_test_rig.ts";
import { command } from "../server/rig.ts";
import { DnsServer } from "./dns_server.ts";

const STREAMS = "http://etherx.jabber.org/streams";
const HEADER =
  `<stream:stream xmlns='jabber:server' xmlns:stream='${STREAMS}' version='1.0' id='x' from='b.test'>`;
const STARTTLS = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
const SECURED = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
  "<mechanism>EXTERNAL</mechanism></mechanisms><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>";

interface Outcome {
  readonly code: number;
  /** "dns ok …", a line each. */
  readonly lines: readonly string[];
}

/** A domain b.test with a name server, and servers that say what they are told to. */
class World implements AsyncDisposable {
  readonly authority = issue({ name: "our own authority", ca: true });
  readonly #wheel = new Wheel(systemClock, 20);
  readonly #listeners: Listener[] = [];
  readonly #folder = Deno.makeTempDirSync();

  private constructor(readonly dns: DnsServer) {
    Deno.writeTextFileSync(`${this.#folder}/roots.pem`, this.authority.cert);
  }

  static async make(): Promise<World> {
    return new World(await DnsServer.start({ "A x.test": ["127.0.0.1"] }));
  }

  issued(name: string, by: Issued = this.authority): TlsContext {
    const { cert, key } = issue({ dns: [name], by });
    return tlsContext(cert, key);
  }

  /** Port of a server that shows this certificate after STARTTLS, or does what the script says. */
  async starttls(context: TlsContext, features = STARTTLS): Promise<number> {
    return await this.#open(
      (accept) => listenTcp({ at: "127.0.0.1:0", wheel: this.#wheel, log: new Lines(), accept }),
      (carrier, text) => {
        if (text.includes("<starttls")) {
          return void carrier.startTls?.("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", context);
        }
        if (text.includes("<stream:stream")) {
          carrier.write(HEADER + (carrier.tls === undefined ? features : SECURED));
        }
      },
    );
  }

  /** The same with TLS from the first byte. */
  async direct(context: TlsContext): Promise<number> {
    const contexts = { size: 1, choose: () => context };
    return await this.#open(
      (accept) =>
        listenTls({
          at: "127.0.0.1:0",
          wheel: this.#wheel,
          log: new Lines(),
          alpn: ["xmpp-server"],
          contexts,
          accept,
        }),
      (carrier, text) => void (text.includes("<stream:stream") && carrier.write(HEADER + SECURED)),
    );
  }

  publish(service: string, ...ports: number[]): void {
    this.dns.set(
      `SRV ${service}._tcp.b.test`,
      ports.map((port, priority) => ({ priority, weight: 0, port, target: "x.test" })),
    );
  }

  async check(domain = "b.test", ...more: string[]): Promise<Outcome> {
    const { hostname, port } = this.dns.server;
    const sets = [
      `dns.servers=["${hostname}:${port}"]`,
      `tls.roots=["${this.#folder}/roots.pem"]`,
      "dns.timeout=5 s",
    ];
    const args = [
      "check",
      "federation",
      domain,
      "--host",
      "a.test",
      "--json",
      "--data",
      this.#folder,
      ...more,
    ];
    const { code, out } = await command([...args, ...sets.flatMap((it) => ["--set", it])]);
    const { findings } = JSON.parse(out) as { findings: { check: string; severity: string; text: string }[] };
    return { code, lines: findings.map(({ check, severity, text }) => `${check} ${severity} ${text}`) };
  }

  async #open(
    open: (accept: (carrier: Carrier) => void) => Promise<Listener>,
    said: (carrier: Carrier, text: string) => void,
  ): Promise<number> {
    const accept = (carrier: Carrier) => {
      const sink: Sink = {
        bytes: (chunk) => said(carrier, new TextDecoder().decode(chunk)),
        drained() {},
        closed() {},
      };
      carrier.attach(sink);
    };
    const listener = await open(accept);
    this.#listeners.push(listener);
    return listener.address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const it of this.#listeners) await it.close();
    this.#wheel.stop();
    await this.dns[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function has({ lines }: Outcome, pattern: RegExp): void {
  assert.ok(lines.some((line) => pattern.test(line)), `${pattern} in\n${lines.join("\n")}`);
}

Deno.test("check federation: records, order, addresses, TLS, what is offered, and the certificate", async () => {
  await using world = await World.make();
  const [plain, direct] = [
    await world.starttls(world.issued("b.test")),
    await world.direct(world.issued("*.test")),
  ];
  world.publish("_xmpp-server", plain);
  world.publish("_xmpps-server", direct);
  const outcome = await world.check();
  assert.equal(outcome.code, 0, outcome.lines.join("\n"));
  has(
    outcome,
    new RegExp(`^dns ok _xmpp-server\\._tcp\\.b\\.test: priority 0, weight 0, x\\.test:${plain}$`),
  );
  has(outcome, new RegExp(`^dns ok [12]\\. x\\.test:${direct} with TLS from the first byte$`));
  has(
    outcome,
    new RegExp(`^connection ok x\\.test:${plain} with STARTTLS at 127\\.0\\.0\\.1: TLSv1\\.3, TLS_`),
  );
  has(outcome, new RegExp(`^connection ok x\\.test:${direct} with TLS .*; offers SASL EXTERNAL, dialback$`));
  assert.equal(
    outcome.lines.filter((it) => it.startsWith("certificate ok valid for b.test (by an authority)")).length,
    2,
  );
});

Deno.test("check federation: a certificate of nobody, and one for another name, are warnings that say why", async () => {
  await using world = await World.make();
  const { cert, key } = issue({ dns: ["b.test"] });
  const ports = [await world.starttls(tlsContext(cert, key)), await world.direct(world.issued("c.test"))];
  world.publish("_xmpp-server", ports[0]!);
  world.publish("_xmpps-server", ports[1]!);
  const outcome = await world.check();
  assert.equal(outcome.code, 0);
  has(outcome, /^certificate warning .*self-signed.*: 127\.0\.0\.1 port/);
  has(outcome, /^certificate warning .*not for b\.test.*c\.test/);
  assert.equal((await world.check("b.test", "--strict")).code, 4);
});

Deno.test("check federation: nobody there, no TLS, a refusal and a strange protocol are errors with their place", async () => {
  await using world = await World.make();
  const context = world.issued("b.test");
  const bare = await world.starttls(context, "<stream:features/>");
  const refusing = await world.starttls(
    context,
    "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  const strange = await world.starttls(context, "HTTP/1.1 400 Bad Request");
  world.publish("_xmpp-server", 1, bare, refusing, strange);
  const outcome = await world.check();
  assert.equal(outcome.code, 4);
  has(outcome, /^connection error x\.test:1 with STARTTLS at 127\.0\.0\.1: .*refused/i);
  has(outcome, new RegExp(`^connection error x\\.test:${bare} .*offers no TLS`));
  has(outcome, new RegExp(`^connection error x\\.test:${refusing} .*it refused: host-unknown`));
  has(outcome, new RegExp(`^connection error x\\.test:${strange} `));
});

Deno.test("check federation: a domain that nobody knows, one that offers nothing, and no domain at all", async () => {
  await using world = await World.make();
  const unknown = await world.check("c.test");
  assert.equal(unknown.code, 4);
  has(unknown, /^dns note _xmpp-server\._tcp\.c\.test: no SRV records$/);
  has(unknown, /^dns error c\.test cannot be found/);
  world.dns.set("SRV _xmpp-server._tcp.c.test", [{ priority: 0, weight: 0, port: 0, target: "." }]);
  has(await world.check("c.test"), /^dns error c\.test takes no connections/);
  world.dns.conduct("*", { code: 2 });
  has(await world.check("d.test"), /^dns warning .*SERVFAIL/);
  const { code, err } = await command(["check", "federation", "not a domain"]);
  assert.equal(code, 2);
  assert.match(err, /not allowed/);
});

Deno.test("check federation: DNSSEC and DANE", async () => {
  await using world = await World.make();
  const lone = issue({ dns: ["x.test"] });
  const port = await world.starttls(tlsContext(lone.cert, lone.key));
  const facts = { authentic: true };
  world.dns.set("SRV _xmpp-server._tcp.b.test", [{ priority: 0, weight: 0, port, target: "x.test" }], facts);
  world.dns.set("A x.test", ["127.0.0.1"], facts);
  world.dns.set("AAAA x.test", [], facts);
  const data = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(lone.der)));
  world.dns.set(`TLSA _${port}._tcp.x.test`, [{ usage: 3, selector: 0, matching: 1, data }], facts);
  const outcome = await world.check();
  has(outcome, /^dns ok _xmpp-server\._tcp\.b\.test: .*, proved by DNSSEC$/);
  has(outcome, /^connection ok x\.test:\d+: 1 TLSA records, proved by DNSSEC$/);
  has(outcome, /^certificate ok valid for b\.test \(by its DNS, DANE\)/);
  assert.equal(outcome.code, 0);
});
