/** What a client may send wrongly where a token is expected, and what it is told (XEP-0484, XEP-0388). */
import { authenticate, hashedToken } from "./sasl2_client.ts";
import { base64 } from "./scram_client.ts";

const ENDP = "HT-SHA-256-ENDP";
const NONE = "HT-SHA-256-NONE";

export const FAULTS: readonly [what: string, sent: string, condition: string][] = [
  ["no <fast/> beside it", authenticate({ mechanism: NONE, initial: base64("x") }), "invalid-mechanism"],
  [
    "a binding that this connection has not",
    hashedToken({ username: "a", token: "x", mechanism: ENDP }),
    "invalid-mechanism",
  ],
  ["no <user-agent/>", hashedToken({ username: "alice", token: "x", agent: "" }), "malformed-request"],
  ["a count of 0", hashedToken({ username: "alice", token: "x", fast: "count='0'" }), "malformed-request"],
  [
    "a count that is none",
    hashedToken({ username: "alice", token: "x", fast: "count='1e3'" }),
    "malformed-request",
  ],
  [
    "a count too great",
    hashedToken({ username: "alice", token: "x", fast: "count='2147483648'" }),
    "malformed-request",
  ],
  [
    "invalidate=maybe",
    hashedToken({ username: "alice", token: "x", fast: "invalidate='maybe'" }),
    "malformed-request",
  ],
  ["a name that is none", hashedToken({ username: "a@b", token: "x" }), "malformed-request"],
  ["no name", hashedToken({ username: "", token: "x" }), "malformed-request"],
  ["a name of 256 bytes", hashedToken({ username: "a".repeat(256), token: "x" }), "malformed-request"],
];
