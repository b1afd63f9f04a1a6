/** The rooms of the service that are listed (XEP-0045 §6.3), a page at a time, from storage and from memory. */
import { buildDiscoItems, buildPageReport, type Element, Jid, pageRequestOf, StanzaError } from "#plugin";
import type { House } from "./house.ts";
import { NAME, PUBLIC } from "./standard_fields.ts";

/** Rooms on a page, where nobody asks for pages too. */
const PAGE = 200;

interface Listed {
  readonly name: string;
  readonly title: string;
}

/** The answer to disco#items of the service. */
export function directory(house: House, payload: Element): Element {
  const request = pageRequestOf(payload);
  if (request === undefined) throw new StanzaError("bad-request", "the page asked for makes no sense");
  const { index } = request;
  const max = Math.min(request.max ?? PAGE, PAGE);
  const passing = temporary(house);
  const count = house.store.countListed() + passing.length;
  const after = request.after === undefined ? undefined : nameOf(request.after);
  const before = request.before === undefined || request.before === ""
    ? request.before
    : nameOf(request.before);
  const rooms = index !== undefined
    ? at(house, passing, index, max)
    : before !== undefined
    ? backward(house, passing, before, max + 1)
    : onward(house, passing, after, max + 1);
  const page = before !== undefined ? rooms.slice(-max || rooms.length) : rooms.slice(0, max);
  const shown = max === 0 ? [] : page;
  const items = shown.map(({ name, title }) => ({
    jid: `${name}@${house.host.domain}`,
    name: title || name,
  }));
  const report = buildPageReport({ count, first: items[0]?.jid, last: items.at(-1)?.jid, index });
  const whole = items.length === count && !payload.has("set", "http://jabber.org/protocol/rsm");
  return buildDiscoItems(items, undefined, whole ? undefined : report);
}

function nameOf(item: string): string {
  const jid = Jid.tryParse(item);
  if (jid === undefined || jid.local === "") {
    throw new StanzaError("item-not-found", "there is no such room to page from");
  }
  return jid.local;
}

/** Rooms that storage does not know, by name. */
function temporary(house: House): Listed[] {
  const listed: Listed[] = [];
  for (const room of house.rooms.values()) {
    if (room.locked || house.isStored(room) || !room.value(PUBLIC)) continue;
    listed.push({ name: room.name, title: room.value(NAME) });
  }
  return listed.sort(byName);
}

function byName(a: Listed, b: Listed): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function onward(
  house: House,
  passing: readonly Listed[],
  after: string | undefined,
  limit: number,
): Listed[] {
  const stored = house.store.listed({ limit, ...(after === undefined ? {} : { after }) });
  const others = passing.filter(({ name }) => after === undefined || name > after);
  return [...stored, ...others].sort(byName).slice(0, limit);
}

function backward(house: House, passing: readonly Listed[], before: string, limit: number): Listed[] {
  const stored = house.store.listed({ limit, before });
  const others = passing.filter(({ name }) => before === "" || name < before);
  return [...stored, ...others].sort(byName).slice(-limit);
}

/** The page that begins at a place: walked to from the beginning. */
function at(house: House, passing: readonly Listed[], index: number, limit: number): Listed[] {
  let after: string | undefined;
  let left = index;
  for (;;) {
    const page = onward(house, passing, after, 500);
    if (page.length > left) {
      return [...page.slice(left), ...onward(house, passing, page.at(-1)!.name, limit)].slice(0, limit);
    }
    if (page.length < 500) {
      if (left === page.length) return [];
      throw new StanzaError("item-not-found", "the list is not as long as that");
    }
    left -= page.length;
    after = page.at(-1)!.name;
  }
}
