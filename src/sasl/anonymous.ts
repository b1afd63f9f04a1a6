/**
 * ANONYMOUS (RFC 4505): a guest without an account. The client may leave a trace, which nobody should
 * believe.
 */

import { decodeUtf8Strict } from "../base/bytes.ts";
import { type Maybe, then } from "../base/maybe.ts";
import { type ExchangeContext, failed, guarded, type Mechanism, type Step } from "./mechanism.ts";

const LONGEST = 255; // characters of a trace (RFC 4505 §2)
const CONTROL = /[\p{Cc}\p{Cs}]/u;

/** The mechanism ANONYMOUS. */
export const anonymous: Mechanism = {
  name: "ANONYMOUS",
  available: () => true,
  served: (backend) => backend.anonymous !== undefined,
  start: (context) => {
    let done = false;
    return {
      step(input) {
        if (done) return failed("malformed-request", "this attempt is over");
        done = true;
        return guarded(() => admit(input, context));
      },
    };
  },
};

function admit(input: Uint8Array, context: ExchangeContext): Maybe<Step> {
  const trace = input.length > LONGEST * 4 ? undefined : decodeUtf8Strict(input);
  if (trace === undefined || Array.from(trace).length > LONGEST || CONTROL.test(trace)) {
    return failed(
      "malformed-request",
      "the trace is longer than 255 characters, not UTF-8, or has control characters",
    );
  }
  const guest = context.backend.anonymous?.(context.peer, trace === "" ? undefined : trace) ??
    failed("not-authorized");
  return then(guest, (made): Step => typeof made === "string" ? { success: { username: made } } : made);
}
