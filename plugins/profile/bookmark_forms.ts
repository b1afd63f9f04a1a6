/**
 * Bookmarks in their two forms: one item a room (XEP-0402), and one element with all of them (XEP-0048). What an older client
 * does not know of a room stays with it; what is no room stays in the older form. Pure.
 */
import { booleanOf, el, type Element, Jid } from "#plugin";

export const BOOKMARKS_NS = "urn:xmpp:bookmarks:1";
export const STORAGE_NS = "storage:bookmarks";

/** One room, in the newer form; its id is the address of the room as it was written. */
export interface Bookmark {
  readonly id: string;
  readonly conference: Element;
}

/** What two bookmarks of the same room have in common, whoever wrote it. */
export function keyOf(id: string): string | undefined {
  const jid = Jid.tryParse(id);
  return jid === undefined || jid.local === "" && jid.resource !== "" ? undefined : jid.toString();
}

/** Rooms of an element of the older form; those without an address are not there for clients either. */
export function roomsOf(storage: Element | undefined): Map<string, Element> {
  const rooms = new Map<string, Element>();
  for (const it of storage?.elements() ?? []) {
    const key = it.name === "conference" && it.ns === STORAGE_NS ? keyOf(it.attr("jid") ?? "") : undefined;
    if (key !== undefined && !rooms.has(key)) rooms.set(key, it);
  }
  return rooms;
}

/** A room of the older form in the newer one; `before` is the one there was, whose extensions it keeps. */
export function toConference(room: Element, before?: Element): Element {
  const foreign = room.elements().filter(({ ns }) => ns !== STORAGE_NS);
  const named = new Set(foreign.map(nameOf));
  const kept = before?.child("extensions")?.elements().filter((it) => !named.has(nameOf(it))) ?? [];
  // What is there already keeps its place.
  const order = before?.child("extensions")?.elements().map(nameOf) ?? [];
  const extensions = [...foreign, ...kept].sort((a, b) => rank(order, a) - rank(order, b));
  return el("conference", BOOKMARKS_NS, {
    name: room.attr("name"),
    autojoin: joins(room) ? "true" : undefined,
  }, [
    textIn(room, "nick", BOOKMARKS_NS),
    textIn(room, "password", BOOKMARKS_NS),
    extensions.length === 0 ? undefined : el("extensions", BOOKMARKS_NS, {}, extensions),
  ]);
}

/** A room of the newer form in the older one. */
export function toRoom({ id, conference }: Bookmark): Element {
  const { name } = conference.attrs;
  return el("conference", STORAGE_NS, { jid: id, name, autojoin: joins(conference) ? "true" : undefined }, [
    textIn(conference, "nick", STORAGE_NS),
    textIn(conference, "password", STORAGE_NS),
    ...conference.child("extensions")?.elements() ?? [],
  ]);
}

/** All rooms in the older form, with what is no room in the lists that there were. */
export function toStorage(bookmarks: Iterable<Bookmark>, ...before: (Element | undefined)[]): Element {
  const rest = new Map<string, Element>();
  for (const list of before) {
    for (const it of list?.elements() ?? []) {
      if (it.name !== "conference" || it.ns !== STORAGE_NS) rest.set(it.toString(), it);
    }
  }
  return el("storage", STORAGE_NS, {}, [...[...bookmarks].map(toRoom), ...rest.values()]);
}

/** Whether two rooms in the newer form say the same. */
export function isSame(one: Element, other: Element): boolean {
  return meaning(one) === meaning(other);
}

function meaning(conference: Element): string {
  const extensions = conference.child("extensions")?.elements() ?? [];
  return JSON.stringify([
    conference.attr("name") ?? "",
    joins(conference),
    conference.childText("nick")?.trim() ?? "",
    conference.childText("password") ?? "",
    extensions.map(String).sort(),
  ]);
}

function joins(conference: Element): boolean {
  return booleanOf(conference.attr("autojoin") ?? "") === true;
}

function textIn(from: Element, name: string, ns: string): Element | undefined {
  const text = from.childText(name) ?? "";
  return text === "" ? undefined : el(name, ns, {}, text);
}

function nameOf({ ns, name }: Element): string {
  return `{${ns}}${name}`;
}

function rank(order: readonly string[], element: Element): number {
  const at = order.indexOf(nameOf(element));
  return at < 0 ? order.length : at;
}
