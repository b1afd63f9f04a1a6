/** Classes of characters as the scanner meets them: one table look-up decides whether a character needs thought. */
import { XmlError } from "./error.ts";
import { WIDE } from "./traits.ts";

/** Never allowed, not even escaped (XML 1.0 §2.2). */
export const FORBIDDEN = 1;
/** "&": a reference begins. */
export const REFERENCE = 2;
/** "\r" in text, any white space but " " in attributes: normalised (XML 1.0 §2.11, §3.3.3). */
export const SPACING = 4;
/** "]" in text, which may begin the forbidden "]]>". */
export const BRACKET = 8;

/** What a character below 128 means between tags. */
export const IN_TEXT: Uint8Array = textClasses();
/** What it means in an attribute value; the closing quote is the scanner's business. */
export const IN_VALUE: Uint8Array = valueClasses();

function textClasses(): Uint8Array {
  const table = new Uint8Array(128).fill(FORBIDDEN, 0, 32);
  table[9] = table[10] = 0;
  table[13] = SPACING;
  table[38] = REFERENCE;
  table[93] = BRACKET;
  return table;
}

function valueClasses(): Uint8Array {
  const table = new Uint8Array(128).fill(FORBIDDEN, 0, 32);
  table[9] = table[10] = table[13] = SPACING;
  table[38] = REFERENCE;
  return table;
}

/** White space as XML has it (XML 1.0 §2.3, production S). */
export function isSpace(c: number): boolean {
  return c === 32 || c === 10 || c === 13 || c === 9;
}

/** How many bytes a stretch of text was on the wire. `traits` are those of the text. */
export function utf8Length(text: string, start: number, end: number, traits: number): number {
  let bytes = end - start;
  if ((traits & WIDE) === 0) return bytes;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    // Half of a surrogate pair is two of the pair's four bytes.
    if (c >= 0x80) bytes += c < 0x800 || (c >= 0xd800 && c < 0xe000) ? 1 : 2;
  }
  return bytes;
}

export function malformed(message: string): XmlError {
  return new XmlError("not-well-formed", message);
}
