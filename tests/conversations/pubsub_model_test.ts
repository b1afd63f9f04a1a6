/** XEP-0060: whatever is published, retracted and configured, a node has what it should, and who follows the events has the same. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { el, type Element } from "#plugin";
import { hostService, type PubsubService } from "../../plugins/pubsub/api.ts";
import { create, EVENT, SERVICE, subscribe, world } from "./pubsub_world.ts";

type Step =
  | { readonly kind: "publish"; readonly id: number }
  | { readonly kind: "retract"; readonly id: number }
  | { readonly kind: "limit"; readonly most: number }
  | { readonly kind: "purge" };

const id = fc.integer({ min: 0, max: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("publish" as const), id }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("retract" as const), id }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("limit" as const), most: fc.integer({ min: 2, max: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const) }) },
);

/** The ids that a node should have, in order. */
class Model {
  ids: string[] = [];
  most = 8;

  do(one: Step): void {
    if (one.kind === "purge") this.ids = [];
    else if (one.kind === "limit") this.most = one.most;
    else {
      this.ids = this.ids.filter((it) => it !== `i${one.id}`);
      if (one.kind === "publish") this.ids.push(`i${one.id}`);
    }
    this.ids = this.ids.slice(-this.most);
  }
}

function act(service: PubsubService, node: string, one: Step): void {
  if (one.kind === "publish") service.publish(node, { id: `i${one.id}`, payload: el("x", "urn:x") });
  else if (one.kind === "limit") service.configure(node, { max_items: one.most });
  else if (one.kind === "purge") service.purge(node);
  else if (service.item(node, `i${one.id}`) !== undefined) service.retract(node, [`i${one.id}`]);
  else assert.throws(() => service.retract(node, [`i${one.id}`]), /no such item/);
}

/** What somebody has who did what the events say. */
function follow(messages: readonly Element[]): string[] {
  let ids: string[] = [];
  for (const message of messages) {
    const event = message.child("event", EVENT)!.first()!;
    if (event.name === "purge") ids = [];
    for (const it of event.name === "items" ? event.elements() : []) {
      ids = ids.filter((one) => one !== it.attr("id"));
      if (it.name === "item") ids.push(it.attr("id")!);
    }
  }
  return ids;
}

/** All pages of a size, forwards and backwards. */
function walked(service: PubsubService, node: string, max: number): [string[], string[]] {
  const onward: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { items } = service.items(node, { max, after }, 100);
    if (items.length === 0) break;
    onward.push(...items.map((item) => item.id));
    after = items.at(-1)!.id;
  }
  const back: string[] = [];
  let before = "";
  for (;;) {
    const { items } = service.items(node, { max, before }, 100);
    if (items.length === 0) break;
    back.unshift(...items.map((item) => item.id));
    before = items[0]!.id;
  }
  return [onward, back];
}

Deno.test("XEP-0060: a node, its pages and its followers agree, whatever happens", async () => {
  await using server = await world();
  const service = server.server.hosts.get(SERVICE)!.fittings.service(hostService)!;
  const [alice, bob] = await server.online("alice/x", "bob/x");
  let nodes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, size) => {
        const node = `n${++nodes}`;
        await create(alice, node, { max_items: "8", notify_retract: "1" });
        await subscribe(bob, node);
        bob.clear();
        const model = new Model();
        for (const one of steps) {
          act(service, node, one);
          model.do(one);
          assert.deepEqual(service.latest(node, 100).map((item) => item.id), model.ids);
          assert.equal(service.node(node)!.count, model.ids.length);
        }
        assert.deepEqual(walked(service, node, size), [model.ids, model.ids]);
        await server.settle();
        assert.deepEqual(follow(bob.inbox), model.ids);
        bob.clear();
      },
    ),
    { numRuns: 60, seed: 60 },
  );
});
