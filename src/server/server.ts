/**
 * The composition root: the only place where storage, hosts, router, streams and listeners meet. Start, reload and stop
 * are each one function whose steps stand in the order in which they happen.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { Wheel } from "../base/wheel.ts";
import type { Settings } from "../config/mod.ts";
import { stopping } from "../host/points.ts";
import { Router } from "../host/router.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { ClientSession } from "../session/client.ts";
import type { FindHome } from "../session/home.ts";
import type { Storage } from "../storage/store.ts";
import { StreamError } from "../stream/error.ts";
import type { StreamLimits } from "../stream/limits.ts";
import { Flusher } from "../stream/outbox.ts";
import { Stream, type StreamContext } from "../stream/stream.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import { deepEqual } from "../base/equal.ts";
import { Hosts, type HostsPlan } from "./hosts.ts";
import { streamLimits } from "./limits.ts";
import { Listeners, type ListenersPlan, type OpenPort } from "./listeners.ts";
import { localRoute, remoteRoute } from "./routes.ts";
import { serverSecret } from "./secret.ts";
import { observe } from "./observe.ts";

/** Where certificates come from; `refresh` takes on a changed configuration and says what is wrong with files. */
export interface CertificateSource {
  choose(domain: string): TlsContext | undefined;
  refresh(settings: Settings): Promise<{ commit(): void }>;
  close(): void;
}

export interface ServerParts {
  readonly plugins: readonly AnyPlugin[];
  readonly log: Log;
  readonly storage: Storage;
  readonly certificates: CertificateSource;
  readonly clock?: Clock;
  /** How ports are opened; tests have none. */
  openPort(server: Server): OpenPort;
}

/** What a reload does, as data. */
export interface ReloadPlan {
  readonly hosts: HostsPlan;
  readonly listeners: ListenersPlan;
  /** Changes that only a restart can make. */
  readonly restart: readonly string[];
}

const FINE_TICK = 20;
const CLOSING_GRACE = 2_000;

export class Server {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics = new Metrics();
  readonly storage: Storage;
  readonly hosts: Hosts;
  readonly router: Router;
  readonly streams: StreamContext;
  readonly listeners: Listeners;
  readonly started: number;
  settings: Settings;
  limits: StreamLimits;
  readonly #parts: ServerParts;
  readonly #findHome: FindHome;
  #stopped: Promise<void> | undefined;
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor(settings: Settings, parts: ServerParts) {
    this.settings = settings;
    this.#parts = parts;
    this.clock = parts.clock ?? systemClock;
    this.log = parts.log;
    this.storage = parts.storage;
    this.started = this.clock.now();
    this.limits = streamLimits(settings.limits);
    this.streams = {
      clock: this.clock,
      wheel: new Wheel(this.clock),
      fineWheel: new Wheel(this.clock, FINE_TICK),
      flusher: new Flusher(),
      open: new Set(),
    };
    this.router = new Router((error, stanza) => {
      this.log.error("routing failed", { stanza: `${stanza.kind}/${stanza.type}`, error });
    });
    const context = {
      clock: this.clock,
      wheel: this.streams.wheel,
      storage: this.storage,
      router: this.router,
      metrics: this.metrics,
      certificate: (domain: string) => parts.certificates.choose(domain),
    };
    const catalog = new Map(parts.plugins.map((plugin) => [plugin.name, plugin]));
    this.hosts = new Hosts(context, this.log, catalog, serverSecret(this.storage));
    this.listeners = new Listeners(parts.openPort(this));
    this.#findHome = (domain) => {
      const host = this.hosts.get(domain);
      if (host === undefined) return new StreamError("host-unknown", `${domain} is not served here`);
      if (host.options.kind !== "user") {
        return new StreamError("host-unknown", `nobody can log in at ${domain}`);
      }
      return host;
    };
  }

  /** Starts a server; when the promise settles it serves, or has undone everything and says why. */
  static async start(settings: Settings, parts: ServerParts): Promise<Server> {
    const server = new Server(settings, parts);
    try {
      observe(server);
      (await parts.certificates.refresh(settings)).commit();
      await (await server.hosts.prepare(settings)).commit();
      server.#setRoutes();
      await server.storage.flush();
      await (await server.listeners.prepare(settings)).commit();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A client's connection. */
  accept(carrier: Carrier): ClientSession {
    const session = new ClientSession(this.#findHome);
    session.start(new Stream(carrier, session, this.streams, this.limits));
    return session;
  }

  planReload(next: Settings): ReloadPlan {
    const { server } = this.settings;
    const fixed = ["data", "run", "pidfile", "durability"] as const;
    return {
      hosts: this.hosts.plan(next),
      listeners: this.listeners.plan(next),
      restart: fixed.filter((key) => !deepEqual(server[key], next.server[key])).map((key) => `server.${key}`),
    };
  }

  /** Changes over to another configuration: all of it, or nothing and an error that says why. */
  reload(next: Settings): Promise<ReloadPlan> {
    const done = this.#reloading.then(() => this.#reload(next));
    this.#reloading = done.catch(() => {});
    return done;
  }

  async #reload(next: Settings): Promise<ReloadPlan> {
    const plan = this.planReload(next);
    const certificates = await this.#parts.certificates.refresh(next);
    const hosts = await this.hosts.prepare(next);
    let listeners;
    try {
      listeners = await this.listeners.prepare(next);
    } catch (error) {
      await hosts.abandon();
      throw error;
    }
    this.settings = next;
    this.limits = streamLimits(next.limits);
    this.log.setLevels(next.server.log, next.server.log_levels);
    certificates.commit();
    await hosts.commit();
    this.#setRoutes();
    await listeners.commit();
    await this.storage.flush();
    return plan;
  }

  /** Ends everything, in this order. Never rejects; what fails is logged. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#step("closing the ports", () => this.listeners.close());
    for (const host of this.hosts.all()) host.emit(stopping, {});
    for (const stream of [...this.streams.open]) stream.end(new StreamError("system-shutdown"));
    await this.#step("closing the streams", () => this.#streamsClosed());
    await this.#step("stopping the plugins", () => this.hosts.dispose());
    this.#parts.certificates.close();
    this.streams.wheel.stop();
    this.streams.fineWheel.stop();
    await this.#step("closing the storage", () => this.storage.close());
    this.log.flush();
  }

  async #step(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.log.error(`${what} failed`, { error });
    }
  }

  /** Until all peers have closed, or the grace is over. */
  #streamsClosed(): Promise<void> {
    if (this.streams.open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.streams.allClosed = undefined;
        for (const stream of [...this.streams.open]) stream.carrier.destroy();
        resolve();
      };
      const timer = this.clock.after(CLOSING_GRACE, finish);
      this.streams.allClosed = finish;
    });
  }

  #setRoutes(): void {
    const own = [...this.hosts.all()].flatMap((host) => host.fittings.routes);
    this.router.routes = [...own, localRoute(this.hosts), remoteRoute(this.hosts)];
  }
}
