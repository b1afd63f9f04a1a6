/** Character data: from the raw form between tags to the text it means. */
import { BRACKET, FORBIDDEN, IN_TEXT, malformed, REFERENCE, SPACING } from "./chars.ts";
import { unescape } from "./entities.ts";
import { ODD } from "./traits.ts";

// deno-lint-ignore no-control-regex
const FORBIDDEN_CHARS = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** The meaning of the text at `text.slice(start, end)`, which stands between tags. */
export function textAt(text: string, start: number, end: number, traits: number): string {
  const raw = text.slice(start, end);
  if ((traits & ODD) === 0) return raw;
  let found = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c <= 93) found |= IN_TEXT[c]!;
    else if (c >= 0xfffe) found |= FORBIDDEN;
  }
  return found === 0 ? raw : plainText(raw, found);
}

/** `found` are the classes of characters in it (chars.ts). */
function plainText(raw: string, found: number): string {
  if ((found & FORBIDDEN) !== 0) throw malformed("the text contains a character that XML forbids");
  // XML 1.0 §2.4: the sequence may not appear in character data.
  if ((found & BRACKET) !== 0 && raw.includes("]]>")) throw malformed('the text contains "]]>"');
  const lines = (found & SPACING) === 0 ? raw : withLineFeeds(raw);
  return (found & REFERENCE) === 0 ? lines : unescape(lines);
}

/** The content of a CDATA section. */
export function literalText(raw: string): string {
  if (FORBIDDEN_CHARS.test(raw)) throw malformed("the text contains a character that XML forbids");
  return raw.indexOf("\r") < 0 ? raw : withLineFeeds(raw);
}

/** XML 1.0 §2.11: every kind of line end is one line feed. */
function withLineFeeds(raw: string): string {
  return raw.replace(/\r\n?/g, "\n");
}
