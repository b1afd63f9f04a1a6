/** Nodes are configured, emptied and deleted (XEP-0060 §8.2, §8.4, §8.5). */
import type { Jid } from "#plugin";
import { type Actor, affiliationOf, demand, needsApproval, refusal } from "./access.ts";
import { audienceOf, everybodyOf } from "./audience.ts";
import { configuredEvent, deletedEvent, lastItemEvent, purgedEvent, subscriptionEvent } from "./event.ts";
import { nodeConfigured, nodeDeleted, nodePurged, subscriptionChanged } from "./api.ts";
import { wholeConfig } from "./creating.ts";
import { unsupported } from "./faults.ts";
import { expireItems, trimItems, trimSoon } from "./items.ts";
import type { PubsubNode } from "./node.ts";
import type { NodeConfig } from "./node_config.ts";
import { lastItem } from "./reading.ts";
import type { Change, Service } from "./service.ts";
import { decide } from "./subscribing.ts";

export function configureNode(
  service: Service,
  name: string,
  by: Actor,
  changes: Partial<NodeConfig>,
): PubsubNode {
  const node = service.get(name);
  demand(service, node, by, "configure");
  return service.change((change) => {
    const before = node.config;
    const config = wholeConfig(service, before, changes);
    const opens = config.access_model !== before.access_model ||
      config.roster_groups_allowed !== before.roster_groups_allowed;
    const were = opens ? new Set(audienceOf(service, node).map(String)) : undefined;
    node.config = config;
    service.save(node);
    if (config.item_expire !== before.item_expire) expireItems(service, change, node);
    if (!config.persist_items && node.count > 0) empty(service, node);
    else if (config.max_items !== before.max_items && trimItems(service, change, node)) {
      trimSoon(service, name);
    }
    if (config.notify_config) {
      change.tell({ stanza: configuredEvent(service.jid, node), to: audienceOf(service, node) });
    }
    if (were !== undefined) {
      // §4.5: subscriptions to what needed nobody's leave are no list of whom the owner lets in.
      const closes = config.access_model === "whitelist" && before.access_model !== "authorize" &&
        before.access_model !== "whitelist";
      cancelLost(service, change, node, by, undefined, closes ? isListed : keepsAccess);
      letIn(service, change, node, by);
      welcome(service, change, node, were);
    }
    change.emit(nodeConfigured, { service: service.face, node, by, before });
    return node;
  });
}

/** §13.2: who gains access by a change of the access model is sent the last item. */
function welcome(service: Service, change: Change, node: PubsubNode, were: ReadonlySet<string>): void {
  if (node.config.send_last_published_item === "never") return;
  const to = audienceOf(service, node).filter((jid) => !were.has(jid.toString()));
  const item = to.length === 0 ? undefined : lastItem(service, node);
  if (item !== undefined) change.tell({ stanza: lastItemEvent(service.jid, node, item), to });
}

/** Nobody has to be asked any more about those who wait. */
function letIn(service: Service, change: Change, node: PubsubNode, by: Actor): void {
  for (const { jid, state } of [...node.subscriptions.values()]) {
    if (state !== "pending" || needsApproval(service, node, jid)) continue;
    if (refusal(service, node, jid, "subscribe") === undefined) {
      decide(service, change, node, jid, "subscribed", by);
    }
  }
}

/** XEP-0163 §7.1: who has lost access is no subscriber any more. */
export function cancelLost(
  service: Service,
  change: Change,
  node: PubsubNode,
  by: Actor,
  whose?: Jid,
  keeps = keepsAccess,
): void {
  const all = whose === undefined ? [...node.subscriptions.values()] : node.subscriptionsOf(whose);
  for (const subscription of all) {
    if (keeps(service, node, subscription.jid)) continue;
    node.drop(subscription);
    const stanza = subscriptionEvent(service.jid, node, subscription, "none");
    change.tell({ stanza, to: [subscription.jid] });
    change.emit(subscriptionChanged, {
      service: service.face,
      node,
      by,
      jid: subscription.jid,
      state: "none",
    });
  }
}

/** Whether somebody's affiliation lets them subscribe, whatever the access model is. */
function isListed(service: Service, node: PubsubNode, jid: Jid): boolean {
  return service.policy.rights[affiliationOf(service, node, jid)].subscribe === "yes";
}

function keepsAccess(service: Service, node: PubsubNode, jid: Jid): boolean {
  // Whoever is subscribed stays so where subscribers are let in one by one.
  if (node.config.access_model === "authorize" || node.config.access_model === "whitelist") {
    return refusal(service, node, jid, "subscribe")?.condition !== "forbidden";
  }
  return refusal(service, node, jid, "subscribe") === undefined;
}

export function deleteNode(service: Service, name: string, by: Actor, uri?: string): void {
  const node = service.get(name);
  demand(service, node, by, "delete");
  service.change((change) => {
    if (node.config.notify_delete) {
      change.tell({ stanza: deletedEvent(service.jid, node, uri), to: everybodyOf(service, node) });
    }
    service.unmake(node, uri);
    change.emit(nodeDeleted, { service: service.face, node, by });
  });
}

export function purgeNode(service: Service, name: string, by: Actor): void {
  const node = service.get(name);
  demand(service, node, by, "purge");
  if (!node.config.persist_items) throw unsupported("persistent-items", "the node keeps no items");
  service.change((change) => {
    empty(service, node);
    change.tell({ stanza: purgedEvent(service.jid, node), to: audienceOf(service, node) });
    change.emit(nodePurged, { service: service.face, node, by });
  });
}

function empty(service: Service, node: PubsubNode): void {
  node.last = undefined;
  if (node.count > 0) service.clearItems(node);
}
