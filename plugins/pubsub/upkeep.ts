/**
 * What happens without anybody doing anything: items and subscriptions expire, what was left is cleared in slices, and
 * services that nobody uses leave the memory.
 */
import { Jid, nextTurn } from "#plugin";
import type { Engine } from "./engine.ts";
import { expireItems, trimItems } from "./items.ts";
import { expireSubscription } from "./subscribing.ts";

/** How often the engine looks. */
const LOOK = 30_000;
/** Nodes and subscriptions at a time, and rows of what was left. */
const SLICE = 500;
const ROWS = 500;

/** Looks after the services of a host from now on; what nobody has used for `idle` milliseconds leaves the memory. */
export function keepUp(engine: Engine, idle: number): void {
  const { host } = engine;
  const gauge = host.metrics.gauge(
    "metronome_pubsub_services",
    "Publish-subscribe services in memory.",
    ["host", "kind"],
  );
  const kind = engine.has("") ? "service" : "account";
  host.onStop(() => gauge.drop(host.domain, kind));
  let clearing = false;
  host.every(LOOK, (): undefined => {
    expireDue(engine);
    endLeases(engine);
    rest(engine, idle);
    gauge.of(host.domain, kind).set(engine.services.size);
    if (clearing) return;
    clearing = true;
    host.spawn(async (signal) => {
      while (!signal.aborted && clearSome(engine)) await nextTurn();
      clearing = false;
    });
  });
}

function rest(engine: Engine, idle: number): void {
  for (const [owner, service] of engine.services) {
    // The host's own service is always of use; its nodes are not.
    if (owner === "") service.rest(idle);
    else if (engine.now - service.used >= idle) engine.forget(owner);
  }
}

function expireDue(engine: Engine): void {
  for (
    const { owner, node: name } of engine.tables.nodes.across("due", {
      bounds: { to: engine.now },
      limit: SLICE,
    })
  ) {
    if (!engine.has(owner)) continue;
    const service = engine.service(owner);
    const node = service.find(name);
    if (node === undefined) continue;
    service.change((change) => {
      expireItems(service, change, node);
      trimItems(service, change, node);
    });
  }
}

function endLeases(engine: Engine): void {
  const ended = engine.tables.subscriptions.across("due", { bounds: { to: engine.now }, limit: SLICE });
  for (const { owner, node: name, jid } of ended) {
    if (!engine.has(owner)) continue;
    const service = engine.service(owner);
    const node = service.find(name);
    const subscription = node?.subscription(Jid.parse(jid));
    if (node !== undefined && subscription !== undefined) expireSubscription(service, node, subscription);
  }
}

/** Some of what is left of nodes that were emptied or deleted; true where there is more of it. */
function clearSome({ host, tables }: Engine): boolean {
  const [first] = tables.garbage.across("oldest", { limit: 1 });
  if (first === undefined) return false;
  const { owner, place } = first;
  host.atomic(() => {
    const where = { place };
    let left = ROWS;
    for (const table of [tables.affiliations, tables.subscriptions]) {
      if (left > 0) left -= table.deleteRange(owner, { where, limit: left });
    }
    if (left > 0) left -= tables.items.deleteRange(owner, { where: { shelf: place }, limit: left });
    if (left > 0) tables.garbage.delete(owner, { place });
  });
  return true;
}
