/** Going out of a room: by one's own word, by force, or with the room (XEP-0045 §7.14, §8.2, §9.1, §10.9, §11). */
import { CONTENT_NS, el, type Jid, prepared, Stanza, StanzaError } from "#plugin";
import { type Affiliation, leaving, left, roomDestroyed } from "./api.ts";
import { broadcast, innerOf, SILENT, withdraw } from "./appearance.ts";
import type { Attendee, Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { OCCUPANT_ID_NS, USER_NS } from "./names.ts";
import { firstRole } from "./ranks.ts";
import { MODERATED } from "./standard_fields.ts";

/** Why somebody goes. */
export interface Cause {
  readonly codes?: readonly number[];
  readonly reason?: string | undefined;
  /** The nickname of who removed them. */
  readonly actor?: string | undefined;
  /** The true address of who removed them. */
  readonly by?: Jid | undefined;
  /** Presence with the words they leave by. */
  readonly words?: Stanza;
  /** The affiliation that is shown. */
  readonly affiliation?: Affiliation;
}

/** One device goes; with the last one, its occupant. */
export function unseat(house: House, room: Chatroom, seat: Seat, cause: Cause): void {
  const { attendee } = seat;
  if (attendee.seats.length === 1) return remove(house, room, attendee, cause).toOthers();
  const spoke = attendee.speaker === seat;
  take(house, room, seat);
  const notice = { codes: cause.codes ?? [], reason: cause.reason, actor: cause.actor };
  const inner = innerOf(house, room, attendee, cause.words ?? SILENT);
  withdraw(house, room, attendee, [seat], inner, notice).toOwn();
  if (spoke) broadcast(house, room, attendee);
}

/**
 * An occupant goes, with all devices: they are told. The others are told by calling `toOthers`, which may be after
 * something else (§8.2: after the answer to who kicked them).
 */
export function remove(house: House, room: Chatroom, attendee: Attendee, cause: Cause): { toOthers(): void } {
  const seats = [...attendee.seats];
  const { codes = [], words = SILENT } = cause;
  const x = {
    stanza: words.between(attendee.jid, room.jid),
    claimed: false,
    room,
    from: seats[0]?.jid ?? attendee.account,
    occupant: attendee,
    codes,
  };
  const outcome = house.host.pass(leaving, x);
  const inner = innerOf(house, room, attendee, outcome === undefined ? x.stanza : SILENT);
  rememberRole(room, attendee);
  for (const seat of seats) take(house, room, seat);
  if (cause.affiliation !== undefined) attendee.affiliation = cause.affiliation;
  const notice = { codes, reason: cause.reason, actor: cause.actor };
  const views = withdraw(house, room, attendee, seats, inner, notice);
  views.toOwn();
  house.host.emit(left, { room, by: cause.by, occupant: attendee, codes });
  return {
    toOthers: () => {
      views.toOthers();
      if (room.size === 0) emptied(house, room);
    },
  };
}

/** §5.1: in moderated rooms voice lasts, also its loss. */
function rememberRole(room: Chatroom, { account, role, affiliation }: Attendee): void {
  if (!room.value(MODERATED) || role === "moderator" || role === "none") return;
  room.remember(account, role === firstRole(affiliation, true) ? undefined : role);
}

function take(house: House, room: Chatroom, seat: Seat): void {
  if (room.unseat(seat)) house.countJoined(seat.attendee.account, -1);
  if (house.isStored(room) && house.isRemote(seat.jid)) house.store.unseated(room, seat.jid);
}

/** §7.14: a room that does not stay goes with its last occupant; so does one that was never configured (§10.1.3). */
export function emptied(house: House, room: Chatroom): void {
  house.touch(room);
  if (room.gone || house.isStored(room)) return;
  house.drop(room);
  house.host.emit(roomDestroyed, { room, by: undefined });
}

/** Everybody goes, told why in the way of §10.9, and the room is no more. */
export function destroyRoom(
  house: House,
  room: Chatroom,
  by: Jid | undefined,
  destroy: Stanza["source"],
): void {
  const seats = [...room.audience];
  for (const { attendee, jid } of seats) {
    const x = el("x", USER_NS, {}, [
      el("item", USER_NS, { affiliation: "none", role: "none" }),
      destroy,
      el("status", USER_NS, { code: "110" }),
    ]);
    const id = el("occupant-id", OCCUPANT_ID_NS, { id: attendee.id });
    const text = x.toString() + id.toString();
    const source = prepared("presence", CONTENT_NS, SILENT.source.attrs, text);
    house.send(Stanza.of(source, attendee.jid, jid));
  }
  house.drop(room);
  for (const attendee of room.people.values()) {
    house.host.emit(left, { room, by, occupant: attendee, codes: [] });
  }
  room.people.clear();
  room.seats.clear();
  house.host.emit(roomDestroyed, { room, by });
}

/** The error for what is sent to a room that is not there. */
export function noRoom(text = "there is no such room"): StanzaError {
  return new StanzaError("item-not-found", text);
}
