/** XEP-0060 §8.7: an owner asks for the requests that wait, node by node, by an ad-hoc command. */
import { formShape, type HostScope, StanzaError } from "#plugin";
import { commands, defineStage } from "../admin/api.ts";
import { refusal } from "./access.ts";
import { AUTHORIZATION_FORM, feature, GET_PENDING } from "./names.ts";
import { question } from "./question.ts";
import type { Service } from "./service.ts";

/** Nodes that are looked at. */
const MOST = 1000;

export function offerPending(host: HostScope<unknown>, service: Service): void {
  const offered = host.find(commands);
  if (offered === undefined) return;
  host.feature(feature("get-pending"));
  const choose = defineStage({
    form: ({ from }) =>
      formShape(AUTHORIZATION_FORM, {
        "pubsub#node": {
          kind: "choice",
          label: "The node",
          required: true,
          options: waiting(service, from).map((value) => ({ value })),
        },
      }),
  });
  offered.register(host, {
    node: GET_PENDING,
    name: "Requests to subscribe that wait for you",
    role: "guest",
    stages: [choose],
    run: (call) => {
      const node = service.get(String(call.of(choose)["pubsub#node"]));
      if (refusal(service, node, call.from, "manage") !== undefined) throw new StanzaError("forbidden");
      for (const one of node.subscriptions.values()) {
        if (one.state === "pending") host.send(question(service, node, one).addressed(call.from));
      }
      return {};
    },
  });
}

/** The nodes where somebody waits for this owner. */
function waiting(service: Service, owner: Parameters<typeof refusal>[2] & object): string[] {
  const rows = service.engine.tables.affiliations.range(service.owner, {
    index: "of",
    where: { jid: owner.bare.toString() },
    limit: MOST,
  });
  return rows.filter(({ affiliation }) => affiliation === "owner").map(({ node }) => node).filter((name) => {
    const node = service.find(name);
    return node !== undefined && [...node.subscriptions.values()].some(({ state }) => state === "pending");
  });
}
