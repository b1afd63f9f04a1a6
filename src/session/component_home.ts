/** What an external component's session must know of the host that it speaks for: an interface, as `home.ts` is for clients. */
import type { Logger } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { StreamError } from "../stream/error.ts";
import type { End } from "../stream/stream.ts";
import type { Endpoint } from "../transport/carrier.ts";

/** A component's connection, as its home sees it. */
export interface ComponentConnection {
  readonly peer: Endpoint;
  write(stanza: Stanza): void;
  /** Ends the stream with an error, or in order. */
  end(error?: StreamError): void;
}

export interface ComponentHome {
  readonly domain: string;
  readonly log: Logger;
  /** What the component must know; revealed only where it is used. */
  readonly secret: { reveal(): string };
  /** The component has proved that it knows the secret. Throws a StreamError where there may be no other one now. */
  admit(session: ComponentConnection): void;
  /** A connection that was admitted, and knows so: it can be spoken to. */
  connected(session: ComponentConnection): void;
  /** An admitted connection is no more. Called once. */
  disconnected(session: ComponentConnection, end: End): void;
  /** A fault of ours while a component was served. */
  failed(session: ComponentConnection, error: unknown): void;
}

/** What a component's session needs of the server. */
export interface ComponentGround {
  /** The home of a component's domain, as it is now, or why there is none. */
  find(domain: string): ComponentHome | StreamError;
  /** Sends a stanza on its way, its sender checked. While a promise is pending, nothing more is read. */
  route(stanza: Stanza): Maybe<void>;
  readonly brake: Brake;
}

/** Slows down those who guess secrets; it is the one of all components. */
export interface Brake {
  /** Counts a failure; how many milliseconds its answer is to be held back. */
  failed(address: string, account: string | undefined, now: number): number;
  /** How many milliseconds an attempt from an address has to wait. */
  wait(address: string, now: number): number;
}
