/** The three stanzas (RFC 6120 §8.1). */
import type { Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";

export type Kind = "message" | "presence" | "iq";

/** Which of the three stanzas an element is, if any. */
export function kindOf(element: Element): Kind | undefined {
  if (element.ns !== CONTENT_NS) return undefined;
  const { name } = element;
  return name === "message" || name === "presence" || name === "iq" ? name : undefined;
}
