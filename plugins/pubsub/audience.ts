/** Who is told of an event: subscribers as their options have it, and those who want to be told without having subscribed. */
import type { Jid } from "#plugin";
import { refusal } from "./access.ts";
import type { PubsubNode, Subscription } from "./node.ts";
import type { Service } from "./service.ts";

/** Everybody who is told of items and their ends. */
export function audienceOf(service: Service, node: PubsubNode): Jid[] {
  if (!node.config.deliver_notifications) return [];
  return receivers(service, node, ({ state }) => state === "subscribed");
}

/** Everybody who is told of the end of the node, those who wait for approval too (§8.4.2). */
export function everybodyOf(service: Service, node: PubsubNode): Jid[] {
  return receivers(service, node, () => true);
}

function receivers(service: Service, node: PubsubNode, counts: (one: Subscription) => boolean): Jid[] {
  const to: Jid[] = [];
  const interested = service.policy.audience?.(node);
  // Nobody is told twice: devices that asked for it are told instead of their account (XEP-0163 §4.3.2).
  const devices = new Set<string>();
  const accounts = new Set<string>();
  if (interested !== undefined) {
    for (const jid of interested) {
      to.push(jid);
      devices.add(jid.toString());
      accounts.add(jid.bare.toString());
    }
  }
  for (const [text, subscription] of node.subscriptions) {
    if (!counts(subscription)) continue;
    if (accounts.size > 0 && (accounts.has(text) || devices.has(text))) continue;
    if (isTold(service, node, subscription) && mayStillKnow(service, node, subscription.jid)) {
      to.push(subscription.jid);
    }
  }
  return to;
}

/** Not whom an account has blocked since (XEP-0191 §3), nor, at any service, who has left the roster that decides. */
export function mayStillKnow(service: Service, node: PubsubNode, jid: Jid): boolean {
  if (service.policy.hides?.(jid) === true) return false;
  const { access_model: model } = node.config;
  return (model !== "presence" && model !== "roster") ||
    refusal(service, node, jid, "subscribe") === undefined;
}

/** Whether a subscription's own options, or the node's, let an event through now (§6.3, §13.6). */
export function isTold(service: Service, node: PubsubNode, { jid, options, state }: Subscription): boolean {
  if (!options.deliver) return false;
  const { show } = options;
  if ((show === null && !node.config.presence_based_delivery) || state !== "subscribed") return true;
  const where = service.policy.whereabouts(jid);
  // Of somebody whose presence is not known here it cannot be said that they are away.
  if (where === undefined) return show === null || show.includes("online");
  for (const [device, state] of where) {
    if (jid.resource !== "" && device !== jid.toString()) continue;
    if (show === null || show.includes(state)) return true;
  }
  return false;
}
