/** Invitations by the room, and what is answered to them (XEP-0045 §7.8.2); direct ones (XEP-0249) never come here. */
import {
  CONTENT_NS,
  el,
  type Element,
  isPromise,
  Jid,
  type Maybe,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import { type AffiliationChange, affiliationsChanged, inviting } from "./api.ts";
import type { Attendee } from "./attendee.ts";
import type { Chatroom } from "./chatroom.ts";
import { refusal } from "./entry.ts";
import type { House } from "./house.ts";
import { USER_NS } from "./names.ts";
import { passed, settled } from "./passing.ts";
import { atLeast } from "./ranks.ts";
import { ALLOW_INVITES, ALLOW_MEMBER_INVITES, MEMBERS_ONLY, PASSWORD } from "./standard_fields.ts";

/** Invitees of one message. */
const MOST = 50;

/** Sends the invitations in a message. */
export function invite(house: House, room: Chatroom, stanza: Stanza, x: Element): Maybe<void> {
  const from = stanza.from!;
  const attendee = room.occupantOf(from);
  const invites = x.elements().filter((child) => child.name === "invite" && child.ns === USER_NS);
  if (attendee === undefined) throw refusal(room.jid, "not-acceptable", "you are not in this room", "cancel");
  if (invites.length > MOST) {
    throw refusal(room.jid, "policy-violation", `at most ${MOST} people can be invited at once`);
  }
  check(room, attendee);
  const waiting: Promise<void>[] = [];
  for (const one of invites) {
    const to = Jid.tryParse(one.attr("to") ?? "");
    if (to === undefined || to.local === "") {
      throw new StanzaError("jid-malformed", "an invitation is for somebody");
    }
    const passage = { stanza, claimed: false, room, from, occupant: attendee, to };
    const done = settled(house.host.pass(inviting, passage), (outcome) => {
      if (passed(house, stanza, outcome)) send(house, room, attendee, stanza, one, to);
    });
    if (isPromise(done)) waiting.push(done);
  }
  if (waiting.length > 0) return Promise.all(waiting).then(() => {});
}

/** §7.8.2, §9.5: in rooms for members only it takes an admin, or a member where the room allows that. */
function check(room: Chatroom, attendee: Attendee): void {
  const rights = room.rights(attendee.account);
  if (atLeast(rights, "admin")) return;
  const allowed = room.value(MEMBERS_ONLY)
    ? room.value(ALLOW_MEMBER_INVITES) && atLeast(rights, "member")
    : attendee.role === "moderator" || (attendee.role === "participant" && room.value(ALLOW_INVITES));
  if (!allowed) throw refusal(room.jid, "forbidden", "you may not invite others to this room");
}

function send(house: House, room: Chatroom, by: Attendee, stanza: Stanza, one: Element, to: Jid): void {
  // §9.5: who is invited to a room for members only becomes one.
  if (room.value(MEMBERS_ONLY) && room.affiliation(to) === "none") {
    if (room.records.size >= house.config.affiliations) {
      throw refusal(room.jid, "resource-constraint", "this room has too many people on record");
    }
    const change: AffiliationChange = {
      jid: to.bare,
      before: room.standing(to),
      after: { affiliation: "member" },
    };
    room.record(change.jid, change.after);
    house.host.emit(affiliationsChanged, { room, by: by.address, changes: [change] });
  }
  // As in the examples: who invites somebody says who they are.
  const from = by.account;
  house.shelf.invitations.set(keyOf(room, from, to), by.address);
  const keep = one.elements().filter(({ name, ns }) =>
    ns === USER_NS && (name === "reason" || name === "continue")
  );
  const id = stanza.id ?? randomId();
  house.send(invitation(room, to, el("invite", USER_NS, { from: from.toString() }, keep), id));
}

/** The message that invites somebody (§7.8.2), with the password where there is one. */
export function invitation(room: Chatroom, to: Jid, invite: Element, id: string): Stanza {
  const password = room.value(PASSWORD);
  const x = el("x", USER_NS, {}, [
    invite,
    password === "" ? undefined : el("password", USER_NS, {}, password),
  ]);
  return Stanza.of(el("message", CONTENT_NS, { id }, [x]), room.jid, to);
}

function keyOf(room: Chatroom, inviter: Jid, invitee: Jid): string {
  return `${room.name} ${inviter} ${invitee.bare}`;
}

/** Somebody who was invited does not come: told to who invited them, once. */
export function decline(house: House, room: Chatroom, stanza: Stanza, decline: Element): void {
  const from = stanza.from!;
  const to = Jid.tryParse(decline.attr("to") ?? "");
  if (to === undefined) throw new StanzaError("jid-malformed", "a refusal is for who has invited");
  const inviter = take(house, room, to, from);
  if (inviter === undefined) throw new StanzaError("item-not-found", "there is no such invitation");
  const reason = decline.child("reason");
  const x = el("x", USER_NS, {}, [el("decline", USER_NS, { from: from.bare.toString() }, [reason])]);
  house.send(Stanza.of(el("message", CONTENT_NS, { id: stanza.id ?? randomId() }, [x]), room.jid, inviter));
}

function take(house: House, room: Chatroom, to: Jid, from: Jid): Jid | undefined {
  const { invitations } = house.shelf;
  for (const address of [to, to.bare]) {
    const key = keyOf(room, address, from);
    const inviter = invitations.get(key);
    if (inviter === undefined) continue;
    invitations.delete(key);
    return inviter;
  }
  return undefined;
}

/** An invitation has come back: who invited is told that (§7.8.2). */
export function uninvitable(house: House, room: Chatroom, stanza: Stanza): void {
  const from = stanza.from!;
  const start = `${room.name} `;
  const end = ` ${from.bare}`;
  for (const [key, inviter] of house.shelf.invitations.entries()) {
    if (!key.endsWith(end) || !key.startsWith(start)) continue;
    house.shelf.invitations.delete(key);
    const x = el("x", USER_NS, {}, [el("invite", USER_NS, { to: from.toString() })]);
    const error = stanza.child("error", CONTENT_NS);
    const message = el("message", CONTENT_NS, { type: "error", id: stanza.id }, [x, error]);
    house.send(Stanza.of(message, room.jid, inviter));
    return;
  }
}
