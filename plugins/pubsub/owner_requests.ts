/** Requests of owners (XEP-0060 §8.2 to §8.5, §8.8, §8.9). */
import { el, type Element, Jid, readForm, StanzaError } from "#plugin";
import { affiliationOf, demand } from "./access.ts";
import { affiliate } from "./affiliating.ts";
import { configForm } from "./config_form.ts";
import { badRequest, notAcceptable, unsupported } from "./faults.ts";
import { OWNER_NS } from "./names.ts";
import type { PubsubNode, SubscriptionState } from "./node.ts";
import { configureNode, deleteNode, purgeNode } from "./nodes.ts";
import { pagedList } from "./paged_list.ts";
import { configOf, nodeName } from "./publisher_requests.ts";
import type { Request, Responder } from "./request.ts";
import { type Affiliation, AFFILIATIONS } from "./rights.ts";
import type { Change } from "./service.ts";
import { decide } from "./subscribing.ts";

export const ownerGets: Readonly<Record<string, Responder>> = {
  configure: onConfigure,
  default: onDefault,
  subscriptions: onSubscriptions,
  affiliations: onAffiliations,
};
export const ownerSets: Readonly<Record<string, Responder>> = {
  configure: onSetConfigure,
  delete: onDelete,
  purge: onPurge,
  subscriptions: onSetSubscriptions,
  affiliations: onSetAffiliations,
};

/** Entries that one request may change. */
const MOST = 1000;

const owner = (child: Element, set?: Element): Element => el("pubsub", OWNER_NS, {}, [child, set]);

function onConfigure({ service, query, element }: Request): Element {
  const node = service.get(nodeName(element));
  demand(service, node, query.from, "configure");
  const groups = service.policy.groups?.(query.from.bare) ?? [];
  return owner(el("configure", OWNER_NS, { node: node.name }, [configForm(node.config, groups)]));
}

function onSetConfigure({ service, query, element }: Request): undefined {
  const name = nodeName(element);
  demand(service, service.get(name), query.from, "configure");
  const form = element.elements().map(readForm).find((it) => it !== undefined);
  if (form === undefined) throw badRequest("submit the form of the configuration");
  if (form.type === "cancel") return;
  configureNode(service, name, query.from, configOf(element));
}

/** §8.3: of a node whose name nobody knows. */
function onDefault({ service, query, element }: Request): Element {
  const kind = element.attr("type");
  if (kind !== undefined && kind !== "leaf") throw unsupported("collections");
  const groups = service.policy.groups?.(query.from.bare) ?? [];
  return owner(el("default", OWNER_NS, {}, [configForm(service.policy.defaults(""), groups)]));
}

function onDelete({ service, query, element }: Request): undefined {
  const uri = element.child("redirect")?.attr("uri");
  if (uri !== undefined && (uri === "" || uri.length > 4096)) throw badRequest("that is no place to go to");
  deleteNode(service, nodeName(element), query.from, uri);
}

function onPurge({ service, query, element }: Request): undefined {
  purgeNode(service, nodeName(element), query.from);
}

function onSubscriptions({ service, query, element }: Request): Element {
  const node = service.get(nodeName(element));
  demand(service, node, query.from, "manage");
  // §8.8.1.2: those who wait are asked about one by one.
  const all = [...node.subscriptions.values()].filter(({ state }) => state !== "pending");
  const { page, set } = pagedList(query.payload, all, ({ jid }) => jid.toString());
  const list = page.map(({ jid, subid, state }) =>
    el("subscription", OWNER_NS, { jid: jid.toString(), subid, subscription: state })
  );
  return owner(el("subscriptions", OWNER_NS, { node: node.name }, list), set);
}

function onAffiliations({ service, query, element }: Request): Element {
  const node = service.get(nodeName(element));
  demand(service, node, query.from, "affiliate");
  const all = new Map(node.affiliations);
  if (service.jid.local !== "") all.set(service.jid.toString(), "owner");
  const { page, set } = pagedList(query.payload, [...all], ([jid]) => jid);
  const list = page.map(([jid, affiliation]) => el("affiliation", OWNER_NS, { jid, affiliation }));
  return owner(el("affiliations", OWNER_NS, { node: node.name }, list), set);
}

const STATES: ReadonlySet<string> = new Set<SubscriptionState | "none">([
  "subscribed",
  "pending",
  "unconfigured",
  "none",
]);

function onSetSubscriptions({ service, query, element }: Request): undefined {
  const node = service.get(nodeName(element));
  demand(service, node, query.from, "manage");
  const seen = new Set<string>();
  eachEntry(
    element,
    "subscription",
    (change, entry) => {
      const { jid, value } = readEntry(entry, "subscription", STATES);
      const key = `${jid} ${entry.attr("subid") ?? ""}`;
      if (seen.has(key)) throw badRequest("somebody is in the list twice");
      seen.add(key);
      if (value === undefined) return;
      if (value === "unconfigured" || value === "pending") {
        throw notAcceptable("that is not for you to decide");
      }
      decide(service, change, node, jid, value as SubscriptionState | "none", query.from);
    },
    { service, node },
    (entry) => {
      const jid = Jid.tryParse(entry.attr("jid") ?? "");
      const state = jid === undefined ? undefined : node.subscription(jid)?.state;
      return entry.with({ subscription: state ?? "none" });
    },
  );
}

const KNOWN: ReadonlySet<string> = new Set(AFFILIATIONS);

function onSetAffiliations({ service, query, element }: Request): undefined {
  const node = service.get(nodeName(element));
  demand(service, node, query.from, "affiliate");
  const seen = new Set<string>();
  eachEntry(
    element,
    "affiliation",
    (change, entry) => {
      const { jid, value } = readEntry(entry, "affiliation", KNOWN);
      const bare = jid.bare.toString();
      if (seen.has(bare)) throw badRequest("somebody is in the list twice");
      seen.add(bare);
      if (value !== undefined) affiliate(service, change, node, jid, value as Affiliation, query.from);
    },
    { service, node },
    (entry) => {
      const jid = Jid.tryParse(entry.attr("jid") ?? "");
      return entry.with({ affiliation: jid === undefined ? "none" : affiliationOf(service, node, jid) });
    },
  );
}

function readEntry(entry: Element, attribute: string, known: ReadonlySet<string>) {
  const jid = Jid.tryParse(entry.attr("jid") ?? "");
  if (jid === undefined) {
    throw new StanzaError("jid-malformed", "an entry has no address, or one that is none");
  }
  const value = entry.attr(attribute);
  if (value !== undefined && !known.has(value)) {
    throw badRequest(`"${value.slice(0, 40)}" is no ${attribute}`);
  }
  return { jid, value };
}

/**
 * §8.8.2.4, §8.9.2.4: every entry by itself; those that cannot be are given back as they are, the others are changed. One that
 * is malformed spoils the list.
 */
function eachEntry(
  element: Element,
  name: string,
  each: (change: Change, entry: Element) => void,
  { service, node }: Pick<Request, "service"> & { node: PubsubNode },
  asItIs: (entry: Element) => Element,
): void {
  const entries = element.elementsOf(OWNER_NS).filter((child) => child.name === name);
  if (entries.length > MOST) throw notAcceptable(`at most ${MOST} entries at a time`);
  const failed: Element[] = [];
  let first: StanzaError | undefined;
  service.change((change) => {
    for (const entry of entries) {
      try {
        each(change, entry);
      } catch (error) {
        if (!(error instanceof StanzaError) || error.condition === "bad-request") throw error;
        first ??= error;
        failed.push(asItIs(entry));
      }
    }
  });
  if (first === undefined) return;
  if (entries.length === 1) throw first;
  const list = el(element.name, OWNER_NS, { node: node.name }, failed);
  throw new StanzaError("not-acceptable", first.message, { beside: owner(list) });
}
