/**
 * The contextual rules of RFC 5892 Appendix A: characters that are allowed only in the right neighbourhood.
 */

import { unpacked, within } from "./ranges.ts";
import { JOIN_D, JOIN_L, JOIN_R, VIRAMA } from "./tables.ts";

const D = unpacked(JOIN_D);
const L = unpacked(JOIN_L);
const R = unpacked(JOIN_R);
const VIRAMAS = unpacked(VIRAMA);

const TRANSPARENT = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const GREEK = /^\p{Script=Greek}$/u;
const HEBREW = /^\p{Script=Hebrew}$/u;
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

/**
 * A.1 and A.2: whether the zero-width (non-)joiner at an index stands where it changes how letters are
 * written.
 */
export function joinerAllowed(chars: readonly string[], at: number): boolean {
  const code = chars[at]?.codePointAt(0);
  const before = chars[at - 1]?.codePointAt(0);
  if (before === undefined) return false;
  if (within(VIRAMAS, before)) return true;
  if (code !== 0x200c) return false;
  let left = at - 1;
  while (left >= 0 && isTransparent(chars[left])) left--;
  let right = at + 1;
  while (right < chars.length && isTransparent(chars[right])) right++;
  const from = chars[left]?.codePointAt(0);
  const to = chars[right]?.codePointAt(0);
  return from !== undefined && to !== undefined && (within(D, from) || within(L, from)) &&
    (within(D, to) || within(R, to));
}

/** A.3 to A.9: whether the character at an index may stand there; true for characters that have no rule. */
export function contextAllowed(chars: readonly string[], at: number): boolean {
  const code = chars[at]?.codePointAt(0) ?? 0;
  if (code === 0xb7) return chars[at - 1] === "l" && chars[at + 1] === "l"; // middle dot, as in Catalan
  if (code === 0x375) return GREEK.test(chars[at + 1] ?? ""); // Greek keraia
  if (code === 0x5f3 || code === 0x5f4) return HEBREW.test(chars[at - 1] ?? ""); // geresh, gershayim
  if (code === 0x30fb) return chars.some((char) => char !== "\u30fb" && JAPANESE.test(char)); // katakana middle dot
  if (code >= 0x660 && code <= 0x669) return !chars.some((char) => isDigit(char, 0x6f0));
  if (code >= 0x6f0 && code <= 0x6f9) return !chars.some((char) => isDigit(char, 0x660));
  return true;
}

function isDigit(char: string, zero: number): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code >= zero && code <= zero + 9;
}

// Joining_Type T is by definition the marks and format characters with no type of their own; the joiners have
// one.
function isTransparent(char: string | undefined): boolean {
  return char !== undefined && char !== "\u200c" && char !== "\u200d" && TRANSPARENT.test(char);
}
