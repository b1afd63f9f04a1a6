/**
 * Bookmarks, the same for clients of every age: an item a room (XEP-0402), all in one item (XEP-0048), and all in one private
 * element (XEP-0049), which is another view of that item. What one of them changes is changed for all.
 *
 * Decisions where the standards leave them open: both nodes are made private, whoever made them; an older client that deletes
 * its list without putting another in its place has tidied up and gets it again, an empty list is an empty list.
 */
import { definePlugin, type Element, type HostScope, keyval, none, parseXml } from "#plugin";
import { type PrivatePlace, privatePlace } from "../account/api.ts";
import {
  type Item,
  type NodeConfig,
  type PersonalServices,
  personalServices,
  type PubsubService,
} from "../pubsub/api.ts";
import {
  type Bookmark,
  BOOKMARKS_NS,
  isSame,
  keyOf,
  roomsOf,
  STORAGE_NS,
  toConference,
  toRoom,
  toStorage,
} from "./bookmark_forms.ts";
import { adoptOnce, Mirror } from "./mirror.ts";
import { lastOf, watchNodes } from "./nodes.ts";

const KEY = `{${STORAGE_NS}}storage`;
const ID = "current";
/** Rooms of an account; where there are more, each form is on its own. */
const MOST = 1000;
/** XEP-0402 §5.1, XEP-0223. */
const PRIVATE: Partial<NodeConfig> = {
  access_model: "whitelist",
  persist_items: true,
  send_last_published_item: "never",
};

export const adoptedBookmarks = keyval<number>("profile.bookmarks");

export const bookmarks = definePlugin({
  name: "bookmarks",
  doc: "Shows the same bookmarks to all clients, wherever they look for them.",
  xeps: [[48, "1.2"], [402, "1.2.0"], [411, "1.1.0"]],
  config: none,
  standard: true,
  provides: [privatePlace],
  wants: [personalServices],
  setup(host) {
    const personal = host.find(personalServices);
    if (personal === undefined) return;
    const them = new Bookmarks(host, personal);
    host.provide(privatePlace, them);
    host.accountFeature(`${BOOKMARKS_NS}#compat-pep`);
    watchNodes(host, [BOOKMARKS_NS, STORAGE_NS], (service, { name }, what, item) => {
      if (what !== "configured") them.changed(service, name, what, item);
    });
    adoptOnce(host, host.open(adoptedBookmarks), (local) => {
      return personal.isUsed(local) && them.adopt(local);
    });
  },
});

class Bookmarks implements PrivatePlace {
  readonly keys = [KEY];
  readonly features = [`${BOOKMARKS_NS}#compat`, "urn:xmpp:bookmarks-conversion:0"];
  readonly #mirror: Mirror;

  constructor(private readonly host: HostScope<unknown>, private readonly personal: PersonalServices) {
    this.#mirror = new Mirror(host);
  }

  // --- the private element ----------------------------------------------------------------------------------------

  get(local: string): Element | undefined {
    return lastOf(this.personal.of(local), STORAGE_NS)?.payload;
  }

  set(local: string, _key: string, storage: Element): void {
    this.#keep(this.personal.of(local), storage);
  }

  adopt(local: string, _key?: string, old?: Element): boolean {
    const service = this.personal.of(local);
    this.#mirror.reflect(local, () => {
      const storage = lastOf(service, STORAGE_NS)?.payload;
      const known = this.#known(service);
      if (known === undefined) return;
      // What is there is newer than what is found.
      for (const list of [storage, old]) {
        for (const [key, room] of roomsOf(list)) {
          if (known.has(key)) continue;
          const [id, conference] = [room.attr("jid")!, toConference(room)];
          known.set(key, { id, conference });
          this.#mirror.attempt(() => this.#publish(service, id, conference));
        }
      }
      if (old !== undefined) this.#keep(service, toStorage(known.values(), storage, old));
      else this.#collate(service, storage);
    });
    return lastOf(service, STORAGE_NS) !== undefined;
  }

  // --- the nodes --------------------------------------------------------------------------------------------------

  changed(service: PubsubService, node: string, what: "published" | "gone", item: Item | undefined): void {
    this.#mirror.reflect(service.owner, () => {
      const storage = lastOf(service, STORAGE_NS)?.payload;
      this.#close(service, node);
      if (node === STORAGE_NS) {
        if (what === "published") this.#spread(service, storage);
        else if (storage === undefined) this.#collate(service, undefined);
      } else if (storage === undefined || item === undefined) this.#collate(service, storage);
      else this.#insert(service, storage, item);
    });
  }

  /** All rooms of the newer form; undefined where they are too many. */
  #known(service: PubsubService): Map<string, Bookmark> | undefined {
    if ((service.node(BOOKMARKS_NS)?.count ?? 0) > MOST) return undefined;
    const known = new Map<string, Bookmark>();
    for (const { id, payload } of service.latest(BOOKMARKS_NS, MOST)) {
      const key = payload === "" ? undefined : keyOf(id);
      if (key !== undefined) known.set(key, { id, conference: parseXml(payload) });
    }
    return known;
  }

  /** XEP-0402 §4.3.1: one item has come, and its place in the list is known. */
  #insert(service: PubsubService, storage: Element, { id, payload }: Item): void {
    const key = keyOf(id);
    const rooms = roomsOf(storage);
    if (key === undefined || payload === "" || rooms.size > MOST) return;
    const [before, conference] = [rooms.get(key), parseXml(payload)];
    if (before !== undefined && isSame(toConference(before), conference)) return;
    const room = toRoom({ id, conference });
    const list = before === undefined
      ? storage.plus(room)
      : storage.withChildren(storage.children.map((child) => child === before ? room : child));
    this.#keep(service, list);
  }

  /** The items make one list, where it does not say the same already. */
  #collate(service: PubsubService, storage: Element | undefined): void {
    const known = this.#known(service);
    if (known === undefined) return;
    const rooms = roomsOf(storage);
    const equal = storage !== undefined && rooms.size === known.size &&
      [...known].every(([key, { conference }]) => {
        const room = rooms.get(key);
        return room !== undefined && isSame(toConference(room), conference);
      });
    if (!equal && (storage !== undefined || known.size > 0)) {
      this.#keep(service, toStorage(known.values(), storage));
    }
  }

  /** XEP-0402 §4.3.2: the list is taken apart, and only what is new or gone is told. */
  #spread(service: PubsubService, storage: Element | undefined): void {
    const known = this.#known(service);
    const rooms = roomsOf(storage);
    if (known === undefined || rooms.size > MOST) return;
    for (const [key, room] of rooms) {
      const before = known.get(key);
      const conference = toConference(room, before?.conference);
      if (before !== undefined && isSame(conference, before.conference)) continue;
      this.#mirror.attempt(() => this.#publish(service, before?.id ?? room.attr("jid")!, conference));
    }
    const gone = [...known].filter(([key]) => !rooms.has(key)).map(([, { id }]) => id);
    if (gone.length > 0) service.retract(BOOKMARKS_NS, gone, { tell: true });
    // What an older client has dropped of a room is in its list again.
    this.#collate(service, storage);
  }

  #publish(service: PubsubService, id: string, conference: Element): void {
    this.#close(service, BOOKMARKS_NS);
    const draft = { id, payload: conference };
    const initial: Partial<NodeConfig> = { ...PRIVATE, max_items: "max" };
    service.publish(BOOKMARKS_NS, draft, { initial, publisher: service.jid });
  }

  #keep(service: PubsubService, storage: Element): void {
    this.#close(service, STORAGE_NS);
    const id = service.last(STORAGE_NS)?.id ?? ID;
    const initial: Partial<NodeConfig> = { ...PRIVATE, max_items: 1 };
    service.publish(STORAGE_NS, { id, payload: storage }, { initial, publisher: service.jid });
  }

  /** Nobody else sees them, whatever a client has made of the node; and none is lost for want of room. */
  #close(service: PubsubService, name: string): void {
    const config = service.node(name)?.config;
    if (config === undefined) return;
    const full = name === BOOKMARKS_NS && config.max_items !== "max" && config.max_items < MOST;
    if (config.access_model === "whitelist" && config.persist_items && !full) return;
    service.configure(name, { ...PRIVATE, ...full ? { max_items: "max" } : {} });
    this.host.log.debug("a node of bookmarks was made private", { node: name });
  }
}
