/**
 * XEP-0470: what people attach to posts, "likes" and reactions. The nodes for it are made when somebody attaches something to
 * an item that is there, are like the node of the item, and end with it; the summary of each node is kept up to date.
 *
 * Decision: whoever may read an item may attach to it, also where only its publisher may publish (`who`); to the letter, §4.3
 * would let nobody like a blog but its owner, against its own examples.
 */
import {
  arriving,
  definePlugin,
  type Element,
  type HostScope,
  Jid,
  options,
  parseXml,
  StanzaError,
  z,
} from "#plugin";
import {
  affiliationChanged,
  hostService,
  type Item,
  itemPublished,
  itemsRetracted,
  type NodeConfig,
  nodeConfigured,
  nodeDeleted,
  nodePurged,
  type NodeView,
  personalServices,
  type Publishing,
  publishing,
  type PubsubService,
} from "../pubsub/api.ts";
import { ATTACHMENTS_NS, SUMMARY_NS } from "./names.ts";
import { Tally } from "./tally.ts";
import { type ItemPlace, itemUris, readItemUri } from "./uri.ts";

const PREFIX = `${ATTACHMENTS_NS}/`;
const SUMMARY_PREFIX = `${SUMMARY_NS}/`;
const PUBSUB_NS = "http://jabber.org/protocol/pubsub";
/** Bytes that one person may attach to an item. */
const PAYLOAD = 16_384;
const PAGE = 500;

const config = options({
  who: z.enum(["readers", "publishers"]).default("readers").describe(
    "Who may attach something to an item: all who may read it, or those who may publish on its node.",
  ),
});
type Who = z.infer<typeof config>["who"];

export const attachments = definePlugin({
  name: "attachments",
  doc: 'Lets people attach "likes" and reactions to posts, and counts them.',
  xeps: [[470, "0.2.0"]],
  config,
  hosts: ["user", "pubsub", "comments"],
  standard: true,
  wants: [personalServices, hostService],
  setup(host) {
    const personal = host.find(personalServices);
    if (personal === undefined && host.find(hostService) === undefined) return;
    if (personal === undefined) host.feature(ATTACHMENTS_NS);
    else host.accountFeature(ATTACHMENTS_NS);
    const { who } = host.config;
    refuseCreation(host);
    host.at(publishing).guard({}, (x) => admit(x, who));

    host.on(itemPublished, ({ service, node, item, before }): undefined => {
      const target = targetOf(node.name);
      if (target !== undefined && item !== undefined) counted(service, target, item, before);
    });
    host.on(itemsRetracted, ({ service, node, ids }): undefined => {
      const target = targetOf(node.name);
      if (target !== undefined) recount(service, target);
      else if (!isOurs(node.name) && isAttachedTo(service, node.name)) {
        for (const id of ids) drop(service, { jid: String(service.jid), node: node.name, item: id });
      }
    });
    host.on(nodePurged, ({ service, node }): undefined => {
      const target = targetOf(node.name);
      if (target !== undefined) recount(service, target);
      else if (!isOurs(node.name)) dropAll(service, node.name);
    });
    host.on(nodeDeleted, ({ service, node: { name } }): undefined => {
      const target = targetOf(name);
      if (target !== undefined) recount(service, target);
      // A node takes its summary with it, and a summary what it is of.
      else if (name.startsWith(SUMMARY_PREFIX)) dropAll(service, name.slice(SUMMARY_PREFIX.length));
      else if (isAttachedTo(service, name)) service.delete(SUMMARY_PREFIX + name);
    });
    host.on(nodeConfigured, ({ service, node, before }): undefined => {
      if (isOurs(node.name) || !differs(before, node.config) || !isAttachedTo(service, node.name)) return;
      for (const name of nodesOf(service, node.name)) service.configure(name, likeness(node, who));
      service.configure(SUMMARY_PREFIX + node.name, readable(node));
    });
    host.on(affiliationChanged, ({ service, node, jid, affiliation }): undefined => {
      if (isOurs(node.name) || !isAttachedTo(service, node.name)) return;
      for (const name of [...nodesOf(service, node.name), SUMMARY_PREFIX + node.name]) {
        service.affiliate(name, jid, affiliation);
      }
    });
  },
});

function isOurs(node: string): boolean {
  return node.startsWith(PREFIX) || node.startsWith(SUMMARY_PREFIX);
}

/** §4.4: nobody makes these nodes by hand. */
function refuseCreation(host: HostScope<unknown>): void {
  host.at(arriving).guard({ kind: "iq" }, ({ stanza }) => {
    const { payload, type, to } = stanza;
    if (type !== "set" || payload?.name !== "pubsub" || payload.ns !== PUBSUB_NS) return undefined;
    if (to !== undefined && to.resource !== "") return undefined;
    const name = payload.child("create")?.attr("node");
    return name !== undefined && isOurs(name)
      ? new StanzaError("not-allowed", "these nodes are made when something is attached")
      : undefined;
  });
}

/** What is published must be what the XEP says, and the node for it is made where it is not there. */
function admit(x: Readonly<Publishing>, who: Who): StanzaError | undefined {
  const { service, node: name, id, payload, by } = x;
  if (name.startsWith(SUMMARY_PREFIX)) {
    return new StanzaError("forbidden", "summaries are made by the service");
  }
  if (!name.startsWith(PREFIX)) return undefined;
  // §4.5.
  if (id !== by.bare.toString()) return new StanzaError("bad-request", "the item's id must be your address");
  if (payload?.name !== "attachments" || payload.ns !== ATTACHMENTS_NS) {
    return new StanzaError("bad-request", "the payload must be <attachments/>");
  }
  const target = targetOf(name);
  const node = target?.jid === service.jid.toString() && !isOurs(target.node)
    ? service.node(target.node)
    : undefined;
  // §4.3: options are for other nodes.
  x.ignoreOptions();
  if (node === undefined || !service.may(node.name, by, "retrieve")) return missing();
  if (service.item(node.name, target!.item) === undefined) return missing();
  if (service.node(name) !== undefined) return undefined;
  if (who === "publishers" && !service.may(node.name, by, "publish")) return new StanzaError("forbidden");
  make(service, name, node, likeness(node, who));
  if (!isAttachedTo(service, node.name)) {
    make(service, SUMMARY_PREFIX + node.name, node, { ...KEPT, ...readable(node) });
  }
  return undefined;
}

function missing(): StanzaError {
  return new StanzaError("item-not-found", "there is no such item that something could be attached to");
}

/** A node beside another, for the same people. */
function make(service: PubsubService, name: string, like: NodeView, config: Partial<NodeConfig>): void {
  service.create(name, { config, limited: true });
  for (const [jid, affiliation] of like.affiliations) service.affiliate(name, Jid.parse(jid), affiliation);
}

function readable({ config }: NodeView): Partial<NodeConfig> {
  return { access_model: config.access_model, roster_groups_allowed: config.roster_groups_allowed };
}

function likeness(node: NodeView, who: Who): Partial<NodeConfig> {
  return {
    ...KEPT,
    ...readable(node),
    publish_model: who === "readers" ? "open" : node.config.publish_model,
    max_payload_size: PAYLOAD,
  };
}

const KEPT: Partial<NodeConfig> = {
  persist_items: true,
  max_items: "max",
  send_last_published_item: "never",
  notify_retract: true,
};

function differs(a: NodeConfig, b: NodeConfig): boolean {
  return a.access_model !== b.access_model || a.publish_model !== b.publish_model ||
    a.roster_groups_allowed.join("\n") !== b.roster_groups_allowed.join("\n");
}

function targetOf(name: string): ItemPlace | undefined {
  return name.startsWith(PREFIX) ? readItemUri(name.slice(PREFIX.length)) : undefined;
}

/** The attachment nodes of all items of a node. */
function nodesOf(service: PubsubService, node: string): string[] {
  const place = { jid: service.jid.toString(), node, item: "" };
  return itemUris(place).flatMap((uri) => [...service.nodes(PREFIX + uri)].map(({ name }) => name));
}

/** Whether anything was ever attached to an item of a node. */
function isAttachedTo(service: PubsubService, node: string): boolean {
  return service.node(SUMMARY_PREFIX + node) !== undefined;
}

function dropAll(service: PubsubService, node: string): void {
  for (const name of nodesOf(service, node)) service.delete(name);
}

/** The item is gone. */
function drop(service: PubsubService, target: ItemPlace): void {
  for (const uri of itemUris(target)) {
    if (service.node(PREFIX + uri) !== undefined) service.delete(PREFIX + uri);
  }
}

function counted(service: PubsubService, target: ItemPlace, item: Item, before: Item | undefined): void {
  const old = service.item(SUMMARY_PREFIX + target.node, target.item);
  const tally = Tally.of(old && parsed(old));
  tally.count(before && parsed(before), -1);
  tally.count(parsed(item), 1);
  summarize(service, target, tally);
}

/** Counts all that is attached to an item. */
function recount(service: PubsubService, target: ItemPlace): void {
  const tally = new Tally();
  for (const uri of itemUris(target)) {
    if (service.node(PREFIX + uri) === undefined) continue;
    let after: string | undefined;
    do {
      const page: readonly Item[] = service.items(PREFIX + uri, { after, max: PAGE }, PAGE).items;
      for (const item of page) tally.count(parsed(item), 1);
      after = page.length < PAGE ? undefined : page.at(-1)!.id;
    } while (after !== undefined);
  }
  summarize(service, target, tally);
}

/** §4.6: an item of the same id, or none. */
function summarize(service: PubsubService, { node, item }: ItemPlace, tally: Tally): void {
  if (!isAttachedTo(service, node)) return;
  const name = SUMMARY_PREFIX + node;
  const before = service.item(name, item);
  const summary = tally.summary();
  if (summary === undefined) {
    if (before !== undefined) service.retract(name, [item]);
  } else if (before?.payload !== summary.toString()) service.publish(name, { id: item, payload: summary });
}

function parsed({ payload }: Item): Element | undefined {
  return payload === "" ? undefined : parseXml(payload);
}
