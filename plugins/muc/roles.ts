/** Changing roles (XEP-0045 §5.1.3): who may do what to whom, and telling everybody. */
import { type Jid, StanzaError } from "#plugin";
import type { Affiliation, Role, RoleChange } from "./api.ts";
import { broadcast, innerOf, introduce, isShown, SILENT, withdraw } from "./appearance.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { emptied, remove } from "./departure.ts";
import type { House } from "./house.ts";
import { atLeast, compare, firstRole } from "./ranks.ts";
import { MODERATED, WHOIS } from "./standard_fields.ts";

export interface RoleRequest {
  readonly nick: string;
  readonly role: Role;
  readonly reason: string | undefined;
}

/** A change that is allowed; it has the occupant as the engine sees it. */
export interface PlannedRole extends RoleChange {
  readonly occupant: Attendee;
}

/** Who changes something, for those who are told of it. */
export interface Author {
  readonly by: Jid | undefined;
  /** The nickname. */
  readonly actor: string | undefined;
  /** Runs something after the answer to who asked for it; at once where nobody has. */
  readonly after?: (then: () => void) => void;
}

/** Throws the error that refuses the change. */
export function planRole(room: Chatroom, by: Jid, { nick, role, reason }: RoleRequest): PlannedRole {
  const rights = room.rights(by);
  const moderates = atLeast(rights, "admin") || room.occupantOf(by)?.role === "moderator";
  if (!moderates) throw new StanzaError("forbidden", "only moderators can do this");
  const occupant = room.people.get(nick);
  if (occupant === undefined) throw new StanzaError("item-not-found", "nobody here has this nickname");
  const before = occupant.role;
  if (before !== role) check(rights, occupant, before, role);
  return { occupant, before, after: role, reason };
}

function check(rights: Affiliation, { affiliation }: Attendee, before: Role, after: Role): void {
  // §8.2, §8.4, §9.7: nobody takes anything from somebody of a higher affiliation.
  if (compare(affiliation, rights) > 0) throw notOverThem();
  if (after === "moderator") {
    if (!atLeast(rights, "admin")) throw new StanzaError("forbidden", "only admins can make moderators");
    return;
  }
  if (before === "moderator" && !atLeast(rights, "admin")) throw notOverThem();
  if (after === "none") return;
  // §8.4: owners and admins are always moderators; voice is not taken from one's equals.
  if (atLeast(affiliation, "admin")) throw notOverThem();
  if (after === "visitor" && affiliation === rights && affiliation !== "none") throw notOverThem();
}

function notOverThem(): StanzaError {
  return new StanzaError("not-allowed", "you may not do this to somebody with as many rights");
}

export function applyRoles(
  house: House,
  room: Chatroom,
  changes: readonly PlannedRole[],
  author: Author,
): void {
  const after = author.after ?? ((then: () => void) => then());
  for (const { occupant, before, after: role, reason } of changes) {
    if (role === "none") {
      const { toOthers } = remove(house, room, occupant, {
        codes: [307],
        reason,
        actor: author.actor,
        by: author.by,
      });
      after(toOthers);
    } else if (before !== role) {
      cast(house, room, occupant, role);
      after(() => showRole(house, room, occupant, before, { reason, actor: author.actor }));
    }
  }
  if (room.size === 0) after(() => emptied(house, room));
}

/** Gives somebody a role that lasts, in a moderated room, until they come again. */
export function cast(house: House, room: Chatroom, occupant: Attendee, role: Role): void {
  occupant.role = role;
  occupant.appearance = undefined;
  // Those of other servers have it after a restart of this one.
  if (house.isStored(room)) {
    for (const seat of occupant.seats) if (house.isRemote(seat.jid)) house.store.seated(room, seat);
  }
  if (!room.value(MODERATED)) return;
  room.remember(occupant.account, role === firstRole(occupant.affiliation, true) ? undefined : role);
}

/** Shows somebody whose role is another; where others may not see it any more, they are told that instead. */
export function showRole(
  house: House,
  room: Chatroom,
  occupant: Attendee,
  before: Role,
  notice: {
    readonly reason?: string | undefined;
    readonly actor?: string | undefined;
    readonly codes?: number[];
  },
): void {
  if (occupant.seats.length === 0 || room.gone) return;
  if (isShown(room, before) && !isShown(room, occupant.role)) {
    const inner = innerOf(house, room, occupant, SILENT);
    const now = occupant.role;
    occupant.role = before;
    withdraw(house, room, occupant, [], inner, {}).toOthers();
    occupant.role = now;
  }
  // Who may see true addresses now is shown them, before their own presence says so.
  if (before !== "moderator" && occupant.role === "moderator" && room.value(WHOIS) !== "anyone") {
    for (const seat of occupant.seats) introduce(house, room, seat);
  }
  broadcast(house, room, occupant, notice);
}
