/**
 * XEP-0424: which message a retraction is about, and whether its sender may take it back. Any device of an account may; in a
 * room only the occupant, by the nickname and by the id that the room gave them: somebody else may have the nickname by now
 * (§6, XEP-0421).
 */
import { Jid } from "../jid/jid.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Element } from "../xml/element.ts";

export const RETRACT_NS = "urn:xmpp:message-retract:1";
const MUC_USER_NS = "http://jabber.org/protocol/muc#user";
const OCCUPANT_ID_NS = "urn:xmpp:occupant-id:0";
/** What may be written otherwise in the text of a message. */
const ESCAPED = /[^\w.:\-+=/@]/;

/** What a message says that takes another one back. */
export interface Retraction {
  readonly by: Jid;
  /** It is marked as being from a room. */
  readonly isMarked: boolean;
  /** Of whoever says it in a room. */
  readonly occupant: string | undefined;
  /** The id that the message had, and the one that its retraction has. */
  readonly retracted: string;
  readonly id: string | undefined;
  /** The id is written in one way only. */
  readonly isPlain: boolean;
}

/** What a message retracts; undefined where it is no retraction. */
export function retractionOf(stanza: Stanza): Retraction | undefined {
  const retracted = stanza.child("retract", RETRACT_NS)?.attr("id");
  if (retracted === undefined || retracted === "") return undefined;
  const { source, from, id } = stanza;
  return {
    by: from!,
    isMarked: isMarked(source),
    occupant: occupantOf(source),
    retracted,
    id,
    isPlain: !ESCAPED.test(retracted),
  };
}

/** Whether a message may be the retracted one, by its text alone: it need not be read where it has not the id. */
export function mayBeRetracted(text: string, { retracted, isPlain }: Retraction): boolean {
  return !isPlain || text.includes(retracted);
}

/**
 * Whether a retraction is about a message of a conversation with `peer`: only who sent it may retract it, and what is gone, or
 * the retraction itself, is not retracted.
 */
export function retracts(retraction: Retraction, message: Element, peer: Jid): boolean {
  const { by, occupant, retracted, id } = retraction;
  if (message.attr("id") !== retracted || retracted === id || message.has("retracted", RETRACT_NS)) {
    return false;
  }
  const from = Jid.tryParse(message.attr("from") ?? "");
  if (from === undefined) return false;
  // Private messages of a room's occupants differ in the nickname only (XEP-0045 §7.5); what the account itself says is its own.
  const byOccupant = (retraction.isMarked && by.bare.equals(peer)) ||
    (from.bare.equals(peer) && isMarked(message));
  return byOccupant ? from.equals(by) && occupantOf(message) === occupant : from.bare.equals(by.bare);
}

function isMarked(message: Element): boolean {
  return message.has("x", MUC_USER_NS);
}

function occupantOf(message: Element): string | undefined {
  return message.child("occupant-id", OCCUPANT_ID_NS)?.attr("id");
}
