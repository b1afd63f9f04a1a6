/**
 * The mechanisms HT-SHA-256-… (draft-schmaus-kitten-sasl-ht-09): a name and an HMAC under a token in one message, and the
 * server's own HMAC in its answer. Each is tied to what binds it to the channel, and a token to one of them.
 */
import {
  type BindingType,
  decodeUtf8,
  encodeUtf8,
  type Exchange,
  type ExchangeContext,
  hmac,
  type Mechanism,
  saslFailure,
  type SaslStep,
  timingSafeEqual,
} from "#plugin";
import type { Token } from "./fast_devices.ts";

/** The mechanisms by name, strongest binding first; undefined for none. */
export const BINDINGS: ReadonlyMap<string, BindingType | undefined> = new Map([
  ["HT-SHA-256-EXPR", "tls-exporter"],
  ["HT-SHA-256-ENDP", "tls-server-end-point"],
  ["HT-SHA-256-NONE", undefined],
]);

/** Where a login's tokens are, and what becomes of the one that was right. */
export interface TokenCheck {
  /** The tokens of a name, newest first. */
  tokens(username: string): readonly Token[];
  /** The proof was right: why it is no login all the same, or undefined. */
  accept(username: string, token: Token): SaslStep | undefined;
}

/** What the two sides prove with one token on one kind of channel. */
interface Proofs {
  readonly binding: Uint8Array;
  readonly initiator: Uint8Array;
  readonly responder: Uint8Array;
}

/**
 * Proofs that were right, as long as their token is at hand: they are the same at every login, and two HMACs are a third of
 * its cost. A token that is over takes them along.
 */
export type KnownProofs = WeakMap<Token, Proofs>;

const LONGEST_NAME = 255;
const PROOF_BYTES = 32;
const NO_TOKEN = "there is no such token";
const NO_BINDING = new Uint8Array(0);

/** A mechanism for one login. */
export function hashedToken(name: string, check: TokenCheck, known: KnownProofs): Mechanism {
  return {
    name,
    available: () => true,
    served: () => true,
    start: (context) => new HashedToken(name, context, check, known),
  };
}

class HashedToken implements Exchange {
  #done = false;

  constructor(
    private readonly name: string,
    private readonly context: ExchangeContext,
    private readonly check: TokenCheck,
    private readonly known: KnownProofs,
  ) {}

  step(input: Uint8Array): SaslStep {
    if (this.#done) return saslFailure("malformed-request", "this attempt is over");
    this.#done = true;
    const end = input.indexOf(0);
    const proof = input.subarray(end + 1);
    if (end < 1 || end > LONGEST_NAME || proof.length !== PROOF_BYTES) {
      return saslFailure("malformed-request", "the message is a name, NUL, and 32 bytes");
    }
    const username = this.context.username(decodeUtf8(input.subarray(0, end)));
    if (username === undefined) return saslFailure("malformed-request", "no account can have this name");
    const type = BINDINGS.get(this.name);
    const binding = type === undefined ? NO_BINDING : this.context.channel.bindings?.get(type);
    if (binding === undefined) {
      return saslFailure("malformed-request", `${type} cannot be checked on this connection`);
    }
    return this.#verify(username, proof, binding);
  }

  #verify(username: string, proof: Uint8Array, binding: Uint8Array): SaslStep {
    const tokens = this.check.tokens(username).filter((token) => token.mechanism === this.name);
    for (const token of tokens) {
      const known = this.known.get(token);
      const proofs = known !== undefined && isSame(known.binding, binding)
        ? known
        : proofsOf(token.secret, binding);
      if (!timingSafeEqual(proof, proofs.initiator)) continue;
      if (proofs !== known) this.known.set(token, proofs);
      return this.check.accept(username, token) ?? { success: { username }, data: proofs.responder };
    }
    // A name without tokens costs what one with a token costs.
    if (tokens.length === 0) proofsOf(NO_TOKEN, binding);
    return saslFailure("not-authorized");
  }
}

function proofsOf(secret: string, binding: Uint8Array): Proofs {
  const key = encodeUtf8(secret);
  return {
    binding,
    initiator: hmac("SHA-256", key, said("Initiator", binding)),
    responder: hmac("SHA-256", key, said("Responder", binding)),
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}

function said(who: "Initiator" | "Responder", binding: Uint8Array): Uint8Array {
  const text = encodeUtf8(who);
  const whole = new Uint8Array(text.length + binding.length);
  whole.set(text);
  whole.set(binding, text.length);
  return whole;
}
