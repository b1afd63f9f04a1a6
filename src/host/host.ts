/**
 * A domain that is served: it takes its sessions' stanzas, and those that arrive for it, through the points, answers what
 * the iq table knows, and keeps the promise that every request is answered exactly once. What it can do is in its
 * fittings, which a reload replaces whole.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { CLAIMED, DROP, type Refusal } from "../hook/point.ts";
import type { Outcome, Owned } from "../hook/compiled.ts";
import type { Event, Slot, Token } from "../hook/token.ts";
import { Jid } from "../jid/jid.ts";
import type { ChannelFacts, Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import { bind as bindFeature, prepareResource } from "../session/features/bind.ts";
import { channelBinding } from "../session/features/channel_binding.ts";
import { sasl } from "../session/features/sasl.ts";
import { sasl2 } from "../session/features/sasl2.ts";
import { starttls } from "../session/features/tls.ts";
import type { Asker } from "../session/asker.ts";
import type { ClientSession } from "../session/client.ts";
import type { Attempt, Entry, Home, SessionPolicy } from "../session/home.ts";
import type { Inlines } from "../session/inline.ts";
import type { Task } from "../session/login.ts";
import { Registry } from "../session/registry.ts";
import { StanzaError } from "../stanza/error.ts";
import { errorOf } from "../stanza/reply.ts";
import type { Stanza } from "../stanza/stanza.ts";
import { Traffic } from "../stanza/traffic.ts";
import type { Storage } from "../storage/store.ts";
import type { Negotiator } from "../stream/negotiator.ts";
import { StreamError } from "../stream/error.ts";
import type { End } from "../stream/stream.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { Element } from "../xml/element.ts";
import { Accounts } from "./accounts.ts";
import { Answers } from "./answers.ts";
import { Authentication } from "./authentication.ts";
import type { HostContext, HostOptions } from "./context.ts";
import type { Draft } from "./draft.ts";
import { logFault } from "./fault.ts";
import { Fittings } from "./fittings.ts";
import {
  type Arriving,
  type Delivering,
  type Departing,
  sessionBound,
  sessionUnbound,
  stanzaRefused,
} from "./points.ts";
import { ClientResources, placeResource } from "./resources.ts";
import { Requests } from "./requests.ts";
import type { HostParts } from "./parts.ts";
import type { Router } from "./router.ts";

export class Host implements Home<ClientSession>, HostParts {
  readonly domain: string;
  readonly jid: Jid;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly router: Router;
  readonly storage: Storage;
  readonly registry = new Registry();
  /** Stanzas of clients: what has come from them, and what was written to them. */
  readonly received = new Traffic();
  readonly sent = new Traffic();
  readonly requests: Requests;
  readonly accounts: Accounts;
  fittings: Fittings;
  /** What plugins keep across a reload, until they are switched off. */
  readonly #held = new Map<Token, unknown>();
  readonly #answers: Answers;
  readonly #authentication: Authentication;
  readonly #resources = new ClientResources();

  constructor(readonly context: HostContext<Host>, public options: HostOptions) {
    this.domain = options.domain;
    this.jid = Jid.of("", options.domain, "");
    this.log = context.log;
    this.clock = context.clock;
    this.metrics = context.metrics;
    this.router = context.router;
    this.storage = context.storage;
    this.requests = new Requests(context.wheel);
    this.#answers = new Answers(this);
    this.#authentication = new Authentication(this);
    this.fittings = this.fit([]);
    this.accounts = new Accounts(this, context.clock);
  }

  /** Lays the registrations of all plugins out; throws where they contradict each other. */
  fit(drafts: readonly Draft[]): Fittings {
    return new Fittings(drafts, {
      report: (owner, error, stanza) => this.fault(owner, error, stanza),
      answer: (x) => this.#answers.answer(x),
      // Only user hosts have streams of clients; on others these features are never asked for.
      streamFeatures: [starttls, sasl2(), sasl(), channelBinding(), bindFeature],
    });
  }

  // --- for sessions (Home) ----------------------------------------------------------------------------------------

  get policy(): SessionPolicy {
    return this.options.policy;
  }
  get negotiator(): Negotiator<ClientSession> {
    return this.fittings.negotiator;
  }
  get watchesEntering(): boolean {
    return this.fittings.entering.length > 0;
  }
  get watchesWriting(): boolean {
    return this.fittings.writing.length > 0;
  }

  tlsContext(): TlsContext | undefined {
    return this.context.certificate(this.domain);
  }
  get asksForCertificates(): boolean {
    return this.#authentication.asksForCertificates;
  }
  mechanisms(session: ClientSession): readonly Mechanism[] {
    return this.#authentication.mechanisms(session);
  }
  /** The names of what is offered on a connection of this kind, for people to read. */
  offered(channel: ChannelFacts): string[] {
    return this.#authentication.offered(channel).map((mechanism) => mechanism.name);
  }
  exchange(session: ClientSession, mechanism: Mechanism, attempt: Attempt): Exchange {
    return this.#authentication.exchange(session, mechanism, attempt);
  }
  isCurrent(session: ClientSession, username: string): boolean {
    return this.accounts.isCurrent(username, session.negotiation?.stamp ?? 0);
  }
  authenticated(session: ClientSession, identity: Identity, mechanism: string): void {
    this.#authentication.succeeded(session, identity, mechanism);
  }
  loginWait(session: ClientSession): number {
    return this.#authentication.wait(session);
  }
  loginFailed(session: ClientSession, reason: string, mechanism: string): number {
    return this.#authentication.failed(session, reason, mechanism);
  }

  get inlines(): Inlines<ClientSession> {
    return this.fittings.inlines;
  }
  get upgrades(): readonly string[] {
    return this.#authentication.upgrades;
  }
  tasks(request: Element, username: string, mechanism: string): readonly Task[] {
    return this.#authentication.tasks(request, username, mechanism);
  }

  bindClient(session: ClientSession, tag: string | undefined): Jid {
    const { agent, username } = session;
    // XEP-0386 §3.2: what is left of the same client is over, whatever it was called.
    for (const old of this.registry.of(username)) {
      if (agent !== "" && old.agent === agent) {
        old.end(new StreamError("conflict", "replaced by a new session of this client"));
      }
    }
    const id = this.#resources.of(this.options.decoy.secret, Jid.of(username, this.domain), agent);
    if (tag === undefined || tag === "") return this.bind(session, id);
    try {
      return this.bind(session, `${tag}/${id}`);
    } catch (error) {
      if (!(error instanceof StanzaError) || error.condition !== "bad-request") throw error;
      // Not every tag can be a part of a name; a session without it is better than none.
      return this.bind(session, id);
    }
  }

  bind(session: ClientSession, resource: string | undefined): Jid {
    const { username } = session;
    // It may have been removed or switched off since the login.
    const { accounts } = this;
    if (!accounts.exists(username) || accounts.isDisabled(username) || !this.isCurrent(session, username)) {
      throw new StreamError("not-authorized", "this account may not be used any more");
    }
    const account = Jid.of(username, this.domain, "");
    const wanted = resource === undefined ? undefined : prepareResource(account, resource);
    return placeResource(this.registry, this.options.sessions, account, wanted);
  }

  bound(session: ClientSession): void {
    this.registry.add(session);
    this.emit(sessionBound, { session });
  }

  keeps(session: ClientSession, end: End): boolean {
    for (const { owner, fn } of this.fittings.parting) {
      try {
        if (fn({ session, end }) === "keep") return true;
      } catch (error) {
        this.fault(owner, error, undefined);
      }
    }
    return false;
  }

  unbound(session: ClientSession, end: End): void {
    this.registry.remove(session);
    this.emit(sessionUnbound, { session, end });
  }

  entering(session: ClientSession, element: Element): Maybe<Entry> {
    return this.#enter(session, element, 0);
  }

  #enter(session: ClientSession, element: Element, from: number): Maybe<Entry> {
    const taps = this.fittings.entering;
    let now = element;
    for (let i = from; i < taps.length; i++) {
      const { owner, fn } = taps[i]!;
      let entry: Maybe<Entry>;
      try {
        entry = fn({ session, element: now });
      } catch (error) {
        return this.#unentered(owner, error);
      }
      if (isPromise(entry)) {
        return entry.then(
          (e) => e === "drop" ? e : this.#enter(session, e ?? now, i + 1),
          (error) => this.#unentered(owner, error),
        );
      }
      if (entry === "drop") return entry;
      if (entry !== undefined) now = entry;
    }
    return now;
  }

  /** What guards the entrance fails closed; an error of the stream's is passed on. */
  #unentered(owner: string, error: unknown): "drop" {
    if (error instanceof StreamError) throw error;
    this.fault(owner, error, undefined);
    return "drop";
  }

  accept(session: ClientSession, stanza: Stanza): Maybe<void> {
    const { departing, handled } = this.fittings;
    const x: Departing = { stanza, claimed: false, session };
    this.received[stanza.kind]++;
    this.router.enter();
    try {
      const outcome = departing.pass(x);
      const done = isPromise(outcome)
        ? outcome.then((o) => this.#departed(o, x))
        : this.#departed(outcome, x);
      if (handled.length === 0) return done;
      return isPromise(done)
        ? done.then(() => this.#handled(session, stanza))
        : this.#handled(session, stanza);
    } finally {
      this.router.leave();
    }
  }

  nonza(session: ClientSession, element: Element): Maybe<boolean> {
    const entry = this.fittings.nonzas.find(element.ns, element.name);
    if (entry === undefined) return false;
    const done = entry.fn(session, element);
    return isPromise(done) ? done.then(() => true) : true;
  }

  writing(session: ClientSession, stanza: Stanza, text: string | undefined): void {
    this.#tell(this.fittings.writing, { session, stanza, text });
  }

  failed(session: ClientSession, error: unknown): void {
    logFault(this.log, error, "a session failed", "kernel", {
      session: session.jid?.toString() ?? session.peer.address,
    });
  }

  // --- the way of a stanza ----------------------------------------------------------------------------------------

  #departed(outcome: Outcome, x: Departing): Maybe<void> {
    if (outcome === CLAIMED) return;
    if (outcome !== undefined) this.refuse(x.stanza, outcome, "departing");
    else if (x.stanza.to !== undefined) return this.router.route(x.stanza, x.session);
  }

  #handled(session: ClientSession, stanza: Stanza): void {
    this.#tell(this.fittings.handled, { session, stanza });
  }

  /** A stanza for this host, an account or a resource. */
  arrive(stanza: Stanza, session: ClientSession | undefined, asker?: Asker): Maybe<void> {
    if (stanza.kind === "iq" && !stanza.isRequest && this.requests.settle(stanza)) return;
    const x: Arriving = asker === undefined
      ? { stanza, claimed: false, session }
      : { stanza, claimed: false, session, asker };
    const outcome = this.fittings.arriving.pass(x);
    return isPromise(outcome) ? outcome.then((o) => this.#arrived(o, x)) : this.#arrived(outcome, x);
  }

  #arrived(outcome: Outcome, x: Arriving): void {
    if (outcome === CLAIMED) return;
    if (outcome !== undefined) this.refuse(x.stanza, outcome, "arriving");
    // RFC 6121 §8.5: what nobody takes is refused, except presence and answers, which are forgotten.
    else if (x.stanza.kind !== "presence") {
      this.refuse(x.stanza, new StanzaError("service-unavailable"), "arriving");
    }
  }

  /** A message for an account that no session took: CLAIMED where somebody keeps it, else undefined or why not. */
  undelivered(x: Arriving): Maybe<Outcome> {
    return this.fittings.undelivered.pass({ ...x, claimed: false });
  }

  /**
   * Hands a stanza to one session. The outcome says what the session's own guards and claims made of it; undefined where the
   * session is no more.
   */
  deliver(session: ClientSession, stanza: Stanza): Maybe<Outcome> {
    const { delivering } = this.fittings;
    if (!delivering.used) {
      session.write(stanza);
      return CLAIMED;
    }
    const x: Delivering = { stanza, claimed: false, session };
    const outcome = delivering.pass(x);
    return isPromise(outcome) ? outcome.then((o) => this.#delivered(o, x)) : this.#delivered(outcome, x);
  }

  #delivered(outcome: Outcome, x: Delivering): Outcome {
    if (outcome !== undefined) return outcome;
    // It may have ended while a guard or a claim waited: then nobody has taken the stanza.
    if (!x.session.isBound) return undefined;
    x.session.write(x.stanza);
    return CLAIMED;
  }

  /** Answers a stanza with an error, or drops it, and says so to whoever listens. */
  refuse(stanza: Stanza, refusal: Refusal, at: string): void {
    this.emit(stanzaRefused, { stanza, refusal, at });
    if (refusal === DROP || stanza.from === undefined) return;
    const reply = errorOf(stanza, refusal);
    if (reply !== undefined) this.router.send(reply);
  }

  /** Sends a stanza of the host's or an account's. */
  send(stanza: Stanza): void {
    this.router.send(stanza);
  }

  // --- for plugins ------------------------------------------------------------------------------------------------

  emit<E>(event: Event<E>, e: E): void {
    this.#tell(this.fittings.listeners(event), e);
  }

  #tell<E>(handlers: readonly Owned<(e: E) => undefined>[], e: E): void {
    for (const { owner, fn } of handlers) {
      try {
        fn(e);
      } catch (error) {
        this.fault(owner, error, undefined);
      }
    }
  }

  /** State that outlives a reload of the plugin that holds it. */
  hold<T>(slot: Slot<T>, make: () => T): T {
    if (!this.#held.has(slot)) this.#held.set(slot, make());
    return this.#held.get(slot) as T;
  }

  release(slot: Token): void {
    this.#held.delete(slot);
  }

  /** What went wrong in a handler: logged with its owner; what its sender is told. Content stays out of the log. */
  fault(owner: string, error: unknown, stanza: Stanza | undefined): StanzaError {
    const about = stanza === undefined
      ? {}
      : { stanza: `${stanza.kind}/${stanza.type}`, from: String(stanza.from) };
    return logFault(this.log, error, `the plugin ${owner} failed`, owner, about);
  }
}
