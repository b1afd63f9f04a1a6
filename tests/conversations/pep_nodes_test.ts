/** XEP-0163: every account is a pubsub service. */
import assert from "node:assert/strict";
import {
  ask,
  configForm,
  create,
  done,
  entry,
  events,
  itemIds,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  RSM,
  subscribe,
  world,
} from "./pubsub_world.ts";

Deno.test("AC-2.17-3, AC-2.17-6: a thousand posts in pages from the end, each once", async () => {
  await using server = await world();
  const [juliet] = await server.online("juliet/chamber");
  const blog = "urn:xmpp:microblog:0";
  await create(juliet, blog, undefined, "");
  const posts = Array.from({ length: 1000 }, (_, i) => `post${i}`);
  const iqs = posts.map((id) => `<iq type='set' id='${id}'>${publishing(blog, id, entry(id))}</iq>`);
  for (let i = 0; i < iqs.length; i += 100) {
    await juliet.send(iqs.slice(i, i + 100).join(""));
    // Its rate is limited.
    await server.clock.advance("5 seconds");
  }
  juliet.clear();
  const read: string[] = [];
  let before = "";
  for (let pages = 0; pages < 100; pages++) {
    const set = `<set xmlns='${RSM}'><max>10</max><before>${before}</before></set>`;
    const answer = await done(juliet, "get", pubsubOf(`<items node='${blog}'/>${set}`), "");
    assert.equal(answer!.child("set", RSM)!.childText("count"), "1000");
    const ids = answer!.child("items")!.elements().map((it) => it.attr("id")!);
    read.unshift(...ids);
    before = ids[0]!;
  }
  assert.deepEqual(read, posts);
  const last = `<set xmlns='${RSM}'><max>10</max><before>${before}</before></set>`;
  assert.deepEqual(await itemIds(juliet, blog, "", last, ""), []);
});

Deno.test("AC-2.17-7: nodes are made and configured as Jappix does", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await create(juliet, "urn:xmpp:microblog:0", {
    persist_items: "1",
    max_items: "1000000",
    access_model: "open",
  }, "");
  await create(juliet, "urn:xmpp:microblog:0:comments/1", {
    persist_items: "1",
    max_items: "1000000",
    publish_model: "open",
    access_model: "open",
  }, "comments.a.test");
  await publish(romeo, "urn:xmpp:microblog:0:comments/1", "c", entry("Nice"), "comments.a.test");
  const answer = await done(
    juliet,
    "get",
    pubsubOf("<items node='urn:xmpp:microblog:0:comments/1'/>"),
    "comments.a.test",
  );
  assert.equal(answer!.first()!.first()!.attr("publisher"), "romeo@a.test");
  await done(
    juliet,
    "set",
    ownerOf(`<configure node='urn:xmpp:microblog:0'>${configForm({ access_model: "presence" })}</configure>`),
    "",
  );
});

Deno.test("XEP-0384, XEP-0084, XEP-0292, XEP-0490, XEP-0223: nodes that everybody knows are as everybody expects", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  const config = async (node: string) => {
    const answer = await done(juliet, "get", ownerOf(`<configure node='${node}'/>`), "");
    const fields = answer!.first()!.first()!.elements();
    const value = (name: string) =>
      fields.find((it) => it.attr("var") === `pubsub#${name}`)!.childText("value");
    return ["access_model", "max_items", "send_last_published_item"].map(value).join(" ");
  };
  const expected: Record<string, string> = {
    "eu.siacs.conversations.axolotl.devicelist": "open 1 on_sub_and_presence",
    "eu.siacs.conversations.axolotl.bundles:123": "open max never",
    "urn:xmpp:omemo:2:devices": "open 1 on_sub_and_presence",
    "urn:xmpp:omemo:2:bundles": "open max never",
    "urn:xmpp:avatar:metadata": "open 1 on_sub_and_presence",
    "urn:xmpp:vcard4": "open 1 on_sub_and_presence",
    "urn:xmpp:bookmarks:1": "whitelist max never",
    "storage:bookmarks": "whitelist 1 never",
    "urn:xmpp:mds:displayed:0": "whitelist max never",
    "http://jabber.org/protocol/mood": "presence 1 on_sub_and_presence",
    "urn:xmpp:pubsub-social-feed:stories:0": "presence max never",
    "urn:nobody:knows": "presence 1 on_sub_and_presence",
  };
  for (const [node, like] of Object.entries(expected)) {
    await publish(juliet, node, "a", entry("a"), "");
    await publish(juliet, node, "b", entry("b"), "");
    assert.equal(await config(node), like, node);
    const kept = like.includes(" max ") ? ["a", "b"] : ["b"];
    assert.deepEqual(await itemIds(juliet, node, "", "", ""), kept, node);
    const read = await ask(paris, "get", pubsubOf(`<items node='${node}'/>`), "juliet@a.test");
    assert.equal(read.attr("type"), like.startsWith("open") ? "result" : "error", node);
  }
});

Deno.test("XEP-0060 on accounts: the configuration says what nodes are like", async () => {
  await using server = await world({
    pep: {
      node: { max_items: 5 },
      known: { "urn:x:": { access_model: "open", max_items: "max" } },
      nodes: 3,
    },
  });
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  await publish(juliet, "urn:x:1", "a", entry("a"), "");
  assert.deepEqual(await itemIds(paris, "urn:x:1", "", "", "juliet@a.test"), ["a"]);
  for (let i = 0; i < 7; i++) await publish(juliet, "urn:other", `i${i}`, entry("a"), "");
  assert.equal((await itemIds(juliet, "urn:other", "", "", "")).length, 5);
  await publish(juliet, "urn:third", "a", entry("a"), "");
  await refused(juliet, "set", publishing("urn:fourth", "a"), "policy-violation", "max-nodes-exceeded", "");
});

Deno.test("XEP-0060: an account that is removed takes its nodes with it, and is subscribed nowhere", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  await publish(juliet, "urn:xmpp:microblog:0", "a", entry("a"), "");
  await create(paris, "n");
  await subscribe(juliet, "n");
  server.host.accounts.remove("juliet");
  await server.settle();
  assert.equal(
    (await ask(paris, "get", pubsubOf("<items node='urn:xmpp:microblog:0'/>"), "juliet@a.test")).attr("type"),
    "error",
  );
  const left = await done(paris, "get", ownerOf("<subscriptions node='n'/>"));
  assert.deepEqual(left!.first()!.elements(), []);
});

Deno.test("XEP-0503: a space is a node like others", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "dev", {
    type: "urn:xmpp:spaces:0",
    title: "The corner",
    notify_retract: "1",
    persist_items: "1",
    purge_offline: "0",
    notify_sub: "1",
    notify_config: "1",
    notify_delete: "1",
    access_model: "open",
  });
  await subscribe(bob, "dev");
  events(alice);
  const room = "<conference xmlns='urn:xmpp:bookmarks:1' name='ERP' autojoin='true'/>";
  await publish(alice, "dev", "room@muc.a.test", room);
  await done(alice, "set", pubsubOf("<retract node='dev'><item id='room@muc.a.test'/></retract>"));
  assert.deepEqual(events(bob), ["items dev item room@muc.a.test+", "items dev retract room@muc.a.test"]);
});
