/**
 * What a session (`S`) must know of the host it belongs to: an interface, since the host lives a floor above. Sessions hold
 * their home and never its fittings, so that they live through a reload.
 */
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Jid } from "../jid/jid.ts";
import type { Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Traffic } from "../stanza/traffic.ts";
import type { StreamError } from "../stream/error.ts";
import type { Negotiating, Negotiator } from "../stream/negotiator.ts";
import type { End } from "../stream/stream.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { Element } from "../xml/element.ts";
import type { Inlines } from "./inline.ts";
import type { Task } from "./login.ts";

/** Decisions of the configuration that the negotiation asks for. */
export interface SessionPolicy {
  readonly tlsRequired: boolean;
  /** Failed attempts to log in on one stream before it is closed. */
  readonly loginAttempts: number;
}

/** What is noted of an attempt to log in. */
export interface Attempt {
  /** The account that it is about, once that is known. */
  account: string | undefined;
  /** When it began, in the order of what happens to accounts. */
  stamp: number;
  /** A channel binding was tried that we do not know: the client may go on without one (RFC 5802 §6 is satisfied). */
  bindingRefused: boolean;
  /** What the stream was offered, strongest first. */
  readonly offered: readonly Mechanism[] | undefined;
}

/** What a tap at `entering` answers: go on, forget it, or take this one instead. */
export type Entry = Element | "drop" | undefined;

export interface Home<S extends Negotiating> {
  readonly domain: string;
  readonly jid: Jid;
  readonly log: Logger;
  readonly policy: SessionPolicy;
  readonly negotiator: Negotiator<S>;
  /** The certificate for STARTTLS; undefined where the host has none. */
  tlsContext(): TlsContext | undefined;
  /** Whether clients are asked for a certificate of their own (SASL EXTERNAL). */
  readonly asksForCertificates: boolean;

  /** The mechanisms that may be offered to a session as it is now, strongest first. */
  mechanisms(session: S): readonly Mechanism[];
  /** Begins an attempt; what is learnt of it is noted in `attempt`. */
  exchange(session: S, mechanism: Mechanism, attempt: Attempt): Exchange;
  /** Whether an account is what it was when the session's attempt began: no other password, not switched off, not gone. */
  isCurrent(session: S, username: string): boolean;
  /** A login succeeded; may still be refused, and says who it is from now on. */
  authenticated(session: S, identity: Identity, mechanism: string): void;
  /** How many milliseconds an attempt has to wait before it is looked at, for all that failed before it. */
  loginWait(session: S): number;
  /** A login failed; how many milliseconds the answer is to be held back. */
  loginFailed(session: S, reason: string, mechanism: string): number;

  /** What can be negotiated within a login by XEP-0388. */
  readonly inlines: Inlines<S>;
  /** The names of what can be added to accounts at a login (XEP-0480). */
  readonly upgrades: readonly string[];
  /** What is to be done before a login counts that has proved who it is, as the client asked for it. */
  tasks(request: Element, username: string, mechanism: string): readonly Task[];

  /** Gives a session its full JID. Throws a StanzaError. */
  bind(session: S, resource: string | undefined): Jid;
  /** The same by XEP-0386: the name is ours and begins with the client's tag; its earlier sessions end. */
  bindClient(session: S, tag: string | undefined): Jid;
  /** The session is bound and its peer knows its name. */
  bound(session: S): void;
  /** Whether a bound session outlives its stream, to be resumed by another one. */
  keeps(session: S, end: End): boolean;
  /** A bound session is no more. Called once. */
  unbound(session: S, end: End): void;

  /** Whether anything must see every element before it is taken. */
  readonly watchesEntering: boolean;
  entering(session: S, element: Element): Maybe<Entry>;
  /** A stanza of a bound session, its sender stamped. */
  accept(session: S, stanza: Stanza): Maybe<void>;
  /** Another element of a stream. False where nobody knows it. */
  nonza(session: S, element: Element): Maybe<boolean>;
  /** Counts what is written to streams. */
  readonly sent: Traffic;
  /** A stanza is about to be written to a session's stream. */
  writing(session: S, stanza: Stanza, text: string | undefined): void;
  readonly watchesWriting: boolean;
  /** A fault of ours while a session was served. */
  failed(session: S, error: unknown): void;
}

/** Finds the home that a stream's header asks for (any, where it asks for none), or says why there is none. */
export type FindHome<S extends Negotiating> = (domain: string | undefined) => Home<S> | StreamError;
