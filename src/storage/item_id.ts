/**
 * Ids of archived items that say when the item was added: eight letters of milliseconds, then letters nobody can guess.
 * They sort like time, and an archive finds such an item by its time, without an index of ids.
 */
import { randomId } from "../base/id.ts";

/** In the order of their codes, so that texts sort like numbers. */
const LETTERS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
const TIME_LENGTH = 8;
const LENGTH = 20;

/** A new id for an item of this time. */
export function itemId(at: number): string {
  return timeText(at) + randomId(9);
}

/** The time in an id; undefined where it is not one of ours. */
export function timeOfId(id: string): number | undefined {
  if (id.length !== LENGTH) return undefined;
  let at = 0;
  for (let i = 0; i < TIME_LENGTH; i++) {
    const digit = LETTERS.indexOf(id.charAt(i));
    if (digit < 0) return undefined;
    at = at * 64 + digit;
  }
  return at;
}

function timeText(at: number): string {
  let text = "";
  let rest = Math.max(0, at);
  for (let i = 0; i < TIME_LENGTH; i++) {
    text = LETTERS.charAt(rest % 64) + text;
    rest = Math.floor(rest / 64);
  }
  return text;
}
