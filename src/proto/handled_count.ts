/** The counts of stanzas that stream management compares (XEP-0198 §4): 32 bits, and after the last comes 0 again. */
import type { Element } from "../xml/element.ts";

/** How many values there are. */
export const WRAP = 2 ** 32;

/** The `h` of an acknowledgement or a resumption; undefined where it is missing or no count. */
export function readHandledCount(element: Element): number | undefined {
  const text = element.attr("h");
  if (text === undefined || text.length > 10 || text.includes("e")) return undefined;
  const h = Number(text);
  return Number.isInteger(h) && h >= 0 && h < WRAP ? h : undefined;
}
