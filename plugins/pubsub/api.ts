/**
 * What other plugins may know of publish-subscribe (XEP-0060): the services that are there, what happens in them, and how to
 * have one of one's own. docs/pubsub.md says how to use it. Tokens and types only.
 */
import {
  defineEvent,
  definePoint,
  defineService,
  type Element,
  type HostScope,
  type Jid,
  type PageReport,
  type PageRequest,
  type Passage,
  type Role,
} from "#plugin";
import type { NodeConfig } from "./node_config.ts";
import type { Affiliation, Rights, Verb } from "./rights.ts";

export type { AccessModel, Limit, NodeConfig, PublishModel } from "./node_config.ts";
export type { Affiliation, Right, Rights, Verb } from "./rights.ts";

/** Who acts: an address, or undefined for the server itself, which may do everything. */
export type Actor = Jid | undefined;

/** An item as it is read. */
export interface Item {
  readonly id: string;
  /** Bare address; "" for the server itself. */
  readonly publisher: string;
  /** Milliseconds since 1970: when it was published last, and when its id was published first. */
  readonly at: number;
  readonly created: number;
  /** The payload's text, a document of its own; "" where it has none. */
  readonly payload: string;
}

/** §4.2; "none" is to have none. */
export type SubscriptionState = "subscribed" | "pending" | "unconfigured";

export interface SubscriptionView {
  /** As it was subscribed: with a resource, or without. */
  readonly jid: Jid;
  readonly subid: string;
  readonly state: SubscriptionState;
}

/** A node as it is now. Ask for it again instead of keeping it. */
export interface NodeView {
  readonly name: string;
  readonly creator: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly config: NodeConfig;
  /** How many items it has. */
  readonly count: number;
  /** Who is on record, by bare address. */
  readonly affiliations: ReadonlyMap<string, Affiliation>;
  readonly subscriptions: ReadonlyMap<string, SubscriptionView>;
}

/** What is to be published. */
export interface Draft {
  readonly id?: string | undefined;
  readonly payload?: Element | undefined;
}

export interface PublishOptions {
  readonly by?: Actor;
  /** What the node must be like, and is made like where it is not there (§7.1.5). */
  readonly preconditions?: Partial<NodeConfig>;
  /** What it is made like where it is not there; no matter where it is. */
  readonly initial?: Partial<NodeConfig>;
  /** Whose item it is, where the server publishes for somebody. */
  readonly publisher?: Jid;
  /** Nobody is told: for what is old already, such as an archive that is read in. */
  readonly quiet?: boolean;
}

/** In which order items are read (XEP-0413); the usual one is that in which they were published last, the oldest first. */
export interface Order {
  readonly by: "creation" | "modification";
  readonly descending: boolean;
}

export interface ItemPage {
  readonly items: readonly Item[];
  readonly report: PageReport;
  /** There is more than was asked for. */
  readonly truncated: boolean;
}

/**
 * A service. Everything is done at once, as a whole, and told when it is safe; what cannot be throws the StanzaError that
 * says why. A result that is sent to a client waits for the commit by itself.
 */
export interface PubsubService {
  readonly jid: Jid;
  /** Whose it is: an account's local part, or "" for the host itself. */
  readonly owner: string;

  node(name: string): NodeView | undefined;
  /** All nodes, by name; or those whose names go on after this beginning. */
  nodes(beginning?: string): Iterable<NodeView>;
  /** `config` is over what nodes of this name are like. */
  create(name: string, options?: CreateOptions): NodeView;
  configure(name: string, changes: Partial<NodeConfig>, by?: Actor): NodeView;
  /** `uri` says where the node has gone. */
  delete(name: string, by?: Actor, uri?: string): void;
  purge(name: string, by?: Actor): void;

  /** Gives the item's id; makes the node where that is allowed. Without a draft the node tells that something happened. */
  publish(node: string, draft: Draft | undefined, options?: PublishOptions): string | undefined;
  /** `tell` undefined leaves it to the node. */
  retract(node: string, ids: readonly string[], options?: { by?: Actor; tell?: boolean }): void;
  item(node: string, id: string): Item | undefined;
  last(node: string): Item | undefined;
  /** The last `limit` items, the oldest of them first. */
  latest(node: string, limit: number): readonly Item[];
  items(node: string, request: PageRequest, limit: number, order?: Order): ItemPage;

  subscribe(node: string, jid: Jid, by?: Actor): SubscriptionView;
  unsubscribe(node: string, jid: Jid, by?: Actor): void;
  affiliation(node: string, jid: Jid): Affiliation;
  affiliate(node: string, jid: Jid, affiliation: Affiliation, by?: Actor): void;
  may(node: string, by: Actor, verb: Verb, publisher?: string): boolean;
}

/** The services of accounts (XEP-0163), on user hosts. */
export interface PersonalServices {
  /** The service of an account; whether there is such an account is the caller's to know. */
  of(local: string): PubsubService;
  /** Whether an account has any node. */
  isUsed(local: string): boolean;
}

export const personalServices = defineService<PersonalServices>("personalServices");

/** The service that a host is, where it is one: `pubsub.HOST`, `comments.HOST`. */
export const hostService = defineService<PubsubService>("hostService");

export interface CreateOptions {
  readonly by?: Actor;
  readonly config?: Partial<NodeConfig>;
  /** Refused where there are too many nodes, though the server makes it: for what somebody else is the cause of. */
  readonly limited?: boolean;
}

/** Bounds that keep one service from taking everything. */
export interface Limits {
  /** Nodes of a service, and of one owner there. */
  readonly nodes: number;
  readonly nodes_each: number;
  /** Items of a node: what "max" means. */
  readonly items: number;
  /** Bytes of a payload. */
  readonly payload: number;
  /** Bytes of all items of a service. */
  readonly storage: number;
  /** Subscriptions that one account may have at a service. */
  readonly subscriptions: number;
  /** Subscriptions of a node, and people that it may have on record. */
  readonly subscribers: number;
  readonly affiliations: number;
  /** Milliseconds of a lease; Infinity where subscriptions need not end. */
  readonly lease: number;
}

/** What a plugin's own service is like. */
export interface OwnService {
  /** Who may do what; the table of XEP-0060 where left out. */
  readonly rights?: Rights;
  /** What nodes are like where their creator does not say otherwise, over the defaults of XEP-0060. */
  readonly defaults?: (node: string) => Partial<NodeConfig>;
  /** Who may make nodes, by publishing too; nobody but the plugin where left out. */
  readonly creates?: (jid: Jid, node: string) => boolean;
  readonly autocreate?: { readonly publish: boolean; readonly subscribe: boolean };
  /** An affiliation somebody has with every node without being on record. */
  readonly standing?: (jid: Jid) => Affiliation | undefined;
  /** Those who have at least this role own every node; nobody where left out. */
  readonly owned?: Role;
  readonly limits?: Partial<Limits>;
  /** Milliseconds that a node stays in memory without being used. */
  readonly idle?: number;
  /** Whether temporary accounts may make nodes and subscribe. */
  readonly guests?: boolean;
}

/** Services of plugins. The host becomes one for as long as the plugin is there whose scope it is. */
export interface OwnServices {
  /** The table of XEP-0060, to begin with. */
  readonly rights: Rights;
  open(scope: HostScope<unknown>, options?: OwnService): PubsubService;
}

export const ownServices = defineService<OwnServices>("ownServices");

interface Happening {
  readonly service: PubsubService;
  readonly node: NodeView;
  /** Who did it; undefined for the server itself. */
  readonly by: Actor;
}

/** An item is about to be published by a request. Guards here decide at once; what they throw is the answer. */
export interface Publishing extends Passage {
  readonly service: PubsubService;
  /** The node's name; it may not be there yet. */
  readonly node: string;
  readonly id: string | undefined;
  readonly payload: Element | undefined;
  readonly by: Jid;
  /** What the request says of the node counts for nothing. */
  ignoreOptions(): void;
}

export const publishing = definePoint<Publishing>("publishing");

// What has happened, told before it is safe and before anybody is told: what plugins change then is part of the same commit.

/** `item` is undefined where a node tells that something has happened and nothing else; `before` is what it replaced. */
export const itemPublished = defineEvent<
  Happening & { readonly item: Item | undefined; readonly before: Item | undefined }
>("itemPublished");
/** Items are gone: deleted, or expired, or too many. */
export const itemsRetracted = defineEvent<Happening & { readonly ids: readonly string[] }>("itemsRetracted");
export const nodePurged = defineEvent<Happening>("nodePurged");
export const nodeCreated = defineEvent<Happening>("nodeCreated");
export const nodeConfigured = defineEvent<Happening & { readonly before: NodeConfig }>("nodeConfigured");
export const nodeDeleted = defineEvent<Happening>("nodeDeleted");
export const subscriptionChanged = defineEvent<
  Happening & { readonly jid: Jid; readonly state: SubscriptionState | "none" }
>("subscriptionChanged");
export const affiliationChanged = defineEvent<
  Happening & { readonly jid: Jid; readonly affiliation: Affiliation }
>("affiliationChanged");
