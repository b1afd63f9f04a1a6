/**
 * Message processing hints (XEP-0334): what the sender would like archives, offline stores and carbons to do.
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace of the hints. */
export const HINTS_NS = "urn:xmpp:hints";

/** The hints there are. */
export type Hint = "no-permanent-store" | "no-store" | "no-copy" | "store";

/**
 * Whether a message carries a hint. Errors do not count: they carry the payload of what failed (XEP-0334 §5).
 */
export function hasHint(message: Element, hint: Hint): boolean {
  return message.has(hint, HINTS_NS) && message.attr("type") !== "error";
}

/** A hint to put into a message. */
export function buildHint(hint: Hint): Element {
  return el(hint, HINTS_NS);
}
