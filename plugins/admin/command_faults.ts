/** The errors of ad-hoc commands (XEP-0050 §4.4). */
import { el, StanzaError } from "#plugin";

export const COMMANDS_NS = "http://jabber.org/protocol/commands";

type Fault = "malformed-action" | "bad-action" | "bad-locale" | "bad-payload" | "bad-sessionid";

/** What was asked makes no sense, and why. */
export function badRequest(fault: Fault, text: string): StanzaError {
  return new StanzaError("bad-request", text, { extra: [el(fault, COMMANDS_NS)] });
}

export function sessionExpired(): StanzaError {
  return new StanzaError("not-allowed", "this command has ended; start it again", {
    extra: [el("session-expired", COMMANDS_NS)],
  });
}

/** XEP-0050 has the type "cancel" here, since no login would help. */
export function notForYou(): StanzaError {
  return new StanzaError("forbidden", "you may not execute this command", { type: "cancel" });
}
