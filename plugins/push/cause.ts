/** What is worth waking a device for: words, also encrypted ones, calls, invitations and requests of people. */
import {
  CONTENT_NS,
  type Element,
  forwardedOf,
  hasEncryptedWords,
  isEncrypted,
  Jid,
  mentions,
  Stanza,
} from "#plugin";
import { MENTIONS_NS } from "./api.ts";
import type { Registration } from "./registrations.ts";

const CARBONS_NS = "urn:xmpp:carbons:2";
const CALLS_NS = "urn:xmpp:jingle-message:0";
const CONFERENCE_NS = "jabber:x:conference";
const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
const RTP_NS = "urn:xmpp:jingle:apps:rtp:1";

export interface Call {
  readonly sid: string;
  readonly media: readonly string[];
}

export interface Cause {
  readonly type: "chat" | "groupchat" | "call" | "subscribe";
  readonly sender: Jid;
  /** What was written; undefined where only the person's own devices can read it, and where nothing was. */
  readonly body: string | undefined;
  readonly call: Call | undefined;
  /** A room says that the account is meant, by whatever name it has there. */
  readonly mentioned?: true;
}

/** What a stanza for a session is about: of a copy (XEP-0280) of what somebody said to another device, the message inside. */
export function newsOf(stanza: Stanza, account: Jid): Stanza {
  if (stanza.kind !== "message" || stanza.from?.equals(account) !== true) return stanza;
  const received = stanza.child("received", CARBONS_NS);
  const inner = received && forwardedOf(received)?.stanza;
  return inner?.name === "message" ? Stanza.read(inner) : stanza;
}

/** Why a stanza for an account is worth it; undefined where it is not. Nothing of the result is a slice of a chunk. */
export function causeOf({ kind, type, from, source }: Stanza, account: Jid): Cause | undefined {
  if (from === undefined || from.bare.equals(account)) return undefined;
  if (kind === "presence") {
    return type === "subscribe" ? { type, sender: from.bare, body: undefined, call: undefined } : undefined;
  }
  if (kind !== "message" || type === "error" || type === "headline") return undefined;
  let body: string | undefined;
  let isSealed = false;
  let isInvitation = false;
  for (const node of source.children) {
    if (typeof node === "string") continue;
    if (node.ns === CONTENT_NS && node.name === "body" && node.text !== "") body ??= node.detached().text;
    else if (isEncrypted(node)) isSealed ||= hasEncryptedWords(node);
    else if (node.ns === MENTIONS_NS && node.name === "mentions") return mentionOf(node, from, account);
    else if (node.ns === CALLS_NS && node.name === "propose") return callOf(node.detached(), from);
    else if (node.ns === CONFERENCE_NS) isInvitation = true;
    else if (node.ns === MUC_USER_NS && node.has("invite")) isInvitation = true;
  }
  if (body === undefined && !isSealed && !isInvitation) return undefined;
  return {
    type: type === "groupchat" ? "groupchat" : "chat",
    sender: from,
    body: isSealed ? undefined : body,
    call: undefined,
  };
}

/** XEP-0452 §5: what a room forwards is its own. */
function mentionOf(mentions: Element, room: Jid, account: Jid): Cause | undefined {
  const message = forwardedOf(mentions)?.stanza;
  const sender = Jid.tryParse(message?.attr("from") ?? "");
  if (message?.name !== "message" || sender === undefined || !sender.bare.equals(room)) return undefined;
  const cause = causeOf(Stanza.of(message, sender), account);
  return cause === undefined ? undefined : { ...cause, mentioned: true };
}

function callOf(propose: Element, sender: Jid): Cause | undefined {
  const sid = propose.attr("id");
  if (sid === undefined) return undefined;
  const media = new Set<string>();
  for (const { name, ns, attrs } of propose.elements()) {
    if (name === "description" && ns === RTP_NS && attrs.media !== undefined) media.add(attrs.media);
  }
  return { type: "call", sender, body: undefined, call: { sid, media: [...media] } };
}

/** What is known beside the cause. */
export interface Circumstances {
  /** The sender is in the account's contact list. */
  readonly isKnown: boolean;
  /** The session's nickname in the room that it is about, where there is one. */
  readonly nickname: string | undefined;
}

/** Whether a device wants to be woken for it. In rooms, where it says nothing else, when its nickname is called. */
export function isWanted(
  registration: Registration,
  cause: Cause,
  { isKnown, nickname }: Circumstances,
): boolean {
  const { muted, knownOnly, rooms } = registration;
  const address = cause.sender.bare.toString();
  if (muted?.includes(address) === true) return false;
  if (cause.type !== "groupchat") return !knownOnly || isKnown;
  const rule = rooms === undefined ? { allow: "mentioned", nick: nickname } as const : rooms[address];
  if (rule === undefined || rule.allow === "never") return false;
  // Encrypted words may be a call, and so may those where nobody knows the name.
  if (
    rule.allow === "always" || cause.mentioned === true || rule.nick === undefined || cause.body === undefined
  ) return true;
  return mentions(cause.body, rule.nick);
}
