/** The decision about a message that bears a label (XEP-0258 §5): it may go from here to there, or not. Data in, yes or no out. */
import type { Jid } from "#plugin";
import type { Affiliation } from "../muc/api.ts";
import type { Policy } from "./labels_options.ts";

/** One end of a message's way. */
export interface End {
  /** The true address. */
  readonly jid: Jid;
  /** In a room; undefined outside of rooms. */
  readonly affiliation?: Affiliation;
}

/** What the decision needs to know beside the two ends. */
export interface Knowledge {
  readonly type: string;
  /** Whether one of the two sees the other's presence; undefined where nobody here knows. */
  areContacts?(one: Jid, other: Jid): boolean;
  /** The domain that a room service of this server belongs to. */
  parentOf(domain: string): string | undefined;
}

/** Both ends must be allowed; so must everything that the policy says. */
export function grants(policy: Policy | undefined, from: End, to: End, knowledge: Knowledge): boolean {
  if (policy === undefined) return true;
  if (policy.type !== undefined && policy.type !== knowledge.type) return false;
  if (policy.roster && knowledge.areContacts?.(from.jid, to.jid) !== true) return false;
  return isCleared(policy, from, knowledge) && isCleared(policy, to, knowledge);
}

/** What holds for one end, whoever is at the other. */
export function isCleared(policy: Policy, { jid, affiliation }: End, { parentOf }: Knowledge): boolean {
  const { affiliations, hosts, rooms, people } = policy;
  if (affiliations !== undefined) {
    if (affiliation === undefined || !(affiliations as readonly Affiliation[]).includes(affiliation)) {
      return false;
    }
  }
  if (hosts !== undefined && !hosts.includes(jid.domain)) {
    const parent = rooms ? parentOf(jid.domain) : undefined;
    if (parent === undefined || !hosts.includes(parent)) return false;
  }
  return people === undefined || people.includes(jid.bare.toString());
}

/** Whether everybody in a room may see it who may see the room. */
export function isForAll({ affiliations, hosts, people }: Policy): boolean {
  return affiliations === undefined && hosts === undefined && people === undefined;
}
