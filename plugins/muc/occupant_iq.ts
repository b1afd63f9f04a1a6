/**
 * Requests from one occupant to another (XEP-0045 §17.4, rule 3), and their answers: neither learns the other's true
 * address. A ping to oneself is answered by the room (XEP-0410).
 */
import {
  CLAIMED,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  type Jid,
  type Maybe,
  randomId,
  resultOf,
  type Stanza,
  StanzaError,
} from "#plugin";
import { forwarding } from "./api.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { noRoom } from "./departure.ts";
import { refusal } from "./entry.ts";
import type { House } from "./house.ts";
import { PING_NS } from "./names.ts";
import { passed, settled } from "./passing.ts";
import { ALLOW_QUERIES } from "./standard_fields.ts";

/** How long an answer may take, and how many may be awaited: by the service, and by one account. */
const PATIENCE = 120_000;
const MOST = 5_000;
const MOST_EACH = 50;

/** An iq for an address in a room. */
export function forward(house: House, stanza: Stanza): Maybe<typeof CLAIMED> {
  if (!stanza.isRequest) {
    answered(house, stanza);
    return CLAIMED;
  }
  const { from, to } = stanza;
  const room = house.find(to!.local);
  if (room === undefined) {
    // XEP-0410 §3.2: item-not-found would say that who asks is in it, by another name.
    if (stanza.payload!.ns === PING_NS) {
      throw refusal(to!.bare, "not-acceptable", "you are not in this room", "cancel");
    }
    throw noRoom();
  }
  const asker = room.occupantOf(from!);
  if (asker === undefined) throw outside(room, stanza);
  const target = room.people.get(to!.resource);
  if (target === undefined) throw new StanzaError("item-not-found", "nobody here has this nickname");
  const payload = stanza.payload!;
  if (target === asker && stanza.type === "get" && payload.ns === PING_NS && payload.name === "ping") {
    house.send(resultOf(stanza));
    return CLAIMED;
  }
  if (target !== asker && asker.role !== "moderator" && !room.value(ALLOW_QUERIES)) {
    throw refusal(room.jid, "not-allowed", "occupants cannot ask one another for information here");
  }
  const sent = stanza.between(asker.jid, target.jid);
  const x = { stanza: sent, claimed: false, room, from: from!, occupant: asker, target };
  return settled(house.host.pass(forwarding, x), (outcome): typeof CLAIMED => {
    if (passed(house, stanza, outcome)) pass(house, room, from!, target, stanza, x.stanza);
    return CLAIMED;
  });
}

/** §6.6, XEP-0410 §3.2: who is not in the room is told so. */
function outside(room: Chatroom, stanza: Stanza): StanzaError {
  const { ns } = stanza.payload!;
  const disco = ns === DISCO_INFO_NS || ns === DISCO_ITEMS_NS;
  return refusal(room.jid, disco ? "bad-request" : "not-acceptable", "you are not in this room", "cancel");
}

function pass(
  house: House,
  room: Chatroom,
  asker: Jid,
  target: Attendee,
  request: Stanza,
  out: Stanza,
): void {
  const { forwarded } = house.shelf;
  sweepForwarded(house);
  let mine = 0;
  for (const one of forwarded.values()) if (one.asker.bare.equals(asker.bare)) mine++;
  if (mine >= MOST_EACH) {
    throw new StanzaError("resource-constraint", "too many requests are waiting for their answers");
  }
  // Those that wait longest go, so that many accounts together cannot keep everybody else from asking.
  const [oldest] = forwarded.keys();
  if (oldest !== undefined && forwarded.size >= MOST) forwarded.delete(oldest);
  // What accounts know is asked of them, and not of whatever device happens to be in the room.
  const bare = house.config.bare_iq.includes(request.payload!.ns);
  const to = bare ? target.account : target.speaker.jid;
  const id = randomId();
  forwarded.set(id, {
    asker,
    id: request.id,
    answerer: to.toString(),
    asked: target.jid,
    room: room.name,
    until: house.clock.monotonic() + PATIENCE,
  });
  house.send(out.identified(id).addressed(to));
}

/** Forgets what is not answered. */
export function sweepForwarded(house: House): void {
  const now = house.clock.monotonic();
  for (const [id, { until }] of house.shelf.forwarded) {
    // In the order in which they came: what follows is younger.
    if (until > now) return;
    house.shelf.forwarded.delete(id);
  }
}

/** An answer goes back to who asked, from the address that they asked. */
function answered(house: House, stanza: Stanza): void {
  const { forwarded } = house.shelf;
  const { id = "", from, to } = stanza;
  const pending = forwarded.get(id);
  if (pending === undefined || pending.room !== to!.local || pending.answerer !== from!.toString()) return;
  forwarded.delete(id);
  const room = house.find(pending.room);
  const answerer = room?.occupantOf(from!) ?? (room === undefined ? undefined : room.occupantsOf(from!)[0]);
  // Who has left in between has no address here any more.
  if (room === undefined || answerer === undefined || room.occupantOf(pending.asker) === undefined) return;
  house.send(stanza.between(pending.asked, pending.asker).identified(pending.id));
}
