/** The nicknames of sessions in rooms, from the presence that they send there themselves (XEP-0045 §7.2, §7.6, §7.14). */
import { type ClientSession, defineSlot, type Departing, type Jid } from "#plugin";
import type { JoinedRooms } from "../im/api.ts";

const MUC_NS = "http://jabber.org/protocol/muc";
/** Rooms of one session that are remembered. */
const MOST = 500;

/** Nicknames by the room's address. */
const nicknames = defineSlot<Map<string, string>>("nicknames");

export class Rooms implements JoinedRooms {
  nickname(session: ClientSession, room: Jid): string | undefined {
    return session.get(nicknames)?.get(room.bare.toString());
  }

  /** Presence to a full address: somebody joins, changes their name, leaves, or it is about something else. */
  note({ session, stanza }: Readonly<Departing>): undefined {
    const { type } = stanza;
    if (type !== "available" && type !== "unavailable") return;
    const to = stanza.to!;
    const room = to.bare.toString();
    let known = session.get(nicknames);
    if (type === "unavailable") {
      if (known?.delete(room) === true && known.size === 0) session.set(nicknames, undefined);
      return;
    }
    if (known?.has(room) !== true && stanza.child("x", MUC_NS) === undefined) return;
    if (known === undefined) session.set(nicknames, known = new Map());
    known.delete(room);
    known.set(room, to.resource);
    if (known.size > MOST) { for (const oldest of known.keys()) return void known.delete(oldest); }
  }
}
