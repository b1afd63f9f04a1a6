/** The requests of XEP-0060: which element asks for what, and who answers it. */
import type { Element, HostScope, Query } from "#plugin";
import { badRequest, unsupported } from "./faults.ts";
import { OWNER_NS, PUBSUB_NS } from "./names.ts";
import { ownerGets, ownerSets } from "./owner_requests.ts";
import { publisherSets } from "./publisher_requests.ts";
import type { Responder } from "./request.ts";
import type { Service } from "./service.ts";
import { subscriberGets, subscriberSets } from "./subscriber_requests.ts";

const TABLES: Readonly<Record<string, Readonly<Record<string, Responder>>>> = {
  [`get ${PUBSUB_NS}`]: subscriberGets,
  [`set ${PUBSUB_NS}`]: { ...subscriberSets, ...publisherSets },
  [`get ${OWNER_NS}`]: ownerGets,
  [`set ${OWNER_NS}`]: ownerSets,
};

/** Answers a request to a service. */
export function answer(service: Service, query: Query): Element | undefined {
  const { stanza, payload } = query;
  const table = TABLES[`${stanza.type} ${payload.ns}`] ?? {};
  for (const element of payload.elementsOf(payload.ns)) {
    const responder = Object.hasOwn(table, element.name) ? table[element.name] : undefined;
    if (responder !== undefined) return responder({ service, query, element });
  }
  const first = payload.first();
  if (first === undefined) throw badRequest("say what you want");
  throw unsupported(first.name, `<${first.name}/> is not something that can be asked for here`);
}

/** Answers all requests to a host, or to its accounts, whose service `of` finds. */
export function answerAll(
  host: Pick<HostScope<unknown>, "iq">,
  to: readonly ("host" | "own" | "account")[],
  of: (query: Query) => Service,
): void {
  for (const ns of [PUBSUB_NS, OWNER_NS]) {
    for (const type of ["get", "set"] as const) {
      for (const target of to) host.iq[type](ns, "pubsub", target, (query) => answer(of(query), query));
    }
  }
}
