/**
 * A carrier brings bytes of one connection in and text out. It knows nothing of XML or XMPP.
 *
 * Contract:
 * - `bytes` gets a chunk that is valid **only during the call**: its memory is shared and overwritten by the
 *   next read of any connection. Whoever wants to keep something copies it.
 * - Nothing is read before `attach`. Attaching again replaces the sink.
 * - `closed` is called exactly once, whoever closed and why; after it no other call comes.
 * - Every method is safe to call at any time, also from within the sink and after the end; then it does nothing.
 */
import type { Binding } from "./binding.ts";
import type { TlsContext } from "./tls_context.ts";

/** One end of a connection. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Who receives what a carrier brings in. */
export interface Sink {
  /** Bytes have come. The chunk is valid during this call only. */
  bytes(chunk: Uint8Array): void;
  /** The queue of a carrier that answered a write with `false` has been taken by the kernel. */
  drained(): void;
  /** The connection is gone; without an error both sides closed in order. */
  closed(error?: Error): void;
}

export type { Binding } from "./binding.ts";

/** What is known of an established TLS layer. */
export interface TlsInfo {
  /** "TLSv1.2" or "TLSv1.3". */
  readonly version: string;
  readonly cipher: string;
  /** The protocol agreed on (RFC 7301), "" without one. */
  readonly alpn: string;
  /** The name the client asked for (RFC 6066 §3), "" without one. */
  readonly sni: string;
  readonly bindings: ReadonlyMap<Binding, Uint8Array>;
  /**
   * The peer's certificates as DER, leaf first; empty when it showed none. Nothing about trust is said here:
   * a resumed session would claim to be authorised whatever the certificate (PLATFORM §1.4).
   */
  peerCertificate(): Uint8Array[];
}

/** How an upgrade to TLS is to be done. */
export interface Upgrade {
  /** Ask the client for a certificate (SASL EXTERNAL). Default: no. */
  readonly requestCertificate?: boolean;
  /** The handshake must be done by then. Default: 15 seconds. */
  readonly timeoutMs?: number;
}

/** A byte connection: a socket, a TLS session, or a pair in memory. */
export interface Carrier {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  /** Set once a TLS handshake is done. */
  readonly tls: TlsInfo | undefined;
  /** Bytes that were written and that the kernel is not known to have taken yet. */
  readonly queued: number;
  attach(sink: Sink): void;
  /**
   * One socket write. `false`: over the high-water mark; `drained` will tell when it is empty again. `more` are further
   * frames, there where writes are frames.
   */
  write(text: string, more?: readonly string[]): boolean;
  /** Stops reading from the kernel, TLS included: the peer feels it through the window. */
  pause(): void;
  resume(): void;
  /** The peer has proved who it is, and may send what is longer. */
  trust?(): void;
  /**
   * Server-side STARTTLS: writes `before` in the clear (the `<proceed/>`), then takes the connection to TLS.
   * Bytes that came in the clear behind the request are thrown away. Resolves when the handshake is done;
   * rejects, and closes the carrier, when it fails. The sink stays.
   */
  startTls?(before: string, context: TlsContext, upgrade?: Upgrade): Promise<void>;
  /** Sends what is queued, closes in order, and forcibly after a few seconds. */
  end(): void;
  /** Closes at once; what is queued is lost. */
  destroy(error?: Error): void;
}
