/** One host as a plugin sees it. Everything registered here is undone with the scope, last first. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Wheel } from "../base/wheel.ts";
import type { Outcome } from "../hook/compiled.ts";
import type { At, Passage, Point, Refusal } from "../hook/point.ts";
import type { IqTarget } from "../hook/table.ts";
import type { Tap, TapHandler } from "../hook/tap.ts";
import type { Event, Service, Slot } from "../hook/token.ts";
import type { Accounts } from "../host/accounts.ts";
import type { DiscoProvider } from "../host/disco.ts";
import type { DiscoBook } from "../host/disco_book.ts";
import type { IqHandler } from "../host/draft.ts";
import type { Peers } from "../host/federation.ts";
import type { Arriving } from "../host/points.ts";
import type { Role } from "../host/roles.ts";
import type { Route } from "../host/router.ts";
import type { App } from "../http/apps.ts";
import type { Jid } from "../jid/jid.ts";
import type { Decoy, Mechanism } from "../sasl/mechanism.ts";
import type { Asker } from "../session/asker.ts";
import type { ClientSession } from "../session/client.ts";
import type { BindInline, LoginInline, ResumeInline } from "../session/inline.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Traffic } from "../stanza/traffic.ts";
import type { Store } from "../storage/store.ts";
import type { StreamFeature } from "../stream/feature.ts";
import type { Framing } from "../stream/framing.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { Upgrade } from "../http/connection.ts";
import type { WebSocketCarrier, WebSocketOptions } from "../transport/web_socket_carrier.ts";
import type { Element } from "../xml/element.ts";

export interface IqTable {
  get(ns: string, name: string, to: IqTarget, fn: IqHandler): void;
  set(ns: string, name: string, to: IqTarget, fn: IqHandler): void;
}

export interface HostScope<C> {
  readonly domain: string;
  readonly jid: Jid;
  /** What people call the host. */
  readonly name: string;
  /** "user", or the name of the plugin whose host it is. */
  readonly kind: string;
  /** The domain it is a service of, if any. */
  readonly parent: string | undefined;
  readonly config: C;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** How passwords are kept here, and what stands in for accounts that do not exist. */
  readonly decoy: Decoy;

  // Registrations
  readonly iq: IqTable;
  at<X extends Passage>(point: Point<X>): At<X>;
  tap<X, R>(tap: Tap<X, R>, fn: TapHandler<X, R>): void;
  nonza(ns: string, name: string, fn: (session: ClientSession, element: Element) => Maybe<undefined>): void;
  streamFeature(feature: StreamFeature<ClientSession>): void;
  mechanism(mechanism: Mechanism): void;
  /** Something that is negotiated within a login by XEP-0388: beside it, instead of a new session, or with one. */
  inline(at: "sasl2", inline: LoginInline<ClientSession>): void;
  inline(at: "resume", inline: ResumeInline<ClientSession>): void;
  inline(at: "bind2", inline: BindInline<ClientSession>): void;
  /** Namespaces in the host's disco#info. */
  feature(...namespaces: string[]): void;
  /** Namespaces in an account's disco#info. */
  accountFeature(...namespaces: string[]): void;
  identity(category: string, type: string, name?: string): void;
  disco(on: "host" | "account", provider: DiscoProvider): void;
  on<E>(event: Event<E>, fn: (e: E) => undefined): void;
  provide<T>(service: Service<T>, it: T): void;
  /** A way for stanzas, asked before the server's own. */
  route(route: Route): void;
  /** Serves HTTP below a path of this host, and of the host that it is a service of. */
  http(path: string, app: App, options?: { readonly bodyLimit?: number }): void;
  /**
   * Takes a client's connection that came some other way than by a port of XMPP: `kind` is what `connecting` calls it. What is
   * returned is to be called once the connection is gone.
   */
  attach(carrier: Carrier, kind: string, framing: Framing): () => void;
  /** A carrier of a request for a WebSocket; undefined where its handshake is wrong, which the client has been told then. */
  webSocket(upgrade: Upgrade, protocol: string, options: WebSocketOptions): WebSocketCarrier | undefined;
  /** Bytes that the largest stanza of a client may have. */
  readonly largestStanza: number;
  /** The certificate that is shown for this host, as DER; undefined where there is none. */
  readonly certificate: Uint8Array | undefined;
  /** The stanzas of this host's sessions so far. */
  readonly traffic: { readonly received: Readonly<Traffic>; readonly sent: Readonly<Traffic> };
  every(ms: number, fn: () => undefined): void;
  /** Time-outs for many things at a time; to the second. What is armed must be disarmed by who armed it. */
  readonly wheel: Pick<Wheel, "arm" | "disarm">;
  /**
   * Slow work: logged under the plugin's name, awaited at its stop and at a reload. What waits for the answer of somebody else
   * is not to be `awaited`: they may take their time, and the answer may come after a reload.
   */
  spawn(work: (signal: AbortSignal) => Promise<void>, options?: { readonly awaited?: boolean }): void;
  onStop(fn: () => Maybe<void>): void;

  // Use
  /** The folder of everything the server keeps; files of a plugin go into one of its own below it. */
  readonly data: string;
  /** The address under which the world reaches a path that is served over HTTP. */
  url(path: string): string;
  /** A service of this host; it must be in `needs`. */
  use<T>(service: Service<T>): T;
  /** A service that may not be there. */
  find<T>(service: Service<T>): T | undefined;
  /** Opens a store: this host's rows only. */
  open<S>(store: Store<S>): S;
  /** The number of writes so far: taken before handling something, it tells `flush` what is at stake. */
  readonly writes: number;
  /** Resolves when all that was written so far is safe; with `since`, rejects only where something after it was lost. */
  flush(since?: number): Promise<void>;
  /** All or nothing: what `fn` wrote is taken back when it throws. */
  atomic<T>(fn: () => T): T;
  /** State that outlives a reload and ends when the plugin is switched off. */
  hold<T>(slot: Slot<T>, make: () => T): T;
  emit<E>(event: Event<E>, e: E): void;
  /** Emits an event on every host of this server. */
  announce<E>(event: Event<E>, e: E): void;
  /** Takes a stanza through a point of the plugin's own, or of the kernel's. */
  pass<X extends Passage>(point: Point<X>, x: X): Maybe<Outcome>;
  send(stanza: Stanza): void;
  /** Sends a request and awaits its answer; rejects with the StanzaError that comes back. */
  request(iq: Stanza, timeoutMs?: number): Promise<Element | undefined>;
  /** The bound sessions of an account of this host. */
  sessions(account: Jid): readonly ClientSession[];
  allSessions(): Iterable<ClientSession>;
  session(full: Jid): ClientSession | undefined;
  /**
   * A session of no device, in the name of an account of this host: what others are allowed to say for it departs from
   * here. It is not among the account's sessions, and what is written to it is lost.
   */
  voice(account: Jid): ClientSession;
  /** Hands a stanza to one session, through `delivering`. CLAIMED where it was written or kept. */
  deliver(session: ClientSession, stanza: Stanza): Maybe<Outcome>;
  /** A message that no session took. */
  undelivered(x: Arriving): Maybe<Outcome>;
  /** Refuses a stanza as a guard would, for decisions that come later. */
  refuse(stanza: Stanza, refusal: Refusal): void;
  /** Gives a stanza to the host it is for, past all routes; for plugins that route. */
  arrive(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void> | undefined;
  readonly accounts: Accounts;
  may(jid: Jid, role: Role): boolean;
  /** The frozen disco registrations of this host. */
  readonly discoBook: { readonly host: DiscoBook; readonly account: DiscoBook };
  /** Another host of this server, for its services. */
  sibling(domain: string): { use<T>(service: Service<T>): T | undefined } | undefined;
  /** The servers elsewhere. */
  readonly peers: Peers;
  /** A service of every host of this server that has it. */
  everywhere<T>(service: Service<T>): Iterable<T>;
  /** The services of this host that are served: domain and name. */
  children(): Iterable<{ readonly domain: string; readonly name: string }>;
}
