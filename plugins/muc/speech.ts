/** Messages for everybody, and the subject (XEP-0045 §7.4, §8.1). */
import {
  CONTENT_NS,
  DELAY_NS,
  el,
  type Element,
  Jid,
  type Maybe,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import { type Occupant, said, type Saying, saying } from "./api.ts";
import { honest } from "./appearance.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { noRoom } from "./departure.ts";
import { refusal } from "./entry.ts";
import type { House } from "./house.ts";
import { OCCUPANT_ID_NS } from "./names.ts";
import { passed, settled } from "./passing.ts";
import { CHANGE_SUBJECT } from "./standard_fields.ts";

/** A message of type "groupchat" for a room. */
export function speak(house: House, stanza: Stanza): Maybe<void> {
  const to = stanza.to!;
  const from = stanza.from!;
  const room = house.find(to.local);
  if (room === undefined) throw noRoom();
  const attendee = room.occupantOf(from);
  if (attendee === undefined && room.locked) throw noRoom();
  if (attendee === undefined) throw refusal(room.jid, "not-acceptable", "you are not in this room", "cancel");
  const subject = isSubject(stanza);
  check(house, room, attendee, stanza, subject);
  return say(house, room, stanza, from, attendee, subject);
}

/** §8.1: a subject, and neither a body nor a thread. */
function isSubject(stanza: Stanza): boolean {
  return stanza.child("subject", CONTENT_NS) !== undefined &&
    stanza.child("body", CONTENT_NS) === undefined &&
    stanza.child("thread", CONTENT_NS) === undefined;
}

function check(house: House, room: Chatroom, { role }: Attendee, stanza: Stanza, subject: boolean): void {
  if (!subject) {
    if (role === "visitor") throw refusal(room.jid, "forbidden", "you have no voice in this room");
    return;
  }
  if (role !== "moderator" && !(role === "participant" && room.value(CHANGE_SUBJECT))) {
    throw refusal(room.jid, "forbidden", "you may not change the subject of this room");
  }
  if ((stanza.source.childText("subject", CONTENT_NS) ?? "").length > house.config.subject) {
    throw refusal(room.jid, "policy-violation", `a subject has at most ${house.config.subject} characters`);
  }
}

/** What everybody gets of it: from an address in the room, without what only the room may say. */
function composed(room: Chatroom, stanza: Stanza, attendee: Attendee | undefined): Stanza {
  const honestly = honest(stanza.source);
  const source = honestly.has("delay", DELAY_NS)
    ? honestly.without((child) => isStampOf(room, child))
    : honestly;
  const marked = attendee === undefined
    ? source
    : source.plus(el("occupant-id", OCCUPANT_ID_NS, { id: attendee.id }));
  const out = stanza.containing(marked).between(attendee?.jid ?? room.jid, room.jid);
  return out.id === undefined ? out.identified(randomId()) : out;
}

/** XEP-0203 §4: nobody else says when the room has had a message: it would look like its history. */
function isStampOf(room: Chatroom, { name, ns, attrs }: Element): boolean {
  return name === "delay" && ns === DELAY_NS &&
    Jid.tryParse(attrs.from ?? "")?.bare.equals(room.jid) === true;
}

function say(
  house: House,
  room: Chatroom,
  stanza: Stanza,
  from: Stanza["from"] & object,
  attendee: Attendee | undefined,
  subject: boolean,
): Maybe<void> {
  const x: Saying = {
    stanza: composed(room, stanza, attendee),
    claimed: false,
    room,
    from,
    occupant: attendee,
    subject,
  };
  return settled(house.host.pass(saying, x), (outcome) => {
    // A refusal goes to who spoke, not to the address in the room that the message has by now.
    if (!passed(house, stanza, outcome) || room.gone) return;
    deliver(house, room, x);
    // While it goes out in slices, the speaker is not read.
    return room.outgoing.settled;
  });
}

function deliver(house: House, room: Chatroom, x: Saying): void {
  const { stanza, subject, occupant, from } = x;
  const at = house.clock.now();
  // Its text is written once, for all.
  const shared = stanza.addressed(undefined).containing(stanza.source.with({}));
  toAll(house, room, shared);
  if (subject) {
    room.subject = { stanza: kept(shared), at };
    house.touch(room);
    house.changed(room);
  } else {
    house.touch(room);
    const most = house.historyOf(room);
    if (most > 0 && isWorthKeeping(shared)) room.history.add({ at, stanza: kept(shared) }, most);
  }
  const by = occupant === undefined ? undefined : from;
  house.host.emit(said, { room, by, occupant, stanza: x.stanza, subject, at });
}

/** §7.2.13: what was said; not who is just writing. */
function isWorthKeeping(stanza: Stanza): boolean {
  return stanza.child("body", CONTENT_NS) !== undefined ||
    stanza.child("encrypted", "eu.siacs.conversations.axolotl") !== undefined;
}

/** Nothing that is kept is a slice of what came over the wire. */
function kept(stanza: Stanza): Stanza {
  return stanza.containing(stanza.source.detached());
}

/** Hands a stanza to every device. */
export function toAll(
  house: House,
  room: Chatroom,
  stanza: Stanza,
  test?: (occupant: Occupant) => boolean,
): void {
  const seats = room.audience;
  const { host } = house;
  room.outgoing.run(seats.length, (at) => {
    const seat = seats[at]!;
    if (test === undefined || test(seat.attendee)) host.send(stanza.addressed(seat.jid));
  });
}

/** A message of the room's own, or one that a plugin lets an occupant say. */
export function sayAs(house: House, room: Chatroom, message: Element, attendee: Attendee | undefined): void {
  const stanza = Stanza.of(message.with({ type: "groupchat" }), attendee?.jid ?? room.jid, room.jid);
  const from = attendee?.address ?? room.jid;
  const done = say(house, room, stanza, from, attendee, isSubject(stanza));
  if (done instanceof Promise) house.host.spawn(() => done);
}

/** A message that is not for rooms (§17.2, rule 1). */
export function misplaced(): StanzaError {
  return new StanzaError("bad-request", "messages for a room are of the type groupchat");
}
