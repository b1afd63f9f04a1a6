/** Affiliations and subscriptions as an owner manages them (XEP-0060 §8.8, §8.9). */
import type { Jid } from "#plugin";
import { type Actor, affiliationOf } from "./access.ts";
import { affiliationMessage } from "./event.ts";
import { forbidden, notAcceptable } from "./faults.ts";
import { affiliationChanged } from "./api.ts";
import type { PubsubNode } from "./node.ts";
import type { Affiliation } from "./rights.ts";
import type { Change, Service } from "./service.ts";
import { decide } from "./subscribing.ts";

/** Gives somebody an affiliation; throws where the node would be left without an owner (§8.9.2.4). */
export function affiliate(
  service: Service,
  change: Change,
  node: PubsubNode,
  jid: Jid,
  affiliation: Affiliation,
  by: Actor,
): void {
  const bare = jid.bare;
  const before = affiliationOf(service, node, bare);
  if (before === affiliation) return;
  if (service.policy.standing(bare) !== undefined) throw forbidden("this affiliation cannot be changed");
  if (before === "owner" && service.jid.local === "" && node.affiliated("owner").length === 1) {
    throw notAcceptable("a node must have an owner");
  }
  const { affiliations: most } = service.policy.limits;
  if (before === "none" && node.affiliations.size >= most) {
    throw notAcceptable(`at most ${most} are on record`);
  }
  node.affiliate(bare.toString(), affiliation);
  change.tell({ stanza: affiliationMessage(service.jid, node, bare.toString(), affiliation), to: [bare] });
  change.emit(affiliationChanged, { service: service.face, node, by, jid: bare, affiliation });
  settle(service, change, node, bare, before, affiliation, by);
}

/** §8.7.4: an affiliation decides on requests that wait, and ends the subscriptions of those who may not have any. */
function settle(
  service: Service,
  change: Change,
  node: PubsubNode,
  jid: Jid,
  before: Affiliation,
  affiliation: Affiliation,
  by: Actor,
): void {
  const { rights } = service.policy;
  const right = rights[affiliation].subscribe;
  // §4.5: who is taken off the list keeps nothing of what being on it gave them.
  const unlisted = right === "access" && rights[before].subscribe === "yes" &&
    node.config.access_model === "whitelist";
  for (const { jid: subscriber, state } of node.subscriptionsOf(jid)) {
    if (right === "no" || unlisted) decide(service, change, node, subscriber, "none", by);
    else if (right === "yes" && state === "pending") {
      decide(service, change, node, subscriber, "subscribed", by);
    }
  }
}
