/** The priority that a session gives to itself in its presence (RFC 6121 §4.7.2.3). */
import { CONTENT_NS, type Stanza, StanzaError } from "#plugin";

export const BAD_PRIORITY = new StanzaError("bad-request", "a priority is an integer from -128 to 127");
const PRIORITY = /^[+-]?[0-9]{1,3}$/;

/** Zero where nothing is said; undefined where it is not one. */
export function readPriority(stanza: Stanza): number | undefined {
  let priority: number | undefined;
  for (const child of stanza.source.children) {
    if (typeof child === "string" || child.name !== "priority" || child.ns !== CONTENT_NS) continue;
    const text = child.text.trim();
    if (priority !== undefined || !PRIORITY.test(text)) return undefined;
    priority = Number(text);
    if (priority < -128 || priority > 127) return undefined;
  }
  return priority ?? 0;
}
