/**
 * Unique and stable stanza ids (XEP-0359): what an archive or a room calls a message, and what its sender
 * called it.
 */

import { Jid } from "../jid/jid.ts";
import { Element, newAttrs, type Node } from "../xml/element.ts";
import { escapeAttr } from "../xml/escape.ts";

/** The namespace of `<stanza-id/>` and `<origin-id/>`, which is also the feature to announce. */
export const STANZA_ID_NS = "urn:xmpp:sid:0";

const TEXT = `<stanza-id xmlns="${STANZA_ID_NS}" id="`;
const NO_CHILDREN: readonly Node[] = Object.freeze([]);

/** A `<stanza-id/>` given by an account or a room. Made in the short way, since every message of an archive gets one. */
export function buildStanzaId(id: string, by: Jid): Element {
  const attrs = newAttrs();
  attrs["id"] = id;
  attrs["by"] = by.toString();
  return new Element("stanza-id", STANZA_ID_NS, attrs, NO_CHILDREN);
}

/** The same as it is written. */
export function stanzaIdText(id: string, by: Jid): string {
  // Only a resource could have what must be escaped (RFC 7622 §3.3.1).
  const address = by.resource === "" ? by.toString() : escapeAttr(by.toString());
  return TEXT + escapeAttr(id) + '" by="' + address + '"/>';
}

/**
 * The id that `by` gave to a message. Trust it only when the server took away forged ones before
 * (`withoutStanzaIds`).
 */
export function stanzaIdBy(message: Element, by: Jid): string | undefined {
  for (const node of message.children) {
    if (typeof node !== "string" && isBy(node, by)) return node.attr("id");
  }
  return undefined;
}

/**
 * The message without ids that claim to be from `by` (XEP-0359 §3, rule 2); the same object when there are
 * none.
 */
export function withoutStanzaIds(message: Element, by: Jid): Element {
  for (const node of message.children) {
    if (typeof node !== "string" && isBy(node, by)) return message.without((child) => isBy(child, by));
  }
  return message;
}

/** The message with this id by `by`, in place of any other that claimed to be. */
export function withStanzaId(message: Element, id: string, by: Jid): Element {
  return withoutStanzaIds(message, by).plus(buildStanzaId(id, by));
}

/** The id the sender's client gave, which anybody can forge. */
export function originId(message: Element): string | undefined {
  return message.child("origin-id", STANZA_ID_NS)?.attr("id");
}

function isBy(element: Element, by: Jid): boolean {
  if (element.ns !== STANZA_ID_NS || element.name !== "stanza-id") return false;
  const text = element.attr("by");
  // An address in another spelling is the same address: a forger may not get past by writing capitals.
  return text !== undefined && (text === by.toString() || by.equals(Jid.tryParse(text)));
}
