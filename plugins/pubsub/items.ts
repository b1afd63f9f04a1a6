/** Items go: one by one, when there are too many, when they expire, and with their publisher. */
import { nextTurn, utf8Length } from "#plugin";
import type { Actor } from "./access.ts";
import { itemsRetracted } from "./api.ts";
import { audienceOf } from "./audience.ts";
import { retractedEvent } from "./event.ts";
import type { Item, PubsubNode } from "./node.ts";
import { within } from "./node_config.ts";
import type { Change, Service } from "./service.ts";
import { type ItemRow, positionOf, timeOf } from "./store.ts";

/** Items that one change removes at most; the rest goes with the next look. */
const SLICE = 500;
/** More than so many that go at once are not announced one by one. */
const TOLD = 20;

export function itemOf(row: ItemRow): Item {
  const { id, publisher, position, created, payload } = row;
  return { id, publisher, at: timeOf(position), created: timeOf(created), payload };
}

/** Bytes that an item takes up beside its payload and its id: its row, and its place in the indexes. */
const ROW = 100;

/** What an item takes up of what a service may keep: many small ones take up room, too. */
export function weightOf({ id, payload }: Pick<Item, "id" | "payload">): number {
  return utf8Length(payload) + utf8Length(id) + ROW;
}

/** How many items a node keeps. */
export function capacityOf(service: Service, node: PubsubNode): number {
  return within(node.config.max_items, service.policy.limits.items);
}

/** The number of the last item of a node, looked up once. */
export function lastPosition(service: Service, node: PubsubNode): number {
  if (node.position === 0 && node.count > 0) {
    node.position = service.engine.tables.items.range(service.owner, {
      index: "order",
      where: { shelf: node.shelf },
      reverse: true,
      limit: 1,
    })[0]?.position ?? 0;
  }
  return node.position;
}

/** What is to be removed. */
type Removed = Pick<Item, "id" | "payload">;

/** Removes items, and tells of it where the node is configured so, or where the publisher wants it. */
export function removeItems(
  service: Service,
  change: Change,
  node: PubsubNode,
  items: readonly Removed[],
  options: { readonly by?: Actor; readonly tell?: boolean } = {},
): void {
  const { tables } = service.engine;
  let bytes = 0;
  for (const item of items) {
    tables.items.delete(service.owner, { shelf: node.shelf, id: item.id });
    bytes += weightOf(item);
  }
  service.resize(node, -items.length, -bytes);
  const ids = items.map(({ id }) => id);
  if (options.tell ?? node.config.notify_retract) {
    change.tell({ stanza: retractedEvent(service.jid, node, ids), to: audienceOf(service, node) });
  }
  change.emit(itemsRetracted, { service: service.face, node, by: options.by, ids });
}

function oldest(service: Service, node: PubsubNode, limit: number, before?: number): ItemRow[] {
  return service.engine.tables.items.range(service.owner, {
    index: "order",
    where: { shelf: node.shelf },
    bounds: before === undefined ? {} : { before },
    limit,
  });
}

/** Removes what is more than the node keeps, the oldest first; true where there is more of it. */
export function trimItems(service: Service, change: Change, node: PubsubNode): boolean {
  const over = node.count - capacityOf(service, node);
  if (over <= 0) return false;
  const rows = oldest(service, node, Math.min(over, SLICE));
  // One item that takes the place of another is not worth a word; nor is what is to go without one (§7.1.2.5).
  const tell = node.config.notify_retract && node.config.publish_node_full === "retract-oldest" &&
    node.config.max_items !== 1 && rows.length <= TOLD;
  removeItems(service, change, node, rows, { tell });
  return over > SLICE;
}

/** The rest, in slices between which everything else gets its turn. */
export function trimSoon(service: Service, name: string): void {
  service.engine.host.spawn(async (signal) => {
    for (let more = true; more && !signal.aborted;) {
      await nextTurn();
      const node = service.find(name);
      more = node !== undefined && service.change((change) => trimItems(service, change, node));
    }
  });
}

/** Removes what has expired by now, and remembers when the next item does; true where there is more of it. */
export function expireItems(service: Service, change: Change, node: PubsubNode): boolean {
  const { item_expire: seconds } = node.config;
  const { now } = service.engine;
  let due: number | null = null;
  let more = false;
  if (seconds !== "max") {
    const rows = oldest(service, node, SLICE, positionOf(now - seconds * 1000 + 1));
    if (rows.length > 0) removeItems(service, change, node, rows);
    more = rows.length === SLICE;
    const first = more ? undefined : oldest(service, node, 1)[0];
    due = more ? now : first === undefined ? null : timeOf(first.position) + seconds * 1000;
  }
  if (due !== node.due) {
    node.due = due;
    service.save(node);
  }
  return more;
}
