/**
 * Nodes, items, affiliations and subscriptions in storage. What belongs to a node is kept under short names of its own, its
 * `place` and its `shelf`: a node that is emptied or deleted leaves them at once, whatever they hold, and they are cleared in
 * slices.
 */
import { type HostScope, randomId, tables } from "#plugin";

const pubsubTables = tables("pubsub", {
  nodes: {
    columns: {
      node: "text",
      place: "text",
      /** Where its items are: another one when it is emptied. */
      shelf: "text",
      creator: "text",
      created: "integer",
      config: "json",
      /** When the oldest item expires, where items do. */
      due: "integer?",
      /** Whether items go with their publisher (purge_offline). */
      fleeting: "boolean",
    },
    key: ["node"],
    indexes: { fleeting: ["fleeting"] },
    across: { due: ["due"] },
  },
  /** How many items a node has, and how much is in them; apart, since it changes with each of them. */
  counts: { columns: { shelf: "text", items: "integer", bytes: "integer" }, key: ["shelf"] },
  items: {
    columns: {
      shelf: "text",
      id: "text",
      /** When it was published, and in which order: milliseconds since 1970 times 1024, each one once in a node. */
      position: "integer",
      /** The same, of when the id was published first. */
      created: "integer",
      /** Bare address; "" for the server itself. */
      publisher: "text",
      /** "" where it has none. */
      payload: "text",
    },
    key: ["shelf", "id"],
    indexes: {
      order: ["shelf", "position"],
      creation: ["shelf", "created"],
      publisher: ["shelf", "publisher"],
    },
  },
  affiliations: {
    columns: { place: "text", jid: "text", node: "text", affiliation: "text" },
    key: ["place", "jid"],
    indexes: { of: ["jid", "node"] },
  },
  subscriptions: {
    columns: {
      place: "text",
      jid: "text",
      node: "text",
      /** The bare address of `jid`. */
      account: "text",
      subid: "text",
      state: "text",
      options: "json",
      expires: "integer?",
    },
    key: ["place", "jid"],
    indexes: { of: ["account", "node"], state: ["place", "state"] },
    across: { due: ["expires"], account: ["account"] },
  },
  /** Where nodes have gone that were deleted (§8.4.1). */
  moved: { columns: { node: "text", uri: "text" }, key: ["node"] },
  /** Places and shelves that nobody is at any more; `at` is for the index. */
  garbage: { columns: { place: "text", at: "integer" }, key: ["place"], across: { oldest: ["at"] } },
});

export type PubsubTables = ReturnType<typeof openTables>;
export type NodeRow = NonNullable<ReturnType<PubsubTables["nodes"]["get"]>>;
export type ItemRow = NonNullable<ReturnType<PubsubTables["items"]["get"]>>;
export type SubscriptionRow = NonNullable<ReturnType<PubsubTables["subscriptions"]["get"]>>;

export function openTables(host: HostScope<unknown>) {
  return host.open(pubsubTables);
}

/** A place that nobody has been at. */
export function newPlace(): string {
  return randomId(9);
}

/** Positions leave room for so many items a millisecond. */
const STEPS = 1024;

/** The position of something that happens now, after the last one. */
export function positionAt(now: number, last: number): number {
  return Math.max(last + 1, now * STEPS);
}

export function timeOf(position: number): number {
  return Math.floor(position / STEPS);
}

/** The first position of a moment. */
export function positionOf(time: number): number {
  return time * STEPS;
}
