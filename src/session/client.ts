/**
 * A client's session (RFC 6120 §4, §7): its stream while it is negotiated, its identity once it is bound. The fields are
 * fixed; what a plugin keeps about a session is in its slots.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { randomId } from "../base/id.ts";
import { type Slot, Slots } from "../hook/token.ts";
import { Jid } from "../jid/jid.ts";
import { StanzaError } from "../stanza/error.ts";
import { errorOfElement } from "../stanza/reply.ts";
import { kindOf } from "../stanza/kind.ts";
import { Stanza } from "../stanza/stanza.ts";
import { StreamError, STREAMS_NS } from "../stream/error.ts";
import type { Taken } from "../stream/feature.ts";
import { Authenticated, Bound, Inbound, Secure } from "../stream/state.ts";
import type { End, Stream, StreamOwner } from "../stream/stream.ts";
import type { Endpoint, TlsInfo } from "../transport/carrier.ts";
import { el, type Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { ownCopy } from "../xml/own.ts";
import type { Asker } from "./asker.ts";
import { prepareHeader } from "./header.ts";
import type { Entry, FindHome, Home } from "./home.ts";
import { type Negotiation, negotiationOf, refuseBetween } from "./negotiation.ts";

const PING_NS = "urn:xmpp:ping";

/** Requests of one session that may be worked on at a time. */
const MOST_PENDING = 16;

export class ClientSession implements StreamOwner, Asker {
  /** The stream's id: unpredictable, and new with every header of ours (RFC 6120 §4.7.3, §4.3.3). */
  id = "";
  state = Inbound;
  home: Home<ClientSession> | undefined;
  stream: Stream | undefined;
  /** The full JID; undefined before the resource is bound. */
  jid: Jid | undefined;
  /** The account's local part; "" before the login. */
  username = "";
  /** The id of the client's installation (XEP-0388 §2.3); "" where it said none. Not for others to know. */
  agent = "";
  /** The stream's language, which stanzas without one are in; "" where none was said. */
  lang = "";
  /** The last presence without an address, while it was available (RFC 6121 §4.2). */
  presence: Stanza | undefined;
  priority = 0;
  /** Has asked for the roster, and gets its changes (RFC 6121 §2.2). */
  interested = false;
  negotiation: Negotiation<ClientSession> | undefined;
  /** Bound, but without a stream: it waits to be resumed, and what is written to it is kept by whoever made it wait. */
  parked = false;
  #pendingRequests = 0;
  /** What is to be said to it beside answers to its requests. */
  owed = 0;
  #awaitingPong = false;
  #slots: Slots | undefined;

  constructor(private readonly findHome: FindHome<ClientSession>) {}

  get peer(): Endpoint {
    return this.stream?.carrier.peer ?? NOWHERE;
  }

  get tls(): TlsInfo | undefined {
    return this.stream?.carrier.tls;
  }

  get isBound(): boolean {
    return (this.state & Bound) !== 0;
  }

  get isSecure(): boolean {
    return (this.state & Secure) !== 0;
  }

  /** The account, as a bare JID. Only for bound sessions. */
  get account(): Jid {
    return this.jid!.bare;
  }

  get<T>(slot: Slot<T>): T | undefined {
    return this.#slots?.get(slot);
  }

  set<T>(slot: Slot<T>, value: T | undefined): undefined {
    if (this.#slots === undefined) {
      if (value === undefined) return;
      this.#slots = new Slots();
    }
    this.#slots.set(slot, value);
    if (this.#slots.empty) this.#slots = undefined;
  }

  get mostPending(): number {
    return MOST_PENDING;
  }

  /** Requests of this session that are still being worked on. */
  get pendingRequests(): number {
    return this.#pendingRequests;
  }

  /** A request of this session is being worked on, until `answered`. */
  asked(): void {
    this.#pendingRequests++;
  }

  answered(): void {
    this.#pendingRequests--;
    if (!this.isOwing) this.stream?.settled();
  }

  /** Something is to be said to the client that is no answer to a request, until `paid`: its stream stays open for it. */
  owe(): void {
    this.owed++;
  }

  paid(): void {
    this.owed--;
    if (!this.isOwing) this.stream?.settled();
  }

  /** Takes over a stream that has just been made for this session. */
  start(stream: Stream): void {
    this.stream = stream;
    if (stream.carrier.tls !== undefined) this.state |= Secure;
    stream.expectWithin(stream.limits.authenticationTimeout);
  }

  // --- the stream's owner -----------------------------------------------------------------------------------------

  get who(): string {
    if (this.jid !== undefined) return this.jid.toString();
    return this.username === "" ? "" : `${this.username}@${this.home!.domain}`;
  }

  greet(stream: Stream): void {
    this.#open(stream, this.home ?? this.findHome(undefined), undefined);
  }

  opened(stream: Stream, header: Element): Maybe<void> {
    const said = prepareHeader(header, stream.reader.contentNs, CONTENT_NS);
    const home = said instanceof StreamError ? said : this.#chooseHome(said.to);
    // RFC 6120 §4.9.1.2: without a host of ours in 'to', the header before the error names one.
    this.#open(stream, home instanceof StreamError ? this.findHome(undefined) : home, header.attr("from"));
    if (said instanceof StreamError) throw said;
    if (home instanceof StreamError) throw home;
    this.home = home;
    this.lang = said.lang;
    if ((this.state & Authenticated) === 0) {
      const state = negotiationOf(this);
      state.offered = undefined;
      state.from = ownCopy(header.attr("from") ?? "");
    }
    stream.send(home.negotiator.offer(this));
  }

  received(_stream: Stream, element: Element): Maybe<void> {
    const home = this.home!;
    if (!home.watchesEntering) return this.#take(element);
    const entry = home.entering(this, element);
    return isPromise(entry) ? entry.then((e) => this.#enter(e, element)) : this.#enter(entry, element);
  }

  get isOwing(): boolean {
    return this.#pendingRequests > 0 || this.owed > 0;
  }

  overdue(stream: Stream): void {
    if (!this.isBound) {
      stream.fail(new StreamError("connection-timeout", "not logged in within the time allowed"));
    } else if (stream.heard) {
      stream.heard = false;
      this.#awaitingPong = false;
      stream.expectWithin(stream.limits.pingAfter);
    } else if (this.#awaitingPong) {
      stream.end(new StreamError("connection-timeout", "no answer to a ping"));
    } else {
      this.#awaitingPong = true;
      const ping = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [el("ping", PING_NS)]);
      this.write(Stanza.of(ping, this.home!.jid, this.jid));
      stream.expectWithin(stream.limits.pingTimeout);
    }
  }

  closed(stream: Stream, end: End): void {
    // A stream that was exchanged for another one has nothing to say any more.
    if (stream !== this.stream) return;
    this.stream = undefined;
    this.negotiation = undefined;
    if (this.isBound && this.home!.keeps(this, end)) this.parked = true;
    else this.unbind(end);
  }

  /** Goes on with the stream of another session of the account, which is no more from then on; its own, if any, ends. */
  resume(from: ClientSession): void {
    const { stream: old } = this;
    const stream = from.stream!;
    from.stream = undefined;
    from.negotiation = undefined;
    this.stream = undefined;
    old?.end(new StreamError("conflict", "resumed by another connection"));
    stream.owner = this;
    this.stream = stream;
    this.state = from.state | Authenticated | Bound;
    if (from.agent !== "") this.agent = from.agent;
    stream.trust();
    this.id = from.id;
    this.lang = from.lang;
    this.parked = false;
    this.#awaitingPong = false;
    watch(stream);
  }

  /** Is from now on what a step of the negotiation made of it. */
  become(taken: Taken | undefined): void {
    const stream = this.stream;
    if (taken === undefined || stream === undefined) return;
    const before = this.state;
    this.state |= taken.gain ?? 0;
    const gained = this.state & ~before;
    if ((gained & Authenticated) !== 0) stream.trust();
    if (taken.announce === true) stream.send(this.home!.negotiator.offer(this));
    if ((gained & Bound) !== 0) {
      this.negotiation = undefined;
      watch(stream);
      this.home!.bound(this);
    }
    // What was pipelined behind a STARTTLS request came in the clear and is thrown away (RFC 6120 §5.4.3.3).
    if (taken.restart === true) stream.restart((gained & Secure) !== 0);
  }

  /** Gives the resource up; by itself only where the stream must outlive it, for a last word. */
  unbind(end?: End): void {
    if (!this.isBound) return;
    this.state &= ~Bound;
    this.parked = false;
    this.home!.unbound(this, end);
  }

  failed(stream: Stream, error: unknown): void {
    if (this.home !== undefined) this.home.failed(this, error);
    else stream.context.log.error("a stream failed", { peer: this.peer.address, error });
  }

  // --- out --------------------------------------------------------------------------------------------------------

  /** Writes a stanza to the stream, if there is one. */
  write(stanza: Stanza): void {
    const { stream, home } = this;
    if (stream === undefined && !this.parked) return;
    let text: string | undefined;
    if (stream !== undefined) {
      text = stanza.toText();
      stream.put(text);
      home!.sent[stanza.kind]++;
    }
    // Afterwards: a request for an acknowledgement has to come behind the stanza that it is made for.
    if (home!.watchesWriting) home!.writing(this, stanza, text);
  }

  /** Ends the stream with an error, or in order; a session that waits without one ends at once. */
  end(error?: StreamError): void {
    if (this.stream !== undefined) this.stream.end(error);
    else this.unbind(error);
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  #open(stream: Stream, home: Home<ClientSession> | StreamError, to: string | undefined): void {
    this.id = randomId();
    const from = home instanceof StreamError ? undefined : home.domain;
    stream.open({ ns: CONTENT_NS, id: this.id, from, to, lang: "en", versioned: true });
  }

  #chooseHome(to: string): Home<ClientSession> | StreamError {
    if (this.home === undefined) return this.findHome(to);
    // A restarted stream stays with the host whose certificate and login it has.
    return this.home.domain === to
      ? this.home
      : new StreamError("host-unknown", `this stream is for ${this.home.domain}`);
  }

  #enter(entry: Entry, element: Element): Maybe<void> {
    if (entry === "drop") return;
    return this.#take(entry ?? element);
  }

  #take(element: Element): Maybe<void> {
    const kind = kindOf(element);
    if (kind !== undefined && this.isBound) return this.#stanza(element);
    if (element.ns !== STREAMS_NS) refuseBetween(this, element);
    const home = this.home!;
    const feature = home.negotiator.find(this, element);
    if (feature !== undefined) {
      const taken = feature.take!(this, element);
      return isPromise(taken) ? taken.then((t) => this.become(t)) : this.become(taken);
    }
    if (kind !== undefined) return this.#tooEarly(element);
    if (element.ns === STREAMS_NS) {
      // The peer's own stream error: nothing is to be said to it (RFC 6120 §4.9.1.1).
      this.end();
      return;
    }
    const known = home.nonza(this, element);
    return isPromise(known) ? known.then((k) => this.#unknown(k, element)) : this.#unknown(known, element);
  }

  /** A stanza before there is a resource: RFC 6120 §4.9.3.12 without a login, an error to the stanza after it. */
  #tooEarly(element: Element): void {
    if ((this.state & Authenticated) === 0) {
      throw new StreamError("not-authorized", "log in before sending stanzas");
    }
    this.#refuse(element, new StanzaError("not-authorized", "bind a resource before sending stanzas"));
  }

  #unknown(known: boolean, element: Element): void {
    if (!known) {
      throw new StreamError(
        "unsupported-stanza-type",
        `<${element.name.slice(0, 100)} xmlns='${element.ns.slice(0, 100)}'/>`,
      );
    }
  }

  #refuse(element: Element, error: StanzaError): void {
    const to = this.jid ?? (this.username === "" ? undefined : Jid.of(this.username, this.home!.domain, ""));
    const reply = errorOfElement(element, error, to, this.home!.jid);
    if (reply !== undefined) this.write(reply);
  }

  #isSelf(from: string): boolean {
    const jid = this.jid!;
    if (from === jid.toString()) return true;
    const parsed = Jid.tryParse(from);
    return parsed !== undefined && (parsed.equals(jid) || parsed.equals(jid.bare));
  }

  #stanza(element: Element): Maybe<void> {
    const jid = this.jid!;
    // RFC 6120 §8.1.2.1: the sender is ours to say; a false one ends the stream.
    const claimed = element.attrs.from;
    if (claimed !== undefined && !this.#isSelf(claimed)) {
      throw new StreamError("invalid-from", `this stream may not speak as ${claimed.slice(0, 255)}`);
    }
    let stanza: Stanza;
    try {
      stanza = Stanza.read(element);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.#refuse(element, error);
      return;
    }
    // RFC 6120 §10.3: without an address, a message or iq is for the own account; presence is for all subscribers.
    stanza = stanza.between(jid, stanza.to ?? (stanza.kind === "presence" ? undefined : jid.bare));
    if (this.lang !== "") stanza = stanza.inLanguage(this.lang);
    return this.home!.accept(this, stanza);
  }
}

/** From now on silence is what a stream is watched for. */
function watch(stream: Stream): void {
  const { pingAfter } = stream.limits;
  if (pingAfter > 0) stream.expectWithin(pingAfter);
  else stream.expectNothing();
}

const NOWHERE: Endpoint = Object.freeze({ address: "", port: 0 });
