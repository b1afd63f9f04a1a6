/**
 * Changing affiliations (XEP-0045 §5.2.2, §9, §10.3 – §10.8): a batch is checked as a whole and applied as a whole, and
 * everybody who is concerned is told.
 */
import { CONTENT_NS, el, Jid, randomId, Stanza, StanzaError } from "#plugin";
import { type Affiliation, type AffiliationChange, affiliationsChanged, type Standing } from "./api.ts";
import type { Chatroom } from "./chatroom.ts";
import { remove } from "./departure.ts";
import type { House } from "./house.ts";
import { invitation } from "./invitation.ts";
import { USER_NS } from "./names.ts";
import { likenessOf } from "./likeness.ts";
import { atLeast, compare, firstRole } from "./ranks.ts";
import { type Author, cast, showRole } from "./roles.ts";
import { MEMBERS_ONLY, MODERATED } from "./standard_fields.ts";

export interface GrantRequest {
  readonly jid: Jid;
  readonly affiliation: Affiliation;
  /** "" takes a reserved nickname away; undefined leaves it. */
  readonly nick?: string | undefined;
  readonly reason?: string | undefined;
}

/** The changes, all of them allowed; throws the error that refuses them. */
export function planGrants(
  house: House,
  room: Chatroom,
  by: Jid | undefined,
  requests: readonly GrantRequest[],
): AffiliationChange[] {
  const rights = by === undefined ? "owner" : room.rights(by);
  if (!atLeast(rights, "admin")) throw new StanzaError("forbidden", "only admins can do this");
  const changes = new Map<string, AffiliationChange>();
  for (const request of requests) {
    const jid = request.jid.bare;
    const before = room.standing(jid);
    const was = before?.affiliation ?? "none";
    check(rights, was, request.affiliation, by !== undefined && by.bare.equals(jid));
    const after = standingOf(house, room, jid, before, request);
    if (jid.local === "" && atLeast(after.affiliation, "admin")) {
      throw new StanzaError("not-allowed", "a whole domain cannot administer a room");
    }
    if (same(before, after)) changes.delete(jid.toString());
    else changes.set(jid.toString(), { jid, before, after });
  }
  checkWhole(house, room, changes);
  return [...changes.values()];
}

function check(rights: Affiliation, before: Affiliation, after: Affiliation, own: boolean): void {
  // §9.1: nobody bans themselves.
  if (own && after === "outcast") throw new StanzaError("conflict", "you cannot ban yourself");
  if (rights === "owner") return;
  if (own && before === "admin" && compare(after, before) < 0) return;
  // §9.1, §9.2: not those who have as much.
  if (atLeast(before, "admin")) {
    throw after === "outcast"
      ? new StanzaError("not-allowed", "you cannot ban somebody with as many rights")
      : new StanzaError("forbidden", "only owners can change this");
  }
  // §10.3, §10.6.
  if (atLeast(after, "admin")) throw new StanzaError("forbidden", "only owners can do this");
}

function standingOf(
  house: House,
  room: Chatroom,
  jid: Jid,
  before: Standing | undefined,
  { affiliation, nick, reason }: GrantRequest,
): Standing {
  // §9.1: an outcast has no nickname reserved; nor has who is nobody here any more.
  const lasts = atLeast(affiliation, "member");
  const name = !lasts
    ? undefined
    : nick === undefined
    ? before?.nick
    : nick === ""
    ? undefined
    : checked(nick);
  return {
    affiliation,
    ...(name === undefined ? {} : { nick: name }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, 1000) }),
  };

  function checked(nick: string): string {
    const owner = room.reserved.get(likenessOf(nick));
    if (owner !== undefined && owner !== jid.toString()) {
      throw new StanzaError("conflict", "this nickname is reserved for somebody else");
    }
    if (nick.trim() === "" || nick.length > house.config.nickname) {
      throw new StanzaError("not-acceptable", "this nickname is empty or too long");
    }
    try {
      return room.jid.withResource(nick).resource;
    } catch {
      throw new StanzaError("not-acceptable", "this nickname cannot be used");
    }
  }
}

function same(before: Standing | undefined, after: Standing): boolean {
  return (before?.affiliation ?? "none") === after.affiliation && before?.nick === after.nick;
}

/** §10.4: a room keeps an owner; and what is on record has a limit. */
function checkWhole(house: House, room: Chatroom, changes: ReadonlyMap<string, AffiliationChange>): void {
  let owners = 0;
  let lost = false;
  for (const [jid] of room.standings("owner")) {
    const change = changes.get(jid.toString());
    if (change === undefined) owners++;
    else lost ||= change.after.affiliation !== "owner";
  }
  for (const { after } of changes.values()) if (after.affiliation === "owner") owners++;
  if (lost && owners === 0) throw new StanzaError("conflict", "a room needs an owner");
  const more = [...changes.values()].filter(({ before }) => before === undefined).length;
  if (room.records.size + more > house.config.affiliations) {
    throw new StanzaError("resource-constraint", "this room has too many people on record");
  }
  const names = new Set<string>();
  for (const { after: { nick } } of changes.values()) {
    if (nick === undefined) continue;
    const alike = likenessOf(nick);
    if (names.has(alike)) throw new StanzaError("conflict", "two people cannot have the same nickname");
    names.add(alike);
  }
}

/** Puts changes on record and tells those they concern. */
export function applyGrants(
  house: House,
  room: Chatroom,
  changes: readonly AffiliationChange[],
  author: Author,
): void {
  if (changes.length === 0) return;
  const after = author.after ?? ((then: () => void) => then());
  house.host.atomic(() => {
    for (const { jid, after } of changes) room.record(jid, after);
  });
  for (const change of changes) {
    const here = change.jid.local === ""
      ? [...room.people.values()].filter(({ account }) => account.domain === change.jid.domain)
      : room.occupantsOf(change.jid);
    for (const occupant of here) regrade(house, room, occupant, change, author, after);
    if (here.length === 0 && change.before?.affiliation !== change.after.affiliation) {
      after(() => tellAway(house, room, change));
    }
  }
  house.host.emit(affiliationsChanged, { room, by: author.by, changes });
}

function regrade(
  house: House,
  room: Chatroom,
  occupant: ReturnType<Chatroom["occupantsOf"]>[number],
  { after: { reason }, before: old }: AffiliationChange,
  author: Author,
  after: (then: () => void) => void,
): void {
  const affiliation = room.affiliation(occupant.account);
  if (affiliation === occupant.affiliation) return;
  const banned = affiliation === "outcast";
  if (banned || (room.value(MEMBERS_ONLY) && !atLeast(room.rights(occupant.account), "member"))) {
    const cause = {
      codes: [banned ? 301 : 321],
      reason,
      actor: author.actor,
      by: author.by,
      affiliation,
    };
    after(remove(house, room, occupant, cause).toOthers);
    return;
  }
  const before = occupant.role;
  occupant.affiliation = affiliation;
  occupant.appearance = undefined;
  cast(house, room, occupant, roleAfter(room, before, affiliation, old?.affiliation ?? "none"));
  after(() => showRole(house, room, occupant, before, { reason, actor: author.actor }));
}

/** §5.1.3: what is gained with an affiliation is sure; who loses one becomes what they would be on coming in. */
function roleAfter(room: Chatroom, before: ReturnType<typeof firstRole>, now: Affiliation, old: Affiliation) {
  const first = firstRole(now, room.value(MODERATED));
  if (compare(now, old) < 0) return first;
  return before === "moderator" || (before === "participant" && first === "visitor") ? before : first;
}

/** Who is not there: they are told themselves (status 101), or invited (§9.5); those who may see addresses see it. */
function tellAway(house: House, room: Chatroom, { jid, before, after }: AffiliationChange): void {
  const { affiliation } = after;
  if (room.gone) return;
  if (jid.local !== "") {
    const invited = affiliation === "member" && room.value(MEMBERS_ONLY) &&
      (before?.affiliation ?? "none") === "none";
    if (invited) {
      const invite = el("invite", USER_NS, { from: room.jid.toString() });
      house.send(invitation(room, jid, invite, randomId()));
    } else house.send(note(room, jid, [el("status", USER_NS, { code: "101" })], affiliation).addressed(jid));
  }
  const seen = note(room, jid, [], affiliation);
  const seats = room.audience;
  room.outgoing.run(seats.length, (at) => {
    const seat = seats[at]!;
    if (room.reveals(seat.attendee)) house.send(seen.addressed(seat.jid));
  });
}

function note(room: Chatroom, jid: Jid, statuses: Stanza["source"][], affiliation: Affiliation): Stanza {
  const item = el("item", USER_NS, { affiliation, jid: jid.toString(), role: "none" });
  const x = el("x", USER_NS, {}, [item, ...statuses]);
  return Stanza.of(el("message", CONTENT_NS, { id: randomId() }, [x]).with({}), room.jid);
}
