/**
 * Rooms that want it are shown on the web: owners switch it on, people who enter are told so before they speak (XEP-0045
 * §7.2.12, status 170), and what was said from then on has pages, by days. What was said before has none, and switching it off
 * removes nothing (BUG-14): it only hides. It needs a room that stays, that is listed and that anybody may enter.
 */
import {
  definePlugin,
  type Field,
  type HostScope,
  type Keyval,
  keyval,
  options,
  StanzaError,
  webPath,
  z,
} from "#plugin";
import {
  configured,
  type Configuring,
  configuring,
  defineField,
  joining,
  MEMBERS_ONLY,
  PASSWORD,
  PERSISTENT,
  PUBLIC,
  type Room,
  roomCreated,
  roomDestroyed,
  rooms,
  type RoomValue,
} from "../muc/api.ts";
import { ARCHIVE, type RoomArchive, roomArchive } from "../archive/api.ts";
import { logApp } from "./log_pages.ts";
import type { Period } from "./log_reader.ts";
import { Theme } from "./log_theme.ts";

/** When rooms were shown, by their names. */
const shownPeriods = keyval<readonly Period[]>("rooms.shown");
/** Periods that are remembered of a room. */
const MOST = 100;

const LOGGED = defineField(
  "muc#roomconfig_enablelogging",
  { kind: "boolean", label: "What is said from now on is shown to everybody on the web" },
  false,
);

const config = options({
  path: webPath("/logs"),
  style: z.string().max(100_000).regex(/^[^<]*$/, { error: "expected CSS, without markup" }).default("")
    .describe(
      "CSS that is added to that of the pages; their colours are variables such as `--accent`.",
    ),
  indexed: z.boolean().default(false).describe("Whether search engines may index the pages."),
});

type Value = <T>(of: RoomValue<T>) => T;

export const mucLog = definePlugin({
  name: "muc_log",
  doc: "Shows what is said in rooms on the web, where their owners want that.",
  config,
  hosts: ["muc"],
  needs: [rooms, roomArchive],
  setup(host) {
    const { path, style, indexed } = host.config;
    const book = host.use(rooms);
    const archive = host.use(roomArchive);
    const periods = host.open(shownPeriods);
    book.field(host, LOGGED);
    book.disco(host, { info: (room) => isOpen(room) ? [addressField(host, path, room)] : [] });
    host.at(configuring).guard({}, (x) => conflict(x));
    host.at(configuring).amend({}, (x) => void follow(x, archive));
    host.at(joining).amend({}, (x) => {
      if (x.room.value(LOGGED)) x.status(170);
      return undefined;
    });
    host.on(configured, ({ room }) => note(periods, room, host.clock.now()));
    host.on(roomCreated, ({ room }) => void periods.set(room.name, undefined));
    host.on(roomDestroyed, ({ room }) => void periods.set(room.name, undefined));
    const theme = new Theme(style, indexed);
    host.http(path, logApp({ host, book, archive, periods, theme, isOpen }));
  },
});

function isOpen(room: Room): boolean {
  return !room.locked && mayBeShown((of) => room.value(of)) && room.value(LOGGED) && room.value(PUBLIC);
}

function mayBeShown(value: Value): boolean {
  return value(PERSISTENT) && value(ARCHIVE) && !value(MEMBERS_ONLY) && value(PASSWORD) === "";
}

/** Who asks for it where it cannot be is told why. */
function conflict(x: Readonly<Configuring>): StanzaError | undefined {
  const value: Value = (of) => x.value(of);
  if (!x.changes(LOGGED) || !value(LOGGED)) return undefined;
  if (!value(PERSISTENT)) {
    return new StanzaError("forbidden", "only a room that stays can be shown on the web", { type: "cancel" });
  }
  if (!value(ARCHIVE)) {
    return new StanzaError("not-acceptable", "only what is kept in the archive can be shown on the web");
  }
  return mayBeShown(value)
    ? undefined
    : new StanzaError("not-acceptable", "a room that not everybody may enter cannot be shown on the web");
}

/** A room that becomes private is not shown any more, whoever forgets to say so. */
function follow(x: Readonly<Configuring>, archive: RoomArchive): void {
  const value: Value = (of) => x.value(of);
  if (value(LOGGED) && !mayBeShown(value)) x.put(LOGGED, false);
  if (!x.changes(LOGGED)) return;
  if (value(LOGGED)) x.notice(170);
  // Where everybody may still read the archive, nothing has been switched off.
  else if (!archive.isPublic(value)) x.notice(171);
}

/** Notes since when, and until when, what is said may be shown; what was said in the very millisecond is on the safe side. */
function note(periods: Keyval<readonly Period[]>, room: Room, now: number): undefined {
  const known = periods.get(room.name) ?? [];
  const last = known.at(-1);
  const open = last !== undefined && last.to === undefined;
  if (room.value(LOGGED) === open) return;
  const after = open
    ? [...known.slice(0, -1), { from: last.from, to: now - 1 }]
    : [...known, { from: now + 1 }];
  periods.set(room.name, after.slice(-MOST));
}

function addressField(host: HostScope<unknown>, path: string, room: Room): Field {
  return {
    var: "muc#roominfo_logs",
    type: "text-single",
    label: "Where what was said can be read",
    values: [host.url(`${path}/${encodeURIComponent(room.name)}/`)],
  };
}
