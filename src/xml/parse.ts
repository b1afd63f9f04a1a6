/** One whole document at once, by the same reader: a stored row, a file, a WebSocket frame (RFC 7395 §3.3). */
import { malformed } from "./chars.ts";
import { Element } from "./element.ts";
import { AMPLE, type Limits } from "./limits.ts";
import { XmlReader } from "./reader.ts";

const UTF8 = new TextEncoder();

/** The one element that `input` is; throws an `XmlError` when it is anything else, or more. */
export function parseXml(input: string | Uint8Array, limits: Limits = AMPLE): Element {
  const reader = new XmlReader(limits, 0);
  reader.feed(typeof input === "string" ? UTF8.encode(input) : input);
  const element = reader.next();
  if (!(element instanceof Element)) throw malformed("the document ends before its root element does");
  // Reads what follows the element, which may be nothing but white space.
  reader.next();
  if (!reader.idle) throw malformed("something unfinished follows the root element");
  return element;
}
