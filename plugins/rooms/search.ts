/** XEP-0433: people find the rooms of this service by words, among those that are listed, a page at a time. */
import {
  Bucket,
  buildPageReport,
  definePlugin,
  defineSlot,
  el,
  type Element,
  type HostScope,
  Lru,
  nextTurn,
  options,
  type PageRequest,
  pageRequestOf,
  type Query,
  serving,
  StanzaError,
  z,
} from "#plugin";
import {
  configured,
  DESCRIPTION,
  joined,
  LANGUAGE,
  left,
  MEMBERS_ONLY,
  NAME,
  PASSWORD,
  type Room,
  roomCreated,
  roomDestroyed,
  rooms,
  WHOIS,
} from "../muc/api.ts";
import { failed, readSearch, SEARCH_NS, searchForm, type Wanted } from "./search_form.ts";
import { SearchIndex } from "./search_index.ts";

/** Rooms on a page. */
const PAGE = 50;
/** Servers and people whose searches are counted. */
const ASKERS = 5000;

/** How many are in the rooms in which somebody is. Outlives a reload, like the rooms. */
const sizes = defineSlot<Map<string, number>>("channel_search.sizes");

const config = options({
  all: z.boolean().default(true).describe(
    "Whether all listed rooms may be read, as people can by service discovery.",
  ),
  searches: z.number().int().min(1).max(10_000).default(20).describe("Searches of one asker in a minute."),
});

export const channelSearch = definePlugin({
  name: "channel_search",
  doc: "Lets people find the listed rooms by words.",
  xeps: [[433, "0.1.0"]],
  config,
  hosts: ["muc"],
  needs: [rooms],
  setup(host) {
    const book = host.use(rooms);
    const index = new SearchIndex(host, book);
    const counts = host.hold(sizes, () => new Map());
    const count = ({ room }: { readonly room: Room }): undefined => {
      if (room.size === 0) counts.delete(room.name);
      else counts.set(room.name, room.size);
    };
    host.on(roomCreated, ({ room }) => index.write(room) as undefined);
    host.on(configured, ({ room }) => index.write(room) as undefined);
    host.on(roomDestroyed, ({ room }) => {
      counts.delete(room.name);
      index.remove(room.name);
    });
    host.on(joined, ({ room }) => {
      if (room.size === 1) index.write(room);
      return count({ room });
    });
    host.on(left, count);
    host.on(serving, () => {
      if (index.isEmpty) host.spawn((signal) => index.fill(signal));
      return undefined;
    });
    const desk = new SearchDesk(host, index, counts);
    host.feature(SEARCH_NS);
    host.iq.get(SEARCH_NS, "search", "host", (query) => desk.answer(query));
  },
});

interface Match {
  readonly room: string;
  readonly users: number;
}

class SearchDesk {
  readonly #askers = new Lru<string, Bucket>(ASKERS);

  constructor(
    private readonly host: HostScope<z.infer<typeof config>>,
    private readonly index: SearchIndex,
    private readonly sizes: ReadonlyMap<string, number>,
  ) {}

  answer(query: Query): Element | Promise<Element> {
    const { payload } = query;
    // §4.2.1: an empty one asks for the form.
    if (payload.elements().length === 0) return el("search", SEARCH_NS, {}, [searchForm()]);
    const wanted = readSearch(payload, this.host.config.all);
    const request = pageRequestOf(payload);
    if (request === undefined) throw new StanzaError("bad-request", "the page asked for makes no sense");
    this.#count(query);
    return this.#search(wanted, request);
  }

  /** §4.2.2.4. People of this server are counted one by one, others by their server. */
  #count({ from, session }: Query): void {
    const key = session === undefined ? from.domain : from.bare.toString();
    const { searches } = this.host.config;
    let bucket = this.#askers.get(key);
    if (bucket === undefined) this.#askers.set(key, bucket = new Bucket(searches / 60, searches));
    if (bucket.tryTake(1, this.host.clock.monotonic())) return;
    const wait = String(Math.ceil(60 / searches));
    throw failed("resource-constraint", "wait", "rate-limit", "too many searches", { "retry-after": wait });
  }

  async #search(wanted: Wanted, request: PageRequest): Promise<Element> {
    const max = Math.min(request.max ?? PAGE, PAGE);
    const found = wanted.rooms ? await this.#matches(wanted, request.after, max + 1) : [];
    const page = found.slice(0, max);
    const items = page.flatMap(({ room }) => {
      const it = this.index.still(room);
      return it === undefined ? [] : [itemOf(it)];
    });
    const [first, last] = [page[0], page.at(-1)];
    const report = buildPageReport({
      first: first === undefined ? undefined : cursorOf(first, wanted),
      last: last === undefined ? undefined : cursorOf(last, wanted),
      // Only where this is all there is, it is known how much that is.
      ...(request.after === undefined && found.length <= max ? { count: items.length } : {}),
    });
    return el("result", SEARCH_NS, {}, [...items, report]);
  }

  /** By address it is enough to look until a page is full; by users all have to be seen. */
  async #matches(wanted: Wanted, after: string | undefined, most: number): Promise<readonly Match[]> {
    const matches: Match[] = [];
    const byAddress = wanted.order === "address";
    for (let name = byAddress ? after ?? "" : "";;) {
      const entries = this.index.after(name);
      for (const entry of entries) {
        const users = this.sizes.get(entry.room) ?? 0;
        if (users < wanted.least || !wanted.matches(entry, this.host.domain)) continue;
        matches.push({ room: entry.room, users });
        if (byAddress && matches.length >= most) return matches;
      }
      const last = entries.at(-1);
      if (last === undefined) break;
      name = last.room;
      await nextTurn();
    }
    if (byAddress) return matches;
    const [, users = "0", room = ""] = /^(\d{1,9}) (.*)$/.exec(after ?? "") ?? [];
    const before: Match = { room, users: Number(users) };
    return matches.sort(byUsers).filter((it) => after === undefined || byUsers(it, before) > 0).slice(
      0,
      most,
    );
  }
}

function byUsers(one: Match, other: Match): number {
  return other.users - one.users || (one.room < other.room ? -1 : one.room > other.room ? 1 : 0);
}

/** Where a page ends, so that the next one can be found without having kept anything. */
function cursorOf({ room, users }: Match, { order }: Wanted): string {
  return order === "address" ? room : `${users} ${room}`;
}

/** §6.2. */
function itemOf(room: Room): Element {
  const open = !room.value(MEMBERS_ONLY) && room.value(PASSWORD) === "";
  const text = (name: string, value: string) => value === "" ? undefined : el(name, SEARCH_NS, {}, value);
  return el("item", SEARCH_NS, { address: room.jid.toString() }, [
    text("name", room.value(NAME) || room.name),
    text("description", room.value(DESCRIPTION)),
    text("language", room.value(LANGUAGE)),
    // What goes on in a room that is not for everybody stays there (XEP-0045 §13.4).
    open ? text("nusers", String(room.size)) : undefined,
    text("service-type", "xep-0045"),
    open ? el("is-open", SEARCH_NS) : undefined,
    text(
      "anonymity-mode",
      room.value(WHOIS) === "anyone" ? "{urn:xmpp:channel-search:0:anonymity}none" : "muc_semianonymous",
    ),
  ]);
}
