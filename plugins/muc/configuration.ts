/** Changing what a room is like (XEP-0045 §10.1, §10.2): everything or nothing, and then telling those in it. */
import { CONTENT_NS, el, type Jid, type Maybe, Stanza, StanzaError } from "#plugin";
import { configured, configuring, type RoomQuery, type RoomValue } from "./api.ts";
import { open } from "./arrival.ts";
import { broadcast, innerOf, introduce, isShown, SILENT, withdraw } from "./appearance.ts";
import type { Chatroom } from "./chatroom.ts";
import type { Submission } from "./config_form.ts";
import { emptied, remove } from "./departure.ts";
import { applyGrants, type GrantRequest, planGrants } from "./grants.ts";
import type { House } from "./house.ts";
import { USER_NS } from "./names.ts";
import { permit, settled } from "./passing.ts";
import { atLeast } from "./ranks.ts";
import { cast, showRole } from "./roles.ts";
import {
  HISTORY_LENGTH,
  MEMBERS_ONLY,
  MODERATED,
  PERSISTENT,
  PRESENCE_BROADCAST,
  PUBLIC,
  SHOW_ABSENT,
  WHOIS,
} from "./standard_fields.ts";

/** What passes `configuring`. */
class Change {
  claimed = false;
  readonly from: Jid;
  readonly occupant;
  readonly values = new Map<string, unknown>();
  readonly codes: number[] = [];

  constructor(readonly room: Chatroom, public stanza: Stanza, { from, occupant }: RoomQuery) {
    this.from = from;
    this.occupant = occupant;
  }

  get changed(): ReadonlySet<string> {
    return new Set(this.values.keys());
  }
  changes(of: RoomValue<unknown>): boolean {
    return this.values.has(of.name);
  }
  value<T>(of: RoomValue<T>): T {
    return this.values.has(of.name) ? this.values.get(of.name) as T : this.room.value(of);
  }
  put<T>(of: RoomValue<T>, value: T): void {
    if (equal(value, this.room.value(of))) this.values.delete(of.name);
    else this.values.set(of.name, value);
  }
  notice(code: number): void {
    this.codes.push(code);
  }
}

function equal(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Applies a submission; a locked room is there for everybody after it. */
export function configure(
  house: House,
  room: Chatroom,
  query: RoomQuery,
  submission: Submission,
): Maybe<undefined> {
  const { from, stanza, after } = query;
  const change = new Change(room, stanza, query);
  for (const [name, value] of submission.values) change.put({ name, initial: value }, value);
  for (const { field } of house.additions.fields()) {
    if (submission.values.has(field.name)) change.put(field, submission.values.get(field.name));
  }
  checkPolicy(house, change);
  const grants = planGrants(house, room, from, grantsOf(room, submission));
  return settled(house.host.pass(configuring, change), (outcome) => {
    permit(outcome);
    if (room.gone) throw new StanzaError("item-not-found", "the room is gone");
    house.noteOverride(room, from, "changed the configuration");
    const before = snapshot(room);
    apply(house, room, change);
    if (room.locked) open(house, room);
    applyGrants(house, room, grants, { by: from, actor: query.occupant?.nick, after });
    const { changed } = change;
    if (changed.size > 0) {
      after(() => announce(house, room, change, before));
      house.host.emit(configured, { room, by: from, changed });
    }
    after(() => follow(house, room, change, before));
    return undefined;
  });
}

interface Before {
  readonly whois: string;
  readonly absent: boolean;
  readonly shown: readonly string[];
}

function snapshot(room: Chatroom): Before {
  return { whois: room.value(WHOIS), absent: room.value(SHOW_ABSENT), shown: room.value(PRESENCE_BROADCAST) };
}

/** What the service leaves to owners, and how much. */
function checkPolicy(house: House, change: Change): void {
  const { config } = house;
  const { from } = change;
  if (change.changes(PERSISTENT) && change.value(PERSISTENT) && !house.allows(config.persistent, from)) {
    throw new StanzaError("not-acceptable", "you may not make a room stay here");
  }
  if (change.changes(PUBLIC) && change.value(PUBLIC) && !house.allows(config.public, from)) {
    throw new StanzaError("not-acceptable", "you may not have a room listed here");
  }
  // Everybody is shown to everybody anew: in a large room that takes a while, and is not asked for twice meanwhile.
  if (change.changes(PRESENCE_BROADCAST) && change.room.outgoing.busy) {
    throw new StanzaError(
      "resource-constraint",
      "this large room is busy: change who is shown in it a little later",
    );
  }
  if (change.changes(HISTORY_LENGTH) && (change.value(HISTORY_LENGTH) ?? 0) > config.history) {
    throw new StanzaError("bad-request", `at most ${config.history} messages are kept`, { type: "cancel" });
  }
}

/** The lists of owners and admins in a form are whole lists. */
function grantsOf(room: Chatroom, { owners, admins }: Submission): GrantRequest[] {
  const wanted = new Map<string, GrantRequest>();
  const want = (jid: Jid, affiliation: GrantRequest["affiliation"]): void =>
    void wanted.set(jid.bare.toString(), { jid: jid.bare, affiliation });
  if (admins !== undefined) { for (const [jid] of room.standings("admin")) want(jid, "none"); }
  if (owners !== undefined) { for (const [jid] of room.standings("owner")) want(jid, "admin"); }
  if (owners !== undefined && admins !== undefined) {
    for (const [jid] of room.standings("owner")) want(jid, "none");
  }
  for (const jid of admins ?? []) want(jid, "admin");
  for (const jid of owners ?? []) want(jid, "owner");
  return [...wanted.values()].filter(({ jid, affiliation }) => room.affiliation(jid) !== affiliation);
}

function apply(house: House, room: Chatroom, { values }: Change): void {
  if (values.size === 0) return;
  const stored = house.isStored(room);
  for (const [name, value] of values) room.values.set(name, value);
  if (room.locked) return;
  if (!stored && house.isStored(room)) open(house, room);
  else if (stored && !house.isStored(room)) house.unstore(room);
  else house.changed(room);
}

/** §10.2.1: one message with all there is to say. */
function announce(house: House, room: Chatroom, change: Change, before: Before): void {
  const codes = [104, ...change.codes];
  const whois = room.value(WHOIS);
  if (whois !== before.whois) codes.push(whois === "anyone" ? 172 : 173);
  if (room.value(SHOW_ABSENT) !== before.absent) codes.push(before.absent ? 103 : 102);
  notify(house, room, codes);
}

export function notify(house: House, room: Chatroom, codes: readonly number[]): void {
  const statuses = [...new Set(codes)].sort((a, b) => a - b)
    .map((code) => el("status", USER_NS, { code: String(code) }));
  const message = el("message", CONTENT_NS, { type: "groupchat" }, [el("x", USER_NS, {}, statuses)]);
  const stanza = Stanza.of(message.with({}), room.jid);
  const seats = room.audience;
  room.outgoing.run(seats.length, (at) => house.send(stanza.addressed(seats[at]!.jid)));
}

/** Devices in a room in which everybody is shown anew to everybody; in a larger one clients read the lists (§9.5). */
const MOST_SHOWN = 200;

/** Addresses can be seen, or cannot any more: whoever may see more than before is shown it. */
function reveal(house: House, room: Chatroom): void {
  for (const occupant of room.people.values()) occupant.appearance = undefined;
  // What is still on its way from the last change is made with the present configuration.
  if (room.value(WHOIS) !== "anyone" || room.audience.length > MOST_SHOWN || room.outgoing.busy) return;
  for (const seat of room.audience) if (seat.attendee.role !== "moderator") introduce(house, room, seat);
}

/** §15.5.3: who was seen and is not any more goes, for the others, and is no ghost; who was not and is now comes. */
function showAnew(house: House, room: Chatroom, before: readonly string[]): void {
  for (const occupant of room.people.values()) {
    const was = before.includes(occupant.role);
    if (was === isShown(room, occupant.role)) continue;
    if (!was) broadcast(house, room, occupant);
    else withdraw(house, room, occupant, [], innerOf(house, room, occupant, SILENT), {}, true).toOthers();
  }
}

/** What follows for those in the room. */
function follow(house: House, room: Chatroom, change: Change, before: Before): void {
  if (room.gone) return;
  if (change.changes(PRESENCE_BROADCAST)) showAnew(house, room, before.shown);
  // §10.2: who may not be in it any more is removed.
  if (change.changes(MEMBERS_ONLY) && room.value(MEMBERS_ONLY)) {
    for (const occupant of [...room.people.values()]) {
      if (atLeast(room.rights(occupant.account), "member")) continue;
      remove(house, room, occupant, { codes: [322], by: change.from }).toOthers();
    }
  }
  // Visitors are those who have no voice: in a room that is not moderated everybody has.
  if (change.changes(MODERATED) && !room.value(MODERATED)) {
    for (const occupant of [...room.people.values()]) {
      if (occupant.role !== "visitor") continue;
      cast(house, room, occupant, "participant");
      showRole(house, room, occupant, "visitor", {});
    }
  }
  if (change.changes(WHOIS)) reveal(house, room);
  if (room.size === 0) emptied(house, room);
}
