/**
 * One pubsub service: a component's, or an account's own. It knows its nodes, finds them in memory or in storage, and makes
 * changes whole: what is written, what is told, and what plugins learn of. The verbs are in files of their own.
 */
import { type Event, type Jid, randomId } from "#plugin";
import type { PubsubService } from "./api.ts";
import { moved, noNode } from "./faults.ts";
import type { Ground } from "./ground.ts";
import { PubsubNode } from "./node.ts";
import type { NodeConfig } from "./node_config.ts";
import type { Announcement } from "./outbox.ts";
import type { Policy } from "./policy.ts";
import { newPlace, type NodeRow } from "./store.ts";

/** A change under way: what is to be told and emitted when it is made. */
export class Change {
  readonly announcements: Announcement[] = [];
  readonly #events: (() => void)[] = [];

  constructor(private readonly engine: Ground) {}

  tell(announcement: Announcement | undefined): void {
    if (announcement !== undefined && announcement.to.length > 0) this.announcements.push(announcement);
  }

  emit<E>(event: Event<E>, e: E): void {
    this.#events.push(() => this.engine.host.emit(event, e));
  }

  finish(): void {
    for (const event of this.#events) event();
  }
}

const PAGE = 500;
/** Nodes that are remembered to have gone somewhere else. */
const MOVED = 1000;

export class Service {
  #face: PubsubService | undefined;
  readonly #nodes = new Map<string, PubsubNode>();
  /** All nodes are in memory. */
  #complete = false;
  #bytes: number | undefined;
  #changing: Change | undefined;
  /** When it was last of use, in milliseconds since 1970. */
  used = 0;

  constructor(
    readonly engine: Ground,
    /** Whose rows these are in storage. */
    readonly owner: string,
    readonly jid: Jid,
    readonly policy: Policy,
    private readonly makeFace: (service: Service) => PubsubService,
  ) {}

  /** The service as other plugins see it. */
  get face(): PubsubService {
    return this.#face ??= this.makeFace(this);
  }

  // --- nodes ------------------------------------------------------------------------------------------------------

  find(name: string): PubsubNode | undefined {
    const node = this.#nodes.get(name) ?? this.#load(name);
    if (node !== undefined) node.used = this.engine.now;
    return node;
  }

  /** Throws what is said of a node that is not there. */
  get(name: string): PubsubNode {
    const node = this.find(name);
    if (node !== undefined) return node;
    const uri = this.engine.tables.moved.get(this.owner, { node: name })?.uri;
    throw uri === undefined ? noNode() : moved(uri);
  }

  #load(name: string): PubsubNode | undefined {
    if (this.#complete) return undefined;
    const row = this.engine.tables.nodes.get(this.owner, { node: name });
    if (row === undefined) return undefined;
    const node = this.read(row);
    this.#nodes.set(name, node);
    return node;
  }

  /** A node as it is stored; who only looks does not put it into memory. */
  read(row: NodeRow): PubsubNode {
    const { tables, configs } = this.engine;
    return new PubsubNode(this.owner, tables, row, configs.of(row.config as Partial<NodeConfig>));
  }

  /** All nodes, read into memory: for services that have few. */
  all(): Iterable<PubsubNode> {
    if (!this.#complete) {
      for (const page of this.pages()) {
        for (const row of page) {
          if (!this.#nodes.has(row.node)) this.#nodes.set(row.node, this.read(row));
        }
      }
      this.#complete = true;
    }
    return this.#nodes.values();
  }

  /** The rows of all nodes by name, a page at a time; after a name, or backwards before one. */
  *pages(from: { after?: string; before?: string } = {}, reverse = false) {
    const { tables } = this.engine;
    let bounds = from;
    for (;;) {
      const page = tables.nodes.range(this.owner, { bounds, reverse, limit: PAGE });
      yield page;
      const last = page.at(-1);
      if (page.length < PAGE || last === undefined) return;
      bounds = reverse ? { ...from, before: last.node } : { ...from, after: last.node };
    }
  }

  /** Nodes that are in memory. */
  get loaded(): number {
    return this.#nodes.size;
  }

  /** Makes a node that is not there yet. */
  make(name: string, creator: string, config: PubsubNode["config"]): PubsubNode {
    const { tables, now } = this.engine;
    const fleeting = config.purge_offline;
    const row = {
      node: name,
      place: newPlace(),
      shelf: newPlace(),
      creator,
      created: now,
      config,
      due: null,
      fleeting,
    };
    tables.nodes.insert(this.owner, row);
    tables.moved.delete(this.owner, { node: name });
    const node = new PubsubNode(this.owner, tables, row, config);
    node.used = now;
    this.#nodes.set(name, node);
    return node;
  }

  save(node: PubsubNode): void {
    this.engine.tables.nodes.put(this.owner, node.row());
  }

  /** The node is no more; what was its own is cleared in slices. */
  unmake(node: PubsubNode, uri: string | undefined): void {
    const { tables } = this.engine;
    tables.nodes.delete(this.owner, { node: node.name });
    this.#discard(node.place);
    this.#dropItems(node);
    if (uri !== undefined && tables.moved.count(this.owner, { limit: MOVED }) < MOVED) {
      tables.moved.put(this.owner, { node: node.name, uri });
    }
    this.#nodes.delete(node.name);
  }

  /** All items go at once, however many there are. */
  clearItems(node: PubsubNode): void {
    this.#dropItems(node);
    node.shelf = newPlace();
    node.count = 0;
    node.bytes = 0;
    node.position = 0;
    node.due = null;
    this.save(node);
  }

  #dropItems(node: PubsubNode): void {
    this.#discard(node.shelf);
    this.engine.tables.counts.delete(this.owner, { shelf: node.shelf });
    if (this.#bytes !== undefined) this.#bytes -= node.bytes;
  }

  /** The node has so many items more, or less, and so many bytes in them. */
  resize(node: PubsubNode, items: number, bytes: number): void {
    node.count = Math.max(0, node.count + items);
    node.bytes = Math.max(0, node.bytes + bytes);
    if (this.#bytes !== undefined) this.#bytes += bytes;
    const { shelf, count } = node;
    this.engine.tables.counts.put(this.owner, { shelf, items: count, bytes: node.bytes });
  }

  /** Bytes in all items; added up once. */
  get bytes(): number {
    if (this.#bytes === undefined) {
      let sum = 0;
      let after: string | undefined;
      for (;;) {
        const bounds = after === undefined ? {} : { after };
        const rows = this.engine.tables.counts.range(this.owner, { bounds, limit: 10_000 });
        for (const { bytes } of rows) sum += bytes;
        if (rows.length < 10_000) break;
        after = rows.at(-1)!.shelf;
      }
      this.#bytes = sum;
    }
    return this.#bytes;
  }

  #discard(place: string): void {
    this.engine.tables.garbage.put(this.owner, { place, at: this.engine.now });
  }

  // --- changes ----------------------------------------------------------------------------------------------------

  /** Does it as a whole: when it throws nothing has happened, and nothing is told before it is safe. */
  change<T>(work: (change: Change) => T): T {
    // A change within a change is part of it.
    if (this.#changing !== undefined) return work(this.#changing);
    const { host, outbox } = this.engine;
    const before = host.writes;
    const change = this.#changing = new Change(this.engine);
    let result: T;
    try {
      result = host.atomic(() => work(change));
    } catch (error) {
      if (host.writes !== before) this.forget();
      throw error;
    } finally {
      this.#changing = undefined;
    }
    if (host.writes !== before) this.engine.changed();
    outbox.put(before, change.announcements, () => this.forget());
    change.finish();
    return result;
  }

  /** What is in memory may be of what was taken back: it is read again. */
  forget(): void {
    this.engine.changed();
    this.#nodes.clear();
    this.#complete = false;
    this.#bytes = undefined;
  }

  /** Lets go of nodes that were of no use for so long. */
  rest(idle: number): void {
    if (this.#complete) return;
    for (const [name, node] of this.#nodes) {
      if (this.engine.now - node.used >= idle) this.#nodes.delete(name);
    }
  }

  newId(): string {
    return randomId(12);
  }
}
