/**
 * One stream between this server and another, whoever opened it: which domain pairs it is authenticated for, and that
 * nothing passes for any other pair (RFC 6120 §8.1.1.2, §8.1.2.2). How it gets there is in server_in.ts and server_out.ts.
 */
import { isPromise, type Maybe } from "../base/maybe.ts";
import { StanzaError } from "../stanza/error.ts";
import { errorOfElement } from "../stanza/reply.ts";
import { kindOf } from "../stanza/kind.ts";
import { Stanza } from "../stanza/stanza.ts";
import { STREAM_ERRORS_NS, StreamError, STREAMS_NS } from "../stream/error.ts";
import { Authenticated, Secure, Server } from "../stream/state.ts";
import type { End, Stream, StreamContext, StreamOwner } from "../stream/stream.ts";
import type { Endpoint } from "../transport/carrier.ts";
import type { Element } from "../xml/element.ts";
import { DIALBACK_NS } from "./dialback_element.ts";
import type { Federation, LocalDomain, PeerStream } from "./federation.ts";
import { type Means, Pairs } from "./pairs.ts";
import { type ServerAcks, SM_NS } from "./server_acks.ts";
import { DialbackTalk } from "./server_dialback.ts";
import { sayHandled, takeManagement } from "./server_management.ts";

/** Requests of one peer that may be worked on at a time: all its users share the stream. */
const MOST_PENDING = 256;

export abstract class ServerStream implements StreamOwner, PeerStream {
  /** The stream's id, given by the side that was connected to (RFC 6120 §4.7.3). */
  id = "";
  state = Server;
  stream: Stream | undefined;
  /** The host of ours that the stream's header names. */
  local: LocalDomain | undefined;
  /** The domain elsewhere that it names; "" where it names none. */
  remote = "";
  readonly pairs = new Pairs();
  readonly dialback = new DialbackTalk(this);
  /** One stream for both directions was agreed on (XEP-0288). */
  bidi = false;
  acks: ServerAcks | undefined;
  /** The domain whose certificate was refused by SASL: dialback may not accept what that did not (XEP-0344). */
  refused = "";
  /** A stanza has passed since the last look: a bit instead of a time stamp a stanza. */
  active = true;
  /** The condition of the peer's own stream error, "" where it had none. */
  peerCondition = "";
  readonly mostPending = MOST_PENDING;
  #pendingRequests = 0;
  #activeAt = 0;

  constructor(readonly federation: Federation, readonly context: StreamContext) {}

  abstract readonly direction: "in" | "out";
  /** Sends our header. */
  abstract greet(stream: Stream): void;
  abstract opened(stream: Stream, header: Element): Maybe<void>;
  /** Takes an element of the negotiation; false where it is none. */
  protected abstract negotiate(element: Element): Maybe<boolean>;

  /** Whether the peer may send stanzas and claim domains on it. */
  get receives(): boolean {
    return this.direction === "in" || this.bidi;
  }
  /** Whether we may. */
  get sends(): boolean {
    return this.direction === "out" || this.bidi;
  }
  get isSecure(): boolean {
    return (this.state & Secure) !== 0;
  }
  get isAuthenticated(): boolean {
    return (this.state & Authenticated) !== 0;
  }
  get peer(): Endpoint {
    return this.stream?.carrier.peer ?? NOWHERE;
  }
  get who(): string {
    return this.remote;
  }

  // --- requests of the peer that are being worked on --------------------------------------------------------------

  get pendingRequests(): number {
    return this.#pendingRequests;
  }
  asked(): void {
    this.#pendingRequests++;
  }
  answered(): void {
    if (--this.#pendingRequests === 0) this.stream?.settled();
  }
  get isOwing(): boolean {
    return this.#pendingRequests > 0 || this.dialback.isOwing;
  }

  // --- out --------------------------------------------------------------------------------------------------------

  /** Writes a stanza of an authenticated pair. */
  write(stanza: Stanza): void {
    const { stream, acks } = this;
    if (stream === undefined) return;
    const text = stanza.toText();
    stream.put(text);
    this.active = true;
    if (acks !== undefined) acks.sent(stanza.written(text));
  }

  /** Ends the stream with an error, or in order. */
  end(error?: StreamError): void {
    const { stream } = this;
    if (stream === undefined) return;
    sayHandled(this);
    stream.end(error);
  }

  // --- the stream's owner -----------------------------------------------------------------------------------------

  start(stream: Stream): void {
    this.stream = stream;
    if (stream.carrier.tls !== undefined) this.state |= Secure;
    stream.expectWithin(stream.limits.authenticationTimeout);
  }

  received(_stream: Stream, element: Element): Maybe<void> {
    const kind = kindOf(element);
    if (kind !== undefined) return this.#stanza(element);
    if (element.ns === DIALBACK_NS) return this.dialback.take(element);
    if (element.ns === SM_NS) return takeManagement(this, element);
    if (element.ns === STREAMS_NS && element.name === "error") return this.#peerFailed(element);
    const taken = this.negotiate(element);
    return isPromise(taken) ? taken.then((t) => unknown(t, element)) : unknown(taken, element);
  }

  overdue(stream: Stream): void {
    if (!this.isAuthenticated) {
      return stream.fail(new StreamError("connection-timeout", "not authenticated within the time allowed"));
    }
    const now = this.context.clock.monotonic();
    if (this.active || this.isOwing || this.dialback.isWaiting) this.#activeAt = now;
    this.active = false;
    const { idleAfter = 0 } = this.local?.policy ?? {};
    if (idleAfter > 0 && now - this.#activeAt >= idleAfter && (this.acks?.queue.length ?? 0) === 0) {
      return this.end();
    }
    // Something on the wire, so that a connection that is dead is found to be (RFC 6120 §4.6.1).
    if (this.acks !== undefined) this.acks.ask();
    else stream.put(" ");
    this.#watch(stream);
  }

  closed(stream: Stream, end: End): void {
    if (stream !== this.stream) return;
    this.stream = undefined;
    this.acks?.rest();
    this.dialback.over();
    this.over(end);
    this.federation.ended(this, end);
  }

  /** The answers to `resume` (XEP-0198 §5), where it was asked for; false where it was not. */
  resumed(_element: Element): void {}
  unresumed(_element: Element): boolean {
    return false;
  }

  /** The stream is no more, for the kind of stream that it is. */
  protected over(_end: End): void {}

  failed(stream: Stream, error: unknown): void {
    const log = this.local?.log ?? stream.context.log;
    log.error("a server's stream failed", { peer: this.remote || this.peer.address, error });
  }

  // --- what it may carry ------------------------------------------------------------------------------------------

  /** From now on a pair may use the stream, in its directions. */
  authorise(local: string, remote: string, by: Means): void {
    this.pairs.add(local, remote, by);
    this.admit();
    this.federation.authenticated(this, local, remote);
  }

  /** The peer has proved who it is: from now on silence is what the stream is watched for. */
  protected admit(): void {
    if (this.isAuthenticated) return;
    this.state |= Authenticated;
    this.stream?.trust();
    this.#activeAt = this.context.clock.monotonic();
    if (this.stream !== undefined) this.#watch(this.stream);
  }

  #watch(stream: Stream): void {
    const { pingAfter = 0 } = this.local?.policy ?? {};
    if (pingAfter > 0) stream.expectWithin(pingAfter);
    else stream.expectNothing();
  }

  #peerFailed(element: Element): void {
    const condition = element.elements().find((child) => child.ns === STREAM_ERRORS_NS);
    this.peerCondition = condition?.name ?? "undefined-condition";
    this.context.log.info("a server ended its stream", {
      peer: this.remote || this.peer.address,
      condition: this.peerCondition,
      reason: element.childText("text", STREAM_ERRORS_NS)?.slice(0, 200),
    });
    // Nothing is to be said to it (RFC 6120 §4.9.1.1).
    this.stream?.end();
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  #stanza(element: Element): Maybe<void> {
    if (!this.receives || !this.isAuthenticated) {
      throw new StreamError("not-authorized", "this stream may not carry stanzas of yours");
    }
    let stanza: Stanza;
    try {
      stanza = Stanza.read(element);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      return this.#unreadable(element, error);
    }
    const { from, to } = stanza;
    if (from === undefined || to === undefined) throw unaddressed(from === undefined ? "from" : "to");
    const local = this.federation.local(to.domain);
    if (!this.pairs.has(to.domain, from.domain) || local === undefined) {
      return this.#misdirected(stanza, local);
    }
    this.active = true;
    this.acks?.received();
    this.federation.received[stanza.kind]++;
    return local.arrive(stanza, this);
  }

  /** Not of a pair of this stream: RFC 6120 §8.1.2.2 for the sender, §8.1.1.2 for the receiver. */
  #misdirected(stanza: Stanza, local: LocalDomain | undefined): void {
    const { from, to } = stanza;
    if (!this.pairs.hasRemote(from!.domain)) {
      throw new StreamError("invalid-from", `${from!.domain} has not proved itself on this stream`);
    }
    if (local !== undefined) {
      throw new StreamError("invalid-from", `${from!.domain} has not proved itself to ${to!.domain}`);
    }
    // Other pairs of the stream are not to suffer for this one.
    const home = this.local;
    if (this.pairs.size < 2 || home === undefined) {
      throw new StreamError("host-unknown", `${to!.domain} is not served here`);
    }
    this.acks?.received();
    const error = new StanzaError("item-not-found", `${to!.domain} is not served here`);
    const reply = errorOfElement(stanza.source, error, from, home.jid);
    // In the name of this stream's host: for any other this server may not speak.
    if (reply !== undefined) home.answer(reply.stamped(home.jid));
  }

  /** What RFC 6120 §8.2.3 forbids is answered; an address that is none ends the stream (§4.9.3.7). */
  #unreadable(element: Element, error: StanzaError): void {
    if (error.condition === "jid-malformed") throw new StreamError("improper-addressing", error.text);
    const from = element.attr("from");
    const to = element.attr("to");
    if (from === undefined || to === undefined) throw unaddressed(from === undefined ? "from" : "to");
    // The addresses can be read, since they were first; what is wrong is beside them.
    const bare = Stanza.of(element.withChildren([]).with({ type: "error", id: element.attr("id") ?? "-" }));
    const local = this.federation.local(bare.to!.domain);
    if (!this.pairs.has(bare.to!.domain, bare.from!.domain) || local === undefined) {
      return this.#misdirected(bare, local);
    }
    this.acks?.received();
    const reply = errorOfElement(element, error, bare.from, local.jid);
    if (reply !== undefined) local.answer(reply);
  }
}

function unaddressed(which: string): StreamError {
  return new StreamError("improper-addressing", `between servers a stanza needs a '${which}'`);
}

function unknown(taken: boolean, { name, ns }: Element): void {
  if (taken) return;
  const what = `<${name.slice(0, 100)} xmlns='${ns.slice(0, 100)}'/>`;
  throw new StreamError("unsupported-stanza-type", what);
}

const NOWHERE: Endpoint = Object.freeze({ address: "", port: 0 });
