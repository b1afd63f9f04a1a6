/** Lists of roles and affiliations, and changes of them (XEP-0045 §8 – §10, muc#admin). */
import { el, type Element, Jid, type Maybe, StanzaError } from "#plugin";
import { type Affiliation, granting, type Role, type RoomQuery } from "./api.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { applyGrants, type GrantRequest, planGrants } from "./grants.ts";
import type { House } from "./house.ts";
import { ADMIN_NS } from "./names.ts";
import { permit, settled } from "./passing.ts";
import { atLeast, isAffiliation, isRole } from "./ranks.ts";
import { applyRoles, planRole, type RoleRequest } from "./roles.ts";
import { MEMBER_LIST, MEMBERS_ONLY, WHOIS } from "./standard_fields.ts";

/** Items that can be changed at once. */
const MOST = 1000;

export function adminGet(room: Chatroom, query: RoomQuery): Element {
  const items = itemsOf(query.payload);
  const [item] = items;
  if (items.length !== 1 || item === undefined) {
    throw new StanzaError("bad-request", "one list can be asked for at a time");
  }
  const { affiliation, role } = item.attrs;
  if (
    affiliation !== undefined && role === undefined && isAffiliation(affiliation) && affiliation !== "none"
  ) {
    return affiliationList(room, query, affiliation);
  }
  if (role !== undefined && affiliation === undefined && isRole(role) && role !== "none") {
    return roleList(room, query, role);
  }
  throw new StanzaError("bad-request", "a list is of an affiliation or of a role");
}

function affiliationList(room: Chatroom, query: RoomQuery, affiliation: Affiliation): Element {
  if (!mayList(room, query, affiliation)) throw new StanzaError("forbidden", "you may not see this list");
  const items: Element[] = [];
  const here = new Map<string, Attendee>();
  for (const occupant of room.people.values()) here.set(occupant.account.toString(), occupant);
  for (const [jid, { nick, reason }] of room.standings(affiliation)) {
    const occupant = here.get(jid.toString());
    items.push(
      el("item", ADMIN_NS, {
        affiliation,
        jid: jid.toString(),
        nick: affiliation === "outcast" ? undefined : occupant?.nick ?? nick,
        role: affiliation === "outcast" ? undefined : occupant?.role,
      }, [reason === undefined ? undefined : el("reason", ADMIN_NS, {}, reason)]),
    );
  }
  return el("query", ADMIN_NS, {}, items);
}

/**
 * §9.5: where addresses are visible, members and those who are there may know who belongs to the room, as end-to-end
 * encryption needs it; bans are for admins.
 */
function mayList(room: Chatroom, { rights, occupant }: RoomQuery, affiliation: Affiliation): boolean {
  if (atLeast(rights, "admin")) return true;
  if (affiliation === "outcast" || room.value(WHOIS) !== "anyone") return false;
  if (atLeast(rights, "member")) return true;
  if (occupant === undefined) return false;
  return room.value(MEMBERS_ONLY) || (room.value(MEMBER_LIST) as readonly string[]).includes(occupant.role);
}

function roleList(room: Chatroom, { rights, occupant }: RoomQuery, role: Role): Element {
  const least = role === "moderator"
    ? atLeast(rights, "admin")
    : atLeast(rights, "admin") || occupant?.role === "moderator";
  if (!least) throw new StanzaError("forbidden", "you may not see this list");
  const items = [...room.people.values()].filter((other) => other.role === role).map((other) =>
    el("item", ADMIN_NS, {
      affiliation: other.affiliation,
      jid: other.address.toString(),
      nick: other.nick,
      role,
    })
  );
  return el("query", ADMIN_NS, {}, items);
}

/** All changes, or none. */
export function adminSet(house: House, room: Chatroom, query: RoomQuery): Maybe<undefined> {
  const items = itemsOf(query.payload);
  if (items.length === 0 || items.length > MOST) {
    throw new StanzaError("bad-request", `between 1 and ${MOST} changes can be made at once`);
  }
  const grants: GrantRequest[] = [];
  const casts: RoleRequest[] = [];
  for (const item of items) readItem(room, item, grants, casts);
  const { from } = query;
  const affiliations = grants.length === 0 ? [] : planGrants(house, room, from, grants);
  const roles = casts.map((request) => planRole(room, from, request));
  const x = {
    stanza: query.stanza,
    claimed: false,
    room,
    from,
    occupant: query.occupant,
    affiliations,
    roles,
  };
  return settled(house.host.pass(granting, x), (outcome) => {
    permit(outcome);
    house.noteOverride(room, from, "changed roles or affiliations");
    const author = { by: from, actor: query.occupant?.nick, after: query.after };
    applyGrants(house, room, affiliations, author);
    applyRoles(house, room, roles.filter(({ occupant }) => occupant.seats.length > 0), author);
    return undefined;
  });
}

function itemsOf(payload: Element): Element[] {
  return payload.elements().filter((child) => child.name === "item" && child.ns === ADMIN_NS);
}

/** §17.4, rules 4 – 6: either the affiliation of an address, or the role of a nickname. */
function readItem(room: Chatroom, item: Element, grants: GrantRequest[], casts: RoleRequest[]): void {
  const { affiliation, role, jid, nick } = item.attrs;
  const reason = item.childText("reason");
  if ((affiliation === undefined) === (role === undefined)) {
    throw new StanzaError("bad-request", "an item is about an affiliation or about a role");
  }
  if (role !== undefined) {
    if (!isRole(role)) throw new StanzaError("bad-request", `"${role.slice(0, 40)}" is no role`);
    casts.push({ nick: nick ?? nickOf(room, jid), role, reason });
    return;
  }
  if (!isAffiliation(affiliation)) {
    throw new StanzaError("bad-request", `"${affiliation!.slice(0, 40)}" is no affiliation`);
  }
  if (jid === undefined) {
    const occupant = room.people.get(nick ?? "");
    if (occupant === undefined) throw new StanzaError("item-not-found", "nobody here has this nickname");
    grants.push({ jid: occupant.account, affiliation, reason });
    return;
  }
  const address = Jid.tryParse(jid);
  if (address === undefined) throw new StanzaError("jid-malformed", `"${jid.slice(0, 80)}" is no address`);
  grants.push({ jid: address.bare, affiliation, nick, reason });
}

function nickOf(room: Chatroom, jid: string | undefined): string {
  const address = Jid.tryParse(jid ?? "");
  const occupant = address === undefined
    ? undefined
    : room.occupantOf(address) ?? room.occupantsOf(address)[0];
  if (occupant === undefined) throw new StanzaError("bad-request", "a role is given to a nickname");
  return occupant.nick;
}
