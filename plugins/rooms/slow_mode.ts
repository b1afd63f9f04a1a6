/** XEP-0500: owners say how long everybody waits between two messages. Acknowledged ones only count, and only words do. */
import { CONTENT_NS, definePlugin, defineSlot, type Field, Lru, none, StanzaError } from "#plugin";
import { defineField, type Room, rooms, type Saying, saying } from "../muc/api.ts";

/** A day: longer than that it is called moderated. */
const LONGEST = 86_400;
/** Those who spoke last, of all rooms together. */
const REMEMBERED = 20_000;

const DURATION = defineField(
  "muc#roomconfig_slow_mode_duration",
  {
    kind: "integer",
    label: "Seconds that everybody waits between two messages; 0 for none",
    min: 0,
    max: LONGEST,
  },
  0,
);

/** When somebody spoke last in a room: of the service, since rooms leave the memory. Outlives a reload. */
const spoken = defineSlot<Lru<string, number>>("slow_mode.spoken");

export const slowMode = definePlugin({
  name: "muc_slow_mode",
  doc: "Lets owners of rooms say how long people wait between two messages.",
  xeps: [[500, "0.1.1"]],
  config: none,
  hosts: ["muc"],
  standard: true,
  needs: [rooms],
  setup(host) {
    const book = host.use(rooms);
    const last = host.hold(spoken, () => new Lru<string, number>(REMEMBERED));
    book.field(host, DURATION);
    book.disco(host, { info: (room) => [infoOf(room)] });
    host.at(saying).guard({ kind: "message" }, (x) => {
      if (!isSlow(x)) return undefined;
      const wait = x.room.value(DURATION)!;
      const since = host.clock.now() - (last.get(keyOf(x)) ?? -Infinity);
      if (since < 0 || since >= wait * 1000) return undefined;
      return new StanzaError(
        "policy-violation",
        `this room is in slow mode: people wait ${wait} seconds between messages`,
        { type: "wait", by: x.room.jid.toString() },
      );
    });
    host.at(saying).witness({ kind: "message" }, (x) => {
      if (isSlow(x)) last.set(keyOf(x), host.clock.now());
    });
  },
});

/** §6: words of those who do not run the room; devices and nicknames of one account are one. */
function isSlow({ room, occupant, stanza }: Readonly<Saying>): boolean {
  if (occupant === undefined || (room.value(DURATION) ?? 0) === 0) return false;
  if (occupant.affiliation === "owner" || occupant.affiliation === "admin") return false;
  return stanza.child("body", CONTENT_NS) !== undefined;
}

function keyOf({ room, from }: Readonly<Saying>): string {
  return `${room.name}\n${from.bare}`;
}

/** §5.2: also where it is off. */
function infoOf(room: Room): Field {
  return {
    var: "muc#roominfo_slow_mode_duration",
    type: "text-single",
    label: "Seconds that everybody waits between two messages",
    values: [String(room.value(DURATION) ?? 0)],
  };
}
