/** Privacy lists on the wire (XEP-0016 §2.1, and the schema in §8). */
import { el, type Element, Jid, StanzaError } from "#plugin";
import { EVERYTHING, IQ, type Item, MESSAGE, PRESENCE_IN, PRESENCE_OUT, type PrivacyList } from "./item.ts";

export const PRIVACY_NS = "jabber:iq:privacy";

const KINDS: ReadonlyMap<string, number> = new Map([
  ["message", MESSAGE],
  ["iq", IQ],
  ["presence-in", PRESENCE_IN],
  ["presence-out", PRESENCE_OUT],
]);
const SUBSCRIPTIONS: ReadonlySet<string> = new Set(["both", "to", "from", "none"]);
/** xs:unsignedInt. */
const ORDER = /^\+?[0-9]{1,10}$/;
const LAST_ORDER = 0xffff_ffff;

/** The items of a list in their order. Throws what a client must be told of one that is wrong. */
export function readItems(list: Element): Item[] {
  const items = list.elements().map(readItem).sort((a, b) => a.order - b.order);
  for (let i = 1; i < items.length; i++) {
    if (items[i]!.order === items[i - 1]!.order) throw wrong("every item needs an order of its own");
  }
  return items;
}

function readItem(element: Element): Item {
  if (element.name !== "item" || element.ns !== PRIVACY_NS) throw wrong("a list is made of items");
  const action = element.attr("action");
  if (action !== "allow" && action !== "deny") throw wrong("the action of an item is allow or deny");
  const kinds = kindsOf(element);
  return {
    ...matchOf(element),
    ...(action === "allow" ? { allow: true } : {}),
    order: orderOf(element),
    ...(kinds === EVERYTHING ? {} : { kinds }),
  };
}

function orderOf(element: Element): number {
  const text = element.attr("order") ?? "";
  const order = ORDER.test(text) ? Number(text) : NaN;
  if (!(order <= LAST_ORDER)) throw wrong("the order of an item is a number that is not negative");
  return order;
}

function matchOf(element: Element): Pick<Item, "type" | "value"> {
  const type = element.attr("type");
  // §2.1: without a type the item is for all, whatever value it has.
  if (type === undefined) return {};
  const value = element.attr("value") ?? "";
  if (type === "jid") {
    const jid = Jid.tryParse(value);
    if (jid === undefined) throw wrong("the value of this item is not an address");
    return { type, value: jid.toString() };
  }
  if (type === "subscription") {
    if (!SUBSCRIPTIONS.has(value)) throw wrong("a subscription is both, to, from or none");
    return { type, value };
  }
  if (type !== "group" || value === "") throw wrong("the type of an item is jid, group or subscription");
  return { type, value };
}

function kindsOf(element: Element): number {
  let kinds = 0;
  for (const child of element.elements()) {
    const kind = child.ns === PRIVACY_NS ? KINDS.get(child.name) : undefined;
    if (kind === undefined) throw wrong(`an item cannot be about <${child.name}/>`);
    kinds |= kind;
  }
  return kinds === 0 ? EVERYTHING : kinds;
}

/** A list with all that is in it. */
export function listElement({ name, items }: PrivacyList): Element {
  return el("list", PRIVACY_NS, { name }, items.map(itemElement));
}

function itemElement({ type, value, allow, order, kinds = EVERYTHING }: Item): Element {
  const about = kinds === EVERYTHING
    ? []
    : [...KINDS].filter(([, kind]) => (kinds & kind) !== 0).map(([name]) => el(name, PRIVACY_NS));
  const action = allow === true ? "allow" : "deny";
  return el("item", PRIVACY_NS, { type, value, action, order: String(order) }, about);
}

export function wrong(text: string): StanzaError {
  return new StanzaError("bad-request", text);
}
