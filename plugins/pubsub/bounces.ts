/** Answers to what was told (XEP-0060 §13.4): who is no more is a subscriber no more. */
import { conditionOf, CONTENT_NS, type Stanza } from "#plugin";
import type { Service } from "./service.ts";
import { expireSubscription } from "./subscribing.ts";

/** Conditions that say that there is nobody, and will be nobody. */
const GONE: ReadonlySet<string> = new Set(["gone", "item-not-found"]);
/** Subscriptions of somebody who is gone that are ended at a time. */
const MOST = 1000;

/** Conditions that say that a server cannot be reached, which it may be soon. */
const AWAY: ReadonlySet<string> = new Set([
  "remote-server-timeout",
  "remote-server-not-found",
  "resource-constraint",
]);

/** Whether a receiver could not be told something only because of the way there. */
export function isForNow(stanza: Stanza): boolean {
  const condition = stanza.kind === "message" ? conditionOf(stanza.child("error", CONTENT_NS)) : undefined;
  return condition !== undefined && AWAY.has(condition);
}

/** Takes the error of a receiver; false where it is none. Nothing is told to whoever answers so. */
export function bounced(service: Service, stanza: Stanza): boolean {
  if (stanza.kind !== "message" || stanza.type !== "error" || stanza.from === undefined) return false;
  const condition = conditionOf(stanza.child("error", CONTENT_NS));
  if (condition === undefined || !GONE.has(condition)) return true;
  const { from } = stanza;
  const rows = service.engine.tables.subscriptions.range(service.owner, {
    index: "of",
    where: { account: from.bare.toString() },
    limit: MOST,
  });
  for (const { jid, node: name } of rows) {
    // The end of a device is not the end of its account.
    if (from.resource !== "" && jid !== from.toString()) continue;
    const node = service.find(name);
    const subscription = node?.subscriptionsOf(from).find((one) => one.jid.toString() === jid);
    if (node !== undefined && subscription !== undefined) {
      expireSubscription(service, node, subscription, true);
    }
  }
  return true;
}
