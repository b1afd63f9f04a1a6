/** What has a node and no plugin: how one is doing, read markers, notification settings, spaces, as clients use them. */
import assert from "node:assert/strict";
import type { TestClient } from "#testing";
import {
  befriend,
  create,
  DISCO_INFO,
  DISCO_ITEMS,
  done,
  EVENT,
  events,
  itemIds,
  ownerOf,
  publish,
  publishAs,
  publishing,
  pubsubOf,
  refused,
  SERVICE,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

Deno.test("XEP-0107, XEP-0108, XEP-0118: mood, activity and tune reach who asks for each, with nothing in them when they end", async () => {
  await using server = await world();
  const [juliet, romeo, nurse] = await server.online("juliet/chamber", "romeo/orchard", "nurse/hall");
  await befriend(juliet, romeo);
  await befriend(juliet, nurse);
  const node = (name: string) => `http://jabber.org/protocol/${name}`;
  await wants(romeo, [node("mood"), node("tune")]);
  await wants(nurse, [node("activity")]);
  for (const name of ["mood", "activity", "tune"]) {
    for (const inner of ["<title>x</title>", ""]) {
      await publish(juliet, node(name), undefined, `<${name} xmlns='${node(name)}'>${inner}</${name}>`, "");
    }
  }
  const told = (client: TestClient) => events(client).map((line) => line.split(" ")[1]);
  assert.deepEqual(told(romeo), [node("mood"), node("mood"), node("tune"), node("tune")]);
  assert.deepEqual(told(nurse), [node("activity"), node("activity")]);
});

Deno.test("XEP-0490, XEP-0492: what devices tell one another stays among them, item by item", async () => {
  await using server = await world();
  const [juliet, balcony, romeo] = await server.online("juliet/chamber", "juliet/balcony", "romeo/orchard");
  await befriend(juliet, romeo);
  const mds = "urn:xmpp:mds:displayed:0";
  const options = {
    persist_items: "true",
    access_model: "whitelist",
    max_items: "max",
    send_last_published_item: "never",
  };
  await wants(balcony, [mds, "urn:xmpp:bookmarks:1"]);
  await wants(romeo, [mds, "urn:xmpp:bookmarks:1"]);
  const mark = (id: string) =>
    `<displayed xmlns='${mds}'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.test' id='${id}'/></displayed>`;
  for (const [who, id] of [["romeo@a.test", "1"], ["nurse@a.test", "2"], ["romeo@a.test", "3"]]) {
    assert.equal(await publishAs(juliet, mds, who!, mark(id!), options), "published");
  }
  const settings =
    `<notify xmlns='urn:xmpp:notification-settings:1'><on-mention/><advanced><x xmlns='urn:client'/></advanced></notify>`;
  const conference =
    `<conference xmlns='urn:xmpp:bookmarks:1'><extensions>${settings}</extensions></conference>`;
  await publishAs(juliet, "urn:xmpp:bookmarks:1", "play@muc.a.test", conference, options);
  balcony.expect(
    `<message from='juliet@a.test'><event xmlns='${EVENT}'><items node='urn:xmpp:bookmarks:1'><item id='play@muc.a.test'>${conference}</item></items></event></message>`,
  );
  assert.equal(events(balcony).length, 3);
  assert.deepEqual(events(romeo), []);
  assert.deepEqual((await itemIds(juliet, mds, "", "", "")).sort(), ["nurse@a.test", "romeo@a.test"]);
});

Deno.test("XEP-0503 §3 to §5: a space is a node: made as one, found, joined, filled and left", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const spaces = "urn:xmpp:spaces:0";
  const info = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, SERVICE);
  const said = new Set(info!.elements().map((it) => it.attr("var")));
  const must =
    "subscribe create-nodes delete-nodes config-node meta-data delete-items retract-items multi-items item-ids manage-subscriptions retrieve-items member-affiliation modify-affiliations retrieve-affiliations";
  for (const name of must.split(" ")) assert.ok(said.has(`http://jabber.org/protocol/pubsub#${name}`), name);
  await create(juliet, "dev", {
    type: spaces,
    title: "The developers' corner",
    notify_retract: "true",
    persist_items: "true",
    purge_offline: "false",
    notify_sub: "true",
    notify_config: "true",
    notify_delete: "true",
    publish_model: "publishers",
    access_model: "open",
  });
  const items = await done(romeo, "get", `<query xmlns='${DISCO_ITEMS}'/>`, SERVICE);
  assert.deepEqual(items!.elements().map((it) => [it.attr("node"), it.attr("name")]), [
    ["dev", "The developers' corner"],
  ]);
  const about = await done(romeo, "get", `<query xmlns='${DISCO_INFO}' node='dev'/>`, SERVICE);
  assert.match(String(about), /pubsub#type[^]*?urn:xmpp:spaces:0/);
  await subscribe(romeo, "dev");
  const room = `<conference xmlns='urn:xmpp:bookmarks:1' name='Socks'/>`;
  await publish(juliet, "dev", "socks@muc.a.test", room);
  const picture =
    `<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='1' id='x' type='image/png' url='http://a.test/x'/></metadata>`;
  await publish(juliet, "dev", "urn:xmpp:spaces:avatar:metadata:0", picture);
  assert.deepEqual(await itemIds(romeo, "dev"), ["socks@muc.a.test", "urn:xmpp:spaces:avatar:metadata:0"]);
  await done(
    juliet,
    "set",
    pubsubOf("<retract node='dev' notify='1'><item id='socks@muc.a.test'/></retract>"),
  );
  await refused(romeo, "set", publishing("dev", "mine", room), "forbidden");
  await done(juliet, "set", ownerOf("<delete node='dev'/>"));
  assert.deepEqual(events(romeo), [
    "items dev item socks@muc.a.test+",
    "items dev item urn:xmpp:spaces:avatar:metadata:0+",
    "items dev retract socks@muc.a.test",
    "delete dev",
  ]);
});
