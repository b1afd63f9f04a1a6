/**
 * The resource of an address, a device or a nickname in a room: the PRECIS profile OpaqueString (RFC 8265
 * §4.2, RFC 7622 §3.4), a little wider where older software relied on resourceprep (RFC 6122 Appendix B):
 * - what resourceprep maps to nothing (variation selectors, joiners without a function, the soft hyphen, …)
 *   goes, where OpaqueString would refuse the whole nickname because of an emoji;
 * - the middle dots and digits that RFC 5892 allows only in context are allowed anywhere.
 */

import { utf8Length } from "../base/bytes.ts";
import { joinerAllowed } from "./context.ts";
import { character, JidError, quoted } from "./error.ts";
import { freeform } from "./precis.ts";

const LONGEST = 1023;

// RFC 3454 table B.1, with the variation selectors that Unicode has added since.
const NOTHING =
  /^[\u00ad\u034f\u1806\u180b-\u180d\u180f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\u{e0100}-\u{e01ef}]$/u;
const SPACE = /^\p{Zs}$/u;

/** The canonical form of a resource; throws a JidError. */
export function prepareResource(text: string): string {
  const length = text.length;
  if (length === 0) throw new JidError("the resource is empty");
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return international(text);
    if (code < 0x20 || code === 0x7f) throw refused(text, text.charAt(i));
  }
  if (length > LONGEST) throw tooLong(text, length);
  return text;
}

function international(text: string): string {
  if (text.length > LONGEST) throw tooLong(text, utf8Length(text));
  let now = mapped(text, text);
  // Composing and dropping may each make room for the other, rarely: repeat until nothing changes.
  for (let pass = 0; pass < 4; pass++) {
    const next = mapped(now, text);
    if (next === now) break;
    now = next;
  }
  if (now === "") throw new JidError(`the resource ${quoted(text)} has nothing to be seen in it`);
  const bytes = utf8Length(now);
  if (bytes > LONGEST) throw tooLong(text, bytes);
  return now;
}

function mapped(now: string, given: string): string {
  const chars = Array.from(now.normalize("NFC"));
  let out = "";
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    const verdict = freeform(char);
    if (verdict === "joiner" && joinerAllowed(chars, i)) out += char;
    else if (NOTHING.test(char)) continue;
    else if (verdict !== "valid" && verdict !== "context") throw refused(given, char);
    else out += SPACE.test(char) ? " " : char;
  }
  return out.normalize("NFC");
}

function refused(text: string, char: string): JidError {
  return new JidError(`the resource ${quoted(text)} contains ${character(char)}, which is not allowed there`);
}

function tooLong(text: string, bytes: number): JidError {
  return new JidError(`the resource ${quoted(text)} has ${bytes} bytes; at most ${LONGEST} are allowed`);
}
