/** What has been said before, and the subject, for those who come in (XEP-0045 §7.2.13 – §7.2.15). */
import { buildDelay, CONTENT_NS, el, type Element, parseDateTime, Stanza } from "#plugin";
import type { Spoken } from "./api.ts";
import type { Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { DEFAULT_HISTORY } from "./standard_fields.ts";

/** Sends the messages that somebody wants, and the room gives. */
export function sendHistory(house: House, room: Chatroom, to: Seat, wanted: Element | undefined): void {
  const messages = select(house, room, wanted);
  room.outgoing.run(messages.length, (at) => house.send(messages[at]!.addressed(to.jid)));
}

function select(house: House, room: Chatroom, wanted: Element | undefined): Stanza[] {
  const { items } = room.history;
  const asked = numberOf(wanted, "maxstanzas");
  const most = Math.min(asked ?? room.value(DEFAULT_HISTORY) ?? 0, house.historyOf(room));
  const since = earliest(house, wanted);
  let left = numberOf(wanted, "maxchars") ?? Infinity;
  const chosen: Stanza[] = [];
  // From the latest back, so that what does not fit is the oldest; whole messages only.
  for (let at = items.length - 1; at >= 0 && chosen.length < most; at--) {
    const item = items[at]!;
    if (item.at < since) break;
    const stanza = delayed(room, item);
    if (left !== Infinity) left -= stanza.toString().length;
    if (left < 0) break;
    chosen.push(stanza);
  }
  return chosen.reverse();
}

function earliest(house: House, wanted: Element | undefined): number {
  const seconds = numberOf(wanted, "seconds");
  const since = parseDateTime(wanted?.attr("since") ?? "");
  return Math.max(seconds === undefined ? -Infinity : house.clock.now() - seconds * 1000, since ?? -Infinity);
}

/** A number from zero; undefined where there is none, as for what is no number. */
function numberOf(wanted: Element | undefined, name: string): number | undefined {
  const text = wanted?.attr(name)?.trim();
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** With the time and the room's address; who wrote prior history keeps the stamps of that (§7.9). */
function delayed(room: Chatroom, { at, stanza }: Spoken): Stanza {
  return stanza.containing(stanza.source.plus(buildDelay(at, room.jid.toString())));
}

/** §7.2.15: the subject, or that there is none; last of all, so that live messages begin after it. */
export function sendSubject(house: House, room: Chatroom, to: Seat): void {
  const { subject } = room;
  const stanza = subject === undefined
    ? Stanza.of(el("message", CONTENT_NS, { type: "groupchat" }, [el("subject", CONTENT_NS)]), room.jid)
    : delayed(room, subject);
  room.outgoing.run(1, () => house.send(stanza.addressed(to.jid)));
}
