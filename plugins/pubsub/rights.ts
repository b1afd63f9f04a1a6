/**
 * Who may do what with a node (XEP-0060 §4.1): one table of affiliations and verbs. The manual (docs/pubsub.md) and the tests
 * are made from it; a service of its own may have another table.
 */

/** §4.1, from nothing to everything. */
export type Affiliation = "owner" | "publisher" | "publish-only" | "member" | "none" | "outcast";
export const AFFILIATIONS: readonly Affiliation[] = [
  "owner",
  "publisher",
  "publish-only",
  "member",
  "none",
  "outcast",
];

export type Verb =
  | "discover"
  | "subscribe"
  | "retrieve"
  | "publish"
  | "retract"
  | "purge"
  | "configure"
  | "delete"
  | "affiliate"
  | "manage";

/** The verbs, with what they are. */
export const VERBS: Readonly<Record<Verb, string>> = {
  discover: "find the node, and read what it is about",
  subscribe: "be told of events",
  retrieve: "read items",
  publish: "publish an item, or put another in its place",
  retract: "delete an item",
  purge: "delete all items",
  configure: "read and change the configuration",
  delete: "delete the node",
  affiliate: "read and change affiliations",
  manage: "read and change subscriptions of others, and decide on requests",
};

/**
 * Yes, no, or who decides: the node's access model ("access"), its publish model ("model"); "own" is for items that one has
 * published oneself.
 */
export type Right = "yes" | "no" | "own" | "access" | "model";
export type Rights = Readonly<Record<Affiliation, Readonly<Record<Verb, Right>>>>;

const NOTHING: Readonly<Record<Verb, Right>> = {
  discover: "no",
  subscribe: "no",
  retrieve: "no",
  publish: "no",
  retract: "no",
  purge: "no",
  configure: "no",
  delete: "no",
  affiliate: "no",
  manage: "no",
};

export const RIGHTS: Rights = {
  owner: {
    discover: "yes",
    subscribe: "yes",
    retrieve: "yes",
    publish: "yes",
    retract: "yes",
    purge: "yes",
    configure: "yes",
    delete: "yes",
    affiliate: "yes",
    manage: "yes",
  },
  publisher: {
    ...NOTHING,
    discover: "yes",
    subscribe: "yes",
    retrieve: "yes",
    publish: "yes",
    retract: "own",
  },
  "publish-only": { ...NOTHING, discover: "yes", publish: "yes", retract: "own" },
  member: {
    ...NOTHING,
    discover: "yes",
    subscribe: "yes",
    retrieve: "yes",
    publish: "model",
    retract: "own",
  },
  none: {
    ...NOTHING,
    discover: "access",
    subscribe: "access",
    retrieve: "access",
    publish: "model",
    retract: "own",
  },
  outcast: NOTHING,
};
