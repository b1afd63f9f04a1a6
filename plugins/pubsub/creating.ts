/** Nodes are made (XEP-0060 §8.1), and their configuration is right as a whole or not at all. */
import type { Actor } from "./access.ts";
import { nodeCreated } from "./api.ts";
import { badRequest, forbidden, nodeExists, notAcceptable, tooManyNodes } from "./faults.ts";
import type { PubsubNode } from "./node.ts";
import type { NodeConfig } from "./node_config.ts";
import type { Change, Service } from "./service.ts";

const NAME = 1024;

/** Makes a node; `config` is over what a node of this name is like. */
export function createNode(
  service: Service,
  name: string,
  by: Actor,
  config: Partial<NodeConfig> = {},
): PubsubNode {
  return service.change((change) => createWithin(service, change, name, by, config));
}

/** The same as part of another change. */
export function createWithin(
  service: Service,
  change: Change,
  name: string,
  by: Actor,
  config: Partial<NodeConfig>,
): PubsubNode {
  checkName(name);
  if (service.find(name) !== undefined) throw nodeExists();
  if (by !== undefined) {
    if (!service.policy.creates(by, name)) throw forbidden("you may not make this node here");
    checkNumber(service, by);
  }
  const creator = by?.bare ?? service.jid;
  const node = service.make(
    name,
    creator.toString(),
    wholeConfig(service, service.policy.defaults(name), config),
  );
  // The account whose service it is owns everything there anyway.
  if (by !== undefined && !creator.equals(service.jid)) node.affiliate(creator.toString(), "owner");
  change.emit(nodeCreated, { service: service.face, node, by });
  return node;
}

function checkName(name: string): void {
  if (name === "" || name.length > NAME) throw badRequest(`a node's name has 1 to ${NAME} characters`);
}

/** Throws where there are nodes enough, or somebody has enough of them. */
export function checkNumber(service: Service, by: Actor): void {
  const { tables } = service.engine;
  const { nodes, nodes_each: each } = service.policy.limits;
  if (tables.nodes.count(service.owner, { limit: Math.min(nodes, 10_000) }) >= nodes) {
    throw tooManyNodes(nodes);
  }
  if (by === undefined) return;
  const bare = by.bare.toString();
  const own = tables.affiliations.range(service.owner, {
    index: "of",
    where: { jid: bare },
    limit: each + 1,
  });
  if (own.filter(({ affiliation }) => affiliation === "owner").length >= each) throw tooManyNodes(each);
}

/** A configuration is right as a whole or not at all. */
export function wholeConfig(service: Service, base: NodeConfig, changes: Partial<NodeConfig>): NodeConfig {
  const config = service.engine.configs.of({ ...base, ...changes });
  if (config.item_expire === 0) {
    throw notAcceptable("items that expire at once are of no use; do not keep them");
  }
  return config;
}
