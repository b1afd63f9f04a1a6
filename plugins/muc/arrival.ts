/** Coming in: a room is made where there is none, and the newcomer gets everything in the order of XEP-0045 §7.1. */
import { isPromise, type Jid, type Maybe, Stanza, StanzaError } from "#plugin";
import { creating, deviceJoined, joined, joining, type Role, roomCreated } from "./api.ts";
import { broadcast, introduce, showSelf } from "./appearance.ts";
import { absentees } from "./absent_members.ts";
import { Attendee, Seat } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { admit, checkNick, type Entry, refusal, spellingOf } from "./entry.ts";
import { emptied } from "./departure.ts";
import { sendHistory, sendSubject } from "./history.ts";
import type { House } from "./house.ts";
import { MUC_NS } from "./names.ts";
import { admitted, settled } from "./passing.ts";
import { WHOIS } from "./standard_fields.ts";

/** Somebody who is not there asks to come in (§7.2.1). */
export function enter(house: House, stanza: Stanza): Maybe<void> {
  const to = stanza.to!;
  const room = house.find(to.local);
  if (room === undefined) return makeRoom(house, stanza);
  return arrive(house, room, stanza, false);
}

/** §10.1: whoever comes first makes the room, where they may. */
function makeRoom(house: House, stanza: Stanza): Maybe<void> {
  const from = stanza.from!;
  const to = stanza.to!;
  checkCreation(house, from, to.bare);
  const room = house.make(to.local, from);
  const x = { stanza, claimed: false, room, from, occupant: undefined };
  return settled(house.host.pass(creating, x), (outcome) => {
    if (!admitted(house, stanza, outcome)) return;
    // Somebody else may have been quicker while a guard waited.
    const other = house.find(room.name);
    if (other !== undefined) return arrive(house, other, stanza, false);
    if (house.config.instant) open(house, room);
    house.put(room);
    house.host.emit(roomCreated, { room, by: from });
    return first(house, room, stanza);
  });
}

/** The first one comes in; where that fails, there is no room. */
function first(house: House, room: Chatroom, stanza: Stanza): Maybe<void> {
  const settle = (): void => {
    if (room.size === 0) emptied(house, room);
  };
  let done: Maybe<void>;
  try {
    done = arrive(house, room, stanza, true);
  } catch (error) {
    settle();
    throw error;
  }
  if (isPromise(done)) return done.finally(settle);
  settle();
}

/** A room that was waiting for its configuration is there for everybody, and stored where it stays. */
export function open(house: House, room: Chatroom): void {
  room.locked = false;
  if (!house.isStored(room)) return;
  house.store.saveAll(room);
  for (const seat of room.audience) if (house.isRemote(seat.jid)) house.store.seated(room, seat);
}

/** §10.1.1: throws what keeps somebody from making a room. */
export function checkCreation(house: House, from: Jid, room: Jid): void {
  const { config, host } = house;
  const buried = house.store.tombstone(room.local, house.clock.now());
  if (buried !== undefined && !host.may(from, "admin")) {
    throw goneTo(room, buried.venue, buried.reason);
  }
  if (!house.allows(config.create, from)) {
    throw refusal(room, "not-allowed", "you may not make rooms here");
  }
  if (host.may(from, "admin")) return;
  const { all, own } = house.countOf(from);
  if (all >= config.rooms) throw refusal(room, "resource-constraint", "there are too many rooms already");
  if (own >= config.rooms_each) throw refusal(room, "resource-constraint", "you have made too many rooms");
}

/** BUG-51: the new address is where RFC 6120 §8.3.3.5 has it. */
function goneTo(room: Jid, venue: string, reason = "the room has moved"): StanzaError {
  return new StanzaError("gone", reason, { by: room.toString(), uri: `xmpp:${venue}?join` });
}

function arrive(house: House, room: Chatroom, stanza: Stanza, created: boolean): Maybe<void> {
  const from = stanza.from!;
  const request = stanza.child("x", MUC_NS);
  const password = request?.childText("password");
  const wanted = stanza.to!.resource;
  const entry: Entry = created
    ? { affiliation: "owner", role: "moderator", nick: wanted, renamed: false }
    : admit(house, room, from, wanted, password);
  if (created) checkNick(house, room, from, wanted);
  const visit = new Visit(house, room, stanza, entry);
  return settled(house.host.pass(joining, visit), (outcome) => {
    if (!admitted(house, stanza, outcome) || room.gone || room.seats.has(from.toString())) return;
    // Others may have come in while a guard waited, or taken the nickname.
    visit.rename(spellingOf(room, from, visit.nick));
    seat(house, room, visit, created);
    // While the presence of a large room is on its way, the newcomer is not read.
    return room.outgoing.settled;
  });
}

/** What passes `joining`. */
class Visit {
  claimed = false;
  readonly from: Jid;
  readonly occupant = undefined;
  readonly affiliation;
  readonly codes: number[] = [];
  role: Role;
  nick: string;
  renamed: boolean;

  constructor(
    private readonly house: House,
    readonly room: Chatroom,
    public stanza: Stanza,
    entry: Entry,
  ) {
    this.from = stanza.from!;
    this.affiliation = entry.affiliation;
    this.role = entry.role;
    this.nick = entry.nick;
    this.renamed = entry.renamed;
  }

  status(code: number): void {
    this.codes.push(code);
  }
  rename(nick: string): void {
    checkNick(this.house, this.room, this.from, nick);
    this.renamed ||= nick !== this.nick;
    this.nick = nick;
  }
  cast(role: Role): void {
    this.role = role;
  }
}

function seat(house: House, room: Chatroom, visit: Visit, created: boolean): void {
  const { from, stanza } = visit;
  house.noteOverride(room, from, "entered");
  const known = room.people.get(visit.nick);
  const attendee = known ?? new Attendee(
    visit.nick,
    room.jid.withResource(visit.nick),
    from.bare,
    house.identify(room, from),
    visit.affiliation,
    visit.role,
  );
  const device = new Seat(from, attendee, keptPresence(stanza, from));
  room.seat(device);
  if (known === undefined) house.countJoined(attendee.account, 1);
  if (house.isStored(room) && house.isRemote(from)) house.store.seated(room, device);
  house.touch(room);
  const own = [...visit.codes];
  if (room.value(WHOIS) === "anyone") own.push(100);
  if (created) own.push(201);
  if (visit.renamed) own.push(210);
  welcome(house, room, device, stanza, own, known === undefined);
  const event = { room, by: from, occupant: attendee, device };
  if (known === undefined) house.host.emit(joined, event);
  else house.host.emit(deviceJoined, event);
}

/** Everything that somebody who comes in gets (§7.1); also who has lost track (§17.3, rule 3). */
export function welcome(
  house: House,
  room: Chatroom,
  device: Seat,
  stanza: Stanza,
  own: readonly number[],
  anew: boolean,
): void {
  const { attendee } = device;
  introduce(house, room, device);
  absentees(house, room, device);
  if (anew) broadcast(house, room, attendee, { own, id: stanza.id });
  else {
    // The others know the nickname; they see what the new device says where it speaks for all.
    if (attendee.speaker === device) broadcastUpdate(house, room, device);
    showSelf(house, room, device, { own, id: stanza.id });
  }
  sendHistory(house, room, device, stanza.child("x", MUC_NS)?.child("history"));
  sendSubject(house, room, device);
}

/** To everybody but the device that is being welcomed. */
function broadcastUpdate(house: House, room: Chatroom, device: Seat): void {
  const { attendee } = device;
  if (attendee.seats.length === 1) return;
  attendee.appearance = undefined;
  broadcast(house, room, attendee, {}, device);
}

/** As it is kept: nothing of it is a slice of what came over the wire. */
export function keptPresence(stanza: Stanza, from: Jid): Stanza {
  const source = stanza.source.with({ from: undefined, to: undefined, id: undefined, type: undefined });
  const kept = source.without(({ ns }) => ns === MUC_NS).detached();
  return Stanza.of(kept, from);
}
