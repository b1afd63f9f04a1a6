/**
 * EXTERNAL (RFC 4422 Appendix A, XEP-0178): who one is follows from the certificate of the TLS connection.
 * The provider judges the certificate; here only the shape of the exchange and the authorization identity are
 * checked.
 */

import { decodeUtf8Strict } from "../base/bytes.ts";
import { type Maybe, then } from "../base/maybe.ts";
import { isOwn } from "./authzid.ts";
import { type ExchangeContext, failed, guarded, type Mechanism, type Step } from "./mechanism.ts";

const LONGEST = 3071; // a full JID (RFC 7622 §3.1)

/** The mechanism EXTERNAL. */
export const external: Mechanism = {
  name: "EXTERNAL",
  available: (channel) => channel.secure && channel.certificate !== undefined,
  served: (backend) => backend.external !== undefined,
  start: (context) => {
    let done = false;
    return {
      // An empty response is a response: the certificate alone says who it is.
      step(input) {
        if (done) return failed("malformed-request", "this attempt is over");
        done = true;
        return guarded(() => check(input, context));
      },
    };
  },
};

function check(input: Uint8Array, context: ExchangeContext): Maybe<Step> {
  const authzid = input.length > LONGEST ? undefined : decodeUtf8Strict(input);
  if (authzid === undefined || authzid.includes("\0")) {
    return failed("malformed-request", "the authorization identity is too long, not UTF-8, or has a NUL");
  }
  const { certificate } = context.channel;
  if (certificate === undefined) return failed("not-authorized", "the connection shows no certificate");
  const asked = authzid === "" ? undefined : authzid;
  return then(context.backend.external?.(certificate, asked, context.peer), (username): Step => {
    if (username === undefined) return failed("not-authorized", "the certificate stands for no account here");
    if (typeof username !== "string") return username;
    // A peer server is named by its domain alone.
    if (authzid !== username && !isOwn(authzid, username, context)) {
      return failed("invalid-authzid", "an account can act only for itself");
    }
    if (context.backend.disabled?.(username)) return failed("account-disabled");
    return { success: asked === undefined ? { username } : { username, authzid: asked } };
  });
}
