/**
 * XEP-0231 in rooms: a room keeps the small pictures that people show there, asks whoever shows one that it does not have yet,
 * and gives them to those who belong there, also in the place of occupants that are asked. Nobody has to be asked by everybody,
 * and who comes later still sees what was shown.
 */
import {
  CLAIMED,
  CONTENT_NS,
  definePlugin,
  duration,
  el,
  type Element,
  type HostScope,
  type Jid,
  Lru,
  options,
  randomId,
  resultOf,
  size,
  Stanza,
  StanzaError,
  sweep,
  z,
} from "#plugin";
import {
  forwarding,
  type Room,
  roomCreated,
  roomDestroyed,
  type RoomQuery,
  rooms,
  saying,
} from "../muc/api.ts";
import { type Bit, type BitLimits, BitStore, BOB_NS, dataOf, isCid, readBit } from "./bits_store.ts";

const XHTML_IM_NS = "http://jabber.org/protocol/xhtml-im";
/** Pieces of data of one message, and how deep its pictures may lie. */
const MOST = 10;
const DEEPEST = 20;
/** Questions that wait for their answers, of the service; and how long an answer may take. */
const ASKED = 100;
const PATIENCE = 20_000;
/** Names that nobody could say more about, which are not asked about again for a while. */
const UNKNOWN = 1000;
const AGAIN = 60_000;

const config = options({
  size: size().prefault("8 KiB").describe("The largest piece of data that is kept."),
  each: z.number().int().min(1).max(10_000).default(200).describe("Pieces of data that a room keeps."),
  keep: duration().prefault("1 day").describe("How long they are kept, where their sender does not say so."),
  keep_at_most: duration().prefault("7 days").describe("How long they are kept, whatever their sender says."),
});

export const bits = definePlugin({
  name: "muc_bob",
  doc: "Keeps the small pictures that people show in rooms, for those who ask for them.",
  xeps: [[231, "1.1"]],
  config,
  hosts: ["muc"],
  needs: [rooms],
  setup(host) {
    const { size, each, keep, keep_at_most } = host.config;
    const limits = { largest: size, most: each, keep: keep / 1000, longest: keep_at_most / 1000 };
    const book = host.use(rooms);
    const store = new BitStore(host, each);
    const gallery = new Gallery(host, store, limits);
    book.disco(host, { features: () => [BOB_NS] });
    book.get(host, BOB_NS, "data", (query) => gallery.give(query));
    host.at(saying).witness({ kind: "message" }, ({ room, from, occupant, stanza, claimed }) => {
      if (!claimed && occupant !== undefined) gallery.look(room, from, stanza.source);
    });
    host.at(forwarding).claim({ kind: "iq" }, ({ room, from, stanza }) => {
      const { payload } = stanza;
      if (stanza.type !== "get" || payload?.ns !== BOB_NS || payload.name !== "data") return undefined;
      const bit = store.get(room.name, payload.attr("cid") ?? "");
      if (bit === undefined) return undefined;
      host.send(resultOf(stanza, dataOf(bit)).addressed(from));
      return CLAIMED;
    });
    host.on(roomDestroyed, ({ room }) => void store.clear(room.name));
    host.on(roomCreated, ({ room }) => void store.clear(room.name));
    sweep(host, () => () => store.expire());
  },
});

class Gallery {
  readonly #asked = new Map<string, Promise<Bit | undefined>>();
  /** When somebody was asked in vain. */
  readonly #unknown = new Lru<string, number>(UNKNOWN);

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly store: BitStore,
    private readonly limits: BitLimits,
  ) {}

  /** Keeps what is in a message, and asks for what it only names. */
  look(room: Room, from: Jid, message: Element): undefined {
    if (message.has("data", BOB_NS)) {
      for (const element of message.elementsOf(BOB_NS).slice(0, MOST)) this.#keep(room, element);
    }
    const html = message.child("html", XHTML_IM_NS);
    if (html === undefined) return;
    const cids = new Set<string>();
    collect(html, cids, 0);
    for (const cid of cids) if (this.store.get(room.name, cid) === undefined) this.#ask(room, from, cid);
  }

  /** §2.3. Data that is just being asked for is waited for; nobody else is asked (BUG-16). */
  give({ room, payload, occupant, rights }: RoomQuery): Element | Promise<Element> {
    const cid = payload.attr("cid");
    if (cid === undefined || cid === "") throw new StanzaError("bad-request", "'cid' names the data");
    if (occupant === undefined && rights !== "owner" && rights !== "admin" && rights !== "member") {
      throw missing();
    }
    const bit = this.store.get(room.name, cid);
    if (bit !== undefined) return dataOf(bit);
    const coming = this.#asked.get(keyOf(room.name, cid));
    if (coming === undefined) throw missing();
    return coming.then((it) => {
      if (it === undefined) throw missing();
      return dataOf(it);
    });
  }

  #keep(room: Room, element: Element): Bit | undefined {
    const bit = readBit(element, this.limits);
    if (bit !== undefined) this.store.add(room.name, bit);
    return bit;
  }

  #ask(room: Room, from: Jid, cid: string): void {
    const key = keyOf(room.name, cid);
    const now = this.host.clock.monotonic();
    if (this.#asked.has(key) || this.#asked.size >= ASKED) return;
    if (now - (this.#unknown.get(key) ?? -Infinity) < AGAIN) return;
    const coming = this.#fetch(room, from, cid).then((bit) => {
      if (bit === undefined) this.#unknown.set(key, this.host.clock.monotonic());
      return bit;
    }).finally(() => this.#asked.delete(key));
    this.#asked.set(key, coming);
    this.host.spawn(() => coming.then(() => {}), { awaited: false });
  }

  /** §2.3, from the room to whoever showed it. */
  async #fetch(room: Room, from: Jid, cid: string): Promise<Bit | undefined> {
    const iq = el("iq", CONTENT_NS, { type: "get", id: randomId() }, [el("data", BOB_NS, { cid })]);
    try {
      const data = await this.host.request(Stanza.of(iq, room.jid, from), PATIENCE);
      if (data?.ns !== BOB_NS || data.attr("cid") !== cid) return undefined;
      return this.#keep(room, data);
    } catch (error) {
      if (error instanceof StanzaError) return undefined;
      throw error;
    }
  }
}

function missing(): StanzaError {
  return new StanzaError("item-not-found", "this room does not have the data");
}

function keyOf(room: string, cid: string): string {
  return `${room} ${cid}`;
}

/** The data that pictures of a text refer to (§2.2, RFC 2392). */
function collect(element: Element, cids: Set<string>, depth: number): void {
  const { children } = element;
  for (const child of children) {
    if (typeof child === "string" || cids.size >= MOST) continue;
    const source = child.name === "img" ? child.attr("src") ?? "" : "";
    const cid = source.startsWith("cid:") ? source.slice(4) : "";
    if (isCid(cid)) cids.add(cid);
    if (depth < DEEPEST) collect(child, cids, depth + 1);
  }
}
