/**
 * Dates and times as XMPP writes them (XEP-0082), from and to milliseconds since 1970. Readers are strict
 * about the profile and answer undefined to anything else; writers always use UTC.
 */

const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})$/;
const TIME = /^(\d{2}:\d{2}:\d{2})(?:\.(\d+))?(Z|[+-]\d{2}:\d{2})?$/;
const LEGACY = /^(\d{4})(\d{2})(\d{2})T(\d{2}:\d{2}:\d{2})$/;
const ZONE = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/;
const DAY = 86_400_000;

/** The DateTime profile: `2002-09-10T23:08:25Z`, with milliseconds where there are any. */
export function formatDateTime(time: number): string {
  const text = new Date(time).toISOString();
  return text.endsWith(".000Z") ? text.slice(0, 19) + "Z" : text;
}

/** Reads the DateTime profile; digits after the millisecond are dropped. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, date = "", time = "", fraction, zone = ""] = match;
  const day = parseDate(date);
  const clock = clockTime(time, fraction);
  const offset = parseZone(zone);
  if (day === undefined || clock === undefined || offset === undefined) return undefined;
  return day + clock - offset * 60_000;
}

/** The Date profile: `1776-07-04`, in UTC. */
export function formatDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Reads the Date profile: the beginning of that day in UTC. */
export function parseDate(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const time = Date.parse(`${text}T00:00:00Z`);
  // Some engines roll the 30th of February over into March.
  return Number.isNaN(time) || formatDate(time) !== text ? undefined : time;
}

/** Reads the Time profile: milliseconds after midnight UTC, where a time without a zone counts as UTC. */
export function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const clock = clockTime(match[1] ?? "", match[2]);
  const offset = parseZone(match[3] ?? "Z");
  if (clock === undefined || offset === undefined) return undefined;
  return (((clock - offset * 60_000) % DAY) + DAY) % DAY;
}

/** Reads the format before XEP-0082, `20020910T23:08:25`, which `jabber:x:delay` still has. */
export function parseLegacyDateTime(text: string): number | undefined {
  const match = LEGACY.exec(text);
  return match === null ? undefined : parseDateTime(`${match[1]}-${match[2]}-${match[3]}T${match[4]}Z`);
}

/** A distance from UTC in minutes as `+02:00`; UTC itself as `+00:00`. */
export function formatZone(minutes: number): string {
  const size = Math.abs(minutes);
  const hours = Math.floor(size / 60);
  return `${minutes < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
}

/** Reads `Z` or `-05:00`: minutes ahead of UTC. */
export function parseZone(text: string): number | undefined {
  if (text === "Z") return 0;
  const match = ZONE.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === "-" ? -minutes : minutes;
}

function clockTime(time: string, fraction: string | undefined): number | undefined {
  const hours = Number(time.slice(0, 2));
  const minutes = Number(time.slice(3, 5));
  const seconds = Number(time.slice(6, 8));
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const part = fraction === undefined ? 0 : Number(fraction.slice(0, 3).padEnd(3, "0"));
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + part;
}
