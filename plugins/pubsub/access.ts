/** Who may do what with a node: the table of rights, and the models that decide where it leaves that to the node. */
import type { Jid, StanzaError } from "#plugin";
import { Jid as Address } from "#plugin";
import { closedNode, forbidden, notInGroup, notSubscribed, pending, presenceRequired } from "./faults.ts";
import type { Actor } from "./api.ts";
import type { PubsubNode } from "./node.ts";
import type { Affiliation, Verb } from "./rights.ts";
import type { Service } from "./service.ts";

export type { Actor } from "./api.ts";

export function affiliationOf(service: Service, node: PubsubNode, jid: Jid): Affiliation {
  return service.policy.standing(jid) ?? node.affiliations.get(jid.bare.toString()) ?? "none";
}

/** Why somebody may not do it; undefined where they may. `publisher` is whose item it is about. */
export function refusal(
  service: Service,
  node: PubsubNode,
  by: Actor,
  verb: Verb,
  publisher?: string,
): StanzaError | undefined {
  if (by === undefined) return undefined;
  const affiliation = affiliationOf(service, node, by);
  switch (service.policy.rights[affiliation][verb]) {
    case "yes":
      return undefined;
    case "own":
      return publisher === by.bare.toString() ? undefined : forbidden();
    case "model":
      return modelRefusal(node, by);
    case "access":
      return accessRefusal(service, node, by, verb);
    default:
      return forbidden();
  }
}

export function demand(service: Service, node: PubsubNode, by: Actor, verb: Verb, publisher?: string): void {
  const refused = refusal(service, node, by, verb, publisher);
  if (refused !== undefined) throw refused;
}

/** The publish model (§17.4.4). */
function modelRefusal(node: PubsubNode, by: Jid): StanzaError | undefined {
  const { publish_model: model } = node.config;
  if (model === "open" || (model === "subscribers" && node.isSubscribed(by))) return undefined;
  return forbidden("the node is not open for you to publish to");
}

/** The access model (§4.5), with the errors of §6.1.3 and §6.5.9. */
function accessRefusal(service: Service, node: PubsubNode, by: Jid, verb: Verb): StanzaError | undefined {
  const { access_model: model, roster_groups_allowed: groups } = node.config;
  switch (model) {
    case "open":
      return undefined;
    case "presence":
      return service.policy.watches(() => ownersOf(service, node), by) ? undefined : presenceRequired();
    case "roster":
      return service.policy.watches(() => ownersOf(service, node), by, groups) ? undefined : notInGroup();
    case "whitelist":
      // Whom an owner has subscribed is as good as listed.
      return node.isSubscribed(by) ? undefined : closedNode();
    default:
      return verb !== "retrieve" || node.isSubscribed(by) ? undefined : unapproved(node, by);
  }
}

function unapproved(node: PubsubNode, by: Jid): StanzaError {
  return node.subscriptionsOf(by).some(({ state }) => state === "pending") ? pending() : notSubscribed();
}

/** Whose contacts count: all owners. */
export function ownersOf(service: Service, node: PubsubNode): Jid[] {
  const owners = node.affiliated("owner").map((jid) => Address.parse(jid));
  return service.jid.local !== "" ? [service.jid, ...owners] : owners;
}

/** Whether somebody has to be let in by an owner first (§6.1.4). */
export function needsApproval(service: Service, node: PubsubNode, by: Jid): boolean {
  if (node.config.access_model !== "authorize") return false;
  return service.policy.rights[affiliationOf(service, node, by)].subscribe === "access";
}
