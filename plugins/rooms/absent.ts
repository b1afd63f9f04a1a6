/**
 * XEP-0452: members who are not in a room hear of it when they are mentioned there, by the nickname that they have registered
 * or by a reference, wherever their account is. The message is forwarded to their account, which archives it and wakes their
 * devices. Where the room wants it, those of this server are woken by everything that is said.
 */
import {
  buildForwarded,
  buildHint,
  CONTENT_NS,
  definePlugin,
  defineSlot,
  el,
  type HostScope,
  type Jid,
  options,
  randomId,
  Stanza,
  z,
} from "#plugin";
import { MENTIONS_NS, pushing } from "../push/api.ts";
import { type Affiliation, affiliationsChanged, defineField, type Room, rooms, said } from "../muc/api.ts";
import { Nicknames } from "./mentioned.ts";

/** People that one message may call. */
const MOST = 20;

const FORWARD = defineField(
  "muc#roomconfig_forwardmentions",
  { kind: "boolean", label: "Members who are not there are told when they are mentioned" },
  true,
);
const WAKE = defineField(
  "x-muc#roomconfig_wakeabsent",
  { kind: "boolean", label: "Devices of members who are not there are woken by everything that is said" },
  false,
);

const nicknames = defineSlot<Nicknames>("rooms.nicknames");

const config = options({
  mentions: z.boolean().default(true).describe(
    "Whether members who are not in a room are told when they are mentioned there, where its owners have not decided.",
  ),
  everything: z.boolean().default(false).describe(
    "Whether devices of members of this server who are not in a room are woken by everything that is said there, where its owners have not decided.",
  ),
});

export const absentMembers = definePlugin({
  name: "muc_absent",
  doc: "Tells members who are not in a room that they are mentioned there.",
  xeps: [[452, "0.2.2"]],
  config,
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  setup(host) {
    const book = host.use(rooms);
    book.field(host, FORWARD, { initial: host.config.mentions });
    book.field(host, WAKE, { initial: host.config.everything });
    host.on(affiliationsChanged, ({ room }) => void room.set(nicknames, undefined));
    host.on(said, ({ room, occupant, stanza, subject, at }) => {
      if (occupant === undefined || subject) return;
      const told = room.value(FORWARD) ? forward(host, room, stanza, at) : [];
      if (room.value(WAKE)) wake(host, room, stanza, told);
    });
  },
});

/** Gives whom it has told. */
function forward(host: HostScope<unknown>, room: Room, stanza: Stanza, at: number): readonly Jid[] {
  let names = room.get(nicknames);
  if (names === undefined) room.set(nicknames, names = new Nicknames(room));
  const absent = names.in(stanza.source, MOST).filter((jid) => isAbsent(room, jid));
  if (absent.length === 0) return absent;
  const mention = el("mentions", MENTIONS_NS, {}, [buildForwarded(stanza.toElement(), at)]);
  for (const jid of absent) {
    const message = el("message", CONTENT_NS, { id: randomId() }, [mention, buildHint("store")]);
    host.send(Stanza.of(message, room.jid, jid));
  }
  return absent;
}

/** Those who are here need no word of it, and the account may be gone since. */
function isAbsent(room: Room, jid: Jid): boolean {
  return room.standing(jid) !== undefined && room.occupantsOf(jid).length === 0;
}

const MEMBERS: ReadonlySet<Affiliation> = new Set(["owner", "admin", "member"]);

function wake(host: HostScope<unknown>, room: Room, stanza: Stanza, told: readonly Jid[]): void {
  const pushes = host.parent === undefined ? undefined : host.sibling(host.parent)?.use(pushing);
  if (pushes === undefined) return;
  for (const [jid, { affiliation }] of room.standings()) {
    if (jid.domain !== host.parent || !MEMBERS.has(affiliation) || !pushes.reaches(jid.local)) continue;
    if (isAbsent(room, jid) && !told.some((other) => other.equals(jid))) pushes.tell(jid, stanza);
  }
}
