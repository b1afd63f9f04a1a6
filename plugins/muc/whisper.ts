/** Private messages between occupants (XEP-0045 §7.5). */
import { el, type Jid, type Maybe, type Stanza, StanzaError } from "#plugin";
import { whispering } from "./api.ts";
import { honest } from "./appearance.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { noRoom } from "./departure.ts";
import { refusal } from "./entry.ts";
import { bounced, saysGone } from "./ghosts.ts";
import type { House } from "./house.ts";
import { OCCUPANT_ID_NS, USER_NS } from "./names.ts";
import { passed, settled } from "./passing.ts";
import { ALLOW_PM } from "./standard_fields.ts";

/** A message for an address in a room. */
export function whisper(house: House, stanza: Stanza): Maybe<void> {
  const { from, to, type } = stanza;
  const room = house.find(to!.local);
  if (room === undefined) {
    if (type === "error") return;
    throw noRoom();
  }
  const attendee = room.occupantOf(from!);
  const target = room.people.get(to!.resource);
  if (type === "error") return returned(house, room, attendee, target, stanza);
  if (attendee === undefined) throw refusal(room.jid, "not-acceptable", "you are not in this room", "cancel");
  if (type === "groupchat") {
    throw new StanzaError("bad-request", "messages for one occupant are not of the type groupchat");
  }
  if (target === undefined) throw new StanzaError("item-not-found", "nobody here has this nickname");
  if (!mayWhisper(room, attendee, target)) {
    throw refusal(room.jid, "forbidden", "private messages are not allowed here", "cancel");
  }
  const x = {
    stanza: composed(stanza, attendee, target),
    claimed: false,
    room,
    from: from!,
    occupant: attendee,
    target,
  };
  return settled(house.host.pass(whispering, x), (outcome) => {
    if (!passed(house, stanza, outcome)) return;
    send(house, target, x.stanza, from!);
  });
}

/** What is for moderators is always allowed: it is how people ask for help. */
function mayWhisper(room: Chatroom, from: Attendee, to: Attendee): boolean {
  if (from.role === "moderator" || from === to) return true;
  const who = room.value(ALLOW_PM);
  if (who === "anyone") return true;
  if (who === "participants") return from.role === "participant" || to.role === "moderator";
  return false;
}

/** §7.5: marked as a private message, for the receiver's other devices (XEP-0280). */
function composed(stanza: Stanza, attendee: Attendee, target: Attendee): Stanza {
  const source = honest(stanza.source).plus(
    el("x", USER_NS),
    el("occupant-id", OCCUPANT_ID_NS, { id: attendee.id }),
  );
  return stanza.containing(source).between(attendee.jid, target.jid);
}

/** To all devices of the occupant; `by`: the device that sent it. */
function send(house: House, target: Attendee, stanza: Stanza, by: Jid): void {
  const shared = stanza.containing(stanza.source.with({}));
  for (const { jid } of [...target.seats]) {
    if (shared.id !== undefined) house.shelf.whispered.set(`${jid} ${shared.id}`, by);
    house.send(shared.addressed(jid));
  }
}

/** What came back: its receiver has gone, or who whispered is told why. */
function returned(
  house: House,
  room: Chatroom,
  from: Attendee | undefined,
  to: Attendee | undefined,
  stanza: Stanza,
): void {
  bounced(house, room, stanza);
  if (from === undefined || to === undefined || saysGone(stanza) || from === to) return;
  const { whispered } = house.shelf;
  const key = `${stanza.from} ${stanza.id}`;
  // Of what was for everybody, nobody wants to hear.
  const by = whispered.get(key);
  if (by === undefined) return;
  whispered.delete(key);
  // Somebody else may have taken the name since then.
  if (!to.account.equals(by.bare)) return;
  // Its server gives copies to the other devices (XEP-0280 §6.1), which got copies of the whisper.
  house.send(stanza.containing(honest(stanza.source)).between(from.jid, by));
}
