/**
 * What a session must know of the host it belongs to: an interface, since the host lives a floor above. Sessions hold
 * their home and never its fittings, so that they live through a reload.
 */
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Jid } from "../jid/jid.ts";
import type { Exchange, Identity, Mechanism } from "../sasl/mechanism.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { StreamError } from "../stream/error.ts";
import type { Negotiator } from "../stream/negotiator.ts";
import type { End } from "../stream/stream.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { Element } from "../xml/element.ts";
import type { ClientSession } from "./client.ts";

/** Decisions of the configuration that the negotiation asks for. */
export interface SessionPolicy {
  readonly tlsRequired: boolean;
  readonly clientCertificates: boolean;
  /** Failed attempts to log in on one stream before it is closed. */
  readonly loginAttempts: number;
}

/** What a tap at `entering` answers: go on, forget it, or take this one instead. */
export type Entry = Element | "drop" | undefined;

export interface Home {
  readonly domain: string;
  readonly jid: Jid;
  readonly log: Logger;
  readonly policy: SessionPolicy;
  readonly negotiator: Negotiator<ClientSession>;
  /** The certificate for STARTTLS; undefined where the host has none. */
  tlsContext(): TlsContext | undefined;

  /** The mechanisms that may be offered to a session as it is now, strongest first. */
  mechanisms(session: ClientSession): readonly Mechanism[];
  exchange(session: ClientSession, mechanism: Mechanism): Exchange;
  /** A login succeeded; may still be refused, and says who it is from now on. */
  authenticated(session: ClientSession, identity: Identity, mechanism: string): void;
  loginFailed(session: ClientSession, reason: string, mechanism: string): void;

  /** Gives a session its full JID. Throws a StanzaError. */
  bind(session: ClientSession, resource: string | undefined): Jid;
  /** The session is bound and its peer knows its name. */
  bound(session: ClientSession): void;
  /** A bound session is no more. Called once. */
  unbound(session: ClientSession, end: End): void;

  /** Whether anything must see every element before it is taken. */
  readonly watchesEntering: boolean;
  entering(session: ClientSession, element: Element): Maybe<Entry>;
  /** A stanza of a bound session, its sender stamped. */
  accept(session: ClientSession, stanza: Stanza): Maybe<void>;
  /** Another element of a stream. False where nobody knows it. */
  nonza(session: ClientSession, element: Element): Maybe<boolean>;
  /** A stanza is about to be written to a session's stream. */
  writing(session: ClientSession, stanza: Stanza): void;
  readonly watchesWriting: boolean;
  /** A fault of ours while a session was served. */
  failed(session: ClientSession, error: unknown): void;
}

/** Finds the home that a stream's header asks for, or says why there is none. */
export type FindHome = (domain: string) => Home | StreamError;
