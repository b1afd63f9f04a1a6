/**
 * What happens to rooms without anybody doing anything: those that nobody is in leave the memory, those that nobody was
 * in for long are removed where the configuration says so, and the end of the server is told (XEP-0045 §12.2).
 */
import { roomDestroyed } from "./api.ts";
import { innerOf, SILENT, withdraw } from "./appearance.ts";
import type { Chatroom } from "./chatroom.ts";
import { emptied } from "./departure.ts";
import type { House } from "./house.ts";
import { sweepForwarded } from "./occupant_iq.ts";
import { stepDown } from "./override.ts";

/** How often the engine looks, and how many rooms it removes at a time. */
export const LOOK = 60_000;
const SLICE = 50;

export function lookAfter(house: House): undefined {
  const now = house.clock.now();
  sweepForwarded(house);
  for (const [account, until] of house.shelf.overriding) {
    if (until > now) continue;
    house.shelf.overriding.delete(account);
    stepDown(house, account);
  }
  house.store.sweepTombstones(now);
  for (const room of [...house.rooms.values()]) {
    if (room.size > 0 || now - room.active < house.config.idle) continue;
    if (house.isStored(room)) house.unload(room);
    // Made by a form, and nobody came.
    else emptied(house, room);
  }
  expire(house, now);
}

function expire(house: House, now: number): void {
  const { expire, expire_keep: keep } = house.config;
  if (expire === Infinity) return;
  let left = SLICE;
  for (const name of house.store.unused(now - expire, SLICE * 4)) {
    const room = house.find(name);
    if (room === undefined || left === 0) continue;
    // Those that are to stay would be found first for ever: they count as used. What is stored may be a little old.
    if (room.size > 0 || keep.includes(name)) room.active = now;
    if (room.active >= now - expire) {
      house.store.save(room);
      continue;
    }
    left--;
    house.host.log.info("room removed: nobody was in it for long", { room: name });
    house.drop(room);
    house.host.emit(roomDestroyed, { room, by: undefined });
  }
}

/**
 * The server is about to stop. Rooms that stay keep people of other servers in them, who are told who of this one goes;
 * everybody else is told that the room goes (status 332).
 */
export function shutDown(house: House): undefined {
  for (const room of [...house.rooms.values()]) {
    const survives = house.config.survive && house.isStored(room);
    if (survives) dismissOwn(house, room);
    else dismissAll(house, room);
  }
}

const CODES = { codes: [332] };

function dismissAll(house: House, room: Chatroom): void {
  const stored = house.isStored(room);
  for (const attendee of [...room.people.values()]) {
    withdraw(house, room, attendee, attendee.seats, innerOf(house, room, attendee, SILENT), CODES).toOwn();
    for (const seat of [...attendee.seats]) {
      room.unseat(seat);
      if (stored && house.isRemote(seat.jid)) house.store.unseated(room, seat.jid);
    }
    house.countJoined(attendee.account, -1);
  }
  if (stored) house.rest(room);
  else house.drop(room);
}

function dismissOwn(house: House, room: Chatroom): void {
  for (const attendee of [...room.people.values()]) {
    const own = attendee.seats.filter(({ jid }) => !house.isRemote(jid));
    if (own.length === 0) continue;
    const view = withdraw(house, room, attendee, own, innerOf(house, room, attendee, SILENT), CODES);
    view.toOwn();
    for (const seat of own) if (room.unseat(seat)) house.countJoined(attendee.account, -1);
    if (attendee.seats.length === 0) view.toOthers();
  }
  house.rest(room);
}
