/**
 * A blog as a file: an Atom feed, the oldest post first, in which each entry names the item that it was. Any other Atom feed can
 * be read in as well.
 */
import { el, type Element, encodeHex, encodeUtf8, hashed, parseXml } from "#plugin";
import type { Draft, Item } from "../pubsub/api.ts";
import { ABOUT, payloadOf } from "./feed.ts";
import { ATOM_NS } from "./names.ts";

/** Marks what an element was, in our files only. */
const NS = "urn:metronome:posts:0";
const LIMITS = { stanzaBytes: 64 << 20, depth: 100, attributes: 100 };

const marked = (element: Element, id: string) => element.plus(el("item", NS, { id }));
const isMark = ({ ns }: Element) => ns === NS;

/** The text up to the first entry, with what the blog says of itself. */
export function beginning(about: Item | undefined, title: string, id: string, updated: string): string {
  const said = about === undefined ? undefined : payloadOf(about, "feed");
  const feed = said !== undefined ? marked(said, ABOUT) : el("feed", ATOM_NS, {}, [
    el("title", ATOM_NS, {}, title),
    el("id", ATOM_NS, {}, id),
    el("updated", ATOM_NS, {}, updated),
  ]);
  return `<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="${ATOM_NS}">${feed.inner(ATOM_NS)}\n`;
}

export const END = "</feed>\n";

/** An item's part of the text; nothing where it is no post. */
export function partOf(item: Item): string {
  const entry = item.id === ABOUT ? undefined : payloadOf(item, "entry");
  return entry === undefined ? "" : `${marked(entry, item.id)}\n`;
}

/** What a file has: items, the oldest first. Throws an XmlError where it is no XML; undefined where it is no feed. */
export function readArchive(bytes: Uint8Array): Draft[] | undefined {
  const feed = parseXml(bytes, LIMITS);
  if (feed.name !== "feed" || feed.ns !== ATOM_NS) return undefined;
  const drafts: Draft[] = [];
  const entries = feed.elements().filter(isEntry);
  // Feeds of others have the newest post first, as RFC 4287 readers expect it.
  const own = entries.some((it) => it.elements().some(isMark));
  if (feed.elements().some(isMark)) {
    drafts.push({
      id: ABOUT,
      payload: feed.withChildren(feed.elements().filter((it) => !isEntry(it) && !isMark(it))),
    });
  }
  for (const entry of own ? entries : entries.reverse()) {
    const id = entry.elements().find(isMark)?.attr("id") ?? nameOf(entry);
    if (id !== undefined) drafts.push({ id, payload: entry.without(isMark) });
  }
  return drafts;
}

function isEntry({ name, ns }: Element): boolean {
  return name === "entry" && ns === ATOM_NS;
}

/** The same entry gets the same name each time; undefined for what has no id, and is no entry. */
function nameOf(entry: Element): string | undefined {
  const id = entry.childText("id", ATOM_NS);
  return id === undefined || id === "" ? undefined : encodeHex(hashed("SHA-1", encodeUtf8(id)));
}
