/**
 * Administrators of the server are nobody special in rooms, until they ask for it: then they act as owners of all of them
 * for a while, and each time that makes a difference it is logged.
 */
import { formShape, type HostScope, Jid, StanzaError } from "#plugin";
import { commands, defineStage } from "../admin/api.ts";
import { remove } from "./departure.ts";
import { closeRoom } from "./owner_query.ts";
import { applyGrants, planGrants } from "./grants.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { atLeast, firstRole } from "./ranks.ts";
import { cast, showRole } from "./roles.ts";
import { MEMBERS_ONLY, MODERATED } from "./standard_fields.ts";

const ROOM = defineStage({
  form: formShape("urn:metronome:rooms", {
    room: { kind: "jid", label: "The room", required: true },
  }),
});

export function offerOverride(house: House, host: HostScope<unknown>): void {
  const book = host.find(commands);
  if (book === undefined) return;
  const { overriding } = house.shelf;
  book.register(host, {
    node: "urn:metronome:rooms#override",
    name: "Act as the owner of all rooms, or stop it",
    role: "admin",
    run({ from }) {
      const key = from.bare.toString();
      const now = house.clock.now();
      if ((overriding.get(key) ?? 0) > now) {
        overriding.delete(key);
        stepDown(house, key);
        host.log.info("an admin acts as the owner of rooms no more", { by: key });
        return { info: "You are nobody special in rooms any more." };
      }
      overriding.set(key, now + house.config.override);
      host.log.info("an admin acts as the owner of all rooms for a while", { by: key });
      const minutes = Math.round(house.config.override / 60_000);
      return {
        info: `You act as the owner of all rooms for ${minutes} minutes. What you do by it is logged.`,
      };
    },
  });
  book.register(host, {
    node: "urn:metronome:rooms#own",
    name: "Become an owner of a room",
    role: "admin",
    stages: [ROOM],
    run(call) {
      const room = roomOf(house, call.of(ROOM).room);
      const plan = planGrants(house, room, undefined, [{ jid: call.from.bare, affiliation: "owner" }]);
      applyGrants(house, room, plan, { by: undefined, actor: undefined });
      host.log.info("an admin has become an owner of a room", { room: room.name, by: call.from.toString() });
      return { info: `You are an owner of ${room.jid}.` };
    },
  });
  book.register(host, {
    node: "urn:metronome:rooms#destroy",
    name: "Destroy a room",
    role: "admin",
    stages: [ROOM],
    run(call) {
      const room = roomOf(house, call.of(ROOM).room);
      host.log.info("an admin has destroyed a room", { room: room.name, by: call.from.toString() });
      closeRoom(house, room, undefined, { reason: "The room was closed by the administration." });
      return { info: `${room.jid} is no more.` };
    },
  });
}

/** Whose time as the owner of all rooms is over is in them what they would be without it. */
export function stepDown(house: House, account: string): void {
  for (const room of [...house.rooms.values()]) {
    for (const occupant of [...room.people.values()]) {
      if (occupant.account.toString() !== account) continue;
      const { affiliation, role } = occupant;
      const banned = affiliation === "outcast";
      // §9.1, §9.4: whom the room does not want is in it no more.
      if (banned || (room.value(MEMBERS_ONLY) && !atLeast(affiliation, "member"))) {
        remove(house, room, occupant, { codes: [banned ? 301 : 321] }).toOthers();
        continue;
      }
      if (role !== "moderator" || atLeast(affiliation, "admin")) continue;
      // §5.1.2: as they would come in now.
      const first = firstRole(affiliation, room.value(MODERATED));
      cast(house, room, occupant, room.voice(occupant.account) ?? first);
      showRole(house, room, occupant, role, {});
    }
  }
}

function roomOf(house: House, address: Jid | null | undefined): Chatroom {
  const room = address?.domain === house.host.domain ? house.find(address.local) : undefined;
  if (room === undefined) throw new StanzaError("item-not-found", "there is no such room here");
  return room;
}
