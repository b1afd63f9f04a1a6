/** Another nickname for somebody who is in a room (XEP-0045 §7.6): theirs alone, also where several devices shared one. */
import { type Maybe, type Stanza } from "#plugin";
import { deviceJoined, joined, joining, left, nicknameChanged } from "./api.ts";
import { broadcast, innerOf, withdraw } from "./appearance.ts";
import { keptPresence, welcome } from "./arrival.ts";
import { Attendee, Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { checkNick, checkRoom, refusal, spellingOf } from "./entry.ts";
import type { House } from "./house.ts";
import { likenessOf } from "./likeness.ts";
import { MUC_NS } from "./names.ts";
import { admitted, settled } from "./passing.ts";
import { atLeast } from "./ranks.ts";
import { CHANGE_NICK, RESERVED_NICK } from "./standard_fields.ts";

/** A device of an occupant takes another nickname. */
export function changeNick(house: House, room: Chatroom, seat: Seat, stanza: Stanza): Maybe<void> {
  const { attendee } = seat;
  const wanted = spelled(room, seat, stanza.to!.resource);
  checkChange(house, room, seat, wanted);
  const own: number[] = [];
  let nick = wanted;
  const x = {
    stanza,
    claimed: false,
    room,
    from: seat.jid,
    occupant: attendee,
    nick,
    affiliation: attendee.affiliation,
    role: attendee.role,
    status: (code: number): void => void own.push(code),
    rename(name: string): void {
      checkNick(house, room, seat.jid, name);
      nick = spelled(room, seat, name);
    },
    cast(): void {},
  };
  return settled(house.host.pass(joining, x), (outcome) => {
    if (!admitted(house, stanza, outcome) || room.seats.get(seat.jid.toString()) !== seat) return;
    checkNick(house, room, seat.jid, nick);
    nick = spelled(room, seat, nick);
    const renames = attendee.seats.length === 1 && !room.people.has(nick);
    if (!renames) checkRoom(house, room, seat.jid, nick, room.rights(seat.jid));
    if (nick !== wanted) own.push(210);
    seat.presence = keptPresence(stanza, seat.jid);
    if (renames) rename(house, room, attendee, nick, own, stanza);
    else move(house, room, seat, nick, own, stanza);
  });
}

/**
 * Two occupants never look alike: what looks like another nickname of the account is that one, and who shares a nickname
 * with other devices does not write it otherwise.
 */
function spelled(room: Chatroom, { attendee, jid }: Seat, nick: string): string {
  const other = room.alike.get(likenessOf(nick));
  if (other === attendee && attendee.seats.length === 1) return nick;
  if (other === attendee) {
    throw refusal(room.jid, "conflict", "other devices of yours have this nickname, in other letters");
  }
  return spellingOf(room, jid, nick);
}

function checkChange(house: House, room: Chatroom, seat: Seat, nick: string): void {
  const own = room.standing(seat.jid)?.nick;
  if (room.value(RESERVED_NICK) && own !== undefined && nick !== own) {
    throw refusal(room.jid, "not-acceptable", "members are known by their registered nickname here");
  }
  if (!room.value(CHANGE_NICK) && !atLeast(room.rights(seat.jid), "admin") && nick !== own) {
    throw refusal(room.jid, "not-acceptable", "nicknames cannot be changed in this room");
  }
  checkNick(house, room, seat.jid, nick);
}

/** Two presences for everybody: the old name goes and says what the new one is (status 303), the new one comes. */
function rename(
  house: House,
  room: Chatroom,
  attendee: Attendee,
  nick: string,
  own: readonly number[],
  stanza: Stanza,
): void {
  const before = attendee.nick;
  const farewell = withdraw(
    house,
    room,
    attendee,
    attendee.seats,
    innerOf(house, room, attendee, wordless(stanza)),
    {
      codes: [303],
      nick,
    },
  );
  farewell.toOthers();
  farewell.toOwn();
  room.rename(attendee, nick);
  broadcast(house, room, attendee, { own, id: stanza.id });
  for (const seat of attendee.seats) {
    if (house.isStored(room) && house.isRemote(seat.jid)) house.store.seated(room, seat);
    if (stanza.child("x", MUC_NS) !== undefined) welcome(house, room, seat, stanza, own, false);
  }
  house.host.emit(nicknameChanged, { room, by: attendee.address, occupant: attendee, before });
}

/** One of several devices goes its own way, or joins others of the account under their nickname. */
function move(
  house: House,
  room: Chatroom,
  seat: Seat,
  nick: string,
  own: readonly number[],
  stanza: Stanza,
): void {
  const before = seat.attendee;
  const known = room.people.get(nick);
  const attendee = known ??
    new Attendee(
      nick,
      room.jid.withResource(nick),
      before.account,
      before.id,
      before.affiliation,
      before.role,
    );
  const last = before.seats.length === 1;
  const inner = innerOf(house, room, before, wordless(stanza));
  room.unseat(seat);
  const farewell = withdraw(house, room, before, [seat], inner, { codes: [303], nick });
  // The others still see the old nickname, where devices remain under it.
  if (last) farewell.toOthers();
  farewell.toOwn();
  const moved = new Seat(seat.jid, attendee, seat.presence);
  room.seat(moved);
  if (known === undefined) house.countJoined(attendee.account, 1);
  if (last) house.countJoined(before.account, -1);
  broadcast(house, room, attendee, { own, id: stanza.id });
  if (!last) broadcast(house, room, before);
  if (stanza.child("x", MUC_NS) !== undefined) welcome(house, room, moved, stanza, own, false);
  if (house.isStored(room) && house.isRemote(moved.jid)) house.store.seated(room, moved);
  const by = moved.jid;
  if (last) house.host.emit(left, { room, by, occupant: before, codes: [303] });
  house.host.emit(known === undefined ? joined : deviceJoined, {
    room,
    by,
    occupant: attendee,
    device: moved,
  });
}

/** Nothing is said by the name that goes. */
function wordless(stanza: Stanza): Stanza {
  return stanza.containing(stanza.source.withChildren([]));
}
