/** What a service says it can do (XEP-0060 §11, §17.3). */
import { RSM_NS } from "#plugin";
import { feature, ORDER_NS, PUBSUB_NS } from "./names.ts";

/** What every service of this engine can do. */
const ALWAYS = [
  "access-authorize",
  "access-open",
  "access-presence",
  "access-roster",
  "access-whitelist",
  "auto-create",
  "config-node",
  "config-node-max",
  "create-and-configure",
  "create-nodes",
  "delete-items",
  "delete-nodes",
  "instant-nodes",
  "item-ids",
  "leased-subscription",
  "manage-affiliations",
  "manage-subscriptions",
  "member-affiliation",
  "meta-data",
  "modify-affiliations",
  "multi-items",
  "outcast-affiliation",
  "persistent-items",
  "presence-notifications",
  "publish",
  "publish-node-full",
  "publish-only-affiliation",
  "publish-options",
  "publisher-affiliation",
  "purge-nodes",
  "retract-items",
  "retrieve-affiliations",
  "retrieve-default",
  "retrieve-default-sub",
  "retrieve-items",
  "retrieve-subscriptions",
  "rsm",
  "subscribe",
  "subscription-notifications",
  "subscription-options",
];

/** Of accounts (§9). */
const PERSONAL = [
  "auto-subscribe",
  "filtered-notifications",
  "last-published",
  "presence-subscribe",
  "pubsub-on-a-jid",
];

export function featuresOf(kind: "service" | "personal", more: readonly string[] = []): string[] {
  const short = kind === "personal" ? [...ALWAYS, ...PERSONAL, ...more] : [...ALWAYS, ...more];
  return [PUBSUB_NS, RSM_NS, ORDER_NS, ...short.map(feature)];
}
