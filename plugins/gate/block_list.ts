/**
 * A block list that somebody publishes on a node (XEP-0060), as several services do today: each item's id is an address or
 * a domain, plain or its SHA-256 in hexadecimal. The list is stored, so that it holds while its service cannot be reached.
 */
import {
  CONTENT_NS,
  defineSlot,
  el,
  type Element,
  type HostScope,
  Jid,
  map,
  randomId,
  RSM_NS,
  Stanza,
  StanzaError,
} from "#plugin";

const PUBSUB_NS = "http://jabber.org/protocol/pubsub";
/** Entries of a list, and pages that it may come in. */
const MOST = 200_000;
const PAGES = 1_000;
const LONGEST_ID = 2_048;

/** By list and entry, as "service node" and "service node id". */
const subscriptions = map<{ readonly service: string; readonly node: string }>("gate.subscriptions");
const entries = map<1>("gate.entries");

/** What all lists of a host hold, by their names. */
const held = defineSlot<Map<string, Set<string>>>("gate.lists");

type Host = HostScope<unknown>;

interface Change {
  readonly id: string;
  readonly on: boolean;
}

export class BlockList {
  readonly name: string;
  readonly service: string;
  readonly #node: string;
  readonly #ids: Set<string>;
  #synced = -Infinity;
  #syncing = false;
  /** What was told while the whole list was being read: it is newer. */
  #meanwhile: Change[] = [];

  constructor(
    private readonly host: Host,
    { service, node }: { readonly service: string; readonly node: string },
    private readonly changed: () => void,
  ) {
    this.service = Jid.parse(service).toString();
    this.#node = node;
    this.name = `${this.service} ${node}`;
    const lists = host.hold(held, () => loaded(host));
    let ids = lists.get(this.name);
    if (ids === undefined) lists.set(this.name, ids = new Set());
    this.#ids = ids;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  isFresh(within: number): boolean {
    return this.host.clock.now() - this.#synced < within;
  }

  /** Subscribes and reads the whole list. Nothing waits for it; what fails is tried again. */
  sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    this.#meanwhile = [];
    this.#sync().catch((error) => {
      const reason = error instanceof StanzaError ? error.text ?? error.condition : error;
      this.host.log.warn("a block list could not be read", { list: this.name, reason });
    }).finally(() => {
      this.#syncing = false;
    });
  }

  async #sync(): Promise<void> {
    const { host } = this;
    host.open(subscriptions).set("", this.name, { service: this.service, node: this.#node });
    await this.#ask("set", [el("subscribe", PUBSUB_NS, { node: this.#node, jid: host.domain })]);
    const ids = await this.#read();
    for (const { id, on } of this.#meanwhile) {
      if (on) ids.add(id);
      else ids.delete(id);
    }
    host.atomic(() => {
      for (const id of [...this.#ids]) if (!ids.has(id)) this.#change({ id, on: false });
      for (const id of ids) if (!this.#ids.has(id)) this.#change({ id, on: true });
    });
    this.#synced = host.clock.now();
    this.changed();
    host.log.info("a block list was read", { list: this.name, entries: this.#ids.size });
  }

  async #read(): Promise<Set<string>> {
    const ids = new Set<string>();
    let after: string | undefined;
    for (let page = 0; page < PAGES; page++) {
      const set = after === undefined ? undefined : el("set", RSM_NS, {}, [el("after", RSM_NS, {}, after)]);
      const answer = await this.#ask("get", [el("items", PUBSUB_NS, { node: this.#node }), set]);
      const items = answer?.child("items")?.elements() ?? [];
      for (const item of items) readId(item, ids);
      const report = answer?.child("set", RSM_NS);
      const last = report?.childText("last");
      const count = Number(report?.childText("count") ?? ids.size);
      if (items.length === 0 || last === undefined || last === after || ids.size >= count) break;
      after = last;
    }
    return ids;
  }

  /** An event of a service; true where it is one of this list. Others may say what they like. */
  take(from: Jid | undefined, event: Element): boolean {
    if (from?.toString() !== this.service) return false;
    const [what] = event.elements();
    if (what === undefined || what.attr("node") !== this.#node) return false;
    const changes: Change[] = [];
    if (what.name === "items") {
      for (const item of what.elements()) {
        const ids = readId(item, new Set<string>());
        for (const id of ids) changes.push({ id, on: item.name === "item" });
      }
    } else if (what.name === "purge" || what.name === "delete") {
      for (const id of this.#ids) changes.push({ id, on: false });
    }
    if (changes.length === 0) return true;
    this.host.atomic(() => changes.forEach((change) => this.#change(change)));
    if (this.#syncing) this.#meanwhile.push(...changes);
    this.changed();
    return true;
  }

  #change({ id, on }: Change): void {
    if (on && this.#ids.size >= MOST) return;
    if (on) this.#ids.add(id);
    else this.#ids.delete(id);
    this.host.open(entries).set("", `${this.name} ${id}`, on ? 1 : undefined);
  }

  async #ask(type: "get" | "set", children: (Element | undefined)[]): Promise<Element | undefined> {
    const pubsub = el("pubsub", PUBSUB_NS, {}, children);
    const iq = el("iq", CONTENT_NS, { type, id: randomId() }, [pubsub]);
    return await this.host.request(Stanza.of(iq, this.host.jid, Jid.parse(this.service)));
  }

  /** Leaves the lists that are followed no more, and forgets them. */
  static drop(host: Host, followed: readonly string[]): undefined {
    const kept = host.open(subscriptions);
    const gone = kept.entries("").filter(([name]) => !followed.includes(name));
    if (gone.length === 0) return;
    const stored = host.open(entries);
    const lists = host.hold(held, () => loaded(host));
    host.atomic(() => {
      for (const [name] of gone) {
        kept.set("", name, undefined);
        for (const id of lists.get(name) ?? []) stored.set("", `${name} ${id}`, undefined);
        lists.delete(name);
      }
    });
    for (const [, { service, node }] of gone) {
      const unsubscribe = el("unsubscribe", PUBSUB_NS, { node, jid: host.domain });
      const iq = el("iq", CONTENT_NS, { type: "set", id: randomId() }, [
        el("pubsub", PUBSUB_NS, {}, [unsubscribe]),
      ]);
      host.send(Stanza.of(iq, host.jid, Jid.parse(service)));
    }
  }
}

/** The entries that are stored, by list; those of the lists that were followed at last. */
function loaded(host: Host): Map<string, Set<string>> {
  const lists = new Map<string, Set<string>>();
  const names = host.open(subscriptions).entries("").map(([name]) => name);
  for (const name of names) lists.set(name, new Set());
  for (const [key] of host.open(entries).entries("")) {
    const end = key.lastIndexOf(" ");
    lists.get(key.slice(0, end))?.add(key.slice(end + 1));
  }
  return lists;
}

const HASH = /^[0-9a-f]{64}$/i;

/** The entry that an item stands for: a hash as it is, an address in the spelling in which they are compared. */
function readId(item: Element, ids: Set<string>): Set<string> {
  // No slice of what came is kept: a list lasts for long.
  const id = item.detached().attr("id");
  if ((item.name !== "item" && item.name !== "retract") || id === undefined || id.length > LONGEST_ID) {
    return ids;
  }
  const entry = HASH.test(id) ? id.toLowerCase() : Jid.tryParse(id)?.bare.toString();
  if (entry !== undefined && !entry.includes(" ") && ids.size < MOST) ids.add(entry);
  return ids;
}
