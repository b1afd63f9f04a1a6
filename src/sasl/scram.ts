/**
 * SCRAM (RFC 5802, RFC 7677) with SHA-1, SHA-256 and SHA-512, plain and bound to the channel (-PLUS).
 *
 * A name that no account has gets keys of its own (`decoyKeys`), always the same, and goes the whole way: its
 * messages have the shape of a wrong password's and cost the same work, so that names cannot be tried out.
 *
 * What the client was offered is confirmed to it under the password's signature (XEP-0474), so that a list that somebody
 * has shortened is noticed.
 */

import { concat, decodeUtf8Strict, encodeBase64, encodeUtf8, timingSafeEqual } from "../base/bytes.ts";
import { type Maybe, then } from "../base/maybe.ts";
import { isOwn } from "./authzid.ts";
import { hashed, hmac } from "./digest.ts";
import {
  type BindingType,
  type ChannelFacts,
  type Exchange,
  type ExchangeContext,
  failed,
  type Failure,
  guarded,
  type Mechanism,
  type ScramHash,
  type ScramKeys,
  type Step,
} from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";
import { decoyKeys } from "./scram_keys.ts";
import { type ClientFinal, type ClientFirst, readClientFinal, readClientFirst } from "./scram_message.ts";

/** A SCRAM mechanism. */
export function scram(hash: ScramHash, plus: boolean): Mechanism {
  return {
    name: `SCRAM-${hash}${plus ? "-PLUS" : ""}`,
    // Never offered where it could not be finished: -PLUS needs a binding that this connection can check.
    available: (channel) => !plus || hasBinding(channel),
    served: (backend) => backend.scram !== undefined && (backend.hashes?.includes(hash) ?? true),
    start: (context) => new ScramExchange(context, hash, plus),
  };
}

function hasBinding(channel: ChannelFacts): boolean {
  return channel.secure && channel.bindings !== undefined && channel.bindings.size > 0;
}

function isBoundScram(name: string): boolean {
  return name.startsWith("SCRAM-") && name.endsWith("-PLUS");
}

type State = "new" | "asked" | "sent" | "done";

class ScramExchange implements Exchange {
  readonly #context: ExchangeContext;
  readonly #hash: ScramHash;
  readonly #plus: boolean;
  #state: State = "new";
  #username = "";
  #first: ClientFirst | undefined;
  #keys: ScramKeys | undefined;
  #known = false;
  #nonce = "";
  #serverFirst = "";

  constructor(context: ExchangeContext, hash: ScramHash, plus: boolean) {
    this.#context = context;
    this.#hash = hash;
    this.#plus = plus;
  }

  step(input: Uint8Array): Maybe<Step> {
    const state = this.#state;
    this.#state = "done";
    if (input.length === 0 && state === "new") {
      this.#state = "asked"; // the client speaks first in SCRAM: an empty challenge asks it to
      return { challenge: new Uint8Array(0) };
    }
    const text = decodeUtf8Strict(input);
    if (text === undefined) return failed("malformed-request", "the message is not UTF-8");
    if (state === "sent") return this.#final(text);
    if (state === "done") return failed("malformed-request", "this attempt is over");
    return guarded(() => this.#begin(text));
  }

  #begin(text: string): Maybe<Step> {
    const first = readClientFirst(text);
    if ("failure" in first) return first;
    const fault = this.#bindingFault(first);
    if (fault !== undefined) return fault;
    const prepared = saslprep(first.username); // RFC 5802 §5.1, before what accounts are called here
    const username = prepared === undefined ? undefined : this.#context.username(prepared);
    if (username === undefined || username === "") {
      return failed("malformed-request", "invalid-username-encoding: no account can have this name");
    }
    if (!isOwn(first.authzid, username, this.#context)) {
      return failed("invalid-authzid", "an account can act only for itself");
    }
    this.#first = first;
    this.#username = username;
    return then(this.#context.backend.scram?.(username, this.#hash), (keys) => this.#challenge(first, keys));
  }

  // RFC 5802 §6.
  #bindingFault(first: ClientFirst): Failure | undefined {
    if (!this.#plus) {
      if (first.flag === "p") {
        return failed("malformed-request", "channel binding needs a mechanism with -PLUS");
      }
      const { bindingRefused, offered } = this.#context;
      if (first.flag === "y" && bindingRefused !== true && offered.some(isBoundScram)) {
        return failed(
          "not-authorized",
          "server-does-support-channel-binding: somebody may have changed the mechanism list",
        );
      }
      return undefined;
    }
    if (first.flag !== "p") {
      return failed("malformed-request", "a mechanism with -PLUS needs channel binding");
    }
    if (this.#bound(first) !== undefined) return undefined;
    const text = `unsupported-channel-binding-type: ${first.binding.slice(0, 40)} cannot be checked here`;
    return { failure: "malformed-request", text, uncounted: true };
  }

  #bound(first: ClientFirst): Uint8Array | undefined {
    return this.#context.channel.bindings?.get(first.binding as BindingType);
  }

  #challenge(first: ClientFirst, keys: ScramKeys | undefined): Step {
    // Made for existing accounts too: both cases shall take the same time.
    const look = this.#context.decoy(this.#username, this.#hash);
    const decoy = decoyKeys(this.#username, this.#hash, look);
    const used = keys ?? decoy;
    this.#known = keys !== undefined;
    this.#keys = used;
    this.#nonce = first.nonce + this.#context.nonce();
    this.#serverFirst = `r=${this.#nonce},s=${
      encodeBase64(used.salt)
    },i=${used.iterations}${this.#confirmed()}`;
    this.#state = "sent";
    return { challenge: encodeUtf8(this.#serverFirst) };
  }

  // XEP-0474 §5.1: what was offered, hashed, so that a client notices when somebody has shortened a list on
  // the way.
  #confirmed(): string {
    const { offered, announced } = this.#context;
    if (announced === undefined) return "";
    const bindings = announced.length === 0 ? "" : "\x1f" + [...announced].sort().join("\x1e");
    const lists = [...offered].sort().join("\x1e") + bindings;
    return `,h=${encodeBase64(hashed(this.#hash, encodeUtf8(lists)))}`;
  }

  #final(text: string): Maybe<Step> {
    const keys = this.#keys;
    const first = this.#first;
    const final = readClientFinal(text);
    if ("failure" in final) return final;
    if (keys === undefined || first === undefined) return failed("malformed-request", "this attempt is over");
    if (final.nonce !== this.#nonce) {
      return failed("malformed-request", "the nonce is not the one that was sent");
    }
    const bound = first.flag === "p" ? this.#bound(first) : undefined;
    const expected = encodeUtf8(first.header);
    if (!timingSafeEqual(final.binding, bound === undefined ? expected : concat(expected, bound))) {
      return failed("not-authorized", "channel-bindings-dont-match");
    }
    return this.#verdict(final, first, keys);
  }

  // RFC 5802 §3: the proof, taken apart with what we keep, must give the key whose hash we keep.
  #verdict(final: ClientFinal, first: ClientFirst, keys: ScramKeys): Maybe<Step> {
    const message = `${first.bare},${this.#serverFirst},${final.withoutProof}`;
    const signature = hmac(this.#hash, keys.storedKey, message);
    if (final.proof.length !== signature.length) {
      return failed("malformed-request", "the proof has not the length of this hash");
    }
    const clientKey = new Uint8Array(signature.length);
    for (let i = 0; i < clientKey.length; i++) clientKey[i] = (signature[i] ?? 0) ^ (final.proof[i] ?? 0);
    const right = timingSafeEqual(hashed(this.#hash, clientKey), keys.storedKey);
    if (!right || !this.#known) return failed("not-authorized");
    return guarded(() =>
      then(this.#context.backend.scram?.(this.#username, this.#hash), (now): Step => {
        // Another password may have been set since the challenge: whoever knows the old one only has come too late.
        if (now !== keys && !(now !== undefined && timingSafeEqual(now.storedKey, keys.storedKey))) {
          return failed("not-authorized");
        }
        if (this.#context.backend.disabled?.(this.#username)) return failed("account-disabled");
        const data = encodeUtf8(`v=${encodeBase64(hmac(this.#hash, keys.serverKey, message))}`);
        const { authzid } = first;
        const username = this.#username;
        return { success: authzid === "" ? { username } : { username, authzid }, data };
      })
    );
  }
}
