/**
 * Stanza forwarding (XEP-0297): a whole stanza inside another, for archives, carbons and people.
 */

import { el, type Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { buildDelay, type Delay, delayOf } from "./delay.ts";

/** The namespace of `<forwarded/>`. */
export const FORWARD_NS = "urn:xmpp:forward:0";

/** A stanza that was forwarded, and when it was received at first. */
export interface Forwarded {
  readonly stanza: Element;
  readonly delay: Delay | undefined;
}

/** A `<forwarded/>` around a stanza; `stamp` says when it was received, in milliseconds since 1970. */
export function buildForwarded(stanza: Element, stamp?: number): Element {
  return el("forwarded", FORWARD_NS, undefined, [
    stamp === undefined ? undefined : buildDelay(stamp),
    stanza,
  ]);
}

/** The stanza inside a `<forwarded/>`; undefined unless there is exactly one. */
export function readForwarded(forwarded: Element): Forwarded | undefined {
  const [stanza, second] = forwarded.elementsOf(CONTENT_NS);
  if (stanza === undefined || second !== undefined) return undefined;
  if (stanza.name !== "message" && stanza.name !== "presence" && stanza.name !== "iq") return undefined;
  return { stanza, delay: delayOf(forwarded) };
}

/** The forwarded stanza that an element has as a child. */
export function forwardedOf(parent: Element): Forwarded | undefined {
  const child = parent.child("forwarded", FORWARD_NS);
  return child === undefined ? undefined : readForwarded(child);
}
