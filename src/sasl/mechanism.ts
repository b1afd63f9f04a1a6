/**
 * What a SASL mechanism is here (RFC 4422): a step function over bytes, without sockets, accounts or clocks.
 * The stream layer carries the bytes; a provider of credentials knows the accounts; an exchange lives for one
 * attempt and is thrown away. `step` never throws: hostile bytes, and a provider that fails, give a step that
 * says so.
 */

import { isPromise, type Maybe } from "../base/maybe.ts";

/** Why an attempt failed, by the names of RFC 6120 §6.5. */
export type SaslCondition =
  | "aborted"
  | "account-disabled"
  | "credentials-expired"
  | "encryption-required"
  | "incorrect-encoding"
  | "invalid-authzid"
  | "invalid-mechanism"
  | "malformed-request"
  | "mechanism-too-weak"
  | "not-authorized"
  | "temporary-auth-failure";

/** The hash functions that SCRAM is used with (RFC 5802, RFC 7677). */
export type ScramHash = "SHA-1" | "SHA-256" | "SHA-512";

/** The channel binding types that are known by name (RFC 5929, RFC 9266). */
export type BindingType = "tls-server-end-point" | "tls-exporter";

/** What the stream below knows of itself. */
export interface ChannelFacts {
  /** Whether nobody else can read along: TLS, or a connection that counts as such. */
  readonly secure: boolean;
  /** The channel bindings that can be checked on this connection. */
  readonly bindings: ReadonlyMap<BindingType, Uint8Array> | undefined;
  /** The certificate the peer showed and proved to hold the key of, in DER; not judged yet. */
  readonly certificate?: Uint8Array | undefined;
}

/** What a server keeps of a password (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** A failure: the condition, a text for a person, and what the layers above should know. */
export interface Failure {
  readonly failure: SaslCondition;
  readonly text?: string;
  /** Nothing was guessed (an unsupported binding type, say): not to be counted as a failed login. */
  readonly uncounted?: true;
  /** What a provider threw, for the log. */
  readonly cause?: unknown;
}

/** Who has logged in. */
export interface Identity {
  /** The account: a prepared local part (for a peer server, its domain). */
  readonly username: string;
  /** The authorization identity the client asked for, when it named one. It has been checked. */
  readonly authzid?: string;
}

/** The end of an attempt that went well; `data` goes along with the success (RFC 6120 §6.4.6). */
export interface Success {
  readonly success: Identity;
  readonly data?: Uint8Array;
}

/** What comes of a step: a challenge for the client, or the end of the attempt. */
export type Step = { readonly challenge: Uint8Array } | Success | Failure;

/** One attempt to log in. */
export interface Exchange {
  /** Takes what the client sent (empty for "no initial response") and says what follows. */
  step(input: Uint8Array): Maybe<Step>;
}

/**
 * Where accounts are known. A provider leaves out what it cannot do; mechanisms that need it are then not
 * offered.
 */
export interface Credentials {
  /**
   * The hashes `scram` has keys for; all, when left out. An account without keys of a hash cannot log in with
   * it.
   */
  readonly hashes?: readonly ScramHash[];
  /** The keys of an account. Answer at once where possible: the whole login is then synchronous. */
  scram?(username: string, hash: ScramHash): Maybe<ScramKeys | undefined>;
  /**
   * Whether a password (after SASLprep) is an account's; it should take as long for an account that does not
   * exist.
   */
  password?(username: string, password: string): Maybe<boolean>;
  /**
   * The account (or peer domain) that a certificate, in DER, stands for; `authzid` chooses where it names
   * several. Or why it may not be that one.
   */
  external?(
    certificate: Uint8Array,
    authzid: string | undefined,
    peer: string,
  ): Maybe<string | Failure | undefined>;
  /** A name for a guest from this address, or why there is none. */
  anonymous?(peer: string, trace: string | undefined): Maybe<string | Failure>;
  /**
   * Whether an account is switched off. Asked only after the password proved right, so that strangers learn
   * nothing.
   */
  disabled?(username: string): boolean;
}

/** What stands in for the keys of accounts that do not exist, so that they look like any other. */
export interface Decoy {
  /** Secret of the server and the same over restarts: a name must always be given the same salt. */
  readonly secret: Uint8Array;
  /** The iteration count that new passwords get. */
  readonly iterations: number;
  /** The length of the salts that new passwords get; 16 when left out. */
  readonly saltBytes?: number;
}

/** What an attempt is made with. */
export interface ExchangeContext {
  readonly backend: Credentials;
  readonly domain: string;
  readonly channel: ChannelFacts;
  /** What the keys look like that stand in for those which a name has none of. */
  decoy(username: string, hash: ScramHash): Decoy;
  /** The mechanisms that this client was offered; tells a downgrade from an honest `y` (RFC 5802 §6). */
  readonly offered: readonly string[];
  /** A binding that we do not know was tried before: its `y` is honest, nothing was hidden from this client. */
  readonly bindingRefused?: boolean;
  /**
   * The channel binding types this client was told of (XEP-0440), none or more. When given, SCRAM confirms
   * both lists to the client (XEP-0474).
   */
  readonly announced?: readonly string[];
  /** The address of the peer, for providers that care. */
  readonly peer: string;
  /** A fresh nonce: at least 18 random bytes in printable ASCII without a comma. */
  nonce(): string;
  /** The canonical local part of an account's name, or undefined when it can be none. */
  username(text: string): string | undefined;
}

/** A mechanism: a value without state. */
export interface Mechanism {
  readonly name: string;
  /** Whether a connection like this can use it. */
  available(channel: ChannelFacts): boolean;
  /** Whether these credentials can serve it. */
  served(backend: Credentials): boolean;
  start(context: ExchangeContext): Exchange;
}

/** A failed step. */
export function failed(failure: SaslCondition, text?: string): Failure {
  return text === undefined ? { failure } : { failure, text };
}

/** Runs a step and turns what a provider throws, now or later, into `temporary-auth-failure`. */
export function guarded(run: () => Maybe<Step>): Maybe<Step> {
  try {
    const step = run();
    return isPromise(step) ? step.catch(broken) : step;
  } catch (error) {
    return broken(error);
  }
}

function broken(cause: unknown): Failure {
  return {
    failure: "temporary-auth-failure",
    text: "accounts cannot be looked up now, try again later",
    cause,
  };
}
