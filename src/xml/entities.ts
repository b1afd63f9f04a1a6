/** References in text and attribute values: the five predefined entities and characters by number, no other. */
import { malformed } from "./chars.ts";
import { XmlError } from "./error.ts";
import { isName } from "./names.ts";

/** The longest reference worth reading: "&#x10FFFF;" with a few leading zeros. */
const LONGEST = 16;

/** The text with its references replaced. RFC 6120 §11.1 forbids all entities but the predefined five. */
export function unescape(text: string): string {
  let out = "";
  let done = 0;
  let at = text.indexOf("&");
  while (at >= 0) {
    const end = text.indexOf(";", at + 1);
    if (end < 0) throw malformed("an ampersand begins no reference; it must be written &amp;");
    out += text.slice(done, at) + meaning(text.slice(at + 1, end));
    done = end + 1;
    at = text.indexOf("&", done);
  }
  return out + text.slice(done);
}

function meaning(name: string): string {
  switch (name) {
    case "lt":
      return "<";
    case "gt":
      return ">";
    case "amp":
      return "&";
    case "quot":
      return '"';
    case "apos":
      return "'";
  }
  if (name.charCodeAt(0) === 35) return character(name);
  if (name.length > 256 || !isName(name)) {
    throw malformed("an ampersand begins no reference; it must be written &amp;");
  }
  throw new XmlError("restricted-xml", "only the five predefined entities may be used");
}

function character(name: string): string {
  const hex = name.charCodeAt(1) === 120;
  const digits = name.slice(hex ? 2 : 1);
  const code = name.length < LONGEST && (hex ? /^[0-9a-fA-F]+$/ : /^[0-9]+$/).test(digits)
    ? parseInt(digits, hex ? 16 : 10)
    : -1;
  if (!isAllowed(code)) throw malformed("a character reference names no character that XML allows");
  return String.fromCodePoint(code);
}

/** XML 1.0 §2.2, production Char. */
function isAllowed(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}
