/**
 * The pages of rooms that want to be read by the world: which rooms there are, the days of each, what was said on a day. All
 * from storage, a bounded piece a request, in this process (BUG-34). Everything that is not for the world does not exist.
 */
import { type Context, Hono } from "hono";
import { type App, errorResponse, type HostScope, type Keyval } from "#plugin";
import { DESCRIPTION, LANGUAGE, NAME, type Room, type Rooms } from "../muc/api.ts";
import type { RoomArchive } from "../archive/api.ts";
import { lineOf } from "./log_lines.ts";
import { DAY, dayOf, dayOfName, LogReader, monthOf, nameOfDay, type Period } from "./log_reader.ts";
import type { Shown, Theme } from "./log_theme.ts";

/** Messages and rooms on a page. */
const PART = 500;
const ROOMS = 100;
/** Rooms that one request may bring into memory, since many may not be shown in the end. */
const LOADED = 300;

export interface Pages {
  readonly host: HostScope<unknown>;
  readonly book: Rooms;
  readonly archive: RoomArchive;
  readonly periods: Keyval<readonly Period[]>;
  readonly theme: Theme;
  /** Whether the world may see it. */
  isOpen(room: Room): boolean;
}

export function logApp(pages: Pages): App {
  const app: App = new Hono();
  app.get("/", folder((c) => list(pages, c)));
  app.get("/:room", folder((c) => calendar(pages, c)));
  app.get("/:room/:day", folder((c) => day(pages, c)));
  return app;
}

type Answer = Response | Promise<Response>;

/** Links are relative: the address of a page ends with a slash, and one without leads there. */
function folder(answer: (c: Context) => Answer): (c: Context) => Answer {
  return (c) => {
    const { pathname } = new URL(c.req.url);
    return pathname.endsWith("/") ? answer(c) : c.redirect(`./${pathname.split("/").at(-1)}/`, 301);
  };
}

function list({ host, book, periods, theme, isOpen }: Pages, c: Context): Answer {
  const after = c.req.query("after") ?? "";
  const rooms: { path: string; shown: Shown }[] = [];
  let more: string | undefined;
  let [last, loaded] = [after, 0];
  for (const name of periods.owners()) {
    // One that is not shown now need not be loaded to know it.
    if (name <= after || periods.get(name)?.at(-1)?.to !== undefined) continue;
    if (rooms.length === ROOMS || loaded === LOADED) {
      more = `?after=${encodeURIComponent(last)}`;
      break;
    }
    last = name;
    loaded++;
    const room = book.find(name);
    if (room === undefined || !isOpen(room)) continue;
    rooms.push({ path: `${encodeURIComponent(name)}/`, shown: shownOf(room) });
  }
  return c.html(theme.rooms(host.domain, rooms, more), 200, theme.headers);
}

interface Asked {
  readonly shown: Shown;
  readonly reader: LogReader;
}

function find({ book, archive, periods, isOpen }: Pages, c: Context): Asked | undefined {
  const name = c.req.param("room") ?? "";
  // Without a time in which it was open there is nothing to show, and no need to load it.
  const times = periods.get(name);
  const room = times === undefined ? undefined : book.find(name);
  if (times === undefined || room === undefined || !isOpen(room)) return undefined;
  return { shown: shownOf(room), reader: new LogReader(archive, room.name, times) };
}

function shownOf(room: Room): Shown {
  return {
    title: room.value(NAME) || room.name,
    address: room.jid.toString(),
    description: room.value(DESCRIPTION),
    language: /^[\w-]{1,40}$/.test(room.value(LANGUAGE)) ? room.value(LANGUAGE) : "en",
  };
}

async function calendar(pages: Pages, c: Context): Promise<Response> {
  const asked = find(pages, c);
  if (asked === undefined) return missing(c);
  const { shown, reader } = asked;
  const query = c.req.query("month");
  const wanted = query === undefined
    ? await reader.before(Infinity) ?? pages.host.clock.now()
    : dayOfName(`${query}-01`);
  if (wanted === undefined) return missing(c);
  const month = monthOf(wanted);
  const [from, to] = month;
  const [previous, next] = [await reader.before(from), await reader.from(to)];
  const days = await reader.days(from, to);
  const link = (time: number | undefined) =>
    time === undefined ? undefined : `?month=${nameOfDay(time).slice(0, 7)}`;
  const page = pages.theme.calendar(shown, month, days, { previous: link(previous), next: link(next) });
  return c.html(page, 200, pages.theme.headers);
}

async function day(pages: Pages, c: Context): Promise<Response> {
  const asked = find(pages, c);
  if (asked === undefined) return missing(c);
  const { shown, reader } = asked;
  const text = c.req.param("day") ?? "";
  // As the original's addresses were before: 20260301.
  const old = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  if (old !== null) return c.redirect(`../${old.slice(1).join("-")}/`, 301);
  const wanted = dayOfName(text);
  if (wanted === undefined) return missing(c);
  const part = await reader.part(wanted, PART, c.req.query("after"));
  const [before, after] = [await reader.before(wanted), await reader.from(wanted + DAY)];
  if (part.items.length === 0 && before === undefined && after === undefined) return missing(c);
  const lines = part.items.map(lineOf).filter((line) => line !== undefined);
  const link = (time: number | undefined) => time === undefined ? undefined : `../${nameOfDay(dayOf(time))}/`;
  const page = pages.theme.day(shown, wanted, lines, {
    previous: link(before),
    next: link(after),
    more: part.more ? `?after=${encodeURIComponent(part.items.at(-1)!.id)}` : undefined,
  });
  return c.html(page, part.items.length === 0 ? 404 : 200, pages.theme.headers);
}

/** The same for what is hidden and for what is not there. */
function missing(c: Context): Response {
  return errorResponse(c.req.header("accept"), 404, "There is nothing here that everybody may read.");
}
