/**
 * Messages whose words only the people who talk can read: which payloads carry them (XEP-0384, XEP-0373, XEP-0027), as far as
 * a server needs to know.
 */

import type { Element } from "../xml/element.ts";

/** Encrypted payloads by their namespace; true where they may also carry keys without words. */
const ENCRYPTIONS: ReadonlyMap<string, boolean> = new Map([
  ["eu.siacs.conversations.axolotl", true],
  ["urn:xmpp:omemo:1", true],
  ["urn:xmpp:omemo:2", true],
  ["urn:xmpp:openpgp:0", false],
  ["jabber:x:encrypted", false],
]);

/** Whether an element of a message is something encrypted, with words or without. */
export function isEncrypted({ ns }: Element): boolean {
  return ENCRYPTIONS.has(ns);
}

/** Whether an element of a message is encrypted words: OMEMO also sends keys alone, in elements without payload. */
export function hasEncryptedWords(element: Element): boolean {
  const keys = ENCRYPTIONS.get(element.ns);
  return keys === false || (keys === true && element.has("payload"));
}
