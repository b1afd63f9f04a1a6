/**
 * Ids of archived items that say when the item was added: eight letters of milliseconds, then letters nobody can guess.
 * They sort like time, and an archive finds such an item by its time, without an index of ids.
 */
import { randomSextet } from "../base/id.ts";

/** In the order of their codes, so that texts sort like numbers. */
const LETTERS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
const CODES = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
/** What each letter stands for; 255 for what is none. */
const DIGITS = new Uint8Array(128).fill(255);
CODES.forEach((code, digit) => DIGITS[code] = digit);
const TIME_LENGTH = 8;
const LENGTH = 20;
const HALF = 2 ** 24;

/** A new id for an item of this time. */
export function itemId(at: number): string {
  const whole = Math.max(0, at);
  const low = whole % HALF;
  const high = Math.floor(whole / HALF) % HALF;
  // Made in one piece: what is joined of two would be copied once more as soon as somebody looks into it.
  return String.fromCharCode(
    code(high, 18),
    code(high, 12),
    code(high, 6),
    code(high, 0),
    code(low, 18),
    code(low, 12),
    code(low, 6),
    code(low, 0),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
    randomCode(),
  );
}

/** The letter of six bits of a half: halves are small enough for the operators on bits. */
function code(half: number, shift: number): number {
  return CODES[(half >>> shift) & 63]!;
}

function randomCode(): number {
  return CODES[randomSextet()]!;
}

/** The time in an id; undefined where it is not one of ours. */
export function timeOfId(id: string): number | undefined {
  if (id.length !== LENGTH) return undefined;
  let at = 0;
  for (let i = 0; i < LENGTH; i++) {
    const digit = DIGITS[id.charCodeAt(i)] ?? 255;
    if (digit === 255) return undefined;
    if (i < TIME_LENGTH) at = at * 64 + digit;
  }
  return at;
}
