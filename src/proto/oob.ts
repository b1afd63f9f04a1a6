/**
 * Out of band data (XEP-0066): an address outside XMPP, in a stanza (`jabber:x:oob`) or asked for
 * (`jabber:iq:oob`).
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace in messages, presence and other payloads. */
export const OOB_NS = "jabber:x:oob";
/** The namespace of requests. */
export const OOB_IQ_NS = "jabber:iq:oob";

/** An address and what is there. */
export interface Link {
  readonly url: string;
  readonly desc?: string | undefined;
}

/** An `<x/>` with an address. */
export function buildOob(link: Link): Element {
  const { url, desc } = link;
  return el("x", OOB_NS, undefined, [
    el("url", OOB_NS, undefined, url),
    desc === undefined ? undefined : el("desc", OOB_NS, undefined, desc),
  ]);
}

/** The address in an `<x/>` or a `<query/>`; undefined when it has none. */
export function readOob(element: Element): Link | undefined {
  const url = element.childText("url")?.trim();
  if (url === undefined || url === "") return undefined;
  return { url, desc: element.childText("desc") };
}
