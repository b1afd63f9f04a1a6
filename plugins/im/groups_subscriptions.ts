/**
 * Subscriptions to shared contacts: they are there, and nobody asks for them or takes them back. Underneath, what an account
 * has in its own roster stays as it was and counts again when the contact is shared no more.
 */
import {
  type Arriving,
  arriving,
  CLAIMED,
  CONTENT_NS,
  type Departing,
  departing,
  el,
  type HostScope,
  type Jid,
  type Refusal,
  Stanza,
  StanzaError,
} from "#plugin";
import type { SharedContacts } from "./api.ts";
import { tellPresence } from "./notify.ts";

/** Set up before the plugin of subscriptions, whose claims come later then. */
export function guardSubscriptions(host: HostScope<unknown>, shared: SharedContacts): void {
  host.at(departing).guard({ kind: "presence" }, (x) => refuseEnd(shared, x));
  host.at(departing).claim({ kind: "presence" }, (x) => answerOwn(host, shared, x));
  host.at(arriving).claim({ kind: "presence", to: "account" }, (x) => answerContact(host, shared, x));
}

function refuseEnd(shared: SharedContacts, { stanza, session }: Readonly<Departing>): Refusal | undefined {
  const { type, to } = stanza;
  if (to === undefined || (type !== "unsubscribe" && type !== "unsubscribed")) return undefined;
  if (!isDecided(shared, session.username, to, type)) return undefined;
  return new StanzaError(
    "forbidden",
    "this contact is shared by the administrators; only they can change it",
  );
}

/** What the account asks for or grants is so already (RFC 6121 §3.1.3: granted at once). */
function answerOwn(
  host: HostScope<unknown>,
  shared: SharedContacts,
  { stanza, session }: Readonly<Departing>,
): typeof CLAIMED | undefined {
  const { type, to } = stanza;
  if (to === undefined || (type !== "subscribe" && type !== "subscribed")) return undefined;
  if (!isDecided(shared, session.username, to, type)) return undefined;
  if (type === "subscribe") {
    const granted = el("presence", CONTENT_NS, { type: "subscribed", id: stanza.id });
    host.deliver(session, Stanza.of(granted, to.bare, session.account));
    for (const other of host.sessions(to)) tellPresence(host, other, session.jid!);
  }
  return CLAIMED;
}

/** Who only sees a contact may still let it see back, as its own affair. */
function isDecided(shared: SharedContacts, local: string, contact: Jid, type: string): boolean {
  const subscription = shared.get(local, contact)?.subscription;
  return subscription === "both" ||
    (subscription !== undefined && (type === "subscribe" || type === "unsubscribe"));
}

/** A shared contact elsewhere, whose server knows nothing of our groups, asks: it may. */
function answerContact(
  host: HostScope<unknown>,
  shared: SharedContacts,
  { stanza }: Readonly<Arriving>,
): typeof CLAIMED | undefined {
  const { type, from } = stanza;
  const to = stanza.to!;
  if (type !== "subscribe" || from === undefined) return undefined;
  if (shared.get(to.local, from)?.subscription !== "both") return undefined;
  const granted = el("presence", CONTENT_NS, { type: "subscribed", id: stanza.id });
  host.send(Stanza.of(granted, to, from.bare));
  for (const session of host.sessions(to)) tellPresence(host, session, from.bare);
  return CLAIMED;
}
