/**
 * The local part of an address: the PRECIS profile UsernameCaseMapped (RFC 8265 §3.3) without the characters
 * that RFC 7622 §3.3.1 takes out. ASCII, which is nearly every account, takes a loop and a table and makes no
 * string when there is nothing to fold.
 */

import { utf8Length } from "../base/bytes.ts";
import { isRightToLeft, keepsBidiRule } from "./bidi.ts";
import { contextAllowed, joinerAllowed } from "./context.ts";
import { character, JidError, quoted } from "./error.ts";
import { identifier, narrowed } from "./precis.ts";

const LONGEST = 1023;

// 0: not allowed, 1: as it is, 2: an upper-case letter.
const ASCII = (() => {
  const table = new Uint8Array(128);
  for (let code = 0x21; code < 0x7f; code++) table[code] = code >= 0x41 && code <= 0x5a ? 2 : 1;
  for (const char of "\"&'/:<>@") table[char.charCodeAt(0)] = 0;
  return table;
})();

/** The canonical form of a local part; throws a JidError. */
export function prepareLocal(text: string): string {
  const length = text.length;
  if (length === 0) throw new JidError("the local part is empty");
  let upper = false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return international(text);
    const kind = ASCII[code];
    if (kind === 0) throw refused(text, text.charAt(i));
    if (kind === 2) upper = true;
  }
  if (length > LONGEST) throw tooLong(text, length);
  return upper ? text.toLowerCase() : text;
}

function international(text: string): string {
  if (text.length > LONGEST) throw tooLong(text, utf8Length(text));
  let now = narrowed(text);
  check(now, text);
  // One pass is enough for nearly all texts; RFC 8264 §7 wants the output stable under the rules.
  for (let pass = 0; pass < 4; pass++) {
    const next = now.toLowerCase().normalize("NFC");
    if (next === now) break;
    now = next;
  }
  check(now, text);
  if (isRightToLeft(now) && !keepsBidiRule(now)) {
    throw new JidError(`the local part ${quoted(text)} mixes writing directions (RFC 5893 §2)`);
  }
  const bytes = utf8Length(now);
  if (bytes > LONGEST) throw tooLong(text, bytes);
  return now;
}

function check(now: string, given: string): void {
  const chars = Array.from(now);
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    const verdict = identifier(char);
    const fine = verdict === "valid" ||
      verdict === "joiner" && joinerAllowed(chars, i) ||
      verdict === "context" && contextAllowed(chars, i);
    if (!fine || char.length === 1 && ASCII[char.charCodeAt(0)] === 0) throw refused(given, char);
  }
}

function refused(text: string, char: string): JidError {
  return new JidError(
    `the local part ${quoted(text)} contains ${character(char)}, which is not allowed there`,
  );
}

function tooLong(text: string, bytes: number): JidError {
  return new JidError(`the local part ${quoted(text)} has ${bytes} bytes; at most ${LONGEST} are allowed`);
}
