/** The rules of a service that is a host of its own: who its neighbours are is known from the user hosts of this server. */
import { credentials, type HostScope, type Jid } from "#plugin";
import { availability, roster } from "../im/api.ts";
import type { Limits, OwnService } from "./api.ts";
import { BASE } from "./node_config.ts";
import type { Policy } from "./policy.ts";
import { RIGHTS } from "./rights.ts";
import type { Show } from "./subscribe_options.ts";

/** Wide, for services whose options say nothing. */
export const LIMITS: Limits = {
  nodes: 100_000,
  nodes_each: 10_000,
  items: 1_000_000,
  payload: 524_288,
  storage: Infinity,
  subscriptions: 10_000,
  subscribers: 100_000,
  affiliations: 20_000,
  lease: Infinity,
};

export function hostPolicy(host: HostScope<unknown>, options: OwnService): Policy {
  const { defaults, creates, owned, rights = RIGHTS } = options;
  return {
    rights,
    limits: { ...LIMITS, ...options.limits },
    autocreate: options.autocreate ?? { publish: creates !== undefined, subscribe: false },
    defaults: (node) => ({ ...BASE, ...defaults?.(node) }),
    standing: (jid) => owned !== undefined && host.may(jid, owned) ? "owner" : options.standing?.(jid),
    creates: (jid, node) => creates?.(jid, node) === true && (options.guests === true || !isGuest(host, jid)),
    subscribes: (jid) =>
      options.guests !== true && isGuest(host, jid) ? "temporary accounts cannot subscribe" : undefined,
    watches: (owners, jid, groups) => owners().some((owner) => watches(host, owner, jid, groups)),
    groups: (owner) => groupsOf(host, owner),
    whereabouts: (jid) => whereabouts(host, jid),
  };
}

function isGuest(host: HostScope<unknown>, jid: Jid): boolean {
  return host.sibling(jid.domain)?.use(credentials)?.temporary === true;
}

/** Whether an owner lets somebody see their presence, and has them in one of some groups. */
export function watches(
  host: HostScope<unknown>,
  owner: Jid,
  jid: Jid,
  groups: readonly string[] | undefined,
): boolean {
  if (owner.bare.equals(jid.bare)) return true;
  const rosters = host.sibling(owner.domain)?.use(roster);
  if (rosters === undefined || owner.local === "" || !rosters.sees(owner.local, jid)) return false;
  if (groups === undefined) return true;
  return rosters.get(owner.local, jid)?.groups.some((group) => groups.includes(group)) === true;
}

export function groupsOf(host: HostScope<unknown>, owner: Jid): string[] {
  const rosters = host.sibling(owner.domain)?.use(roster);
  if (rosters === undefined || owner.local === "") return [];
  const groups = new Set<string>();
  for (const item of rosters.items(owner.local)) for (const group of item.groups) groups.add(group);
  return [...groups].sort();
}

const SHOWS: ReadonlySet<string> = new Set(["away", "chat", "dnd", "xa"]);

/** The states of the devices of an account of this server. */
export function whereabouts(host: HostScope<unknown>, jid: Jid): ReadonlyMap<string, Show> | undefined {
  const present = host.sibling(jid.domain)?.use(availability);
  if (present === undefined || jid.local === "") return undefined;
  const found = new Map<string, Show>();
  for (const session of present.sessions(jid.local)) {
    const show = session.presence?.source.childText("show") ?? "";
    found.set(session.jid!.toString(), SHOWS.has(show) ? show as Show : "online");
  }
  return found;
}
