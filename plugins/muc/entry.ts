/** Whether somebody may come in, under which nickname, and in which role (XEP-0045 §7.2.5 – §7.2.12). */
import { type Condition, encodeUtf8, type ErrorType, type Jid, StanzaError, timingSafeEqual } from "#plugin";
import type { Affiliation, Role } from "./api.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { likenessOf } from "./likeness.ts";
import { atLeast, firstRole } from "./ranks.ts";
import { MAX_USERS, MEMBERS_ONLY, MODERATED, PASSWORD, RESERVED_NICK } from "./standard_fields.ts";

/** Owners and admins who are let in although the room is full (§7.2.9). */
const EXTRA = 20;

/** As the room says it (RFC 6120 §8.3.1 'by'). */
export function refusal(room: Jid, condition: Condition, text: string, type?: ErrorType): StanzaError {
  return new StanzaError(condition, text, { by: room.toString(), ...(type === undefined ? {} : { type }) });
}

export interface Entry {
  readonly affiliation: Affiliation;
  readonly role: Role;
  readonly nick: string;
  /** The nickname is another one than was asked for (status 210). */
  readonly renamed: boolean;
}

/** Throws the error that keeps somebody out. */
export function admit(
  house: House,
  room: Chatroom,
  from: Jid,
  nick: string,
  password: string | undefined,
): Entry {
  const affiliation = room.affiliation(from);
  const rights = room.rights(from);
  const { jid } = room;
  if (rights === "outcast") throw refusal(jid, "forbidden", "you are banned from this room");
  if (room.locked && rights !== "owner") {
    throw refusal(jid, "item-not-found", "the room has not been configured by its owner yet");
  }
  if (room.value(MEMBERS_ONLY) && !atLeast(rights, "member")) {
    throw refusal(jid, "registration-required", "this room is for members only");
  }
  if (rights !== "owner") checkPassword(house, room, from, password);
  const own = room.standing(from)?.nick;
  const name = spellingOf(room, from, own !== undefined && room.value(RESERVED_NICK) ? own : nick);
  checkNick(house, room, from, name);
  checkRoom(house, room, from, name, rights);
  return { affiliation, role: roleOf(room, from, affiliation, rights), nick: name, renamed: name !== nick };
}

/** §7.2.6. Another server can make up as many people as it likes: those of one are counted together. */
function checkPassword(house: House, room: Chatroom, from: Jid, password: string | undefined): void {
  const secret = room.value(PASSWORD);
  if (secret === "") return;
  const who = `${room.name} ${house.isRemote(from) ? from.domain : from.bare}`;
  const now = house.clock.monotonic();
  if (password !== undefined && house.guesses.tooMany(who, now)) {
    throw refusal(room.jid, "policy-violation", "too many wrong passwords: wait a minute", "wait");
  }
  if (isSame(secret, password ?? "")) return;
  if (password !== undefined) house.guesses.wrong(who, now);
  throw refusal(room.jid, "not-authorized", "this room needs a password");
}

/** How much of it is right takes no time to tell. */
function isSame(secret: string, given: string): boolean {
  return timingSafeEqual(encodeUtf8(secret), encodeUtf8(given));
}

function roleOf(room: Chatroom, from: Jid, affiliation: Affiliation, rights: Affiliation): Role {
  if (rights !== affiliation) return "moderator";
  const role = firstRole(affiliation, room.value(MODERATED));
  return role === "moderator" ? role : room.voice(from.bare) ?? role;
}

/** An account that is here with the same nickname in other letters shares that one. */
export function spellingOf(room: Chatroom, from: Jid, nick: string): string {
  const other = room.alike.get(likenessOf(nick));
  return other !== undefined && other.account.equals(from.bare) ? other.nick : nick;
}

/** §7.2.8, §17.1: neither in use nor reserved by somebody else, and not invisible. */
export function checkNick(house: House, room: Chatroom, from: Jid, nick: string): void {
  const { jid } = room;
  if (nick.trim() === "" || nick.length > house.config.nickname) {
    throw refusal(jid, "not-acceptable", "this nickname is empty or too long");
  }
  const alike = likenessOf(nick);
  const other = room.alike.get(alike);
  const owner = room.reserved.get(alike);
  const bare = from.bare.toString();
  if (other !== undefined && other.account.toString() !== bare) {
    throw refusal(jid, "conflict", "somebody else has this nickname, or one that looks the same");
  }
  if (owner !== undefined && owner !== bare) {
    throw refusal(jid, "conflict", "this nickname is reserved for somebody else");
  }
}

/** §7.2.9, and what one account may take. */
export function checkRoom(house: House, room: Chatroom, from: Jid, nick: string, rights: Affiliation): void {
  const { config } = house;
  const known = room.people.get(nick);
  if (known !== undefined) {
    if (known.seats.length >= config.devices_each) {
      throw refusal(room.jid, "resource-constraint", "you are here with too many devices");
    }
    return;
  }
  const asked = room.value(MAX_USERS);
  const most = Math.min(config.occupants, asked === "none" ? Infinity : Number(asked));
  const privileged = atLeast(rights, "admin");
  if (room.size >= most + (privileged ? EXTRA : 0)) {
    throw refusal(room.jid, "service-unavailable", "the room is full", "wait");
  }
  if (!privileged && (house.shelf.joined.get(from.bare.toString()) ?? 0) >= config.joined_each) {
    throw refusal(room.jid, "resource-constraint", "you are in too many rooms");
  }
}
