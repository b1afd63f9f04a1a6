/** Nodes of accounts that other places show too: what is in them, and when that may have become something else. */
import { type Element, type HostScope, parseXml } from "#plugin";
import {
  type Item,
  itemPublished,
  itemsRetracted,
  type NodeConfig,
  nodeConfigured,
  nodeDeleted,
  nodePurged,
  type NodeView,
  type PubsubService,
} from "../pubsub/api.ts";

/** The payload of a node's last item, with the item's id. */
export function lastOf(
  service: PubsubService,
  node: string,
): { readonly id: string; readonly payload: Element } | undefined {
  const item = service.last(node);
  return item === undefined || item.payload === ""
    ? undefined
    : { id: item.id, payload: parseXml(item.payload) };
}

/** Whether everybody may read it: only then it is shown in a place where everybody may. */
export function isOpen(service: PubsubService, node: string): boolean {
  return service.node(node)?.config.access_model === "open";
}

export type Happened =
  | "published"
  /** Items are gone, all or some, or the node itself is. */
  | "gone"
  /** It was for everybody, and is not any more; or the other way round. */
  | "closed"
  | "opened";

/** Calls `fn` after each change at nodes of these names at accounts that everybody may read, or might until now. */
export function watchOpenNodes(
  host: HostScope<unknown>,
  names: readonly string[],
  fn: (service: PubsubService, node: string, what: Happened) => void,
): void {
  watchNodes(host, names, (service, { name, config }, what, _, before) => {
    const [was, is] = [before?.access_model ?? config.access_model, config.access_model];
    if (what !== "configured") {
      if (is === "open") fn(service, name, what);
    } else if (was !== is && (was === "open" || is === "open")) {
      fn(service, name, is === "open" ? "opened" : "closed");
    }
  });
}

/** Calls `fn` after each change at nodes of these names at accounts. */
export function watchNodes(
  host: HostScope<unknown>,
  names: readonly string[],
  fn: (
    service: PubsubService,
    node: NodeView,
    what: "published" | "gone" | "configured",
    item?: Item,
    before?: NodeConfig,
  ) => void,
): void {
  const watched = new Set(names);
  const here = (service: PubsubService, node: NodeView) => service.owner !== "" && watched.has(node.name);
  host.on(itemPublished, ({ service, node, item }): undefined => {
    if (here(service, node)) fn(service, node, "published", item);
  });
  for (const event of [itemsRetracted, nodePurged, nodeDeleted]) {
    host.on(event, ({ service, node }): undefined => {
      if (here(service, node)) fn(service, node, "gone");
    });
  }
  host.on(nodeConfigured, ({ service, node, before }): undefined => {
    if (here(service, node)) fn(service, node, "configured", undefined, before);
  });
}
