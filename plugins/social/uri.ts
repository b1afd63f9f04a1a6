/** The addresses of nodes and items (XEP-0060 §16.4, RFC 5122). */

export interface ItemPlace {
  readonly jid: string;
  readonly node: string;
  readonly item: string;
}

type Encode = (text: string) => string;

const plain: Encode = encodeURIComponent;
/** RFC 3986 §2.2 reserves these, too, and some programs write them so. */
const strict: Encode = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function nodeUri(jid: string, node: string): string {
  return `xmpp:${jid}?;node=${plain(node)}`;
}

export function itemUri({ jid, node, item }: ItemPlace, encode = plain): string {
  return `xmpp:${jid}?;node=${encode(node)};item=${encode(item)}`;
}

/** The ways in which the address of an item may be written: one, or two where it has characters that need no escape. */
export function itemUris(place: ItemPlace): readonly string[] {
  return [...new Set([itemUri(place), itemUri(place, strict)])];
}

/** What an address of an item says; undefined where it is none, or is written in another way than `itemUris` has it. */
export function readItemUri(uri: string): ItemPlace | undefined {
  const match = /^xmpp:([^?]+)\?;node=([^;]+);item=([^;]+)$/.exec(uri);
  if (match === null) return undefined;
  try {
    const place = {
      jid: match[1]!,
      node: decodeURIComponent(match[2]!),
      item: decodeURIComponent(match[3]!),
    };
    return itemUris(place).includes(uri) ? place : undefined;
  } catch {
    return undefined;
  }
}
