/**
 * Occupants who are not there any more: what is sent to them comes back (XEP-0045 §18.1.2). Errors that say so remove
 * the device at once; one that may mean something else (its account may have blocked who spoke) makes the room ask.
 */
import {
  type Condition,
  conditionOf,
  CONTENT_NS,
  el,
  type Jid,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import type { Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { unseat } from "./departure.ts";
import type { House } from "./house.ts";
import { PING_NS } from "./names.ts";

const GONE: ReadonlySet<Condition | undefined> = new Set<Condition | undefined>([
  "gone",
  "item-not-found",
  "jid-malformed",
  "recipient-unavailable",
  "redirect",
  "remote-server-not-found",
  "remote-server-timeout",
]);

/** How long the answer to a question holds. */
const PATIENCE = 60_000;

/** Something that a room or an occupant sent has come back. */
export function bounced(house: House, room: Chatroom | undefined, stanza: Stanza): void {
  const seat = room?.seats.get(stanza.from!.toString());
  if (room === undefined || seat === undefined) return;
  const condition = conditionOf(stanza.child("error", CONTENT_NS));
  if (GONE.has(condition)) removeGhost(house, room, seat);
  else if (condition === "service-unavailable" && stanza.kind === "message") ask(house, room, seat);
}

/** Whether a message that came back says that its receiver has gone. */
export function saysGone(stanza: Stanza): boolean {
  return GONE.has(conditionOf(stanza.child("error", CONTENT_NS)));
}

function removeGhost(house: House, room: Chatroom, seat: Seat): void {
  unseat(house, room, seat, { codes: [333], reason: "What was sent to you came back." });
}

/** XEP-0199, from the room itself, which nobody has blocked who is in it. */
function ask(house: House, room: Chatroom, seat: Seat): void {
  const { jid } = seat;
  const now = house.clock.monotonic();
  if (now - seat.checked < PATIENCE) return;
  seat.checked = now;
  const ping = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [el("ping", PING_NS)]);
  house.host.spawn(async () => {
    try {
      await house.host.request(Stanza.of(ping, room.jid, jid));
    } catch (error) {
      if (isGone(error) && still(house, room, jid) === seat) removeGhost(house, room, seat);
    }
  }, { awaited: false });
}

function isGone(error: unknown): boolean {
  if (!(error instanceof StanzaError)) throw error;
  // Servers say this of devices that are not there (RFC 6121 §8.5.3.2.3); clients that are there know pings.
  return GONE.has(error.condition) || error.condition === "service-unavailable";
}

function still(house: House, room: Chatroom, jid: Jid): Seat | undefined {
  return house.rooms.get(room.name) === room ? room.seats.get(jid.toString()) : undefined;
}
