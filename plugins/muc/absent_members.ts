/**
 * Members who are not there, shown with their registered nicknames as unavailable, so that a room looks the same whether
 * they are there or not; where the room is configured so (status codes 102 and 103 tell when that changes).
 */
import { CONTENT_NS, el, type Jid, prepared, Stanza } from "#plugin";
import type { Seat } from "./attendee.ts";
import { idText } from "./appearance.ts";
import type { Chatroom } from "./chatroom.ts";
import type { House } from "./house.ts";
import { USER_NS } from "./names.ts";
import type { Standing } from "./api.ts";
import { SHOW_ABSENT } from "./standard_fields.ts";

/** Shows those who are absent to one device that comes in. */
export function absentees(house: House, room: Chatroom, to: Seat): void {
  if (!room.value(SHOW_ABSENT)) return;
  const open = room.reveals(to.attendee);
  const absent = [...room.standings()].filter(([jid, { nick, affiliation }]) =>
    nick !== undefined && affiliation !== "outcast" && !room.people.has(nick) && !jid.equals(to.jid.bare)
  );
  room.outgoing.run(absent.length, (at) => {
    const [jid, standing] = absent[at]!;
    house.send(absence(house, room, jid, standing, open).addressed(to.jid));
  });
}

function absence(house: House, room: Chatroom, jid: Jid, standing: Standing, open: boolean): Stanza {
  const { affiliation, nick = "" } = standing;
  const x = el("x", USER_NS, {}, [
    el("item", USER_NS, { affiliation, role: "none", nick, jid: open ? jid.toString() : undefined }),
  ]);
  const attrs = el("presence", CONTENT_NS, { type: "unavailable" }).attrs;
  const text = idText(house.identify(room, jid)) + x.toString();
  return Stanza.of(prepared("presence", CONTENT_NS, attrs, text), room.jid.withResource(nick));
}
