/**
 * The two PRECIS string classes (RFC 8264 §4, with the derived property of §8), asked a character at a time.
 */

/** What a class says of a character: fine, fine in the right neighbourhood (RFC 5892 Appendix A), or not. */
export type Verdict = "valid" | "joiner" | "context" | "refused";

const UNASSIGNED = /^\p{Cn}$/u; // includes the noncharacters, which are refused as well
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u;
const OLD_HANGUL = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/u;
const LETTER_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
const OTHER_FREE = /^[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]$/u;

// RFC 5892 §2.6, which RFC 8264 §9.6 takes over.
const EXCEPTIONS: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  ...[0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007].map((code) => [code, "valid"] as const),
  ...[0xb7, 0x375, 0x5f3, 0x5f4, 0x30fb].map((code) => [code, "context"] as const),
  ...Array.from({ length: 10 }, (_, digit) => [0x660 + digit, "context"] as const),
  ...Array.from({ length: 10 }, (_, digit) => [0x6f0 + digit, "context"] as const),
  ...[0x640, 0x7fa, 0x302e, 0x302f, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303b]
    .map((code) => [code, "refused"] as const),
]);

/** The IdentifierClass: letters and digits of all scripts, and printable ASCII without the space. */
export function identifier(char: string): Verdict {
  const verdict = both(char);
  if (verdict !== undefined) return verdict;
  if (hasCompat(char)) return "refused";
  return LETTER_DIGIT.test(char) ? "valid" : "refused";
}

/** The FreeformClass: that, and spaces, symbols, punctuation and compatibility characters. */
export function freeform(char: string): Verdict {
  const verdict = both(char);
  if (verdict !== undefined) return verdict;
  if (char === " " || hasCompat(char)) return "valid";
  return LETTER_DIGIT.test(char) || OTHER_FREE.test(char) ? "valid" : "refused";
}

// The steps of RFC 8264 §8 that both classes share, in their order.
function both(char: string): Verdict | undefined {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return code > 0x20 && code < 0x7f ? "valid" : code === 0x20 ? undefined : "refused";
  const exception = EXCEPTIONS.get(code);
  if (exception !== undefined) return exception;
  if (UNASSIGNED.test(char)) return "refused";
  if (code === 0x200c || code === 0x200d) return "joiner";
  if (OLD_HANGUL.test(char) || IGNORABLE.test(char) || code < 0xa0) return "refused";
  return undefined;
}

function hasCompat(char: string): boolean {
  return char.normalize("NFKC") !== char;
}

/** Fullwidth and halfwidth forms by their plain counterparts (RFC 8265 §3.3.2, the width mapping rule). */
export function narrowed(text: string): string {
  return text.replace(/[\u3000\uff01-\uffdc\uffe0-\uffee]/gu, (char) => char.normalize("NFKC"));
}
