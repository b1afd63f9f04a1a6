/** One node while it is in memory: what it is like, who is on record, and who has subscribed. Its items stay in storage. */
import { Jid } from "#plugin";
import type { Item, NodeView, SubscriptionState, SubscriptionView } from "./api.ts";
import type { NodeConfig } from "./node_config.ts";
import type { Affiliation } from "./rights.ts";
import type { NodeRow, PubsubTables, SubscriptionRow } from "./store.ts";
import { DEFAULT_OPTIONS, type SubscribeOptions } from "./subscribe_options.ts";

export type { Item, SubscriptionState } from "./api.ts";

export interface Subscription extends SubscriptionView {
  readonly options: SubscribeOptions;
}

const PAGE = 10_000;

export class PubsubNode implements NodeView {
  readonly name: string;
  readonly place: string;
  shelf: string;
  readonly creator: string;
  readonly created: number;
  config: NodeConfig;
  due: number | null;
  /** When it was last of use, in milliseconds since 1970. */
  used = 0;
  /** How many items it has, and the bytes that they take up. */
  count: number;
  bytes: number;
  /** The position of its last item; 0 where that was not looked up. */
  position = 0;
  /** The last item of a node that keeps none (§13.10). */
  last: Item | undefined;
  #affiliations: Map<string, Affiliation> | undefined;
  #subscriptions: Map<string, Subscription> | undefined;
  /** Of them, those with a resource. */
  #full: Set<string> | undefined;

  constructor(
    private readonly owner: string,
    private readonly tables: PubsubTables,
    row: NodeRow,
    config: NodeConfig,
  ) {
    this.name = row.node;
    this.place = row.place;
    this.shelf = row.shelf;
    this.creator = row.creator;
    this.created = row.created;
    this.config = config;
    this.due = row.due;
    const counted = tables.counts.get(owner, { shelf: row.shelf });
    this.count = counted?.items ?? 0;
    this.bytes = counted?.bytes ?? 0;
  }

  row(): NodeRow {
    const { name: node, place, shelf, creator, created, config, due } = this;
    return { node, place, shelf, creator, created, config, due, fleeting: config.purge_offline };
  }

  // --- affiliations -----------------------------------------------------------------------------------------------

  get affiliations(): ReadonlyMap<string, Affiliation> {
    return this.#affiliations ??= this.#readAffiliations();
  }

  #readAffiliations(): Map<string, Affiliation> {
    const read = new Map<string, Affiliation>();
    for (const row of pages(this.tables.affiliations, this.owner, this.place)) {
      read.set(row.jid, row.affiliation as Affiliation);
    }
    return read;
  }

  affiliate(jid: string, affiliation: Affiliation): void {
    const { affiliations } = this;
    if (affiliation === "none") {
      this.tables.affiliations.delete(this.owner, { place: this.place, jid });
      (affiliations as Map<string, Affiliation>).delete(jid);
    } else {
      this.tables.affiliations.put(this.owner, { place: this.place, jid, node: this.name, affiliation });
      (affiliations as Map<string, Affiliation>).set(jid, affiliation);
    }
  }

  /** The addresses that have an affiliation on record. */
  affiliated(affiliation: Affiliation): string[] {
    return [...this.affiliations].filter(([, it]) => it === affiliation).map(([jid]) => jid);
  }

  // --- subscriptions ----------------------------------------------------------------------------------------------

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions ??= this.#readSubscriptions();
  }

  #readSubscriptions(): Map<string, Subscription> {
    const read = new Map<string, Subscription>();
    for (const row of pages(this.tables.subscriptions, this.owner, this.place)) {
      read.set(row.jid, subscriptionOf(row));
      if (row.jid !== row.account) (this.#full ??= new Set()).add(row.jid);
    }
    return read;
  }

  subscription(jid: Jid): Subscription | undefined {
    return this.subscriptions.get(jid.toString());
  }

  /** All subscriptions of an account: its own, and those of its devices. */
  subscriptionsOf(account: Jid): Subscription[] {
    const bare = account.bare;
    const all = this.subscriptions;
    const own = all.get(bare.toString());
    const found = own === undefined ? [] : [own];
    for (const text of this.#full ?? []) {
      const one = all.get(text)!;
      if (one.jid.bare.equals(bare)) found.push(one);
    }
    return found;
  }

  isSubscribed(account: Jid): boolean {
    return this.subscriptionsOf(account).some(({ state }) => state === "subscribed");
  }

  put(subscription: Subscription): void {
    const { jid, subid, state, options } = subscription;
    const text = jid.toString();
    const account = jid.bare.toString();
    const all = this.subscriptions as Map<string, Subscription>;
    this.tables.subscriptions.put(this.owner, {
      place: this.place,
      jid: text,
      node: this.name,
      account,
      subid,
      state,
      options: options === DEFAULT_OPTIONS ? {} : options,
      expires: typeof options.expire === "number" ? options.expire : null,
    });
    all.set(text, subscription);
    if (text !== account) (this.#full ??= new Set()).add(text);
  }

  drop({ jid }: Subscription): void {
    const text = jid.toString();
    this.tables.subscriptions.delete(this.owner, { place: this.place, jid: text });
    (this.subscriptions as Map<string, Subscription>).delete(text);
    this.#full?.delete(text);
  }
}

function subscriptionOf(row: SubscriptionRow): Subscription {
  const options = row.options as Partial<SubscribeOptions>;
  return {
    jid: Jid.parse(row.jid),
    subid: row.subid,
    state: row.state as SubscriptionState,
    options: options.deliver === undefined ? DEFAULT_OPTIONS : { ...DEFAULT_OPTIONS, ...options },
  };
}

interface Paged<R> {
  range(owner: string, range: {
    where: { place: string };
    bounds: { after?: string };
    limit: number;
  }): R[];
}

/** All rows of a place, by address. */
function* pages<R extends { jid: string }>(table: Paged<R>, owner: string, place: string): Iterable<R> {
  let after: string | undefined;
  for (;;) {
    const bounds = after === undefined ? {} : { after };
    const rows = table.range(owner, { where: { place }, bounds, limit: PAGE });
    yield* rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.jid;
  }
}
