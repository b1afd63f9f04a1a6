/** Registering a nickname with a room, which makes a member (XEP-0045 §7.10, with XEP-0077). */
import { el, type Element, formOf, formShape, type Maybe, StanzaError } from "#plugin";
import { granting, type RoomQuery } from "./api.ts";
import type { Chatroom } from "./chatroom.ts";
import { applyGrants, planGrants } from "./grants.ts";
import type { House } from "./house.ts";
import { likenessOf } from "./likeness.ts";
import { REGISTER_FORM_NS, REGISTER_NS } from "./names.ts";
import { permit, settled } from "./passing.ts";
import { atLeast } from "./ranks.ts";
import { MEMBERS_ONLY, MODERATED, PASSWORD, REGISTRATION } from "./standard_fields.ts";

const FORM = formShape(REGISTER_FORM_NS, {
  "muc#register_roomnick": { kind: "text", label: "Nickname", required: true, longest: 1000 },
});

export function registerGet(room: Chatroom, query: RoomQuery): Element {
  const standing = room.standing(query.from);
  if (standing?.nick !== undefined) {
    return el("query", REGISTER_NS, {}, [
      el("registered", REGISTER_NS),
      el("username", REGISTER_NS, {}, standing.nick),
      FORM.form({ "muc#register_roomnick": standing.nick }),
    ]);
  }
  allow(room, query);
  return el("query", REGISTER_NS, {}, [
    el("instructions", REGISTER_NS, {}, "Choose the nickname that you want to be known by in this room."),
    FORM.form({}, { title: "Registration" }),
  ]);
}

export function registerSet(house: House, room: Chatroom, query: RoomQuery): Maybe<undefined> {
  const { payload, from } = query;
  const standing = room.standing(from);
  const present = standing?.affiliation ?? "none";
  if (payload.has("remove")) {
    if (standing === undefined) {
      throw new StanzaError("registration-required", "you are not registered with this room");
    }
    return change(house, room, query, { affiliation: present === "member" ? "none" : present, nick: "" });
  }
  allow(room, query);
  const form = formOf(payload, "submit");
  const read = form === undefined ? undefined : FORM.read(form);
  if (read === undefined || "problems" in read) {
    throw new StanzaError("bad-request", `a form ${REGISTER_FORM_NS} with a nickname must be submitted`);
  }
  const nick = read.values["muc#register_roomnick"];
  const other = room.alike.get(likenessOf(nick));
  if (other !== undefined && !other.account.equals(from.bare)) {
    throw new StanzaError("conflict", "somebody else has this nickname");
  }
  // Whoever runs the room can still ban somebody when many have registered.
  if (standing === undefined && room.records.size >= house.config.affiliations / 2) {
    throw new StanzaError("resource-constraint", "too many people have registered with this room");
  }
  return change(house, room, query, { affiliation: present === "none" ? "member" : present, nick });
}

/** §7.10: not for those who are banned, and not as a way into rooms for members only. */
function allow(room: Chatroom, { from, rights, occupant }: RoomQuery): void {
  const affiliation = room.affiliation(from);
  if (affiliation === "outcast") throw new StanzaError("forbidden", "you are banned from this room");
  if (atLeast(rights, "member")) return;
  if (room.value(MEMBERS_ONLY) || !room.value(REGISTRATION)) {
    throw new StanzaError("not-allowed", "you may not register with this room");
  }
  // §5.2: members have voice, and read what was said: nobody gets either by it who does not have it already.
  if (room.value(PASSWORD) !== "" && occupant === undefined) {
    throw new StanzaError("not-allowed", "enter this room, which has a password, before you register");
  }
  if (room.value(MODERATED) && (occupant === undefined || occupant.role === "visitor")) {
    throw new StanzaError("not-allowed", "only who has voice may register with this room");
  }
}

function change(
  house: House,
  room: Chatroom,
  query: RoomQuery,
  wanted: { readonly affiliation: "none" | "outcast" | "member" | "admin" | "owner"; readonly nick: string },
): Maybe<undefined> {
  const { from, stanza, occupant, after } = query;
  const affiliations = planGrants(house, room, undefined, [{ jid: from.bare, ...wanted }]);
  const x = { stanza, claimed: false, room, from, occupant, affiliations, roles: [] };
  return settled(house.host.pass(granting, x), (outcome) => {
    permit(outcome);
    applyGrants(house, room, affiliations, { by: from, actor: undefined, after });
    return undefined;
  });
}
