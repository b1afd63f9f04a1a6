/**
 * Extended stanza addressing (XEP-0033): more addresses than `to` and `from` hold.
 */

import { el, type Element } from "../xml/element.ts";

/** The namespace of `<addresses/>`, which is also the feature to announce. */
export const ADDRESS_NS = "http://jabber.org/protocol/address";

/** What an address is for. */
export type AddressType = "to" | "cc" | "bcc" | "replyto" | "replyroom" | "noreply" | "ofrom";

/** One address. */
export interface Address {
  readonly type: AddressType;
  /** A JID as it was written. */
  readonly jid?: string | undefined;
  readonly uri?: string | undefined;
  /** A disco node at that JID. */
  readonly node?: string | undefined;
  readonly desc?: string | undefined;
  /** A multicast service has delivered to it already. */
  readonly delivered?: boolean;
}

const TYPES: ReadonlySet<string> = new Set<AddressType>([
  "to",
  "cc",
  "bcc",
  "replyto",
  "replyroom",
  "noreply",
  "ofrom",
]);

/** An `<addresses/>`. */
export function buildAddresses(addresses: readonly Address[]): Element {
  return el("addresses", ADDRESS_NS, undefined, addresses.map(buildAddress));
}

/** The addresses of an `<addresses/>`; undefined when one breaks the rules of XEP-0033 §4. */
export function readAddresses(element: Element): Address[] | undefined {
  const addresses: Address[] = [];
  for (const child of element.elementsOf(ADDRESS_NS)) {
    if (child.name !== "address") continue;
    const address = readAddress(child);
    if (address === undefined) return undefined;
    addresses.push(address);
  }
  return addresses;
}

function buildAddress(address: Address): Element {
  const { type, jid, uri, node, desc, delivered } = address;
  return el("address", ADDRESS_NS, { type, jid, uri, node, desc, delivered: delivered ? "true" : undefined });
}

function readAddress(child: Element): Address | undefined {
  const type = child.attr("type");
  const jid = child.attr("jid");
  const uri = child.attr("uri");
  const node = child.attr("node");
  const desc = child.attr("desc");
  if (!isType(type)) return undefined;
  if (uri !== undefined && (jid !== undefined || node !== undefined)) return undefined;
  const empty = jid === undefined && uri === undefined && node === undefined && desc === undefined;
  // `noreply` names nobody.
  if (empty && type !== "noreply") return undefined;
  return { type, jid, uri, node, desc, delivered: child.attr("delivered") === "true" };
}

function isType(text: string | undefined): text is AddressType {
  return text !== undefined && TYPES.has(text);
}
