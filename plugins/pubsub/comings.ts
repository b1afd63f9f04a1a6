/**
 * Somebody has come online, gone offline, or is no more: subscribers are sent the last items (XEP-0060 §4.3), and what was to last
 * only so long ends (§13.5, purge_offline).
 */
import { defineEvent, type HostScope, Jid } from "#plugin";
import { isTold, mayStillKnow } from "./audience.ts";
import type { Engine } from "./engine.ts";
import { lastItemEvent } from "./event.ts";
import { purgeOf } from "./publishing.ts";
import { lastItem } from "./reading.ts";
import { expireSubscription } from "./subscribing.ts";

/** Told on every host of the server. */
export const wentOffline = defineEvent<{
  readonly jid: Jid;
  /** No other device of the account is there. */
  readonly last: boolean;
  /** The account itself is gone. */
  readonly forever: boolean;
}>("pubsub.wentOffline");

/** Told on every host of the server: a device has become available. */
export const cameOnline = defineEvent<{ readonly jid: Jid }>("pubsub.cameOnline");

const MOST = 1000;

export function watchPresence(host: HostScope<unknown>, engine: Engine): void {
  host.on(cameOnline, ({ jid }): undefined => sendLast(engine, jid));
  host.on(wentOffline, ({ jid, last, forever }): undefined => {
    endSubscriptions(engine, jid, last, forever);
    if (last) purge(engine, jid);
  });
}

/** Somebody of another server has told this one of being offline: all that can be known of them. */
export function leftElsewhere(engine: Engine, jid: Jid): void {
  endSubscriptions(engine, jid, true, false);
  purge(engine, jid);
}

/** §4.3, on_sub_and_presence; those whose presence reaches the service say by their capabilities what they want. */
function sendLast(engine: Engine, device: Jid): undefined {
  if (!engine.populated) return;
  const account = device.bare.toString();
  for (const row of engine.tables.subscriptions.across("account", { where: { account }, limit: MOST })) {
    if (!engine.has(row.owner) || row.state !== "subscribed") continue;
    if (row.jid !== account && row.jid !== device.toString()) continue;
    const service = engine.service(row.owner);
    const node = service.find(row.node);
    if (node === undefined || !node.config.deliver_notifications) continue;
    if (node.config.send_last_published_item !== "on_sub_and_presence") continue;
    if (service.policy.audience !== undefined && service.policy.watches(() => [], device)) continue;
    const subscription = node.subscription(Jid.parse(row.jid));
    if (subscription === undefined || !isTold(service, node, subscription)) continue;
    if (!mayStillKnow(service, node, device)) continue;
    const item = lastItem(service, node);
    if (item !== undefined) engine.host.send(lastItemEvent(service.jid, node, item).addressed(device));
  }
}

function endSubscriptions(engine: Engine, jid: Jid, last: boolean, forever: boolean): void {
  if (!engine.populated) return;
  const rows = engine.tables.subscriptions.across("account", {
    where: { account: jid.bare.toString() },
    limit: MOST,
  });
  for (const { owner, node: name, jid: subscriber } of rows) {
    if (!engine.has(owner)) continue;
    const service = engine.service(owner);
    const node = service.find(name);
    const subscription = node?.subscription(Jid.parse(subscriber));
    if (node === undefined || subscription === undefined) continue;
    const temporary = subscription.options.expire === "presence";
    const its = subscriber === jid.toString() || (last && subscription.jid.resource === "");
    if (forever || (temporary && its)) expireSubscription(service, node, subscription, forever);
  }
}

/** What a publisher has published at the host's own service, or at the publisher's own. */
function purge(engine: Engine, publisher: Jid): void {
  const { host } = engine;
  const owner = engine.has("") ? "" : publisher.domain === host.domain ? publisher.local : "";
  if (!engine.has(owner)) return;
  const names = engine.fleeting(owner);
  if (names.length === 0) return;
  const service = engine.service(owner);
  for (const name of names) {
    const node = service.find(name);
    if (node !== undefined) purgeOf(service, node, publisher);
  }
}
