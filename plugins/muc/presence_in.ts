/** Presence for a room (XEP-0045 §17.3): coming in, news of oneself, another nickname, going out, errors. */
import { CLAIMED, CONTENT_NS, DROP, el, errorOf, isPromise, type Maybe, Stanza, StanzaError } from "#plugin";
import { appearanceOf, broadcast } from "./appearance.ts";
import { enter, keptPresence, welcome } from "./arrival.ts";
import type { Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { unseat } from "./departure.ts";
import { refusal } from "./entry.ts";
import { bounced } from "./ghosts.ts";
import type { House } from "./house.ts";
import { likenessOf } from "./likeness.ts";
import { MUC_NS, USER_NS } from "./names.ts";
import { changeNick } from "./nickname.ts";
import { RESERVED_NICK, WHOIS } from "./standard_fields.ts";

/** Characters of the presence that a room keeps for everybody in it, and gives to everybody who comes. */
const MOST_TEXT = 16_384;

/** Takes presence for a room or an address in it. */
export function takePresence(house: House, stanza: Stanza): Maybe<typeof CLAIMED> {
  try {
    const done = take(house, stanza);
    if (!isPromise(done)) return CLAIMED;
    return done.then((): typeof CLAIMED => CLAIMED, (error) => refuse(house, stanza, error));
  } catch (error) {
    return refuse(house, stanza, error);
  }
}

/** As in the examples: with the mark of a join, by which some clients know what the error is about. */
function refuse(house: House, stanza: Stanza, error: unknown): typeof CLAIMED {
  if (!(error instanceof StanzaError)) throw error;
  house.host.refuse(stanza, DROP);
  const reply = errorOf(stanza, error);
  const marked = stanza.child("x", MUC_NS) !== undefined;
  if (reply === undefined) return CLAIMED;
  const { source } = reply;
  house.send(marked ? reply.containing(source.withChildren([el("x", MUC_NS), ...source.children])) : reply);
  return CLAIMED;
}

function take(house: House, stanza: Stanza): Maybe<void> {
  const from = stanza.from!;
  const to = stanza.to!;
  const room = house.find(to.local);
  const seat = room?.seats.get(from.toString());
  switch (stanza.type) {
    case "available":
      if (stanza.source.inner(CONTENT_NS).length > MOST_TEXT) {
        throw refusal(to.bare, "policy-violation", `presence in a room has at most ${MOST_TEXT} characters`);
      }
      if (to.resource === "") {
        throw new StanzaError("jid-malformed", "a nickname is needed, as in room@host/nickname");
      }
      if (seat !== undefined) return news(house, room!, seat, stanza);
      if (stanza.child("x", MUC_NS) !== undefined) return enter(house, stanza);
      return lost(house, stanza);
    case "unavailable":
      // §17.3, rule 5: from who is not there it means nothing.
      if (seat !== undefined) unseat(house, room!, seat, { words: stanza, by: from });
      return;
    case "error":
      return bounced(house, room, stanza);
    case "probe":
      return probed(house, room, seat, stanza);
    default:
      // §17.3, rules 1 and 2: any other type is no request of ours; rooms take no subscriptions.
      if (stanza.type === "subscribe") throw refusal(to.bare, "not-allowed", "rooms take no subscriptions");
  }
}

/** §7.7, §7.6, or who asks for everything again (§17.3, rule 3). */
function news(house: House, room: Chatroom, seat: Seat, stanza: Stanza): Maybe<void> {
  const { attendee } = seat;
  const { resource } = stanza.to!;
  const again = stanza.child("x", MUC_NS) !== undefined;
  const renamed = resource !== attendee.nick;
  if (renamed && !(again && insists(room, seat, resource))) return changeNick(house, room, seat, stanza);
  const before = seat.presence.source.toString();
  seat.presence = keptPresence(stanza, seat.jid);
  attendee.appearance = undefined;
  const same = before === seat.presence.source.toString();
  if (again) {
    if (!same && attendee.speaker === seat) broadcast(house, room, attendee, {}, seat);
    const own = [...(room.value(WHOIS) === "anyone" ? [100] : []), ...(renamed ? [210] : [])];
    welcome(house, room, seat, stanza, own, false);
    // Who asks for all of it time and again is not read while it goes out.
    return room.outgoing.settled;
  }
  broadcast(house, room, attendee, { id: stanza.id });
  if (house.isStored(room) && house.isRemote(seat.jid)) house.store.seated(room, seat);
  return room.outgoing.settled;
}

/**
 * Whether who comes in as that has another nickname all the same (§7.2.2, 210): the one that is theirs, or the one that they
 * share with other devices, as these write it. They may ask for it time and again.
 */
function insists(room: Chatroom, { attendee, jid }: Seat, nick: string): boolean {
  if (room.value(RESERVED_NICK) && room.standing(jid)?.nick === attendee.nick) return true;
  return attendee.seats.length > 1 && likenessOf(nick) === likenessOf(attendee.nick);
}

/** §7.2.17: who is not there and thinks so is told in the way that every client understands. */
function lost(house: House, stanza: Stanza): void {
  const x = el("x", USER_NS, {}, [
    el("item", USER_NS, { affiliation: "none", role: "none" }, [
      el("reason", USER_NS, {}, "You are not in the room: enter it."),
    ]),
    ...["110", "307", "333"].map((code) => el("status", USER_NS, { code })),
  ]);
  const kick = el("presence", CONTENT_NS, { type: "unavailable", id: stanza.id }, [x]);
  house.send(Stanza.of(kick, stanza.to, stanza.from));
}

/** §17.3, rule 4: those who are there may ask whether somebody else is. */
function probed(house: House, room: Chatroom | undefined, seat: Seat | undefined, stanza: Stanza): void {
  if (room === undefined || seat === undefined) return;
  const attendee = room.people.get(stanza.to!.resource);
  if (attendee === undefined) {
    house.send(Stanza.of(el("presence", CONTENT_NS, { type: "unavailable" }), stanza.to, seat.jid));
    return;
  }
  const appearance = appearanceOf(house, room, attendee);
  house.send((room.reveals(seat.attendee) ? appearance.open : appearance.hidden).addressed(seat.jid));
}
