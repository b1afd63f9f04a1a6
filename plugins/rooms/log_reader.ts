/**
 * What may be shown of a room's archive, by days: only what was said while the room had told everybody that it would be.
 * Days are those of UTC.
 */
import { type ArchiveItem, type Maybe, timeOfId } from "#plugin";
import type { RoomArchive } from "../archive/api.ts";

export const DAY = 86_400_000;

/** A time in which what was said is for everybody; without an end it lasts. */
export interface Period {
  readonly from: number;
  readonly to?: number;
}

/** Some of a day's messages. */
export interface Part {
  readonly items: readonly ArchiveItem[];
  /** There are more after the last one. */
  readonly more: boolean;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The archive of one room, as the world may see it. */
export class LogReader {
  constructor(
    private readonly archive: RoomArchive,
    private readonly room: string,
    private readonly periods: readonly Period[],
  ) {}

  /** Messages of a day, after one of them or from its beginning. */
  async part(day: number, limit: number, after?: string): Promise<Part> {
    const items: ArchiveItem[] = [];
    const since = after === undefined ? undefined : timeOfId(after);
    if (after !== undefined && since === undefined) return { items, more: false };
    for (const { from, to } of this.#stretches(day, day + DAY - 1)) {
      if (since !== undefined && to < since) continue;
      // The message that is gone on from is in this stretch, or all of the stretch is after it.
      const page = after !== undefined && since !== undefined && since >= from ? { after } : {};
      const found = await this.#find({ from, to }, { limit: limit + 1 - items.length, ...page });
      items.push(...found);
      if (items.length > limit) return { items: items.slice(0, limit), more: true };
    }
    return { items, more: false };
  }

  /** When the latest was said before a time. */
  async before(time: number): Promise<number | undefined> {
    for (const stretch of this.#stretches(-Infinity, time - 1).reverse()) {
      const [item] = await this.#find(stretch, { limit: 1, before: "" });
      if (item !== undefined) return item.at;
    }
    return undefined;
  }

  /** When the first was said from a time on. */
  async from(time: number): Promise<number | undefined> {
    for (const stretch of this.#stretches(time, Infinity)) {
      const [item] = await this.#find(stretch, { limit: 1 });
      if (item !== undefined) return item.at;
    }
    return undefined;
  }

  /** The days of a stretch of time on which something was said: a look for each, at the most. */
  async days(from: number, to: number): Promise<ReadonlySet<number>> {
    const days = new Set<number>();
    for (let at = await this.from(from); at !== undefined && at < to;) {
      const day = dayOf(at);
      days.add(day);
      at = await this.from(day + DAY);
    }
    return days;
  }

  #stretches(from: number, to: number): Stretch[] {
    return this.periods.map((period) => ({
      from: Math.max(from, period.from),
      to: Math.min(to, period.to ?? Infinity),
    })).filter((it) => it.from <= it.to);
  }

  async #find(
    { from, to }: Stretch,
    page: { readonly limit: number; readonly after?: string; readonly before?: string },
  ): Promise<readonly ArchiveItem[]> {
    const filter = { from, ...(to === Infinity ? {} : { to }) };
    const found: Awaited<Maybe<{ readonly items: readonly ArchiveItem[] }>> = await this.archive
      .find(this.room, filter, page);
    return found.items;
  }
}

/** The beginning of the day of a time. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY) * DAY;
}

/** A day as it stands in addresses: 2026-03-01. */
export function nameOfDay(day: number): string {
  return new Date(day).toISOString().slice(0, 10);
}

/** The day of such a name; undefined where there is no such day. */
export function dayOfName(name: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(name)) return undefined;
  const day = Date.parse(`${name}T00:00:00Z`);
  return Number.isNaN(day) || nameOfDay(day) !== name ? undefined : day;
}

/** The first day of the month of a time, and of the month after it. */
export function monthOf(time: number): [from: number, to: number] {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return [Date.UTC(year, month), Date.UTC(year, month + 1)];
}
