/**
 * Stanza errors (RFC 6120 §8.3): every defined condition with its usual type, and the error as a value that can be
 * thrown by a handler or returned by a guard. An error of this class is an answer to the sender, never a fault of ours.
 */
import { el, type Element } from "../xml/element.ts";

export const STANZAS_NS = "urn:ietf:params:xml:ns:xmpp-stanzas";

export type ErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The conditions of RFC 6120 §8.3.3, each with the type that the RFC associates with it. */
const TYPES = {
  "bad-request": "modify",
  "conflict": "cancel",
  "feature-not-implemented": "cancel",
  "forbidden": "auth",
  "gone": "cancel",
  "internal-server-error": "cancel",
  "item-not-found": "cancel",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  "redirect": "modify",
  "registration-required": "auth",
  "remote-server-not-found": "cancel",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "service-unavailable": "cancel",
  "subscription-required": "auth",
  "undefined-condition": "cancel",
  "unexpected-request": "wait",
} as const satisfies Record<string, ErrorType>;

export type Condition = keyof typeof TYPES;

export interface ErrorDetails {
  /** Where the usual type of the condition does not fit. */
  readonly type?: ErrorType;
  /** Application-specific conditions (RFC 6120 §8.3.4), placed after the text. */
  readonly extra?: readonly Element[];
  /** The new address, for `gone` and `redirect`. */
  readonly uri?: string;
  /** The entity that answers, where it is not the addressee (RFC 6120 §8.3.1 'by'). */
  readonly by?: string;
  /** What the answer has beside the error, such as the parts of a request that were refused. */
  readonly beside?: Element;
}

/** Why a stanza is answered with an error. */
export class StanzaError extends Error {
  override readonly name = "StanzaError";
  readonly type: ErrorType;

  constructor(readonly condition: Condition, readonly text?: string, readonly details: ErrorDetails = {}) {
    super(text ?? condition);
    this.type = details.type ?? TYPES[condition];
  }

  /** The `<error/>` child of an error stanza. */
  toElement(): Element {
    const { uri, extra, by } = this.details;
    return el("error", "jabber:client", { type: this.type, by }, [
      el(this.condition, STANZAS_NS, {}, uri),
      this.text === undefined ? undefined : el("text", STANZAS_NS, { "xml:lang": "en" }, this.text),
      ...(extra ?? []),
    ]);
  }
}

/** A stanza's defined condition, read from its `<error/>`; undefined where there is none that we know. */
export function conditionOf(error: Element | undefined): Condition | undefined {
  for (const child of error?.elements() ?? []) {
    if (child.ns === STANZAS_NS && child.name in TYPES) return child.name as Condition;
  }
  return undefined;
}

const ERROR_TYPES: readonly ErrorType[] = ["auth", "cancel", "continue", "modify", "wait"];

/** What an error stanza says, with the type it was given: whether to try again is the sender's word (RFC 6120 §8.3.2). */
export function readError(error: Element | undefined): StanzaError {
  const type = ERROR_TYPES.find((known) => known === error?.attr("type"));
  return new StanzaError(
    conditionOf(error) ?? "undefined-condition",
    error?.childText("text", STANZAS_NS),
    type === undefined ? {} : { type },
  );
}
