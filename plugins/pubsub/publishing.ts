/** Items are published and retracted (XEP-0060 §7). */
import { type Jid, utf8Length } from "#plugin";
import { type Actor, affiliationOf, demand, refusal } from "./access.ts";
import { audienceOf } from "./audience.ts";
import { checkPreconditions } from "./config_form.ts";
import { publishedEvent } from "./event.ts";
import {
  badRequest,
  forbidden,
  invalidPayload,
  itemForbidden,
  itemRequired,
  nodeFull,
  noItem,
  noSpace,
  payloadRequired,
  payloadTooBig,
  unsupported,
} from "./faults.ts";
import { type Draft, itemPublished, type PublishOptions } from "./api.ts";
import { capacityOf, itemOf, lastPosition, removeItems, trimItems, weightOf } from "./items.ts";
import type { Item, PubsubNode } from "./node.ts";
import { type NodeConfig, within } from "./node_config.ts";
import { createWithin } from "./creating.ts";
import { findItem, refresh } from "./reading.ts";
import type { Change, Service } from "./service.ts";
import { positionAt, timeOf } from "./store.ts";

const ID = 1024;

/** Publishes; gives the item's id. Without a draft the node only tells that something has happened (§4.3). */
export function publish(
  service: Service,
  name: string,
  draft: Draft | undefined,
  options: PublishOptions = {},
): { node: PubsubNode; id: string | undefined } {
  const { by, preconditions = {}, initial = {} } = options;
  return service.change((change) => {
    let node = service.find(name);
    if (node === undefined) {
      node = makeFor(service, change, name, by, { ...initial, ...preconditions });
    } else {
      demand(service, node, by, "publish");
      checkPreconditions(node.config, preconditions);
    }
    const payload = checkDraft(service, node, draft);
    refresh(service, node);
    const { persist_items: persists } = node.config;
    const publisher = (options.publisher ?? by)?.bare.toString() ?? "";
    const item = draft === undefined
      ? undefined
      : persists
      ? keep(service, change, node, { id: draft.id, payload, publisher }, by)
      : pass(service, node, draft, publisher);
    if (!persists) node.last = item?.now;
    if (options.quiet !== true) {
      change.tell({ stanza: publishedEvent(service.jid, node, item?.now), to: audienceOf(service, node) });
    }
    change.emit(itemPublished, { service: service.face, node, by, item: item?.now, before: item?.before });
    return { node, id: item?.now.id };
  });
}

/** §7.1.4. */
function makeFor(
  service: Service,
  change: Change,
  name: string,
  by: Actor,
  config: Partial<NodeConfig>,
): PubsubNode {
  if (by !== undefined && !service.policy.autocreate.publish) service.get(name);
  return createWithin(service, change, name, by, config);
}

/** §7.1.3.5 to §7.1.3.7: whether it is what the node is for; gives the payload's text. */
function checkDraft(service: Service, node: PubsubNode, draft: Draft | undefined): string {
  const { persist_items: persists, deliver_payloads: delivers, max_payload_size: size } = node.config;
  if (draft === undefined) {
    if (persists) throw itemRequired();
    if (delivers) throw payloadRequired();
    return "";
  }
  if (!persists && !delivers) throw itemForbidden();
  if (draft.id !== undefined && (draft.id === "" || draft.id.length > ID)) {
    throw badRequest(`an item's id has 1 to ${ID} characters`);
  }
  if (draft.payload === undefined) {
    if (delivers) throw payloadRequired();
    return "";
  }
  if (draft.payload.ns === "") throw invalidPayload("the payload must have a namespace");
  const most = within(size, service.policy.limits.payload);
  const text = draft.payload.toString();
  if (utf8Length(text) > most) throw payloadTooBig(most);
  return text;
}

interface Kept {
  readonly now: Item;
  readonly before: Item | undefined;
}

function keep(
  service: Service,
  change: Change,
  node: PubsubNode,
  item: { readonly id: string | undefined; readonly payload: string; readonly publisher: string },
  by: Actor,
): Kept {
  const { tables, now } = service.engine;
  const { shelf } = node;
  const old = item.id === undefined ? undefined : tables.items.get(service.owner, { shelf, id: item.id });
  // Whoever may not delete another's item may not put one in its place either.
  if (old !== undefined && refusal(service, node, by, "retract", old.publisher) !== undefined) {
    throw forbidden("this is the item of somebody else");
  }
  const capacity = capacityOf(service, node);
  if (old === undefined && node.count >= capacity && node.config.publish_node_full === "reject") {
    throw nodeFull();
  }
  const id = item.id ?? service.newId();
  const more = weightOf({ id, payload: item.payload }) - (old === undefined ? 0 : weightOf(old));
  const { storage } = service.policy.limits;
  if (more > 0 && storage !== Infinity && service.bytes + more > storage) throw noSpace(storage);
  const position = positionAt(now, lastPosition(service, node));
  const created = old?.created ?? position;
  const { payload, publisher } = item;
  tables.items.put(service.owner, { shelf, id, position, created, publisher, payload });
  node.position = position;
  service.resize(node, old === undefined ? 1 : 0, more);
  if (node.due === null && node.config.item_expire !== "max") {
    node.due = timeOf(position) + node.config.item_expire * 1000;
    service.save(node);
  }
  if (node.count > capacity) trimItems(service, change, node);
  return {
    now: { id, publisher, at: timeOf(position), created: timeOf(created), payload },
    before: old === undefined ? undefined : itemOf(old),
  };
}

/** An item of a node that keeps none, but for the last one in memory. */
function pass(service: Service, node: PubsubNode, draft: Draft, publisher: string): Kept {
  const { now } = service.engine;
  const id = draft.id ?? service.newId();
  // Nothing that is kept may hold on to what came over the wire.
  const payload = draft.payload?.detached().toString() ?? "";
  return { now: { id, publisher, at: now, created: now, payload }, before: node.last };
}

/** §7.2: deletes items, all of them or none. `tell` undefined leaves it to the node. */
export function retract(
  service: Service,
  name: string,
  ids: readonly string[],
  options: { readonly by?: Actor; readonly tell?: boolean } = {},
): void {
  const { by } = options;
  const node = service.get(name);
  if (!node.config.persist_items) throw unsupported("persistent-items", "the node keeps no items");
  if (by !== undefined && service.policy.rights[affiliationOf(service, node, by)].retract === "no") {
    throw forbidden();
  }
  service.change((change) => {
    const items = ids.map((id) => {
      const item = findItem(service, node, id);
      if (item === undefined) throw noItem();
      demand(service, node, by, "retract", item.publisher);
      return item;
    });
    const tell = options.tell === true || node.config.notify_retract;
    removeItems(service, change, node, items, { by, tell });
  });
}

/** §17.4.4, purge_offline: a publisher has gone, and so does what was published. */
export function purgeOf(service: Service, node: PubsubNode, publisher: Jid): void {
  if (!node.config.purge_offline) return;
  const rows = service.engine.tables.items.range(service.owner, {
    index: "publisher",
    where: { shelf: node.shelf, publisher: publisher.bare.toString() },
    limit: 1000,
  });
  if (rows.length === 0) return;
  service.change((change) => removeItems(service, change, node, rows));
}
