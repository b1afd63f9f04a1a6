/** A service that a plugin has on its own host: with its own table of rights, its own nodes and its own rules. */
import {
  type Arriving,
  arriving,
  CLAIMED,
  DISCO_INFO_NS,
  DISCO_ITEMS_NS,
  type HostScope,
  resultOf,
} from "#plugin";
import type { OwnService } from "./api.ts";
import { answerOf, takeAnswer } from "./approval.ts";
import { bounced } from "./bounces.ts";
import { leftElsewhere, watchPresence } from "./comings.ts";
import { Engine } from "./engine.ts";
import { hostPolicy } from "./host_policy.ts";
import { answerAll } from "./requests.ts";
import type { Service } from "./service.ts";
import { foundNode, nodeInfo, nodeItems, nodeList } from "./service_disco.ts";
import { featuresOf } from "./service_features.ts";
import { keepUp } from "./upkeep.ts";

/** Milliseconds that what is not used stays in memory, where the plugin does not say otherwise. */
const IDLE = 600_000;

/** Makes the host a pubsub service: its requests, its discovery, its upkeep. */
export function ownService(host: HostScope<unknown>, options: OwnService = {}): Service {
  const engine = new Engine(host, {
    has: (owner) => owner === "",
    address: () => host.jid,
    policy: () => hostPolicy(host, options),
  });
  const service = engine.service("");
  host.identity("pubsub", "service", host.name);
  host.feature(...featuresOf("service"));
  answerAll(host, ["host"], () => service);
  const at = host.at(arriving);
  at.claim({ kind: "iq", to: "host" }, (x) => discover(service, x));
  at.claim({ kind: "message", to: "host" }, ({ stanza }) => {
    const form = answerOf(stanza);
    if (form !== undefined) takeAnswer(service, form, stanza.from);
    else if (!bounced(service, stanza)) return undefined;
    return CLAIMED;
  });
  at.witness({ kind: "presence", to: "host" }, ({ stanza: { from, type } }): undefined => {
    if (type === "unavailable" && from !== undefined) leftElsewhere(engine, from);
  });
  watchPresence(host, engine);
  keepUp(engine, options.idle ?? IDLE);
  return service;
}

/** Nodes are found here; the rest is what plugins say of the host. */
function discover(service: Service, { stanza }: Readonly<Arriving>): typeof CLAIMED | undefined {
  const { payload, type, from } = stanza;
  if (type !== "get" || payload?.name !== "query" || from === undefined) return undefined;
  const node = payload.attr("node") ?? "";
  const { host } = service.engine;
  if (payload.ns === DISCO_ITEMS_NS && node === "") {
    host.send(resultOf(stanza, nodeList(service, from, payload)));
    return CLAIMED;
  }
  // What is no node of ours may be something of another plugin's.
  if (node === "" || service.find(node) === undefined) return undefined;
  if (payload.ns === DISCO_ITEMS_NS) {
    host.send(resultOf(stanza, nodeItems(service, foundNode(service, node, from), from, payload)));
  } else if (payload.ns === DISCO_INFO_NS) {
    host.send(resultOf(stanza, nodeInfo(service, foundNode(service, node, from))));
  } else return undefined;
  return CLAIMED;
}
