/** What subscribers are told, as XEP-0060 spells it; each event is made once, and its text shared by all receivers. */
import { buildDelay, CONTENT_NS, el, type Element, type Jid, prepared, randomId, Stanza } from "#plugin";
import { configResult } from "./config_form.ts";
import { EVENT_NS, PUBSUB_NS } from "./names.ts";
import type { Item, PubsubNode, Subscription } from "./node.ts";

/** An item as an element of a namespace; the payload's text goes through as it is. */
export function itemElement(node: PubsubNode, item: Item, ns: string, payload = true): Element {
  const attrs: Record<string, string> = { id: item.id };
  // §7.1.2.3: the service's own word, never the publisher's.
  if (node.config.itemreply === "publisher" && item.publisher !== "") attrs["publisher"] = item.publisher;
  return payload && item.payload !== "" ? prepared("item", ns, attrs, item.payload) : el("item", ns, attrs);
}

function message(from: Jid, node: PubsubNode, inner: Element, ...more: Element[]): Stanza {
  const { notification_type: type } = node.config;
  const event = el("event", EVENT_NS, {}, [inner]);
  const attrs = { id: randomId(9), type: type === "normal" ? undefined : type };
  // A copy keeps what is once written of its content.
  return Stanza.of(el("message", CONTENT_NS, attrs, [event, ...more]).with({}), from);
}

/** §7.1.2. Without an item where the node tells that something happened and nothing else (§4.3). */
export function publishedEvent(from: Jid, node: PubsubNode, item: Item | undefined): Stanza {
  const items = item === undefined ? [] : [itemElement(node, item, EVENT_NS, node.config.deliver_payloads)];
  return message(from, node, el("items", EVENT_NS, { node: node.name }, items));
}

/** §6.1.7: an item of before, with the time it was published. */
export function lastItemEvent(from: Jid, node: PubsubNode, item: Item): Stanza {
  const items = el("items", EVENT_NS, { node: node.name }, [
    itemElement(node, item, EVENT_NS, node.config.deliver_payloads),
  ]);
  return message(from, node, items, buildDelay(item.at, from.toString()));
}

/** §7.2.2.1. */
export function retractedEvent(from: Jid, node: PubsubNode, ids: readonly string[]): Stanza {
  const gone = ids.map((id) => el("retract", EVENT_NS, { id }));
  return message(from, node, el("items", EVENT_NS, { node: node.name }, gone));
}

/** §8.5.2. */
export function purgedEvent(from: Jid, node: PubsubNode): Stanza {
  return message(from, node, el("purge", EVENT_NS, { node: node.name }));
}

/** §8.4.2. */
export function deletedEvent(from: Jid, node: PubsubNode, uri: string | undefined): Stanza {
  const redirect = uri === undefined ? [] : [el("redirect", EVENT_NS, { uri })];
  return message(from, node, el("delete", EVENT_NS, { node: node.name }, redirect));
}

/** §8.2.5.3. */
export function configuredEvent(from: Jid, node: PubsubNode): Stanza {
  const form = node.config.deliver_payloads ? [configResult(node.config)] : [];
  return message(from, node, el("configuration", EVENT_NS, { node: node.name }, form));
}

/** §13.14: to the subscriber, and to owners who want to know. */
export function subscriptionEvent(
  from: Jid,
  node: PubsubNode,
  { jid, subid }: Pick<Subscription, "jid" | "subid">,
  subscription: string,
): Stanza {
  const attrs = { node: node.name, jid: jid.toString(), subid, subscription };
  return message(from, node, el("subscription", EVENT_NS, attrs));
}

/** §8.9.4: to whom it concerns. */
export function affiliationMessage(from: Jid, node: PubsubNode, jid: string, affiliation: string): Stanza {
  const one = el("affiliation", PUBSUB_NS, { jid, affiliation });
  const list = el("affiliations", PUBSUB_NS, { node: node.name }, [one]);
  const attrs = { id: randomId(9), type: "headline" };
  return Stanza.of(el("message", CONTENT_NS, attrs, [el("pubsub", PUBSUB_NS, {}, [list])]), from);
}
