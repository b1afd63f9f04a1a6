/** Places in an archive: everything that orders or limits by time is one pair, so that a page is a stretch however deep. */
import type { Filter } from "./page.ts";

/** A place between items: after or before an item of that time and number. */
export interface Position {
  readonly at: number;
  readonly seq: number;
}

/** Times before and behind all others. */
export const OLDEST = Number.MIN_SAFE_INTEGER;
export const NEWEST = Number.MAX_SAFE_INTEGER;

export function precedes(a: Position, b: Position): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}

export function later(a: Position, b: Position): Position {
  return precedes(a, b) ? b : a;
}

export function earlier(a: Position, b: Position): Position {
  return precedes(a, b) ? a : b;
}

/** The position before everything of a filter's times; numbers of items start at 1. */
export function startOf(filter: Filter): Position {
  return { at: filter.from === undefined ? OLDEST : Math.ceil(filter.from), seq: 0 };
}

/** The position behind everything of a filter's times. */
export function endOf(filter: Filter): Position {
  const at = filter.to === undefined ? NEWEST : Math.floor(filter.to);
  return { at, seq: NEWEST };
}
