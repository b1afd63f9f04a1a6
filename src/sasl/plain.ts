/**
 * PLAIN (RFC 4616): the password itself, to be offered only where nobody can read along.
 */

import { decodeUtf8Strict } from "../base/bytes.ts";
import { type Maybe, then } from "../base/maybe.ts";
import { isOwn } from "./authzid.ts";
import {
  type Exchange,
  type ExchangeContext,
  failed,
  guarded,
  type Mechanism,
  type Step,
} from "./mechanism.ts";
import { saslprep } from "./saslprep.ts";

const LONGEST = 4096;

/** The mechanism PLAIN. */
export const plain: Mechanism = {
  name: "PLAIN",
  available: (channel) => channel.secure,
  served: (backend) => backend.password !== undefined,
  start: (context) => new PlainExchange(context),
};

class PlainExchange implements Exchange {
  readonly #context: ExchangeContext;
  #asked = false;
  #done = false;

  constructor(context: ExchangeContext) {
    this.#context = context;
  }

  step(input: Uint8Array): Maybe<Step> {
    if (input.length === 0 && !this.#asked && !this.#done) {
      this.#asked = true;
      return { challenge: new Uint8Array(0) };
    }
    if (this.#done) return failed("malformed-request", "this attempt is over");
    this.#done = true;
    return guarded(() => this.#check(input));
  }

  #check(input: Uint8Array): Maybe<Step> {
    const text = input.length > LONGEST ? undefined : decodeUtf8Strict(input);
    if (text === undefined) return failed("malformed-request", "the message is too long or not UTF-8");
    const parts = text.split("\0");
    const [authzid = "", name = "", given = ""] = parts;
    if (parts.length !== 3 || name === "" || given === "") {
      return failed(
        "malformed-request",
        "PLAIN is [authzid] NUL name NUL password, and name and password are not empty",
      );
    }
    const username = this.#context.username(name);
    const password = saslprep(given);
    // RFC 4616 §2: what cannot be prepared fails as a wrong password does.
    if (username === undefined || username === "" || password === undefined || password === "") {
      return failed("not-authorized");
    }
    if (!isOwn(authzid, username, this.#context)) {
      return failed("invalid-authzid", "an account can act only for itself");
    }
    return then(this.#context.backend.password?.(username, password) ?? false, (right): Step => {
      if (!right) return failed("not-authorized");
      if (this.#context.backend.disabled?.(username)) return failed("account-disabled");
      return { success: authzid === "" ? { username } : { username, authzid } };
    });
  }
}
