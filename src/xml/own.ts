/** Strings that may be kept. What is cut out of a received chunk keeps the whole chunk alive; these do not. */
import { internName, internNs } from "./names.ts";

/** A copy of a string that does not keep alive the longer one it was cut from. */
export function ownCopy(text: string): string {
  // V8 copies what is shorter than 13 characters anyway, and cuts longer strings out by reference. A join of two parts
  // is written into fresh memory.
  return text.length < 13 ? text : [text.charAt(0), text.slice(1)].join("");
}

/**
 * The same text in one piece: what was joined keeps its parts alive, and the chunks that those were cut from, until somebody
 * looks at a character of it. No text that is kept begins with U+0000.
 */
export function flat(text: string): string {
  return text.charCodeAt(0) === 0 ? ownCopy(text) : text;
}

/** The shared string where the name or namespace is a known one, else a copy. */
export function own(text: string): string {
  return internName(text, 0, text.length) ?? internNs(text, 0, text.length) ?? ownCopy(text);
}
