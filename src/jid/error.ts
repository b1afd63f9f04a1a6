/**
 * The one error of the jid folder: a text is not a JID. Its message names the part, the fault and the
 * character, and quotes no more than a line of what was given, so that it can go into a log or a stanza error
 * as it is.
 */

/** A text is not a valid JID, or not a valid part of one. */
export class JidError extends Error {
  override readonly name = "JidError";
}

/** What was given, quoted, without control characters and clipped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? text.slice(0, 77) + "..." : text);
}

/** A character for a message: `U+2163 "Ⅳ"`, or only the number where printing it would be unwise. */
export function character(text: string): string {
  const code = text.codePointAt(0) ?? 0;
  const number = "U+" + code.toString(16).toUpperCase().padStart(4, "0");
  return /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(text) ? `${number} ${JSON.stringify(text)}` : number;
}
