/**
 * What a device that nobody looks at need not hear at once (XEP-0352 §3.2). A stanza waits only where all of it is known to
 * be of no hurry: whatever is not named here goes out, so that texts, receipts, markers, retractions, reactions, encrypted
 * payloads, errors, invitations and whatever the future brings are never held.
 */
import {
  CONTENT_NS,
  DELAY_NS,
  type Element,
  FORWARD_NS,
  forwardedOf,
  HINTS_NS,
  mentions,
  type Stanza,
} from "#plugin";

const CARBONS_NS = "urn:xmpp:carbons:2";
export const CHAT_STATES_NS = "http://jabber.org/protocol/chatstates";
const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
const PUBSUB_EVENT_NS = "http://jabber.org/protocol/pubsub#event";
const REPLY_NS = "urn:xmpp:reply:0";

/** Says something about a message, and nothing by itself. */
const ABOUT: ReadonlySet<string> = new Set([
  CHAT_STATES_NS,
  DELAY_NS,
  HINTS_NS,
  "http://jabber.org/protocol/address",
  "http://jabber.org/protocol/nick",
  "http://jabber.org/protocol/shim",
  "jabber:x:delay",
  "jabber:x:event",
  "urn:xmpp:occupant-id:0",
  "urn:xmpp:sid:0",
]);

/** What may come with the words of a room. */
const WITH_ROOM_WORDS: ReadonlySet<string> = new Set([
  ...ABOUT,
  CONTENT_NS,
  REPLY_NS,
  "http://jabber.org/protocol/xhtml-im",
  "jabber:x:oob",
  "urn:xmpp:fallback:0",
  "urn:xmpp:message-correct:0",
]);

/** Nodes whose news are nice to know: pictures, moods, tunes. Not device lists, which are needed for encryption. */
const LEISURELY_NODES: ReadonlySet<string> = new Set([
  "http://jabber.org/protocol/activity",
  "http://jabber.org/protocol/geoloc",
  "http://jabber.org/protocol/mood",
  "http://jabber.org/protocol/nick",
  "http://jabber.org/protocol/tune",
  "urn:xmpp:avatar:data",
  "urn:xmpp:avatar:metadata",
  "urn:xmpp:microblog:0",
  "urn:xmpp:vcard4",
]);

/** What must be known of the session to judge a room's message. */
export interface RoomView {
  /** The messages of rooms wait unless they name the person. */
  readonly holdsRooms: boolean;
  /** The own nickname in the room that a message is from, where it is known. */
  nickname(room: Stanza["from"]): string | undefined;
}

export function mayWait(stanza: Stanza, account: string, view: RoomView): boolean {
  const { kind, type, source } = stanza;
  if (kind === "iq" || type === "error") return false;
  if (kind === "presence") return (type === "available" || type === "unavailable") && !isRoomNotice(source);
  if (type === "groupchat") return view.holdsRooms && isRoomTalk(stanza, view.nickname(stanza.from));
  return mayMessageWait(source, stanza.from?.toString() === account);
}

/** A message that only says that somebody is typing. */
export function isChatState(source: Element): boolean {
  let found = false;
  for (const node of source.children) {
    if (typeof node === "string") continue;
    if (node.ns === CHAT_STATES_NS) found = true;
    else if (!ABOUT.has(node.ns) && !isThread(node)) return false;
  }
  return found;
}

/** `isOwn`: it is from the account itself, which alone may send copies (XEP-0280 §11). */
function mayMessageWait(source: Element, isOwn: boolean): boolean {
  let found = false;
  for (const node of source.children) {
    if (typeof node === "string") continue;
    if (node.ns === CARBONS_NS) {
      const inner = isOwn ? forwardedOf(node)?.stanza : undefined;
      if (inner === undefined || inner.attr("type") === "groupchat" || inner.attr("type") === "error") {
        return false;
      }
      if (node.elements().some((child) => child.ns !== FORWARD_NS) || !mayMessageWait(inner, false)) {
        return false;
      }
    } else if (node.ns === PUBSUB_EVENT_NS) {
      if (!isLeisurely(node)) return false;
    } else if (!ABOUT.has(node.ns) && !isThread(node)) return false;
    if (node.ns !== CONTENT_NS) found = true;
  }
  return found;
}

function isThread(node: Element): boolean {
  return node.ns === CONTENT_NS && node.name === "thread";
}

function isLeisurely(event: Element): boolean {
  const changes = event.elements();
  return changes.length > 0 && changes.every((change) => LEISURELY_NODES.has(change.attr("node") ?? ""));
}

/** A room says what became of somebody, perhaps of the person: joined, thrown out, renamed (XEP-0045 §15.6). */
function isRoomNotice(presence: Element): boolean {
  const x = presence.child("x", MUC_USER_NS);
  return x !== undefined && x.has("status");
}

/** Words of somebody else in a room that do not name the person. Without the nickname nobody can tell. */
function isRoomTalk({ source, from }: Stanza, nickname: string | undefined): boolean {
  if (nickname === undefined || from === undefined || from.resource === nickname) return false;
  for (const node of source.children) {
    if (typeof node === "string") continue;
    if (!WITH_ROOM_WORDS.has(node.ns)) return false;
    if (node.ns === REPLY_NS && node.attr("to") === `${from.bare}/${nickname}`) return false;
  }
  return !mentions(source.childText("body") ?? "", nickname);
}
