/** Which messages are worth keeping for somebody who is away (XEP-0160 §3, XEP-0334 §4). */
import { CONTENT_NS, type Element, hasHint, HINTS_NS, type Stanza, STANZA_ID_NS } from "#plugin";

/**
 * "keep" it; "refuse" it, so that its sender knows that it went nowhere; or "forget" it, as nobody misses it later. An error
 * for what is only of the moment would do nothing but tell strangers whether somebody is there.
 */
export type Worth = "keep" | "refuse" | "forget";

/** What is of the moment, or only says something about a message that is not here. */
const PASSING: ReadonlySet<string> = new Set([
  "http://jabber.org/protocol/chatstates",
  "http://jabber.org/protocol/nick",
  "jabber:x:delay",
  "jabber:x:event",
  "urn:xmpp:carbons:2",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:delay",
  // A page of an archive that its reader did not live to see.
  "urn:xmpp:mam:2",
  "urn:xmpp:occupant-id:0",
  "urn:xmpp:receipts",
  HINTS_NS,
  STANZA_ID_NS,
]);

const MUC_USER_NS = "http://jabber.org/protocol/muc#user";

export function worthOf(stanza: Stanza): Worth {
  const { type, source } = stanza;
  if (type === "groupchat") return "refuse";
  if (type !== "chat" && type !== "normal") return "forget";
  const words = saysSomething(source);
  if (hasHint(source, "no-store")) return words ? "refuse" : "forget";
  if (words || hasHint(source, "store")) return "keep";
  return source.children.some(isLasting) ? "keep" : "forget";
}

/** A text for a person. */
function saysSomething(source: Element): boolean {
  return source.children.some((node) =>
    typeof node !== "string" && node.ns === CONTENT_NS && (node.name === "body" || node.name === "subject") &&
    node.text !== ""
  );
}

/** A payload without words that still matters later: an invitation, something encrypted. */
function isLasting(node: Element | string): boolean {
  if (typeof node === "string" || node.ns === CONTENT_NS || PASSING.has(node.ns)) return false;
  // Empty, it only marks what is said in private (XEP-0045 §7.5).
  return node.ns !== MUC_USER_NS || node.first() !== undefined;
}
