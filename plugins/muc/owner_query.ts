/** What owners ask and tell a room: its configuration, and its end (XEP-0045 §10.1 – §10.2, §10.9, muc#owner). */
import { el, type Element, formOf, Jid, type Maybe, type Stanza, StanzaError } from "#plugin";
import { creating, destroying, roomCreated, type RoomQuery } from "./api.ts";
import { checkCreation } from "./arrival.ts";
import type { Chatroom } from "./chatroom.ts";
import { configForm, readConfig } from "./config_form.ts";
import { configure } from "./configuration.ts";
import { destroyRoom } from "./departure.ts";
import type { House } from "./house.ts";
import { OWNER_NS, USER_NS } from "./names.ts";
import { permit, settled } from "./passing.ts";

export function ownerGet(house: House, room: Chatroom, query: RoomQuery): Element {
  mustOwn(query);
  return el("query", OWNER_NS, {}, [configForm(house, room)]);
}

export function ownerSet(house: House, room: Chatroom, query: RoomQuery): Maybe<undefined> {
  mustOwn(query);
  const destroy = query.payload.child("destroy");
  if (destroy !== undefined) return end(house, room, query, destroy);
  const form = formOf(query.payload);
  if (form === undefined || (form.type !== "submit" && form.type !== "cancel")) {
    throw new StanzaError("bad-request", "a form must be submitted, or a room destroyed");
  }
  if (form.type === "cancel") {
    // §10.1.3: there was never a room; §10.2: it stays as it was.
    if (room.locked) destroyRoom(house, room, query.from, el("destroy", USER_NS));
    return undefined;
  }
  return configure(house, room, query, readConfig(house, room, form));
}

function mustOwn({ rights }: RoomQuery): void {
  if (rights !== "owner") throw new StanzaError("forbidden", "only owners can do this");
}

function end(house: House, room: Chatroom, query: RoomQuery, destroy: Element): Maybe<undefined> {
  const { from, stanza, occupant } = query;
  const jid = destroy.attr("jid");
  const venue = jid === undefined ? undefined : Jid.tryParse(jid);
  if (jid !== undefined && jid !== "" && venue === undefined) {
    throw new StanzaError("jid-malformed", "the other room has no address");
  }
  const x = { stanza, claimed: false, room, from, occupant };
  return settled(house.host.pass(destroying, x), (outcome) => {
    permit(outcome);
    house.noteOverride(room, from, "destroyed it");
    house.host.log.info("room destroyed", { room: room.name, by: from.bare.toString() });
    closeRoom(house, room, from, {
      venue,
      reason: destroy.childText("reason"),
      password: destroy.childText("password"),
    });
    return undefined;
  });
}

interface Ending {
  readonly venue?: Jid | undefined;
  readonly reason?: string | undefined;
  readonly password?: string | undefined;
}

/** Destroys a room, and remembers where it has gone. */
export function closeRoom(house: House, room: Chatroom, by: Jid | undefined, ending: Ending): void {
  const { venue, reason, password } = ending;
  const { redirect } = house.config;
  if (venue !== undefined && redirect > 0 && !room.locked) {
    house.store.bury(room.name, venue.bare.toString(), reason?.slice(0, 1000), house.clock.now() + redirect);
  }
  const destroy = el("destroy", USER_NS, { jid: venue?.toString() }, [
    password === undefined ? undefined : el("password", USER_NS, {}, password),
    reason === undefined ? undefined : el("reason", USER_NS, {}, reason),
  ]);
  destroyRoom(house, room, by, destroy);
}

/** §10.1.3: a room can be configured before anybody is in it. Undefined where the request is none of that. */
export function beforeThereIsARoom(
  house: House,
  stanza: Stanza,
): { room: Chatroom; keep(): Maybe<void> } | undefined {
  const payload = stanza.payload!;
  if (payload.ns !== OWNER_NS || payload.name !== "query" || payload.has("destroy")) return undefined;
  const from = stanza.from!;
  checkCreation(house, from, stanza.to!);
  const room = house.make(stanza.to!.local, from);
  const keep = (): Maybe<void> => {
    if (stanza.type !== "set" || formOf(payload, "submit") === undefined) return;
    const x = { stanza, claimed: false, room, from, occupant: undefined };
    return settled(house.host.pass(creating, x), (outcome) => {
      permit(outcome);
      house.put(room);
      house.host.emit(roomCreated, { room, by: from });
    });
  };
  return { room, keep };
}
