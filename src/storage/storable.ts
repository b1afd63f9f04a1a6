/**
 * Text on its way to a column. The runtime's SQLite cuts text at U+0000 when it reads, so that character is spelt
 * U+0001 "0" on disk, and U+0001 itself U+0001 "1"; the order of keys stays the same. Half a surrogate pair has no
 * UTF-8 and is refused, or two keys would become one.
 */
import { StorageError } from "./error.ts";

/** The text as it is stored; `what` names it in the error. */
export function storable(text: string, what: string): string {
  if (!text.isWellFormed()) throw new StorageError("invalid", `${what} is not well-formed Unicode`);
  if (!text.includes("\u0000") && !text.includes("\u0001")) return text;
  return text.replaceAll("\u0001", "\u00011").replaceAll("\u0000", "\u00010");
}

/** The text as it was. */
export function restored(text: string): string {
  if (!text.includes("\u0001")) return text;
  return text.replaceAll("\u00010", "\u0000").replaceAll("\u00011", "\u0001");
}
