/** Issue 6, 4: a node with 100,000 items and 10,000 subscribers works. */
import assert from "node:assert/strict";
import { el, Jid } from "#plugin";
import { hostService } from "../../plugins/pubsub/api.ts";
import { ATOM, create, done, itemIds, ownerOf, pubsubOf, RSM, SERVICE, world } from "./pubsub_world.ts";

const ITEMS = 100_000;
const SUBSCRIBERS = 10_000;

Deno.test("AC-2.17-6: a node of 100,000 items and 10,000 subscribers is read by pages, told of once each, and emptied at once", async () => {
  await using server = await world();
  const service = server.server.hosts.get(SERVICE)!.fittings.service(hostService)!;
  const peer = server.remote("b.test");
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  const payload = el("entry", ATOM, {}, [el("title", ATOM, {}, "x")]);
  for (let i = 0; i < ITEMS; i++) {
    service.publish("n", { id: `i${i}`, payload }, { by: alice.jid });
    if (i % 5000 === 4999) await server.settle();
  }
  const page = async (set: string) => {
    const answer = await done(
      alice,
      "get",
      pubsubOf(`<items node='n'/><set xmlns='${RSM}'><max>3</max>${set}</set>`),
    );
    assert.equal(answer!.child("set", RSM)!.childText("count"), String(ITEMS));
    return answer!.child("items")!.elements().map((item) => item.attr("id")).join(" ");
  };
  assert.equal(await page("<before/>"), "i99997 i99998 i99999");
  assert.equal(await page(""), "i0 i1 i2");
  assert.equal(await page("<before>i50000</before>"), "i49997 i49998 i49999");
  assert.equal(await page("<after>i50000</after>"), "i50001 i50002 i50003");
  // Whoever asks for everything gets what fits.
  assert.equal((await itemIds(alice, "n")).length, 5000);

  for (let i = 0; i < SUBSCRIBERS; i++) service.subscribe("n", Jid.parse(`s${i}@b.test`));
  for (let n = 0; peer.inbox.length < SUBSCRIBERS && n < 1000; n++) await server.settle();
  peer.inbox.length = 0;
  service.publish("n", { id: "last", payload }, { by: alice.jid });
  for (let n = 0; peer.inbox.length < SUBSCRIBERS && n < 1000; n++) await server.settle();
  const told = new Set(peer.inbox.map((stanza) => stanza.attr("to")));
  assert.deepEqual([peer.inbox.length, told.size], [SUBSCRIBERS, SUBSCRIBERS]);

  await done(alice, "set", ownerOf("<purge node='n'/>"));
  assert.deepEqual(await itemIds(alice, "n"), []);
  service.publish("n", { id: "again", payload }, { by: alice.jid });
  await server.clock.advance("90 seconds");
  assert.deepEqual(await itemIds(alice, "n"), ["again"]);
});
