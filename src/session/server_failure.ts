/** Why another server cannot be spoken to, as the error that the senders get (RFC 6120 §8.3.3, XEP-0220 §2.5). */
import { type Condition, StanzaError } from "../stanza/error.ts";
import { StreamError } from "../stream/error.ts";
import type { End } from "../stream/stream.ts";
import type { DialbackOutcome } from "./dialback_element.ts";

/** The peer, or we, do not accept who the other is. Trying again does not help, and neither do credentials of the sender. */
export function unauthorised(remote: string, why: string): StanzaError {
  return new StanzaError("not-authorized", `${remote}: ${why}`, { type: "cancel" });
}

/** What an unsuccessful dialback means for what waits for it. */
export function dialbackFailure(remote: string, outcome: DialbackOutcome): StanzaError {
  const text = `${remote}: dialback: ${outcome}`;
  // XEP-0220 §2.1.1: a key that was found to be false.
  if (outcome === "invalid") return new StanzaError("internal-server-error", text);
  const condition = DIALBACK[outcome];
  if (condition === "not-authorized") return new StanzaError(condition, text, { type: "cancel" });
  // XEP-0220 §2.5: what is not the senders' affair is for another time.
  return new StanzaError(condition ?? "remote-server-timeout", text);
}

/** Where the peer's word says something to the sender, it is passed on; all else is `remote-server-timeout`. */
const DIALBACK: Readonly<Record<string, Condition>> = {
  "item-not-found": "remote-server-not-found",
  "forbidden": "forbidden",
  "policy-violation": "policy-violation",
  "not-acceptable": "not-acceptable",
  "not-authorized": "not-authorized",
  "not-allowed": "not-allowed",
  "resource-constraint": "resource-constraint",
};

/** What the end of a stream means that was not ready. `said` is the condition of the peer's error, "" where it had none. */
export function streamFailure(remote: string, end: End, said: string): StanzaError {
  if (said !== "") {
    const text = `${remote} ended the stream: ${said}`;
    const condition = PEER[said] ?? "remote-server-timeout";
    return new StanzaError(condition, text, condition === "not-authorized" ? { type: "cancel" } : {});
  }
  const why = end instanceof StreamError
    ? `${end.condition}${end.text === undefined ? "" : `: ${end.text}`}`
    : end?.message ?? "the stream was closed";
  return new StanzaError("remote-server-timeout", `${remote}: ${why}`);
}

const PEER: Readonly<Record<string, Condition>> = {
  "host-unknown": "remote-server-not-found",
  "host-gone": "remote-server-not-found",
  "not-authorized": "not-authorized",
  "policy-violation": "not-authorized",
  "invalid-from": "not-authorized",
  "resource-constraint": "resource-constraint",
};
