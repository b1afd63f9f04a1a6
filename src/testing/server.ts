/**
 * A whole server in the test's own process: real storage in memory, real streams over connections without a network, and
 * time by hand. What a plugin logs as an error fails the test that caused it.
 */
import { systemClock } from "../base/clock.ts";
import { createLog, type Log } from "../base/log.ts";
import { describeProblem, readSettings, type Settings } from "../config/mod.ts";
import { credentials } from "../host/credentials.ts";
import type { Host } from "../host/host.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { LISTENER_KINDS, offerOf } from "../server/offer.ts";
import { Server } from "../server/server.ts";
import { Database } from "../storage/database.ts";
import type { Storage } from "../storage/store.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import { anybody } from "./accounts.ts";
import type { CarrierOptions } from "./carrier.ts";
import { TestClient } from "./client.ts";
import { TestComponent } from "./component.ts";
import { testCertificate, testTrust } from "./certificate.ts";
import { ManualClock } from "./clock.ts";
import type { TestNetwork } from "./network.ts";
import { type PeerOptions, TestPeer } from "./peer.ts";
import { RemotePeer } from "./remote.ts";

export interface TestOptions {
  /** The first user host; "a.test" unless said otherwise. */
  readonly host?: string;
  /** The plugins of every host of the test. One that provides credentials replaces the accounts of tests. */
  readonly plugins?: readonly AnyPlugin[];
  /** More configuration, as the TOML file would have it; wins. */
  readonly config?: Record<string, unknown>;
  /** A file for the data, so that a second server of the test may open it; in memory unless said otherwise. */
  readonly data?: string;
  readonly clock?: ManualClock;
  /** The certificate of every host, or of each; without it there is no STARTTLS. Connections only pretend to have TLS. */
  readonly certificate?: TlsContext | ((domain: string) => TlsContext | undefined);
  /** Other servers that it reaches, and that reach it. Its time is the network's, and its certificate is made up. */
  readonly network?: TestNetwork;
}

/**
 * Plugins that every test server of this process gets beside its own: set by a file that is loaded before the tests
 * (`deno test --preload`), so that a whole suite can be run with a replaced part.
 */
export const EVERYWHERE = Symbol.for("metronome.testing.plugins");

/** A client for each name, so that they can be told apart without a doubt: `const [alice, bob] = …`. */
type Each<S extends readonly string[]> = { -readonly [K in keyof S]: TestClient };

export const PASSWORD = "correct horse battery";
/** Real milliseconds that the work of one step may take before a test gives up. */
const PATIENCE = 20_000;

export class TestServer implements AsyncDisposable {
  /** Lines of the log at `warn` and above. */
  readonly logged: string[];
  #allowed = false;

  constructor(
    readonly server: Server,
    readonly clock: ManualClock,
    readonly domain: string,
    private readonly options: TestOptions,
    logged: string[],
  ) {
    this.logged = logged;
    clock.settle = () => this.settle();
    options.network?.members.add(this);
  }

  get host(): Host {
    return this.server.hosts.get(this.domain)!;
  }

  /** A connection on which nothing has been said. */
  connect(options?: CarrierOptions, domain = this.domain): TestClient {
    return new TestClient(this.server, domain, () => this.settle(), options);
  }

  /** Bound sessions without presence: "alice/desk", "bob@other.test/pad". Accounts are made where that is needed. */
  async clients<S extends readonly string[]>(...specs: S): Promise<Each<S>> {
    const clients: TestClient[] = [];
    for (const spec of specs) clients.push(await this.client(spec));
    return clients as Each<S>;
  }

  async client(spec: string, options?: CarrierOptions): Promise<TestClient> {
    const [bare = "", resource] = spec.split("/", 2);
    const [local = "", domain = this.domain] = bare.split("@", 2);
    const { accounts } = this.server.hosts.get(domain)!;
    if (accounts.creates && !accounts.exists(local)) await accounts.create(local, PASSWORD);
    const client = this.connect(options, domain);
    await client.login(local, resource, PASSWORD);
    return client;
  }

  /** A server elsewhere that connects to this one, and has said nothing yet. */
  peer(options?: PeerOptions): TestPeer {
    return new TestPeer(this.server, this.domain, () => this.settle(), options);
  }

  /** A component that is connected and has proved that it knows the secret. */
  async component(domain: string, secret: string, options?: CarrierOptions): Promise<TestComponent> {
    const component = this.connectComponent(domain, options);
    await component.login(secret);
    return component;
  }
  /** A component's connection on which nothing has been said. */
  connectComponent(domain: string, options?: CarrierOptions): TestComponent {
    return new TestComponent(this.server, domain, () => this.settle(), options);
  }
  /** Sessions that have sent initial presence; what came of it is forgotten. */
  async online<S extends readonly string[]>(...specs: S): Promise<Each<S>> {
    const clients = await this.clients(...specs);
    for (const client of clients) await client.send("<presence/>");
    for (const client of clients) client.clear();
    return clients;
  }

  /** A scripted server for another domain. */
  remote(domain: string): RemotePeer {
    const peer = new RemotePeer(this.server, domain, () => this.settle());
    this.server.router.routes = [peer.route, ...this.server.router.routes];
    return peer;
  }

  /** Changes over to other options, as a reload does; what is not named stays. */
  async reload(options: Pick<TestOptions, "plugins" | "config">): Promise<void> {
    await this.server.reload(settingsOf({ ...this.options, ...options }));
    await this.settle();
  }

  /** Errors in the log are what this test is about. */
  allowErrors(): void {
    this.#allowed = true;
  }

  /** Lets everything happen that follows from what was done so far, without the clock moving. */
  async settle(): Promise<void> {
    const { network } = this.options;
    if (network !== undefined) return await network.settle();
    const start = systemClock.monotonic();
    for (let still = 0; still < 2;) {
      still = await this.step() ? 0 : still + 1;
      if (systemClock.monotonic() - start > PATIENCE) {
        throw new Error("the server is still busy with this step");
      }
    }
  }

  /** Does what is due now; whether there may be more. */
  async step(): Promise<boolean> {
    const { streams, storage } = this.server;
    streams.flusher.flush();
    if (storage.dirty) await storage.flush();
    await new Promise<void>((resolve) => void systemClock.after(0, resolve));
    return this.#busy();
  }

  #busy(): boolean {
    if (this.server.storage.dirty) return true;
    for (const stream of this.server.streams.open) if (stream.isWaiting) return true;
    let pending = 0;
    let awaited = 0;
    for (const host of this.server.hosts.all()) {
      for (const session of host.registry.all()) {
        if (session.owed > 0) return true;
        pending += session.pendingRequests;
      }
      awaited += host.requests.size;
    }
    // A handler may itself await a client of this test, also that of another host.
    return pending > awaited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.server.stop();
    await this.clock.advance(10_000);
    await stopped;
    this.options.network?.members.delete(this);
    const errors = this.logged.filter((line) => line.includes(" error "));
    if (errors.length > 0 && !this.#allowed) {
      throw new Error(`the server logged errors:\n${errors.join("\n")}`);
    }
  }
}

/** Starts a server for a test. */
export async function testServer(options: TestOptions = {}): Promise<TestServer> {
  const domain = options.host ?? "a.test";
  const { network, certificate = network && testCertificate({ names: [domain, `*.${domain}`] }) } = options;
  const clock = options.clock ?? network?.clock ?? new ManualClock();
  const logged: string[] = [];
  const log = createLog({ level: "warn", write: (line) => void logged.push(line), clock });
  const storage = storageOf(options.data, clock, log);
  const choose = (name: string) => typeof certificate === "function" ? certificate(name) : certificate;
  const server = await Server.start(settingsOf({ ...options, host: domain }), {
    plugins: pluginsOf(options),
    log,
    storage,
    clock,
    certificates: {
      choose,
      refresh: () => Promise.resolve({ commit() {} }),
      close() {},
    },
    ...(network === undefined
      ? {}
      : { elsewhere: () => ({ dial: network.dial(domain), trust: testTrust, close() {} }) }),
    openPort: () => () => Promise.reject(new Error("a test server has no ports")),
  });
  for (const host of network === undefined ? [] : server.hosts.all()) {
    const chain = () => [choose(host.domain)?.leaf ?? new Uint8Array(0)];
    network!.place(host.domain, { accept: (end) => void server.acceptServer(end), chain });
  }
  return new TestServer(server, clock, domain, options, logged);
}

function storageOf(path: string | undefined, clock: ManualClock, log: Log): Storage {
  return Database.open({ path: path ?? ":memory:", durability: "normal", clock, log });
}

function pluginsOf({ plugins = [] }: TestOptions): readonly AnyPlugin[] {
  const all = [...plugins, ...(globalThis as { [EVERYWHERE]?: readonly AnyPlugin[] })[EVERYWHERE] ?? []];
  return all.some((plugin) => plugin.provides?.includes(credentials)) ? all : [anybody, ...all];
}

function settingsOf(options: TestOptions): Settings {
  const plugins = pluginsOf(options);
  const everywhere = plugins.filter((plugin) => plugin.owns !== true);
  const outcome = readSettings({
    ...offerOf(plugins),
    env: {},
    overrides: layered({
      server: { data: "/nonexistent" },
      listen: Object.fromEntries(LISTENER_KINDS.map((kind) => [kind, { enabled: false }])),
      defaults: { plugins: everywhere.map((plugin) => plugin.name) },
      host: { [options.host ?? "a.test"]: {} },
    }, options.config ?? {}),
  });
  if ("problems" in outcome) {
    throw new Error(outcome.problems.map((problem) => describeProblem(problem)).join("\n"));
  }
  return outcome.settings;
}

/** Tables over tables; anything else of the second wins. */
function layered(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const whole = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = whole[key];
    whole[key] = isTable(below) && isTable(value) ? layered(below, value) : value;
  }
  return whole;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
