/** Who sent a request and over what: the connection itself, and what proxies that are believed say of the client behind them. */
import type { Socket } from "node:net";

/** One end of a connection that was accepted for HTTP. */
export interface Origin {
  /** The peer's address; "" for a socket in the file system. */
  readonly address: string;
  readonly port: number;
  /** TLS ends here. */
  readonly secure: boolean;
  /** Gives memory back as soon as it was handled, while that is on: for large bodies. */
  readonly recycle?: ((on: boolean) => void) | undefined;
}

/** What the handler of a request is given beside it (`c.env`). */
export interface Connection {
  /** The client's address, as far as it is known; "" on a socket in the file system. */
  readonly address: string;
  /** The client speaks TLS, with us or with a proxy that is believed. */
  readonly secure: boolean;
  /** The client is a program on this machine, and no proxy is between. */
  readonly local: boolean;
  /** Scheme, host and port as the client sees them: `https://example.org`. */
  readonly origin: string;
  /**
   * The body, for those that are large: each piece is valid until the next one is asked for. Instead of the request's own
   * body, not beside it; there where the request says how long it is.
   */
  readonly pieces?: () => AsyncIterable<Uint8Array>;
  /** There where the request asks for a WebSocket (RFC 6455 §4.1); what the handler then answers is not sent. */
  readonly upgrade?: Upgrade;
}

export interface Upgrade {
  /** The subprotocols that the client offers, best first. */
  readonly protocols: readonly string[];
  /** Takes the connection over for frames. Undefined where the handshake is wrong, which the client has been told then. */
  accept(protocol: string): Accepted | undefined;
}

/** A connection on which HTTP has ended. */
export interface Accepted {
  readonly socket: Socket;
  /** Bytes that came behind the request. */
  readonly rest: Uint8Array;
}

/** The connection behind a handler's context; undefined in tests that call the app without one. */
export function connectionOf(c: { readonly env: unknown }): Connection | undefined {
  const { env } = c;
  return typeof env === "object" && env !== null && "origin" in env ? env as Connection : undefined;
}
