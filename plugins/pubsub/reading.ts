/** Items are read (XEP-0060 §6.5): a page at a time from the index, whatever the size of the node. */
import { type PageRequest, StanzaError } from "#plugin";
import type { ItemPage, Order } from "./api.ts";
import { noItem } from "./faults.ts";
import { expireItems, itemOf } from "./items.ts";
import type { Item, PubsubNode } from "./node.ts";
import type { Service } from "./service.ts";
import type { ItemRow } from "./store.ts";

const USUAL: Order = { by: "modification", descending: false };

/** Places that are counted, to say where in the list a page is; beyond it is not said (XEP-0059 §2.6). */
const COUNTED = 10_000;

/** Removes what has expired, before anybody reads it. */
export function refresh(service: Service, node: PubsubNode): void {
  if (node.due === null || node.due > service.engine.now) return;
  service.change((change) => expireItems(service, change, node));
}

export function findItem(service: Service, node: PubsubNode, id: string): Item | undefined {
  refresh(service, node);
  if (node.last?.id === id) return node.last;
  const row = service.engine.tables.items.get(service.owner, { shelf: node.shelf, id });
  return row === undefined ? undefined : itemOf(row);
}

export function lastItem(service: Service, node: PubsubNode): Item | undefined {
  if (!node.config.persist_items) return node.last;
  refresh(service, node);
  if (node.count === 0) return undefined;
  const rows = service.engine.tables.items.range(service.owner, {
    index: "order",
    where: { shelf: node.shelf },
    reverse: true,
    limit: 1,
  });
  return rows[0] === undefined ? undefined : itemOf(rows[0]);
}

/** The last `limit` items, the oldest of them first. */
export function latestItems(service: Service, node: PubsubNode, limit: number): ItemPage {
  return readItems(service, node, { max: limit, before: "" }, limit);
}

/** A page, at most `limit` items. Throws `item-not-found` where it names an item that is not there (XEP-0059 §2.4). */
export function readItems(
  service: Service,
  node: PubsubNode,
  request: PageRequest,
  limit: number,
  order: Order = USUAL,
): ItemPage {
  refresh(service, node);
  if (!node.config.persist_items) return transient(node, request, limit);
  const size = Math.min(request.max ?? limit, limit);
  const count = node.count;
  if (size === 0) return { items: [], report: { count }, truncated: count > 0 };
  const rows = rowsOf(service, node, request, size + 1, order);
  const truncated = rows.length > size;
  if (truncated) rows.length = size;
  if (request.before !== undefined) rows.reverse();
  const items = rows.map(itemOf);
  const first = items[0]?.id;
  if (first === undefined) return { items, report: { count }, truncated: false };
  const index = indexOf(service, node, request, rows, order);
  return { items, report: { first, last: items.at(-1)!.id, index, count }, truncated };
}

function rowsOf(
  service: Service,
  node: PubsubNode,
  request: PageRequest,
  limit: number,
  order: Order,
): ItemRow[] {
  const { after, before, index } = request;
  const backwards = before !== undefined;
  const bounds: { after?: number; before?: number } = {};
  if (after !== undefined) {
    bounds[order.descending ? "before" : "after"] = placeOf(service, node, after, order);
  }
  if (backwards && before !== "") {
    bounds[order.descending ? "after" : "before"] = placeOf(service, node, before, order);
  }
  const skip = index ?? 0;
  if (skip > COUNTED) {
    throw new StanzaError("feature-not-implemented", "ask for the page after an item instead");
  }
  const rows = service.engine.tables.items.range(service.owner, {
    index: order.by === "creation" ? "creation" : "order",
    where: { shelf: node.shelf },
    bounds,
    reverse: backwards !== order.descending,
    limit: skip + limit,
  });
  return skip === 0 ? rows : rows.slice(skip);
}

function placeOf(service: Service, node: PubsubNode, id: string, order: Order): number {
  const row = service.engine.tables.items.get(service.owner, { shelf: node.shelf, id });
  if (row === undefined) throw noItem();
  return order.by === "creation" ? row.created : row.position;
}

/** The place of the first item of a page in the whole list, where that costs little. */
function indexOf(
  service: Service,
  node: PubsubNode,
  { after, before, index }: PageRequest,
  rows: readonly ItemRow[],
  order: Order,
): number | undefined {
  if (index !== undefined) return index;
  if (after === undefined && before === undefined) return 0;
  if (before === "" && after === undefined) return node.count - rows.length;
  if (node.count > COUNTED) return undefined;
  const at = order.by === "creation" ? rows[0]!.created : rows[0]!.position;
  return service.engine.tables.items.count(service.owner, {
    index: order.by === "creation" ? "creation" : "order",
    where: { shelf: node.shelf },
    bounds: order.descending ? { after: at } : { before: at },
  });
}

/** A node that keeps nothing has its last item (§6.5.5). */
function transient({ last }: PubsubNode, request: PageRequest, limit: number): ItemPage {
  if (last === undefined || request.max === 0 || limit === 0) {
    return { items: [], report: { count: last === undefined ? 0 : 1 }, truncated: false };
  }
  return { items: [last], report: { first: last.id, last: last.id, index: 0, count: 1 }, truncated: false };
}
