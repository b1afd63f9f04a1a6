/**
 * Text on its way onto the wire: escaped as little as is correct, never a character that XML 1.0 §2.2 forbids.
 *
 * A forbidden character (control, lone surrogate, U+FFFE, U+FFFF) is replaced by U+FFFD rather than dropped: the
 * reader of the text sees that something stood there, and two different strings do not silently become one.
 */

const TEXT = 1;
const ATTR = 2;

/** Which of TEXT and ATTR must look closer at an ASCII character. */
const SPECIAL = specials();

function specials(): Uint8Array {
  const table = new Uint8Array(128);
  table.fill(TEXT | ATTR, 0, 32);
  // A line feed and a tab survive in text but would become spaces in an attribute (XML 1.0 §3.3.3).
  table[9] = table[10] = ATTR;
  // "<" and "&" always; ">" in text because of "]]>"; the double quote because we write attributes between them.
  table[38] = table[60] = TEXT | ATTR;
  table[62] = TEXT;
  table[34] = ATTR;
  return table;
}

/** Character data between tags. */
export function escapeText(text: string): string {
  const at = firstSpecial(text, TEXT);
  return at < 0 ? text : rewrite(text, TEXT, at);
}

/** An attribute value that will stand between double quotes. */
export function escapeAttr(value: string): string {
  const at = firstSpecial(value, ATTR);
  return at < 0 ? value : rewrite(value, ATTR, at);
}

function firstSpecial(text: string, mode: number): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 128 ? (SPECIAL[c]! & mode) !== 0 : c >= 0xd800) {
      if (c < 128 || isForbiddenAt(text, i, c)) return i;
    }
  }
  return -1;
}

function isForbiddenAt(text: string, at: number, c: number): boolean {
  if (c >= 0xfffe) return true;
  if (c > 0xdfff) return false;
  if (c < 0xdc00) return !isLow(text.charCodeAt(at + 1));
  return at === 0 || !isHigh(text.charCodeAt(at - 1));
}

function isHigh(c: number): boolean {
  return c >= 0xd800 && c < 0xdc00;
}

function isLow(c: number): boolean {
  return c >= 0xdc00 && c < 0xe000;
}

function rewrite(text: string, mode: number, from: number): string {
  let out = "";
  let done = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const special = c < 128 ? (SPECIAL[c]! & mode) !== 0 : c >= 0xd800 && isForbiddenAt(text, i, c);
    if (!special) continue;
    out += text.slice(done, i) + replacement(c);
    done = i + 1;
  }
  return out + text.slice(done);
}

function replacement(c: number): string {
  switch (c) {
    case 38:
      return "&amp;";
    case 60:
      return "&lt;";
    case 62:
      return "&gt;";
    case 34:
      return "&quot;";
    case 9:
      return "&#x9;";
    case 10:
      return "&#xA;";
    case 13:
      return "&#xD;";
    default:
      return "\ufffd";
  }
}
