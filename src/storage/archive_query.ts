/**
 * What an archive's filter and page mean in SQL. Everything that orders or limits by time is one position, the pair
 * (at, seq), so that a page is a stretch of an index however deep it lies; each query names the index it must use.
 */
import type { Input } from "./engine.ts";
import type { Filter } from "./page.ts";
import { storable } from "./storable.ts";

/** A place between items: after or before an item of that time and number. */
export interface Position {
  readonly at: number;
  readonly seq: number;
}

/** The part of a statement after its columns, and its values. */
export interface Selection {
  readonly sql: string;
  readonly values: Input[];
}

/** Whether a filter selects everything. */
export function isEmpty(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

/** The later of two positions; undefined stands for the beginning. */
export function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.at > b.at || (a.at === b.at && a.seq > b.seq) ? a : b;
}

/** The earlier of two positions; undefined stands for the end. */
export function earlier(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.at < b.at || (a.at === b.at && a.seq < b.seq) ? a : b;
}

/** Where inclusive times begin and end; row numbers start at 1. */
export function startOf(filter: Filter): Position | undefined {
  return filter.from === undefined ? undefined : { at: Math.ceil(filter.from), seq: 0 };
}

/** The position behind the last item of a time. */
export function endOf(filter: Filter): Position | undefined {
  return filter.to === undefined ? undefined : { at: Math.floor(filter.to), seq: Number.MAX_SAFE_INTEGER };
}

/** Items of a shelf that meet the filter between two positions. */
export function select(
  shelf: number,
  filter: Filter,
  lower: Position | undefined,
  upper: Position | undefined,
): Selection {
  const values: Input[] = [];
  let sql: string;
  if (filter.text !== undefined) {
    sql =
      "FROM item_text CROSS JOIN item ON item.seq = item_text.rowid WHERE item_text MATCH ? AND item.shelf = ?";
    values.push(`(scope : "${scopeOf(shelf)}") AND (words : (${wordsOf(filter.text)}))`, shelf);
  } else {
    const index = filter.ids !== undefined ? "item_id" : filter.with !== undefined ? "item_peer" : "item_at";
    sql = `FROM item INDEXED BY ${index} WHERE item.shelf = ?`;
    values.push(shelf);
  }
  if (filter.ids !== undefined) {
    sql += " AND item.id IN (SELECT value FROM json_each(?))";
    values.push(idList(filter.ids));
  }
  if (filter.with !== undefined) {
    sql += " AND item.peer = ?";
    values.push(storable(filter.with, "a filter"));
    if (filter.resource !== undefined) {
      sql += " AND item.resource = ?";
      values.push(storable(filter.resource, "a filter"));
    }
  }
  if (lower !== undefined) {
    sql += " AND (item.at, item.seq) > (?, ?)";
    values.push(lower.at, lower.seq);
  }
  if (upper !== undefined) {
    sql += " AND (item.at, item.seq) < (?, ?)";
    values.push(upper.at, upper.seq);
  }
  return { sql, values };
}

/** The word by which a search is held to one shelf. */
export function scopeOf(shelf: number): string {
  return `s${shelf}`;
}

/** Ids as one value, so that any number of them is one statement. */
export function idList(ids: readonly string[]): string {
  return JSON.stringify(ids.map((id) => storable(id, "an id")));
}

/** Whether there is anything to search for; punctuation alone is no word. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Words as quoted strings, all of which must occur: FTS5's own operators mean nothing in a user's words. */
function wordsOf(text: string): string {
  const words = text.split(/\s+/).filter(hasWords).slice(0, 16);
  return words.map((word) => `"${storable(word, "a search").replaceAll('"', '""')}"`).join(" AND ");
}
