/**
 * Delayed delivery (XEP-0203): when a stanza was sent that arrives later. The older `jabber:x:delay` is read,
 * never written.
 */

import { el, type Element } from "../xml/element.ts";
import { formatDateTime, parseDateTime, parseLegacyDateTime } from "./datetime.ts";

/** The namespace of `<delay/>`. */
export const DELAY_NS = "urn:xmpp:delay";
const LEGACY_NS = "jabber:x:delay";

/** What a delay stamp says. */
export interface Delay {
  /** When the stanza was sent, in milliseconds since 1970. */
  readonly stamp: number;
  /** Who held it back, as it was written. */
  readonly from: string | undefined;
  readonly reason: string | undefined;
}

/** A `<delay/>`. */
export function buildDelay(stamp: number, from?: string, reason?: string): Element {
  return el("delay", DELAY_NS, { from, stamp: formatDateTime(stamp) }, reason);
}

/** Reads one `<delay/>` (or the old `<x/>`); undefined when its time is missing or wrong. */
export function readDelay(delay: Element): Delay | undefined {
  const text = delay.attr("stamp") ?? "";
  const stamp = delay.ns === LEGACY_NS ? parseLegacyDateTime(text) : parseDateTime(text);
  if (stamp === undefined) return undefined;
  const reason = delay.text.trim();
  return { stamp, from: delay.attr("from"), reason: reason === "" ? undefined : reason };
}

/**
 * The delay a stanza or a `<forwarded/>` carries. `from` limits it to stamps of that entity: others may be
 * forged.
 */
export function delayOf(parent: Element, from?: string): Delay | undefined {
  for (const child of parent.elements()) {
    const known = child.ns === DELAY_NS && child.name === "delay" ||
      child.ns === LEGACY_NS && child.name === "x";
    if (!known || from !== undefined && child.attr("from") !== from) continue;
    const delay = readDelay(child);
    if (delay !== undefined) return delay;
  }
  return undefined;
}
