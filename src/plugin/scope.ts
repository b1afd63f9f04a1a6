/** The HostScope of one plugin on one host: a draft of its registrations and a stack of what is to be undone. */
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Timed, Wheel } from "../base/wheel.ts";
import type { Outcome } from "../hook/compiled.ts";
import type { At, Passage, Point, Refusal } from "../hook/point.ts";
import type { Tap, TapHandler } from "../hook/tap.ts";
import type { Event, Service, Slot, Token } from "../hook/token.ts";
import type { DiscoProvider } from "../host/disco.ts";
import { Draft } from "../host/draft.ts";
import type { Peers } from "../host/federation.ts";
import type { Host } from "../host/host.ts";
import type { Arriving } from "../host/points.ts";
import type { Role } from "../host/roles.ts";
import type { Route } from "../host/router.ts";
import type { App } from "../http/apps.ts";
import type { Jid } from "../jid/jid.ts";
import type { Mechanism } from "../sasl/mechanism.ts";
import type { Asker } from "../session/asker.ts";
import type { ClientSession } from "../session/client.ts";
import { voiceOf } from "../session/voice.ts";
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
import type { HostScope, IqTable } from "./host_scope.ts";

/** Finds a service among the plugins that are set up so far. */
export type Resolve = <T>(service: Service<T>) => T | undefined;

const REQUEST_TIMEOUT = 60_000;

export class Scope<C> implements HostScope<C>, AsyncDisposable {
  readonly draft: Draft;
  readonly log: Logger;
  readonly iq: IqTable;
  readonly #stack = new AsyncDisposableStack();
  readonly #work = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #slots = new Set<Token>();

  constructor(
    readonly owner: string,
    private readonly host: Host,
    readonly config: C,
    private readonly resolve: Resolve,
  ) {
    this.draft = new Draft(owner);
    this.log = host.log.child(owner);
    this.iq = {
      get: (ns, name, to, fn) => void this.draft.iqs.push({ type: "get", ns, name, to, fn }),
      set: (ns, name, to, fn) => void this.draft.iqs.push({ type: "set", ns, name, to, fn }),
    };
  }

  get domain() {
    return this.host.domain;
  }
  get jid() {
    return this.host.jid;
  }
  get name() {
    return this.host.options.name;
  }
  get kind() {
    return this.host.options.kind;
  }
  get parent() {
    return this.host.options.parent;
  }
  get clock() {
    return this.host.context.clock;
  }
  get metrics() {
    return this.host.context.metrics;
  }
  get wheel() {
    return this.host.context.wheel;
  }
  get decoy() {
    return this.host.options.decoy;
  }
  get accounts() {
    return this.host.accounts;
  }
  get discoBook() {
    return this.host.fittings.disco;
  }
  get peers(): Peers {
    return this.host.context.peers;
  }

  // --- registrations ----------------------------------------------------------------------------------------------

  at<X extends Passage>(point: Point<X>): At<X> {
    return this.draft.points.at(point);
  }
  tap<X, R>(tap: Tap<X, R>, fn: TapHandler<X, R>): void {
    this.draft.taps.push({ tap, fn: fn as (x: never) => unknown });
  }
  nonza(ns: string, name: string, fn: (session: ClientSession, element: Element) => Maybe<undefined>): void {
    this.draft.nonzas.push({ ns, name, fn });
  }
  streamFeature(feature: StreamFeature<ClientSession>): void {
    this.draft.streamFeatures.push(feature);
  }
  mechanism(mechanism: Mechanism): void {
    this.draft.mechanisms.push(mechanism);
  }
  inline(at: "sasl2", inline: LoginInline<ClientSession>): void;
  inline(at: "resume", inline: ResumeInline<ClientSession>): void;
  inline(at: "bind2", inline: BindInline<ClientSession>): void;
  inline(at: keyof Draft["inlines"], inline: unknown): void {
    (this.draft.inlines[at] as unknown[]).push(inline);
  }
  feature(...namespaces: string[]): void {
    this.draft.features.push({ on: "host", namespaces });
  }
  accountFeature(...namespaces: string[]): void {
    this.draft.features.push({ on: "account", namespaces });
  }
  identity(category: string, type: string, name?: string): void {
    this.draft.identities.push({ on: "host", identity: { category, type, name } });
  }
  disco(on: "host" | "account", provider: DiscoProvider): void {
    this.draft.providers.push({ on, provider });
  }
  on<E>(event: Event<E>, fn: (e: E) => undefined): void {
    this.draft.listeners.push({ event, fn: fn as (e: never) => undefined });
  }
  provide<T>(service: Service<T>, it: T): void {
    this.draft.services.set(service, it);
  }
  route(route: Route): void {
    this.draft.routes.push(route);
  }
  http(path: string, app: App, options: { readonly bodyLimit?: number } = {}): void {
    this.draft.http.push({ path, app, ...options });
  }
  get data(): string {
    return this.host.context.data;
  }
  url(path: string): string {
    return this.host.context.webAddress(this.domain) + path;
  }
  attach(carrier: Carrier, kind: string, framing: Framing): () => void {
    return this.host.context.attach(carrier, kind, framing);
  }
  webSocket(upgrade: Upgrade, protocol: string, options: WebSocketOptions): WebSocketCarrier | undefined {
    return this.host.context.webSocket(upgrade, protocol, options);
  }
  get largestStanza(): number {
    return this.host.context.largestStanza();
  }
  get certificate(): Uint8Array | undefined {
    return this.host.tlsContext()?.leaf;
  }
  get traffic(): { readonly received: Traffic; readonly sent: Traffic } {
    const { received, sent } = this.host;
    return { received, sent };
  }

  every(ms: number, fn: () => undefined): void {
    const { wheel } = this.host.context;
    const beat = new Beat(wheel, ms, () => this.#safely(fn));
    wheel.arm(beat, ms);
    this.#stack.defer(() => beat.stop());
  }

  spawn(work: (signal: AbortSignal) => Promise<void>, { awaited = true } = {}): void {
    const done = work(this.#abort.signal).catch((error) => void this.host.fault(this.owner, error, undefined))
      .finally(() => this.#work.delete(done));
    if (awaited) this.#work.add(done);
  }

  onStop(fn: () => Maybe<void>): void {
    this.#stack.defer(fn);
  }

  /** Something that `setup` returned. */
  adopt(it: Disposable | AsyncDisposable): void {
    this.#stack.use(it);
  }

  // --- use --------------------------------------------------------------------------------------------------------

  use<T>(service: Service<T>): T {
    const found = this.find(service);
    if (found === undefined) {
      throw new Error(`${this.owner} needs the service ${service.label}: add the plugin that provides it`);
    }
    return found;
  }
  find<T>(service: Service<T>): T | undefined {
    return this.resolve(service);
  }
  open<S>(store: Store<S>): S {
    return this.host.storage.open(store, this.host.domain);
  }
  get writes(): number {
    return this.host.storage.writes;
  }
  flush(since?: number): Promise<void> {
    return this.host.storage.flush(since);
  }
  atomic<T>(fn: () => T): T {
    return this.host.storage.atomic(fn);
  }
  hold<T>(slot: Slot<T>, make: () => T): T {
    this.#slots.add(slot);
    return this.host.hold(slot, make);
  }
  emit<E>(event: Event<E>, e: E): void {
    this.host.emit(event, e);
  }
  announce<E>(event: Event<E>, e: E): void {
    for (const host of this.host.context.all()) host.emit(event, e);
  }
  pass<X extends Passage>(point: Point<X>, x: X): Maybe<Outcome> {
    return this.host.fittings.point(point).pass(x);
  }
  send(stanza: Stanza): void {
    this.host.send(stanza);
  }
  request(iq: Stanza, timeoutMs = REQUEST_TIMEOUT): Promise<Element | undefined> {
    const answer = this.host.requests.wait(iq, timeoutMs);
    this.host.send(iq);
    return answer;
  }
  sessions(account: Jid): readonly ClientSession[] {
    return account.domain === this.host.domain ? this.host.registry.of(account.local) : [];
  }
  allSessions(): Iterable<ClientSession> {
    return this.host.registry.all();
  }
  session(full: Jid): ClientSession | undefined {
    return full.domain === this.host.domain ? this.host.registry.find(full.local, full.resource) : undefined;
  }
  voice(account: Jid): ClientSession {
    return voiceOf(this.host, account);
  }
  deliver(session: ClientSession, stanza: Stanza): Maybe<Outcome> {
    return this.host.deliver(session, stanza);
  }
  undelivered(x: Arriving): Maybe<Outcome> {
    return this.host.undelivered(x);
  }
  refuse(stanza: Stanza, refusal: Refusal): void {
    this.host.refuse(stanza, refusal, this.owner);
  }
  arrive(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void> | undefined {
    const domain = stanza.to?.domain ?? "";
    const host = domain === this.domain ? this.host : this.host.context.sibling(domain);
    return host?.arrive(stanza, session, asker);
  }
  may(jid: Jid, role: Role): boolean {
    return this.host.accounts.may(jid, role);
  }
  sibling(domain: string) {
    const host = this.host.context.sibling(domain);
    return host === undefined
      ? undefined
      : { use: <T>(service: Service<T>) => host.fittings.service(service) };
  }
  *everywhere<T>(service: Service<T>): IterableIterator<T> {
    for (const host of this.host.context.all()) {
      const found = host.fittings.service(service);
      if (found !== undefined) yield found;
    }
  }
  *children(): IterableIterator<{ domain: string; name: string }> {
    for (const child of this.host.context.children(this.domain)) {
      yield { domain: child.domain, name: child.options.name };
    }
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** Forgets what was held over reloads: the plugin is being switched off. */
  release(): void {
    for (const slot of this.#slots) this.host.release(slot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.allSettled([...this.#work]);
    await this.#stack.disposeAsync();
  }

  #safely(fn: () => undefined): void {
    try {
      fn();
    } catch (error) {
      this.host.fault(this.owner, error, undefined);
    }
  }
}

/** Something done again and again. */
class Beat implements Timed {
  due = 0;
  #stopped = false;

  constructor(private readonly wheel: Wheel, private readonly ms: number, private readonly fn: () => void) {}

  expire(): void {
    if (this.#stopped) return;
    this.wheel.arm(this, this.ms);
    this.fn();
  }

  stop(): void {
    this.#stopped = true;
    this.wheel.disarm(this);
  }
}
