/** Subscriptions come, change and end (XEP-0060 §6.1 to §6.3, §8.6, §8.8). */
import { type Form, type Jid, randomId } from "#plugin";
import { type Actor, affiliationOf, demand, needsApproval, ownersOf } from "./access.ts";
import { isTold } from "./audience.ts";
import { lastItemEvent, subscriptionEvent } from "./event.ts";
import {
  forbidden,
  invalidJid,
  invalidSubid,
  noSubscription,
  pending,
  tooManySubscriptions,
  unsupported,
} from "./faults.ts";
import { subscriptionChanged } from "./api.ts";
import type { PubsubNode, Subscription, SubscriptionState } from "./node.ts";
import { createWithin } from "./creating.ts";
import { askOwners } from "./question.ts";
import { lastItem } from "./reading.ts";
import type { Change, Service } from "./service.ts";
import { DEFAULT_OPTIONS, readOptions, type SubscribeOptions } from "./subscribe_options.ts";

/** Subscriptions that the devices of one account may have to a node. */
const DEVICES = 100;

/** Subscribes `jid`; where the owners must be asked first the subscription is pending (§6.1.4). */
export function subscribe(
  service: Service,
  name: string,
  jid: Jid,
  by: Actor,
  form?: Form,
): { node: PubsubNode; subscription: Subscription } {
  if (by !== undefined && !by.bare.equals(jid.bare)) throw invalidJid();
  return service.change((change) => {
    const node = nodeFor(service, change, name, by);
    demand(service, node, by, "subscribe");
    if (!node.config.subscribe && by !== undefined && affiliationOf(service, node, by) !== "owner") {
      throw unsupported("subscribe", "the node takes no subscriptions");
    }
    const before = node.subscription(jid);
    if (before !== undefined) return again(service, change, node, before, form);
    checkNumber(service, jid, by);
    checkRoom(service, node, jid, by);
    const state = by !== undefined && needsApproval(service, node, by) ? "pending" : "subscribed";
    const options = firstOptions(service, node, form);
    const subscription: Subscription = { jid, subid: randomId(9), state, options };
    put(service, change, node, subscription, by);
    if (state === "pending") askOwners(service, change, node, subscription);
    return { node, subscription };
  });
}

function nodeFor(service: Service, change: Change, name: string, by: Actor): PubsubNode {
  const node = service.find(name);
  if (node !== undefined) return node;
  if (!service.policy.autocreate.subscribe) return service.get(name);
  return createWithin(service, change, name, by, {});
}

/** §6.1.6: one subscription an address; asking again tells its state, and may change its options. */
function again(
  service: Service,
  change: Change,
  node: PubsubNode,
  before: Subscription,
  form: Form | undefined,
): { node: PubsubNode; subscription: Subscription } {
  if (before.state === "pending") throw pending();
  if (form === undefined) return { node, subscription: before };
  const subscription = { ...before, options: optionsOf(service, node, form, before.options) };
  node.put(subscription);
  change.emit(subscriptionChanged, {
    service: service.face,
    node,
    by: before.jid,
    jid: before.jid,
    state: before.state,
  });
  return { node, subscription };
}

function checkNumber(service: Service, jid: Jid, by: Actor): void {
  if (by === undefined) return;
  const refused = service.policy.subscribes?.(by);
  if (refused !== undefined) throw forbidden(refused);
  const most = service.policy.limits.subscriptions;
  const where = { account: jid.bare.toString() };
  const limit = Math.min(most, 10_000);
  if (service.engine.tables.subscriptions.count(service.owner, { index: "of", where, limit }) >= most) {
    throw tooManySubscriptions(most);
  }
}

/** Each of them is sent everything: nobody makes this server send to an account, or to the world, as much as they like. */
function checkRoom(service: Service, node: PubsubNode, jid: Jid, by: Actor): void {
  if (by === undefined) return;
  const most = service.policy.limits.subscribers;
  if (node.subscriptions.size >= most) throw tooManySubscriptions(most);
  if (jid.resource !== "" && node.subscriptionsOf(jid).length >= DEVICES) throw tooManySubscriptions(DEVICES);
}

function firstOptions(service: Service, node: PubsubNode, form: Form | undefined): SubscribeOptions {
  const { now } = service.engine;
  const { lease } = service.policy.limits;
  const first = lease === Infinity ? DEFAULT_OPTIONS : { ...DEFAULT_OPTIONS, expire: now + lease };
  return form === undefined ? forced(node, first) : optionsOf(service, node, form, first);
}

function optionsOf(
  service: Service,
  node: PubsubNode,
  form: Form,
  before: SubscribeOptions,
): SubscribeOptions {
  return forced(node, readOptions(form, before, service.engine.now, service.policy.limits.lease));
}

/** §13.5: the owner may have it that all subscriptions are temporary. */
function forced(node: PubsubNode, options: SubscribeOptions): SubscribeOptions {
  return node.config.tempsub ? { ...options, expire: "presence" } : options;
}

/** Notes a subscription that is new or has another state, and tells those who should know. */
function put(
  service: Service,
  change: Change,
  node: PubsubNode,
  subscription: Subscription,
  by: Actor,
): void {
  node.put(subscription);
  const { jid, state } = subscription;
  tellOwners(service, change, node, subscription, state);
  change.emit(subscriptionChanged, { service: service.face, node, by, jid, state });
  if (state !== "subscribed" || node.config.send_last_published_item === "never") return;
  if (!node.config.deliver_notifications || !isTold(service, node, subscription)) return;
  const item = lastItem(service, node);
  if (item !== undefined) change.tell({ stanza: lastItemEvent(service.jid, node, item), to: [jid] });
}

function tellOwners(
  service: Service,
  change: Change,
  node: PubsubNode,
  subscription: Subscription,
  state: SubscriptionState | "none",
): void {
  if (!node.config.notify_sub) return;
  const owners = ownersOf(service, node).filter((owner) => !owner.bare.equals(subscription.jid.bare));
  change.tell({ stanza: subscriptionEvent(service.jid, node, subscription, state), to: owners });
}

function drop(
  service: Service,
  change: Change,
  node: PubsubNode,
  subscription: Subscription,
  by: Actor,
): void {
  node.drop(subscription);
  tellOwners(service, change, node, subscription, "none");
  change.emit(subscriptionChanged, { service: service.face, node, by, jid: subscription.jid, state: "none" });
}

/** §6.2. */
export function unsubscribe(
  service: Service,
  name: string,
  jid: Jid,
  by: Actor,
  subid?: string,
): Subscription {
  const node = service.get(name);
  const subscription = ownSubscription(node, jid, by, subid);
  service.change((change) => drop(service, change, node, subscription, by));
  return subscription;
}

/** One's own subscription (§6.2.3, §6.3.4). */
export function ownSubscription(node: PubsubNode, jid: Jid, by: Actor, subid?: string): Subscription {
  if (by !== undefined && !by.bare.equals(jid.bare)) throw forbidden("that is not your subscription");
  const subscription = node.subscription(jid);
  if (subscription === undefined) throw noSubscription();
  if (subid !== undefined && subid !== "" && subid !== subscription.subid) throw invalidSubid();
  return subscription;
}

/** §6.3.5. */
export function setOptions(
  service: Service,
  name: string,
  jid: Jid,
  by: Actor,
  form: Form,
  subid?: string,
): void {
  const node = service.get(name);
  const before = ownSubscription(node, jid, by, subid);
  const options = optionsOf(service, node, form, before.options);
  service.change(() => node.put({ ...before, options }));
}

/** §8.6, §8.8: an owner decides; the subscriber is told. */
export function decide(
  service: Service,
  change: Change,
  node: PubsubNode,
  jid: Jid,
  state: SubscriptionState | "none",
  by: Actor,
): void {
  const before = node.subscription(jid);
  if (before?.state === state || (before === undefined && state === "none")) return;
  if (before === undefined) checkRoom(service, node, jid, by);
  const subscription: Subscription = before === undefined
    ? {
      jid,
      subid: randomId(9),
      state: state as SubscriptionState,
      options: firstOptions(service, node, undefined),
    }
    : before;
  change.tell({ stanza: subscriptionEvent(service.jid, node, subscription, state), to: [jid] });
  if (state === "none") drop(service, change, node, subscription, by);
  else put(service, change, node, { ...subscription, state }, by);
}

/** A subscription has run out, or its subscriber has gone: offline (§13.5, §13.19), or for ever, when there is nobody to tell. */
export function expireSubscription(
  service: Service,
  node: PubsubNode,
  subscription: Subscription,
  forever = false,
): void {
  service.change((change) => {
    const stanza = subscriptionEvent(service.jid, node, subscription, "none");
    if (!forever) change.tell({ stanza, to: [subscription.jid] });
    drop(service, change, node, subscription, undefined);
  });
}
