/**
 * Does this XML fit that pattern? Every attribute and child that the pattern names must be there; what it leaves out may be
 * anything; `*` stands for any value. Patterns without a namespace are in that of client stanzas.
 */
import { type Element } from "../xml/element.ts";
import { parseXml } from "../xml/parse.ts";

/** A pattern, or a stanza to send, as an element. */
export function elementOf(xml: string): Element {
  try {
    const wrapped = parseXml(
      `<x xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' ` +
        `xmlns:db='jabber:server:dialback'>${xml.trim()}</x>`,
    );
    const first = wrapped.elements();
    if (first.length === 1) return first[0]!;
  } catch (cause) {
    throw new TypeError(`this is not XML: ${xml}`, { cause });
  }
  throw new TypeError(`one element is expected: ${xml}`);
}

export function matches(pattern: Element, actual: Element): boolean {
  if (pattern.name !== actual.name || pattern.ns !== actual.ns) return false;
  for (const name in pattern.attrs) {
    const value = actual.attrs[name];
    if (value === undefined || (pattern.attrs[name] !== "*" && value !== pattern.attrs[name])) return false;
  }
  const text = pattern.text.trim();
  if (text !== "" && (text === "*" ? actual.text.trim() === "" : text !== actual.text.trim())) return false;
  const left = actual.elements();
  for (const child of pattern.elements()) {
    const at = left.findIndex((candidate) => matches(child, candidate));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return true;
}
