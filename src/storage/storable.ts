/**
 * Text on its way to a column. The runtime's SQLite cuts text at U+0000 when it reads, so that character is spelt
 * U+0001 "0" on disk, and U+0001 itself U+0001 "1"; the order of keys stays the same. Half a surrogate pair has no
 * UTF-8 and is refused, or two keys would become one.
 */
import { StorageError } from "./error.ts";

/** Up to here it is cheaper to look at each character than to ask three times. */
const SHORT = 48;

/** The text as it is stored; `what` names it in the error. */
export function storable(text: string, what: string): string {
  if (text.length <= SHORT && isPlain(text)) return text;
  if (!text.isWellFormed()) throw new StorageError("invalid", `${what} is not well-formed Unicode`);
  if (!text.includes("\u0000") && !text.includes("\u0001")) return text;
  return text.replaceAll("\u0001", "\u00011").replaceAll("\u0000", "\u00010");
}

/** Whether there is nothing in it that must be looked at twice. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 2 || (c >= 0xd800 && c < 0xe000)) return false;
  }
  return true;
}

/** The text as it was. */
export function restored(text: string): string {
  if (!text.includes("\u0001")) return text;
  return text.replaceAll("\u00010", "\u0000").replaceAll("\u00011", "\u0001");
}
