/**
 * Last user interaction in presence (XEP-0319): since when nobody has touched the device.
 */

import { el, type Element } from "../xml/element.ts";
import { formatDateTime, parseDateTime } from "./datetime.ts";

/** The namespace of `<idle/>`. */
export const IDLE_NS = "urn:xmpp:idle:1";

/** An `<idle/>`. */
export function buildIdle(since: number): Element {
  return el("idle", IDLE_NS, { since: formatDateTime(since) });
}

/** Since when the sender of a presence has been idle, in milliseconds since 1970. */
export function idleSince(presence: Element): number | undefined {
  return parseDateTime(presence.child("idle", IDLE_NS)?.attr("since") ?? "");
}
