/**
 * The domain of an address (RFC 7622 §3.2): an IP literal or a name of labels, each of letters, digits and
 * hyphens or, in other scripts, a U-label of IDNA2008 (RFC 5891, mapped before as in RFC 5895). A-labels
 * (`xn--…`) become U-labels, so that both spellings are one address; `asciiDomain` gives the spelling that
 * the DNS and certificates want.
 */

import { utf8Length } from "../base/bytes.ts";
import { isRightToLeft, keepsBidiRule } from "./bidi.ts";
import { contextAllowed, joinerAllowed } from "./context.ts";
import { character, JidError, quoted } from "./error.ts";
import { isIpv6 } from "./ip.ts";
import { identifier, narrowed } from "./precis.ts";
import { decodePunycode, encodePunycode } from "./punycode.ts";

const LONGEST = 1023;
const LONGEST_LABEL = 63; // RFC 1035 §2.3.4, of the form in the DNS

// 0: not allowed in a label, 1: as it is, 2: an upper-case letter.
const ASCII = (() => {
  const table = new Uint8Array(128);
  for (const char of "abcdefghijklmnopqrstuvwxyz0123456789-") table[char.charCodeAt(0)] = 1;
  for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") table[char.charCodeAt(0)] = 2;
  return table;
})();
const DOT = 0x2e;
const HYPHEN = 0x2d;

/** The canonical form of a domain; throws a JidError. */
export function prepareDomain(text: string): string {
  if (text === "") throw new JidError("the domain is empty");
  if (text.charCodeAt(0) === 0x5b) return literal(text);
  // A trailing dot, which only says that the name is complete, is no part of the address.
  const name = text.length > 1 && text.endsWith(".") ? text.slice(0, -1) : text;
  const length = name.length;
  let upper = false;
  let start = 0;
  let coded = false;
  for (let i = 0; i <= length; i++) {
    const code = i === length ? DOT : name.charCodeAt(i);
    if (code > 0x7f) return international(name, text);
    if (code === DOT) {
      coded = checkedShape(name, start, i, text) || coded;
      start = i + 1;
      continue;
    }
    const kind = ASCII[code];
    if (kind === 0) throw refused(text, name.charAt(i));
    if (kind === 2) upper = true;
  }
  if (length > LONGEST) throw tooLong(text, length);
  if (coded) return international(name, text);
  return upper ? name.toLowerCase() : name;
}

/** The canonical domain in ASCII: each U-label as its A-label. */
export function asciiDomain(domain: string): string {
  let ascii = true;
  for (let i = 0; i < domain.length; i++) if (domain.charCodeAt(i) > 0x7f) ascii = false;
  return ascii ? domain : domain.split(".").map(asciiLabel).join(".");
}

// Returns whether the third and fourth character are hyphens, which only an A-label may have (RFC 5891
// §4.2.3.1).
function checkedShape(name: string, start: number, end: number, given: string): boolean {
  if (start === end) {
    throw new JidError(`the domain ${quoted(given)} has an empty label: two dots, or a dot in front`);
  }
  if (end - start > LONGEST_LABEL) {
    throw new JidError(
      `the domain ${quoted(given)} has a label of ${end - start} characters; at most 63 are allowed`,
    );
  }
  if (name.charCodeAt(start) === HYPHEN || name.charCodeAt(end - 1) === HYPHEN) {
    throw new JidError(`the domain ${quoted(given)} has a label that begins or ends with a hyphen`);
  }
  return name.charCodeAt(start + 2) === HYPHEN && name.charCodeAt(start + 3) === HYPHEN && end - start > 3;
}

function literal(text: string): string {
  const inner = text.endsWith("]") ? text.slice(1, -1).toLowerCase() : "";
  if (!isIpv6(inner)) throw new JidError(`the domain ${quoted(text)} is not an IPv6 address in brackets`);
  return `[${inner}]`;
}

function international(name: string, given: string): string {
  if (name.length > LONGEST) throw tooLong(given, utf8Length(name));
  const dots = name.replace(/[\u3002\uff0e\uff61]/g, "."); // RFC 5895 §2, the ideographic full stops
  const labels = (dots.length > 1 && dots.endsWith(".") ? dots.slice(0, -1) : dots).split(".");
  const made = labels.map((label) => unicodeLabel(label, given));
  if (made.some(isRightToLeft)) {
    for (const label of made) {
      if (!keepsBidiRule(label)) {
        throw new JidError(`the domain ${quoted(given)} mixes writing directions in a label (RFC 5893 §2)`);
      }
    }
  }
  const domain = made.join(".");
  const bytes = utf8Length(domain);
  if (bytes > LONGEST) throw tooLong(given, bytes);
  return domain;
}

function unicodeLabel(label: string, given: string): string {
  let now = mapped(label);
  if (now.startsWith("xn--")) {
    const decoded = decodePunycode(now.slice(4));
    // RFC 5891 §5.4: it must be what encoding gives, so that one label has one spelling.
    if (decoded === undefined || asciiLabel(decoded) !== now || mapped(decoded) !== decoded) {
      throw new JidError(`the domain ${quoted(given)} has a label "xn--…" that stands for nothing valid`);
    }
    now = decoded;
  } else if (checkedShape(now, 0, now.length, given)) {
    throw new JidError(`the domain ${quoted(given)} has a label with "--" in third place that is not "xn--"`);
  }
  checkLabel(now, given);
  checkedShape(asciiLabel(now), 0, asciiLabel(now).length, given);
  return now;
}

// RFC 5895 §2: lower case, width, NFC; repeated until it stays, which for real names is once.
function mapped(label: string): string {
  let now = label;
  for (let pass = 0; pass < 4; pass++) {
    const next = narrowed(now).toLowerCase().normalize("NFC");
    if (next === now) break;
    now = next;
  }
  return now;
}

// RFC 5892 §3 comes to the IdentifierClass with only letters, digits and hyphen of ASCII, and only what
// folding leaves alone.
function checkLabel(label: string, given: string): void {
  const chars = Array.from(label);
  if (/^\p{M}/u.test(label)) throw refused(given, chars[0] ?? ""); // RFC 5891 §4.2.3.2
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    const code = char.codePointAt(0) ?? 0;
    const verdict = identifier(char);
    const fine = code < 0x80 ? ASCII[code] === 1 : verdict === "valid" && !IGNORABLE_BLOCKS.test(char) ||
      verdict === "joiner" && joinerAllowed(chars, i) ||
      verdict === "context" && contextAllowed(chars, i);
    if (!fine) throw refused(given, char);
  }
}

// RFC 5892 §2.4.
const IGNORABLE_BLOCKS = /^[\u20d0-\u20ff\u{1d100}-\u{1d24f}]$/u;

function asciiLabel(label: string): string {
  for (let i = 0; i < label.length; i++) {
    if (label.charCodeAt(i) > 0x7f) return "xn--" + encodePunycode(label);
  }
  return label;
}

function refused(text: string, char: string): JidError {
  return new JidError(`the domain ${quoted(text)} contains ${character(char)}, which is not allowed there`);
}

function tooLong(text: string, bytes: number): JidError {
  return new JidError(`the domain ${quoted(text)} has ${bytes} bytes; at most ${LONGEST} are allowed`);
}
