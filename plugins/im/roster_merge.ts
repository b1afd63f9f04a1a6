/** Contacts that others gave an account, merged with those of its own: what both say counts, and the group's name wins. */
import type { RosterItem, Subscription } from "./api.ts";

/** One contact as its account's clients see it. */
export function merged(own: RosterItem | undefined, shared: RosterItem | undefined): RosterItem | undefined {
  if (own === undefined || shared === undefined) return shared ?? own;
  const subscription = union(own.subscription, shared.subscription);
  return {
    jid: own.jid,
    name: shared.name ?? own.name,
    subscription,
    ask: own.ask && !watches(subscription),
    approved: own.approved,
    groups: [...new Set([...own.groups, ...shared.groups])],
  };
}

/** A whole roster. */
export function mergedAll(
  own: ReadonlyMap<string, RosterItem>,
  shared: readonly RosterItem[],
): Iterable<RosterItem> {
  if (shared.length === 0) return own.values();
  const all = new Map(own);
  for (const item of shared) {
    const key = item.jid.toString();
    all.set(key, merged(own.get(key), item)!);
  }
  return all.values();
}

function union(a: Subscription, b: Subscription): Subscription {
  const to = watches(a) || watches(b);
  const from = shows(a) || shows(b);
  return to ? from ? "both" : "to" : from ? "from" : "none";
}

/** Whether the account sees the contact's presence. */
export function watches(subscription: Subscription): boolean {
  return subscription === "to" || subscription === "both";
}

/** Whether the contact sees the account's presence. */
export function shows(subscription: Subscription): boolean {
  return subscription === "from" || subscription === "both";
}
