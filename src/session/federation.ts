/**
 * What the streams of other servers must know of ours: the hosts that federate, what their policy says, and who judges
 * certificates and dialback keys. Interfaces, since all of that lives on higher floors.
 */
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Jid } from "../jid/jid.ts";
import type { StreamError } from "../stream/error.ts";
import type { StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Traffic } from "../stanza/traffic.ts";
import type { Negotiator } from "../stream/negotiator.ts";
import type { End, Stream, StreamContext } from "../stream/stream.ts";
import type { Endpoint } from "../transport/carrier.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { Element } from "../xml/element.ts";
import type { Asker } from "./asker.ts";
import type { Means, Pairs } from "./pairs.ts";
import type { ServerAcks } from "./server_acks.ts";

/** What one host of ours has decided about other servers. */
export interface PeerPolicy {
  /** Why the host does not talk to a domain; undefined where it does. */
  refuses(remote: string): StanzaError | undefined;
  /** Whether nothing may be said to a domain without TLS; "" stands for a domain that is not known yet. */
  tlsRequired(remote: string): boolean;
  /** Whether a domain must prove itself by a certificate, and a call-back is not enough. */
  certificateRequired(remote: string): boolean;
  /** Whether one stream may serve both directions (XEP-0288). */
  bidi(remote: string): boolean;
  /** Whether keys are sent and believed at all (XEP-0220). */
  readonly dialback: boolean;
  /** What dialback keys are made from (XEP-0185); undefined for the server's own secret. */
  readonly dialbackSecret: string | undefined;
  /** Errors that one stream may be told before it is closed. */
  readonly dialbackErrors: number;
  /** Domain pairs that one stream may carry. */
  readonly pairsPerStream: number;
  /** Milliseconds that a call-back may take. */
  readonly callBackWithin: number;
  /** Milliseconds until what waits for a connection is bounced. */
  readonly connectWithin: number;
  /** Milliseconds after which a stream that carries nothing is closed; 0 is never. */
  readonly idleAfter: number;
  /** After how much silence the connection is tried. */
  readonly pingAfter: number;
  /** Whether stanzas are acknowledged (XEP-0198), and how long a broken stream may be resumed. */
  readonly acknowledges: boolean;
  readonly resumeWithin: number;
  /** What may wait for one domain: stanzas, and characters of them. */
  readonly waitingStanzas: number;
  readonly waitingSize: number;
  /** How long a domain that could not be reached is left alone, at first and at most. */
  readonly backOffFirst: number;
  readonly backOffMost: number;
}

/** A domain pair that asks to be let in, or that we are about to use. */
export interface Claim {
  readonly local: string;
  readonly remote: string;
  /** "in": the peer wants to send as `remote`. */
  readonly direction: "in" | "out";
  /** The address of the connection. */
  readonly address: string;
}

/** A host of ours that talks to other servers. */
export interface LocalDomain {
  readonly domain: string;
  readonly jid: Jid;
  readonly log: Logger;
  readonly policy: PeerPolicy;
  tlsContext(): TlsContext | undefined;
  /** What plugins say to a pair; a refusal is told to the peer. */
  admits(claim: Claim): Maybe<StanzaError | undefined>;
  /** A stanza from elsewhere for this host, its sender and receiver checked. */
  arrive(stanza: Stanza, asker: Asker): Maybe<void>;
  /** Answers a stanza of ours that could not leave. */
  refuse(stanza: Stanza, error: StanzaError): void;
  /** Answers a stanza from elsewhere that could not be read. */
  answer(reply: Stanza): void;
}

/** What a certificate proves about a domain. */
export interface Proof {
  readonly valid: boolean;
  /** Why not, in words. */
  readonly why: string;
}

/** A stream between this server and another, as its parts and the federation see it. */
export interface PeerStream extends Asker {
  readonly direction: "in" | "out";
  readonly context: StreamContext;
  readonly federation: Federation;
  readonly stream: Stream | undefined;
  readonly peer: Endpoint;
  /** Given by the side that was connected to (RFC 6120 §4.7.3). */
  readonly id: string;
  /** The host of ours that the stream's header names, and the domain elsewhere; "" where it names none. */
  local: LocalDomain | undefined;
  readonly remote: string;
  readonly pairs: Pairs;
  /** One stream for both directions was agreed on (XEP-0288). */
  bidi: boolean;
  acks: ServerAcks | undefined;
  readonly isSecure: boolean;
  readonly isAuthenticated: boolean;
  /** Whether the peer may send stanzas and claim domains on it, and whether we may. */
  readonly receives: boolean;
  readonly sends: boolean;
  /** The condition of the peer's own stream error, "" where it had none. */
  readonly peerCondition: string;
  /** The domain whose certificate was refused by SASL: dialback may not accept what that did not (XEP-0344). */
  refused: string;
  /** Writes a stanza of an authenticated pair. */
  write(stanza: Stanza): void;
  /** Ends the stream with an error, or in order. */
  end(error?: StreamError): void;
  /** From now on a pair may use the stream, in its directions. */
  authorise(local: string, remote: string, by: Means): void;
  /** Something of ours failed. */
  failed(stream: Stream, error: unknown): void;
  /** The answers to `resume` (XEP-0198 §5); false where it was not asked for. */
  resumed(element: Element): void;
  unresumed(element: Element): boolean;
}

/** One that the peer has opened, as the features that it is offered see it. */
export interface InboundPeer extends PeerStream {
  readonly state: number;
  /** What the peer's certificate proves about the domain in its header; undefined where it showed none. */
  readonly proof: Proof | undefined;
  /** Whether the peer can prove itself by SASL now. */
  readonly offersExternal: boolean;
  /** Failed attempts by SASL. */
  failures: number;
}

/** A key that a peer has shown, to be confirmed by the servers of the domain that it speaks for. */
export interface Challenge {
  readonly local: string;
  readonly remote: string;
  /** The stream that it came on: never the one to ask on (XEP-0288 §2.2). */
  readonly stream: PeerStream;
  readonly key: string;
}

/** All servers elsewhere, as one of their streams sees them. */
export interface Federation {
  /** A host of ours that federates. */
  local(domain: string): LocalDomain | undefined;
  /** Whether a domain is one of ours, federating or not. */
  isOurs(domain: string): boolean;
  /** Whom our header is from where the peer's named nobody. */
  readonly anyLocal: string | undefined;
  /** What came from elsewhere so far. */
  readonly received: Traffic;
  /** What peers are offered. */
  readonly negotiator: Negotiator<InboundPeer>;
  /** Whether a chain of certificates speaks for a domain. */
  identify(remote: string, chain: readonly Uint8Array[]): Maybe<Proof>;
  /** The dialback key of a pair on a stream (XEP-0185). */
  key(local: LocalDomain, remote: string, id: string): string;
  /** Asks the domain's own servers. "valid", "invalid", or why that could not be found out, as a condition. */
  confirm(challenge: Challenge): Promise<string>;
  /** A pair may be used on a stream, in the stream's directions. */
  authenticated(stream: PeerStream, local: string, remote: string): void;
  /** A stream is no more. Called once. */
  ended(stream: PeerStream, end: End): void;
  /** A stream that can be resumed by an id; what it was until it is, or is given up. */
  keep(id: string, stream: PeerStream): void;
  resumable(id: string): PeerStream | undefined;
  /** A stream is about to be told again what it has not got: what newer presence has replaced is taken out. */
  resuming(old: PeerStream, acks: ServerAcks): void;
  /** A stream goes on in the place of one that broke. */
  continued(old: PeerStream, stream: PeerStream): void;
  /** Whether all that was written is safe. */
  readonly isSafe: boolean;
  /** What was written so far is safe. */
  flush(): Promise<void>;
}
