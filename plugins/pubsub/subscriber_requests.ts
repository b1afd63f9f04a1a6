/** Requests of subscribers and readers (XEP-0060 §5.6, §5.7, §6). */
import { booleanOf, buildPageReport, el, type Element, Jid, pageRequestOf, prepared, RSM_NS } from "#plugin";
import { affiliationOf, demand } from "./access.ts";
import type { ItemPage, Order } from "./api.ts";
import { itemElement } from "./event.ts";
import { badRequest, invalidJid, jidRequired, noItem } from "./faults.ts";
import { ORDER_NS, PUBSUB_NS } from "./names.ts";
import type { Item, PubsubNode, Subscription } from "./node.ts";
import { pagedList } from "./paged_list.ts";
import { formIn, nodeName } from "./publisher_requests.ts";
import { findItem, readItems } from "./reading.ts";
import type { Request, Responder } from "./request.ts";
import { DEFAULT_OPTIONS, optionsForm } from "./subscribe_options.ts";
import { ownSubscription, setOptions, subscribe, unsubscribe } from "./subscribing.ts";

export const subscriberGets: Readonly<Record<string, Responder>> = {
  items: onItems,
  subscriptions: onSubscriptions,
  affiliations: onAffiliations,
  options: onOptions,
  default: onDefault,
};
export const subscriberSets: Readonly<Record<string, Responder>> = {
  subscribe: onSubscribe,
  unsubscribe: onUnsubscribe,
  options: onSetOptions,
};

/** Items in one answer, and how much of them there may be: what a client can take. */
const PAGE = 5000;
const BYTES = 2_000_000;

const pubsub = (...children: (Element | undefined)[]): Element => el("pubsub", PUBSUB_NS, {}, children);

// --- items --------------------------------------------------------------------------------------------------------

function onItems({ service, query, element }: Request): Element {
  const name = nodeName(element);
  const node = service.get(name);
  demand(service, node, query.from, "retrieve");
  const wanted = element.elementsOf(PUBSUB_NS).filter((child) => child.name === "item");
  if (wanted.length > 0) {
    const found = wanted.map((item) => findItem(service, node, item.attr("id") ?? "")).filter((it) =>
      it !== undefined
    );
    // AC-2.1-6: nothing is not the same as an empty node.
    if (found.length === 0) throw noItem();
    return pubsub(itemsElement(node, found));
  }
  const { page, backwards } = pageOf(service, node, query.payload, element);
  const items = withinBytes(page.items, backwards);
  const whole = items.length === page.items.length;
  const report = whole ? page.report : reportOf(items, page);
  const told = query.payload.has("set", RSM_NS) || page.truncated || !whole;
  return pubsub(itemsElement(node, items), told ? buildPageReport(report) : undefined);
}

/** §6.5.2, §6.5.4, §6.5.7: everything, a page of it (XEP-0059), or the last ones. */
function pageOf(
  service: Request["service"],
  node: PubsubNode,
  payload: Element,
  element: Element,
): { page: ItemPage; backwards: boolean } {
  const asked = pageRequestOf(payload);
  if (asked === undefined) throw badRequest("the page asked for makes no sense");
  const most = element.attr("max_items");
  if (most !== undefined && !/^\d{1,9}$/.test(most)) throw badRequest("max_items is a number");
  const limit = Math.min(PAGE, most === undefined ? PAGE : Number(most));
  const placed = asked.after !== undefined || asked.before !== undefined || asked.index !== undefined;
  // Without a place in the list it is the latest items that somebody wants, unless pages are asked for.
  const latest = !placed && (most !== undefined || asked.max === undefined);
  const request = latest ? { ...asked, before: "" } : asked;
  const page = readItems(service, node, request, limit, orderOf(payload));
  return { page, backwards: request.before !== undefined };
}

/** XEP-0413 §4. */
function orderOf(payload: Element): Order | undefined {
  const order = payload.child("order", ORDER_NS);
  if (order === undefined) return undefined;
  const by = order.attr("by");
  if (by !== "creation" && by !== "modification") {
    throw badRequest("items are ordered by creation or modification");
  }
  return { by, descending: booleanOf(order.attr("desc")) === true };
}

/** As many as fit into one answer; at least one, from the end that was asked for. */
function withinBytes(items: readonly Item[], fromEnd: boolean): readonly Item[] {
  let bytes = 0;
  for (let i = 0; i < items.length; i++) {
    const item = items[fromEnd ? items.length - 1 - i : i]!;
    bytes += item.payload.length + item.id.length + 100;
    if (bytes > BYTES && i > 0) return fromEnd ? items.slice(-i) : items.slice(0, i);
  }
  return items;
}

function reportOf(items: readonly Item[], { report }: ItemPage): ItemPage["report"] {
  const { index, first, count } = report;
  const same = items[0]?.id === first;
  return { first: items[0]?.id, last: items.at(-1)?.id, count, index: same ? index : undefined };
}

/** Their payloads as they are stored, without being read. */
function itemsElement(node: PubsubNode, items: readonly Item[]): Element {
  if (items.length === 0) return el("items", PUBSUB_NS, { node: node.name });
  let inner = "";
  for (const item of items) inner += writtenItem(node, item);
  return prepared("items", PUBSUB_NS, el("items", PUBSUB_NS, { node: node.name }).attrs, inner);
}

function writtenItem(node: PubsubNode, item: Item): string {
  // With its parent's namespace as the default it need not say its own.
  return el("items", PUBSUB_NS, {}, [itemElement(node, item, PUBSUB_NS)]).inner(PUBSUB_NS);
}

// --- one's own ----------------------------------------------------------------------------------------------------

function subscriptionElement(node: string, { jid, subid, state }: Subscription): Element {
  return el("subscription", PUBSUB_NS, { node, jid: jid.toString(), subid, subscription: state });
}

function onSubscriptions({ service, query, element }: Request): Element {
  const node = element.attr("node");
  const account = query.from.bare.toString();
  if (node !== undefined) service.get(node);
  const rows = service.engine.tables.subscriptions.range(service.owner, {
    index: "of",
    where: node === undefined ? { account } : { account, node },
    limit: 10_000,
  });
  const { page, set } = pagedList(query.payload, rows, (row) => `${row.node} ${row.jid}`);
  const list = page.map((row) =>
    el("subscription", PUBSUB_NS, { node: row.node, jid: row.jid, subid: row.subid, subscription: row.state })
  );
  return pubsub(el("subscriptions", PUBSUB_NS, { node }, list), set);
}

function onAffiliations({ service, query, element }: Request): Element {
  const node = element.attr("node");
  const { from } = query;
  const one = (name: string, affiliation: string) =>
    el("affiliation", PUBSUB_NS, { node: name, affiliation });
  if (node !== undefined) {
    const affiliation = affiliationOf(service, service.get(node), from);
    return pubsub(
      el("affiliations", PUBSUB_NS, { node }, affiliation === "none" ? [] : [one(node, affiliation)]),
    );
  }
  const { page, set } = pagedList(query.payload, ownAffiliations(service, from), (it) => it.node);
  return pubsub(el("affiliations", PUBSUB_NS, {}, page.map((it) => one(it.node, it.affiliation))), set);
}

/** Where somebody is on record; the account whose service it is, everywhere. */
function ownAffiliations(
  service: Request["service"],
  jid: Jid,
): readonly { node: string; affiliation: string }[] {
  if (service.jid.local !== "" && service.jid.equals(jid.bare)) {
    return [...service.all()].map(({ name }) => ({ node: name, affiliation: "owner" }));
  }
  const where = { jid: jid.bare.toString() };
  return service.engine.tables.affiliations.range(service.owner, { index: "of", where, limit: 10_000 });
}

function subscriberOf(element: Element): Jid {
  const text = element.attr("jid");
  if (text === undefined || text === "") throw jidRequired();
  const jid = Jid.tryParse(text);
  if (jid === undefined) throw invalidJid();
  return jid;
}

function onSubscribe({ service, query, element }: Request): Element {
  const options = query.payload.child("options");
  if (options?.attr("node") !== undefined || options?.attr("jid") !== undefined) {
    throw badRequest("the options are about the subscription that is made");
  }
  const form = options === undefined ? undefined : formIn(options);
  const jid = subscriberOf(element);
  const { node, subscription } = subscribe(service, nodeName(element), jid, query.from, form);
  const shown = form === undefined
    ? undefined
    : el("options", PUBSUB_NS, {}, [optionsForm(subscription.options, "result")]);
  return pubsub(subscriptionElement(node.name, subscription), shown);
}

function onUnsubscribe({ service, query, element }: Request): Element {
  const node = nodeName(element);
  const gone = unsubscribe(service, node, subscriberOf(element), query.from, element.attr("subid"));
  return pubsub(
    el("subscription", PUBSUB_NS, {
      node,
      jid: gone.jid.toString(),
      subid: gone.subid,
      subscription: "none",
    }),
  );
}

function onOptions({ service, query, element }: Request): Element {
  const node = service.get(nodeName(element));
  const { jid, subid, options } = ownSubscription(
    node,
    subscriberOf(element),
    query.from,
    element.attr("subid"),
  );
  const attrs = { node: node.name, jid: jid.toString(), subid };
  return pubsub(el("options", PUBSUB_NS, attrs, [optionsForm(options, "form")]));
}

function onSetOptions({ service, query, element }: Request): undefined {
  const form = formIn(element);
  if (form === undefined) throw badRequest("submit the form of options");
  setOptions(service, nodeName(element), subscriberOf(element), query.from, form, element.attr("subid"));
}

/** §6.4. */
function onDefault({ service, element }: Request): Element {
  const node = element.attr("node");
  if (node !== undefined) service.get(node);
  return pubsub(el("default", PUBSUB_NS, { node }, [optionsForm(DEFAULT_OPTIONS, "form")]));
}
