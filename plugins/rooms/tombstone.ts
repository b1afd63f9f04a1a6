/** What is left of a message that was taken back (XEP-0424 §5, XEP-0425 §5), and what the room says of it. */
import { CONTENT_NS, el, type Element, formatDateTime, type Jid } from "#plugin";
import { OCCUPANT_ID_NS, RETRACT_NS } from "./names.ts";

export const MODERATE_NS = "urn:xmpp:message-moderate:1";
/** The version 0.2 of XEP-0425, which clients still speak: by way of fastening (XEP-0422). */
export const OLD_MODERATE_NS = "urn:xmpp:message-moderate:0";
export const OLD_RETRACT_NS = "urn:xmpp:message-retract:0";
export const FASTEN_NS = "urn:xmpp:fasten:0";

/** Why a message is no more. */
export interface Moderation {
  /** The id of the message that tells so. */
  readonly id: string;
  readonly at: number;
  /** Who did it, in the room; undefined where they are not there. */
  readonly by: { readonly jid: Jid; readonly id: string } | undefined;
  readonly reason: string | undefined;
}

/** Whether nothing is left of a message already. */
export function isTombstone(message: Element): boolean {
  return message.has("retracted", RETRACT_NS);
}

/** Only who said it is still known. */
export function tombstone(message: Element, ...left: Element[]): Element {
  return message.withChildren([message.child("occupant-id", OCCUPANT_ID_NS), ...left]);
}

/** What is left where its author took it back. */
export function retracted(id: string | undefined, at: number): Element {
  return el("retracted", RETRACT_NS, { id, stamp: formatDateTime(at) });
}

/** What is left where a moderator did, for clients of either version. */
export function moderatedAway(it: Moderation): Element[] {
  const stamp = formatDateTime(it.at);
  return [
    el("retracted", RETRACT_NS, { id: it.id, stamp }, [
      moderated(MODERATE_NS, it, []),
      reasonOf(RETRACT_NS, it),
    ]),
    moderated(OLD_MODERATE_NS, it, [
      el("retracted", OLD_RETRACT_NS, { stamp }),
      reasonOf(OLD_MODERATE_NS, it),
    ]),
  ];
}

/** What everybody is told (XEP-0425 §4.1), in either version. */
export function announcement(retracted: string, it: Moderation): Element {
  return el("message", CONTENT_NS, { id: it.id }, [
    el("retract", RETRACT_NS, { id: retracted }, [
      moderated(MODERATE_NS, it, []),
      reasonOf(RETRACT_NS, it),
    ]),
    el("apply-to", FASTEN_NS, { id: retracted }, [
      moderated(OLD_MODERATE_NS, it, [el("retract", OLD_RETRACT_NS), reasonOf(OLD_MODERATE_NS, it)]),
    ]),
  ]);
}

function moderated(ns: string, { by }: Moderation, more: readonly (Element | undefined)[]): Element {
  return el("moderated", ns, { by: by?.jid.toString() }, [
    by && el("occupant-id", OCCUPANT_ID_NS, { id: by.id }),
    ...more,
  ]);
}

function reasonOf(ns: string, { reason }: Moderation): Element | undefined {
  return reason === undefined ? undefined : el("reason", ns, {}, reason);
}
