/** What a search for words means in SQL, and when a filter selects everything. */
import type { Filter } from "./page.ts";
import { storable } from "./storable.ts";

/** Whether a filter selects everything. */
export function isEmpty(filter: Filter): boolean {
  return Object.values(filter).every((value) => value === undefined);
}

/** The word by which a search is held to one shelf. */
export function scopeOf(shelf: number): string {
  return `s${shelf}`;
}

/** Whether there is anything to search for; punctuation alone is no word. */
export function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** What to look for on one shelf, in the language of the index. */
export function searchOf(shelf: number, text: string): string {
  return `(scope : "${scopeOf(shelf)}") AND (words : (${wordsOf(text)}))`;
}

/** What the keys of an item that a filter selects have in them, as they are stored; others may have it too. */
export function keyTextOf({ with: peer, resource }: Filter): string {
  if (peer === undefined) return "";
  const parts = resource === undefined ? [peer] : [peer, resource];
  return JSON.stringify(parts.map((part) => storable(part, "a filter"))).slice(1, -1);
}

/** Words as quoted strings, all of which must occur: FTS5's own operators mean nothing in a user's words. */
function wordsOf(text: string): string {
  const words = text.split(/\s+/).filter(hasWords).slice(0, 16);
  return words.map((word) => `"${storable(word, "a search").replaceAll('"', '""')}"`).join(" AND ");
}
