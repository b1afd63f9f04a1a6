/** What is worth waking a device for: words, also encrypted ones, calls, invitations and requests of people. */
import { CONTENT_NS, type Element, type Jid, mentions, type Stanza } from "#plugin";
import type { Registration } from "./registrations.ts";

const CALLS_NS = "urn:xmpp:jingle-message:0";
const CONFERENCE_NS = "jabber:x:conference";
const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
const RTP_NS = "urn:xmpp:jingle:apps:rtp:1";

/** Payloads by which words are encrypted; those of OMEMO also carry keys without words. */
const ENCRYPTED: ReadonlySet<string> = new Set([
  "eu.siacs.conversations.axolotl",
  "jabber:x:encrypted",
  "urn:xmpp:omemo:1",
  "urn:xmpp:omemo:2",
  "urn:xmpp:openpgp:0",
]);
const WITH_PAYLOAD: ReadonlySet<string> = new Set([
  "eu.siacs.conversations.axolotl",
  "urn:xmpp:omemo:1",
  "urn:xmpp:omemo:2",
]);

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
}

/** Why a stanza for an account is worth it; undefined where it is not. Nothing of the result is a slice of a chunk. */
export function causeOf({ kind, type, from, source }: Stanza, account: Jid): Cause | undefined {
  if (from === undefined || from.bare.equals(account)) return undefined;
  if (kind === "presence") {
    return type === "subscribe" ? { type, sender: from.bare, body: undefined, call: undefined } : undefined;
  }
  if (kind !== "message" || type === "error" || type === "headline") return undefined;
  let body: string | undefined;
  let isEncrypted = false;
  let isInvitation = false;
  for (const node of source.children) {
    if (typeof node === "string") continue;
    if (node.ns === CONTENT_NS && node.name === "body" && node.text !== "") body ??= node.detached().text;
    else if (ENCRYPTED.has(node.ns)) isEncrypted ||= !WITH_PAYLOAD.has(node.ns) || node.has("payload");
    else if (node.ns === CALLS_NS && node.name === "propose") return callOf(node.detached(), from);
    else if (node.ns === CONFERENCE_NS) isInvitation = true;
    else if (node.ns === MUC_USER_NS && node.has("invite")) isInvitation = true;
  }
  if (body === undefined && !isEncrypted && !isInvitation) return undefined;
  return {
    type: type === "groupchat" ? "groupchat" : "chat",
    sender: from,
    body: isEncrypted ? undefined : body,
    call: undefined,
  };
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
  if (rule.allow === "always" || rule.nick === undefined || cause.body === undefined) return true;
  return mentions(cause.body, rule.nick);
}
