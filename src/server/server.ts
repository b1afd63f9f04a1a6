/**
 * The composition root: the only place where storage, hosts, router, streams and listeners meet. Start, reload and stop
 * are each one function whose steps stand in the order in which they happen.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { Metrics } from "../base/metrics.ts";
import { Wheel } from "../base/wheel.ts";
import type { Settings } from "../config/mod.ts";
import { componentHome } from "../host/components.ts";
import type { Upgrade } from "../http/connection.ts";
import { LoginBrake } from "../host/login_brake.ts";
import { serving, stopping } from "../host/points.ts";
import { Router } from "../host/router.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { ClientSession } from "../session/client.ts";
import { ComponentSession } from "../session/component.ts";
import type { ComponentGround } from "../session/component_home.ts";
import type { FindHome } from "../session/home.ts";
import type { ServerIn } from "../session/server_in.ts";
import { ServerStream } from "../session/server_stream.ts";
import type { Storage } from "../storage/store.ts";
import { StreamError } from "../stream/error.ts";
import type { Framing } from "../stream/framing.ts";
import type { StreamLimits } from "../stream/limits.ts";
import { Flusher } from "../stream/outbox.ts";
import { Stream, type StreamContext } from "../stream/stream.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { ConnectionLimits } from "../transport/connection_limits.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { WebSocketOptions } from "../transport/web_socket_carrier.ts";
import { Attached } from "./attached.ts";
import { brokenFields, type BrokenPlugin, describeBroken } from "./broken_plugins.ts";
import { changesBetween } from "./changes.ts";
import { type OpenElsewhere, ServerFederation } from "./federation.ts";
import { Hosts, type HostsPlan } from "./hosts.ts";
import { webAddress } from "./web_address.ts";
import { componentLimits, connectionLimits, streamLimits } from "./limits.ts";
import { Listeners, type ListenersPlan, type OpenPort } from "./listeners.ts";
import { type PluginSet, pluginSet } from "./plugin_set.ts";
import { localRoute, remoteRoute } from "./routes.ts";
import { serverSecret } from "./secret.ts";
import { observe } from "./observe.ts";

/** Where certificates come from. */
export interface CertificateSource {
  choose(domain: string): TlsContext | undefined;
  /**
   * Takes on a configuration and reads changed files. `strict` rejects when a certificate that is new to the server cannot
   * be used; otherwise that is a problem to be told.
   */
  refresh(settings: Settings, strict?: boolean): Promise<{ commit(): void }>;
  /** What cannot be used at present, in words. */
  readonly problems?: readonly string[];
  close(): void;
}

export interface ServerParts {
  readonly plugins: readonly AnyPlugin[] | PluginSet;
  readonly log: Log;
  readonly storage: Storage;
  readonly certificates: CertificateSource;
  readonly clock?: Clock;
  /** The count of connections that the ports share. */
  readonly connections?: ConnectionLimits;
  /** How other servers are found; without it the server talks to none. */
  readonly elsewhere?: OpenElsewhere;
  /** How ports are opened; tests have none. */
  openPort(server: Server): OpenPort;
}

/** What a reload does, as data. */
export interface ReloadPlan {
  readonly hosts: HostsPlan;
  readonly listeners: ListenersPlan;
  /** Other keys whose new values hold from now on. */
  readonly applied: readonly string[];
  /** Keys whose new values only a restart takes on. */
  readonly restart: readonly string[];
}

const FINE_TICK = 20;
const CLOSING_GRACE = 2_000;
/** How long what waits for a connection to another server may still wait when this one stops. */
const FEDERATION_GRACE = 1_000;

export class Server {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics = new Metrics();
  readonly storage: Storage;
  readonly hosts: Hosts;
  readonly router: Router;
  readonly streams: StreamContext;
  readonly listeners: Listeners;
  readonly federation: ServerFederation;
  readonly started: number;
  settings: Settings;
  limits: StreamLimits;
  readonly #parts: ServerParts;
  readonly #findHome: FindHome<ClientSession>;
  readonly #components: ComponentGround;
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
      log: this.log.child("stream"),
      open: new Set(),
    };
    this.router = new Router((error, stanza) => {
      this.log.error("routing failed", { stanza: `${stanza.kind}/${stanza.type}`, error });
    });
    const attached = new Attached(this);
    const context = {
      clock: this.clock,
      wheel: this.streams.wheel,
      storage: this.storage,
      router: this.router,
      metrics: this.metrics,
      certificate: (domain: string) => parts.certificates.choose(domain),
      data: settings.server.data,
      webAddress: (domain: string) => webAddress(this.settings, domain),
      attach: (carrier: Carrier, kind: string, framing: Framing) => attached.attach(carrier, kind, framing),
      webSocket: (upgrade: Upgrade, protocol: string, options: WebSocketOptions) =>
        attached.webSocket(upgrade, protocol, options),
      largestStanza: () => this.limits.authenticated.stanzaBytes,
      peers: {
        pairs: () => this.federation.pairs(),
        close: (remote: string, reason: string, local?: string) =>
          this.federation.close(remote, reason, local),
      },
    };
    const set = "byName" in parts.plugins ? parts.plugins : pluginSet(parts.plugins);
    const secret = serverSecret(this.storage);
    this.hosts = new Hosts(context, this.log, set, secret);
    this.federation = new ServerFederation(settings, {
      hosts: this.hosts,
      router: this.router,
      streams: this.streams,
      storage: this.storage,
      log: this.log,
      secret,
      open: parts.elsewhere,
    });
    this.listeners = new Listeners(parts.openPort(this));
    this.#findHome = (domain) => {
      const host = domain === undefined ? this.hosts.firstOf("user") : this.hosts.get(domain);
      if (host === undefined) return new StreamError("host-unknown", `${domain} is not served here`);
      if (host.options.kind !== "user") {
        return new StreamError("host-unknown", `nobody can log in at ${domain}`);
      }
      return host;
    };
    this.#components = {
      find: (domain) =>
        this.hosts.get(domain)?.fittings.service(componentHome) ??
          new StreamError("host-unknown", `${domain} is no component of this server`),
      route: (stanza) => this.router.route(stanza, undefined),
      brake: new LoginBrake(),
    };
  }

  /** Starts a server; when the promise settles it serves, or has undone everything and says why. */
  static async start(settings: Settings, parts: ServerParts): Promise<Server> {
    let server: Server;
    try {
      server = new Server(settings, parts);
    } catch (error) {
      parts.certificates.close();
      await parts.storage.close();
      throw error;
    }
    try {
      observe(server);
      const federation = server.federation.prepare(settings);
      (await parts.certificates.refresh(settings)).commit();
      const hosts = await server.hosts.prepare(settings);
      for (const it of hosts.broken) server.log.error("a plugin is left out", brokenFields(it));
      await hosts.commit();
      federation.commit();
      server.#setRoutes();
      await server.storage.flush();
      await (await server.listeners.prepare(settings)).commit();
      server.#serving();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** A client's connection. */
  accept(carrier: Carrier, framing?: Framing): ClientSession {
    const session = new ClientSession(this.#findHome);
    session.start(new Stream(carrier, session, this.streams, this.limits, framing));
    return session;
  }

  /** Another server's connection. */
  acceptServer(carrier: Carrier): ServerIn {
    return this.federation.accept(carrier);
  }

  /** An external component's connection. */
  acceptComponent(carrier: Carrier): ComponentSession {
    const session = new ComponentSession(this.#components);
    session.start(new Stream(carrier, session, this.streams, componentLimits(this.settings.limits)));
    return session;
  }

  /** What is not as it should be, in words; none means ready. */
  get problems(): string[] {
    return [
      ...this.#parts.certificates.problems ?? [],
      ...this.hosts.plugins.problems.map(({ file, reason }) => `${file}: ${reason}`),
      ...this.hosts.broken.map(describeBroken),
      ...this.listeners.problems,
    ];
  }

  /** Connections of all ports together. */
  get connections(): number {
    return this.#parts.connections?.open ?? this.streams.open.size;
  }

  planReload(next: Settings, plugins: PluginSet = this.hosts.plugins): ReloadPlan {
    return {
      hosts: this.hosts.plan(next, plugins),
      listeners: this.listeners.plan(next),
      ...changesBetween(this.settings, next),
    };
  }

  /**
   * Changes over to another configuration: all of it, or nothing and an error that says why. A rehearsal does everything
   * that can fail, and then goes back.
   */
  reload(next: Settings, plugins: PluginSet = this.hosts.plugins, rehearsal = false): Promise<ReloadPlan> {
    const done = this.#reloading.then(() => this.#reload(next, plugins, rehearsal));
    this.#reloading = done.catch(() => {});
    return done;
  }

  async #reload(next: Settings, plugins: PluginSet, rehearsal: boolean): Promise<ReloadPlan> {
    if (this.#stopped !== undefined) throw new Error("the server is stopping");
    const plan = this.planReload(next, plugins);
    const certificates = await this.#parts.certificates.refresh(next, true);
    const hosts = await this.hosts.prepare(next, plugins);
    let listeners;
    let federation;
    try {
      this.#refuseNewlyBroken(hosts.broken);
      federation = this.federation.prepare(next);
      listeners = await this.listeners.prepare(next);
    } catch (error) {
      federation?.abandon();
      await hosts.abandon();
      throw error;
    }
    if (rehearsal) {
      await listeners.abandon();
      federation.abandon();
      await hosts.abandon();
      return plan;
    }
    this.settings = next;
    this.limits = streamLimits(next.limits);
    this.log.setLevels(next.server.log, next.server.log_levels);
    this.#parts.connections?.change(connectionLimits(next.limits));
    certificates.commit();
    await hosts.commit();
    federation.commit();
    this.#setRoutes();
    this.#endHomeless();
    await listeners.commit();
    this.#serving();
    await this.storage.flush();
    return plan;
  }

  /** What was broken before does not stand in the way of other changes; what would break by this one does. */
  #refuseNewlyBroken(broken: readonly BrokenPlugin[]): void {
    const known = (it: BrokenPlugin) =>
      this.hosts.broken.some(({ host, plugin }) => host === it.host && plugin === it.plugin);
    const fresh = broken.find((it) => !known(it));
    if (fresh !== undefined) throw new Error(`${fresh.file}: ${fresh.reason}`);
  }

  /** Streams of hosts that are no longer served, bound or not. */
  #endHomeless(): void {
    for (const stream of [...this.streams.open]) {
      const { owner } = stream;
      if (owner instanceof ComponentSession && owner.domain !== "") {
        const home = this.#components.find(owner.domain);
        if (home instanceof StreamError) {
          stream.end(new StreamError("host-gone", `${owner.domain} is no longer served`));
        }
      }
      if (!(owner instanceof ClientSession) || owner.home === undefined) continue;
      const { domain } = owner.home;
      if (this.hosts.get(domain) !== owner.home) {
        stream.end(new StreamError("host-gone", `${domain} is no longer served`));
      }
    }
  }

  /** Ends everything, in this order. Never rejects; what fails is logged. */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    // Nobody new is let in from here on; requests that are being answered are waited for together with the streams.
    const ports = this.#step("closing the ports", () => this.listeners.close());
    for (const host of this.hosts.all()) host.emit(stopping, {});
    const shutdown = new StreamError("system-shutdown");
    for (const stream of [...this.streams.open]) {
      if (!(stream.owner instanceof ServerStream)) stream.end(shutdown);
    }
    // After the clients: that they are gone is told to others elsewhere.
    await this.#step("closing the federation", () => this.federation.stop(FEDERATION_GRACE));
    for (const stream of [...this.streams.open]) stream.end(shutdown);
    await this.#step("closing the streams", () => this.#streamsClosed());
    await ports;
    this.federation.dispose();
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

  #serving(): void {
    for (const host of this.hosts.all()) host.emit(serving, {});
  }

  #setRoutes(): void {
    const own = [...this.hosts.all()].flatMap((host) => host.fittings.routes);
    this.router.routes = [...own, localRoute(this.hosts), remoteRoute(this.hosts, this.federation)];
  }
}
