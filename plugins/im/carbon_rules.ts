/** Which messages are worth a copy for the account's other devices: the rules of XEP-0280 §6.1, all of them. */
import { CONTENT_NS, HINTS_NS, type Stanza } from "#plugin";

export const CARBONS_NS = "urn:xmpp:carbons:2";
const CHAT_STATES_NS = "http://jabber.org/protocol/chatstates";
const CONFERENCE_NS = "jabber:x:conference";
const MARKERS_NS = "urn:xmpp:chat-markers:0";
export const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
const RECEIPTS_NS = "urn:xmpp:receipts";

/** Seen from the account whose devices get the copies. */
export type Direction = "sent" | "received";

/** "if-asked": an error, which is copied where the message that it answers was. */
export type Worth = "copy" | "leave" | "if-asked";

/** What becomes of a message. What is a copy itself, or says that it is, is never copied. */
export function carbonWorth({ type, source, from, to }: Stanza, direction: Direction): Worth {
  if (type === "groupchat") return "leave";
  // Hints and payloads in an error are those of the message that failed (XEP-0334 §5).
  if (type === "error") return "if-asked";
  let hasBody = false;
  let isTalk = type === "chat";
  let isFromRoom = false;
  let isInvitation = false;
  const nodes = source.children;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (typeof node === "string") continue;
    switch (node.ns) {
      case CONTENT_NS:
        if (node.name === "body") hasBody = true;
        break;
      case CARBONS_NS:
        return "leave";
      case HINTS_NS:
        if (node.name === "no-copy") return "leave";
        break;
      case CHAT_STATES_NS:
      case MARKERS_NS:
      case RECEIPTS_NS:
        isTalk = true;
        break;
      case CONFERENCE_NS:
        isInvitation = true;
        break;
      case MUC_USER_NS:
        isFromRoom = true;
        if (node.has("invite")) isInvitation = true;
        break;
    }
  }
  if (isInvitation) return "copy";
  if (isFromRoom) {
    // A room gives its private messages to all joined devices itself; it cannot do so for what they send.
    if (direction === "received" && from !== undefined && from.resource !== "") return "leave";
    if (direction === "sent" && to !== undefined && to.resource !== "") return "copy";
  }
  return isTalk || (type === "normal" && hasBody) ? "copy" : "leave";
}
