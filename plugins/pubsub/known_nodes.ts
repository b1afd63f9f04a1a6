/**
 * Nodes that everybody knows by their name, and how they are configured where their creator says nothing: as their XEPs and
 * the clients have them (FEATURES 3.6). The configuration may say otherwise, node by node.
 */
import type { NodeConfig } from "./node_config.ts";

type Some = Partial<NodeConfig>;

/** One item that everybody may read: what one shows of oneself. */
const SHOWN: Some = {
  access_model: "open",
  max_items: 1,
  send_last_published_item: "on_sub_and_presence",
  notify_retract: false,
};
/** One item for contacts: how one is doing. */
const PASSING: Some = {
  access_model: "presence",
  max_items: 1,
  send_last_published_item: "on_sub_and_presence",
  notify_retract: true,
};
/** For the account's own devices (XEP-0223). */
const PRIVATE: Some = {
  access_model: "whitelist",
  max_items: "max",
  send_last_published_item: "never",
  notify_retract: true,
};
/** Many items that everybody may read (XEP-0277, XEP-0472). */
const FEED: Some = {
  access_model: "open",
  max_items: "max",
  send_last_published_item: "never",
  notify_retract: true,
};

/** By name; one that ends with a colon or a slash stands for all that begin with it. */
const KNOWN_NODES: Readonly<Record<string, Some>> = {
  "urn:xmpp:microblog:0": { ...FEED, type: "urn:xmpp:microblog:0" },
  "urn:xmpp:microblog:0:comments/": { ...FEED, publish_model: "open", itemreply: "publisher" },
  "urn:xmpp:pubsub-social-feed:stories:0": {
    ...FEED,
    type: "urn:xmpp:pubsub-social-feed:stories:0",
    access_model: "presence",
    item_expire: 86_400,
  },
  "urn:xmpp:inbox": { ...PRIVATE, publish_model: "open", itemreply: "publisher" },
  "eu.siacs.conversations.axolotl.devicelist": SHOWN,
  "eu.siacs.conversations.axolotl.bundles:": { ...FEED, notify_retract: false },
  "urn:xmpp:omemo:2:devices": SHOWN,
  "urn:xmpp:omemo:2:bundles": { ...FEED, notify_retract: false },
  "urn:xmpp:bookmarks:1": PRIVATE,
  "storage:bookmarks": { ...PRIVATE, max_items: 1 },
  "urn:xmpp:mds:displayed:0": PRIVATE,
  "urn:xmpp:avatar:data": SHOWN,
  "urn:xmpp:avatar:metadata": SHOWN,
  "http://jabber.org/protocol/nick": SHOWN,
  "urn:xmpp:vcard4": SHOWN,
  "http://jabber.org/protocol/mood": PASSING,
  "http://jabber.org/protocol/activity": PASSING,
  "http://jabber.org/protocol/tune": PASSING,
  "http://jabber.org/protocol/geoloc": PASSING,
  "urn:xmpp:chatting:0": PASSING,
  "urn:xmpp:browsing:0": PASSING,
  "urn:xmpp:gaming:0": PASSING,
  "urn:xmpp:viewing:0": PASSING,
};

/** What is known of a node by its name; the configuration's own table comes first. */
export class KnownNodes {
  readonly #exact = new Map<string, Some>();
  readonly #prefixes: readonly (readonly [string, Some])[];

  constructor(more: Readonly<Record<string, Some>> = {}, base = KNOWN_NODES) {
    const all = new Map(Object.entries(base));
    for (const [name, config] of Object.entries(more)) all.set(name, { ...all.get(name), ...config });
    const prefixes: [string, Some][] = [];
    for (const [name, config] of all) {
      this.#exact.set(name, config);
      if (/[:/]$/.test(name)) prefixes.push([name, config]);
    }
    // The longest beginning that fits is the one that is meant.
    this.#prefixes = prefixes.sort(([a], [b]) => b.length - a.length);
  }

  of(node: string): Some | undefined {
    return this.#exact.get(node) ?? this.#prefixes.find(([name]) => node.startsWith(name))?.[1];
  }
}
