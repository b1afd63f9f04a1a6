/**
 * The Bidi Rule (RFC 5893 §2): a label with right-to-left characters must not change its look with what
 * stands around it.
 */

import { type Ranges, unpacked, within } from "./ranges.ts";
import { BIDI_AL, BIDI_AN, BIDI_EN, BIDI_ON, BIDI_R } from "./tables.ts";

const R = unpacked(BIDI_R);
const AL = unpacked(BIDI_AL);
const AN = unpacked(BIDI_AN);
const EN = unpacked(BIDI_EN);
const ON = unpacked(BIDI_ON);

const RTL =
  /[\p{Script=Hebrew}\p{Script=Arabic}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const MARK = /^[\p{Mn}\p{Me}]$/u;

type Class = "L" | "R" | "AN" | "EN" | "ON" | "NSM";

/**
 * Whether a text has a character of class R, AL or AN, so that the rule applies to it (and to its whole
 * domain).
 */
export function isRightToLeft(text: string): boolean {
  if (!RTL.test(text)) return false;
  for (const char of text) {
    const kind = classOf(char);
    if (kind === "R" || kind === "AN") return true;
  }
  return false;
}

/** Whether a text keeps the Bidi Rule. */
export function keepsBidiRule(text: string): boolean {
  const classes = Array.from(text, classOf);
  const first = classes[0];
  while (classes.at(-1) === "NSM") classes.pop(); // rules 3 and 6 look past trailing marks
  const last = classes.at(-1);
  if (first === "R") { // rules 1 to 4
    return !classes.includes("L") && (last === "R" || last === "EN" || last === "AN") &&
      !(classes.includes("EN") && classes.includes("AN"));
  }
  if (first === "L") { // rules 1, 5 and 6
    return !classes.includes("R") && !classes.includes("AN") && (last === "L" || last === "EN");
  }
  return false;
}

// AL and R are alike to every rule, and so are ES, CS, ET, ON and BN.
function classOf(char: string): Class {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) {
    if (code >= 0x30 && code <= 0x39) return "EN";
    return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? "L" : "ON";
  }
  if (code === 0x200c || code === 0x200d) return "ON"; // the joiners are BN
  if (MARK.test(char)) return "NSM";
  if (within(R, code) || within(AL, code) || unlisted(code)) return "R";
  if (within(AN, code)) return "AN";
  if (within(EN, code)) return "EN";
  return within(ON, code) ? "ON" : "L";
}

// Characters newer than the tables take the default of their block (DerivedBidiClass.txt): right-to-left.
function unlisted(code: number): boolean {
  return inBlocks(code) && !within(AN, code) && !within(EN, code) && !within(ON, code);
}

const BLOCKS: Ranges = Uint32Array.of(
  0x590,
  0x8ff,
  0xfb1d,
  0xfdcf,
  0xfdf0,
  0xfdff,
  0xfe70,
  0xfeff,
  0x10800,
  0x10fff,
  0x1e800,
  0x1efff,
);

function inBlocks(code: number): boolean {
  return within(BLOCKS, code);
}
