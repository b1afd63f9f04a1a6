/** What clients keep and show at their accounts: the nodes of other XEPs, as their texts use them. */
import assert from "node:assert/strict";
import type { TestClient } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { displayed } from "../../plugins/pubsub/displayed.ts";
import {
  ask,
  befriend,
  create,
  DISCO_INFO,
  done,
  entry,
  EVENT,
  events,
  itemIds,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  SERVICE,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

const MDS = "urn:xmpp:mds:displayed:0";
const BOOKMARKS = "urn:xmpp:bookmarks:1";
const PRIVATE = {
  persist_items: "true",
  max_items: "max",
  send_last_published_item: "never",
  access_model: "whitelist",
};

const PERSONAL: Record<string, string> = {
  "http://jabber.org/protocol/geoloc":
    "<geoloc xmlns='http://jabber.org/protocol/geoloc'><lat>45.44</lat></geoloc>",
  "http://jabber.org/protocol/mood": "<mood xmlns='http://jabber.org/protocol/mood'><annoyed/></mood>",
  "http://jabber.org/protocol/activity":
    "<activity xmlns='http://jabber.org/protocol/activity'><relaxing/></activity>",
  "http://jabber.org/protocol/tune":
    "<tune xmlns='http://jabber.org/protocol/tune'><title>Introduction</title></tune>",
  "http://jabber.org/protocol/nick": "<nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>",
};

Deno.test("XEP-0080, XEP-0107, XEP-0108, XEP-0118, XEP-0172: contacts are told how somebody is doing; only the latest is kept", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, Object.keys(PERSONAL));
  for (const [node, payload] of Object.entries(PERSONAL)) {
    // Without an id: the service makes one (XEP-0163 §3).
    await publish(juliet, node, undefined, payload, "");
    romeo.expect(
      `<message from='juliet@a.test' type='headline'><event xmlns='${EVENT}'><items node='${node}'><item>${payload}</item></items></event></message>`,
    );
    await publish(juliet, node, undefined, payload, "");
    assert.equal((await itemIds(romeo, node, "", "", "juliet@a.test")).length, 1);
  }
});

Deno.test("XEP-0222: public data is there for everybody who asks, whoever asks", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  const options = { persist_items: "true", access_model: "open" };
  await done(
    juliet,
    "set",
    publishing("urn:xmpp:vcard4", "current", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>", options),
    "",
  );
  assert.deepEqual(await itemIds(paris, "urn:xmpp:vcard4", "", "", "juliet@a.test"), ["current"]);
});

Deno.test("XEP-0223, XEP-0492: private data with all that is in it goes to the account's own devices and to nobody else", async () => {
  await using server = await world();
  const [juliet, balcony, romeo] = await server.online("juliet/chamber", "juliet/balcony", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(balcony, [BOOKMARKS]);
  await wants(romeo, [BOOKMARKS]);
  const room = `<conference xmlns='${BOOKMARKS}' name='Play' autojoin='true'><nick>JC</nick><extensions>
    <notify xmlns='urn:xmpp:notification-settings:1'><never identity-category='client' identity-type='pc'/><always/></notify>
    </extensions></conference>`;
  await done(juliet, "set", publishing(BOOKMARKS, "play@muc.a.test", room, PRIVATE), "");
  balcony.expect(
    `<message from='juliet@a.test'><event xmlns='${EVENT}'><items node='${BOOKMARKS}'><item id='play@muc.a.test'>${room}</item></items></event></message>`,
  );
  assert.deepEqual(events(romeo), []);
  await refused(
    romeo,
    "get",
    pubsubOf(`<items node='${BOOKMARKS}'/>`),
    "not-allowed",
    "closed-node",
    "juliet@a.test",
  );
  await refused(
    romeo,
    "set",
    pubsubOf(`<subscribe node='${BOOKMARKS}' jid='romeo@a.test'/>`),
    "not-allowed",
    "closed-node",
    "juliet@a.test",
  );
  const [late] = await server.clients("juliet/late");
  await wants(late, [BOOKMARKS]);
  assert.deepEqual(events(late), []);
});

Deno.test("XEP-0384: keys are found by people who are no contacts, and kept as they were published", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet] = await server.online("juliet/chamber");
  const devices = "urn:xmpp:omemo:2:devices";
  const bundles = "urn:xmpp:omemo:2:bundles";
  const open = { access_model: "open" };
  await done(
    juliet,
    "set",
    publishing(devices, "current", "<devices xmlns='urn:xmpp:omemo:2'><device id='1'/></devices>", open),
    "",
  );
  for (const id of ["1", "2", "3"]) {
    const bundle = `<bundle xmlns='urn:xmpp:omemo:2'><spk id='0'>${id}</spk></bundle>`;
    await done(juliet, "set", publishing(bundles, id, bundle, { ...open, max_items: "max" }), "");
  }
  await peer.send(
    `<iq type='get' id='1' from='romeo@b.test/x' to='juliet@a.test'>${
      pubsubOf(`<items node='${bundles}'><item id='2'/></items>`)
    }</iq>`,
  );
  peer.expect(
    `<iq type='result' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${bundles}'>
    <item id='2'><bundle xmlns='urn:xmpp:omemo:2'><spk id='0'>2</spk></bundle></item></items></pubsub></iq>`,
  );
  // The way of Conversations' tester: what was asked for is what is configured.
  assert.match(
    String(await done(juliet, "get", ownerOf(`<configure node='${devices}'/>`), "")),
    /access_model.*<value>open<\/value>/,
  );
});

Deno.test("XEP-0490 §4.2 to §4.4: what is displayed is synchronised between devices, conversation by conversation", async () => {
  await using server = await world();
  const [juliet, balcony] = await server.online("juliet/chamber", "juliet/balcony");
  await wants(balcony, [MDS]);
  const mark = (id: string) =>
    `<displayed xmlns='${MDS}'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.test' id='${id}'/></displayed>`;
  for (let i = 0; i < 30; i++) {
    await done(juliet, "set", publishing(MDS, `c${i}@b.test`, mark(`s${i}`), PRIVATE), "");
  }
  assert.equal(events(balcony).length, 30);
  await done(juliet, "set", publishing(MDS, "c0@b.test", mark("later"), PRIVATE), "");
  assert.equal((await itemIds(balcony, MDS, "", "", "")).length, 30);
});

Deno.test("XEP-0490 §4.5: what a message says of it is taken out and published", async () => {
  await using server = await world({ plugins: [displayed, archive] });
  const [juliet, balcony, romeo] = await server.online("juliet/chamber", "juliet/balcony", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(balcony, [MDS]);
  const info = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, "juliet@a.test");
  assert.ok(info!.elements().some((it) => it.attr("var") === "urn:xmpp:mds:server-assist:0"));
  romeo.clear();
  await juliet.send(
    `<message to='romeo@a.test' type='chat'><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>
    <displayed xmlns='${MDS}'><stanza-id xmlns='urn:xmpp:sid:0' by='juliet@a.test' id='s1'/></displayed></message>`,
  );
  const got = romeo.expect(
    "<message from='juliet@a.test/chamber'><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>",
  );
  assert.equal(got.child("displayed", MDS), undefined);
  balcony.expect(
    `<message from='juliet@a.test'><event xmlns='${EVENT}'><items node='${MDS}'><item id='romeo@a.test'>
    <displayed xmlns='${MDS}'><stanza-id xmlns='urn:xmpp:sid:0' id='s1'/></displayed></item></items></event></message>`,
  );
  await refused(
    romeo,
    "get",
    pubsubOf(`<items node='${MDS}'/>`),
    "not-allowed",
    "closed-node",
    "juliet@a.test",
  );
});

Deno.test("XEP-0277 §4: comments on a post are for everybody, by name, at the service for comments", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const node = "urn:xmpp:microblog:0:comments/dd88c9bc";
  const service = "comments.a.test";
  await create(juliet, node, undefined, service);
  await subscribe(juliet, node, service);
  const comment = (client: TestClient, id: string) => publish(client, node, id, entry(id), service);
  await comment(romeo, "of_romeo");
  await peer.send(
    `<iq type='set' id='1' from='paris@b.test/x' to='${service}'>${
      publishing(node, "of_paris", entry("p"))
    }</iq>`,
  );
  peer.expect("<iq type='result' id='1'/>");
  for (const [id, who] of [["of_romeo", "romeo@a.test"], ["of_paris", "paris@b.test"]]) {
    juliet.expect(
      `<message from='${service}'><event xmlns='${EVENT}'><items node='${node}'><item id='${id}' publisher='${who}'/></items></event></message>`,
    );
  }
  const gone = (id: string) => pubsubOf(`<retract node='${node}'><item id='${id}'/></retract>`);
  await refused(romeo, "set", gone("of_paris"), "forbidden", undefined, service);
  await done(romeo, "set", gone("of_romeo"), service);
  await done(juliet, "set", gone("of_paris"), service);
  assert.deepEqual(events(juliet), [`items ${node} retract of_romeo`, `items ${node} retract of_paris`]);
});

Deno.test("XEP-0060: what Movim sends to see what a service can do is answered with what was wrong", async () => {
  await using server = await world();
  const [juliet] = await server.online("juliet/chamber");
  // STANDARDS 2.2, point 4: all fields that it publishes with, at the account and at the service.
  const fields = {
    persist_items: "true",
    max_items: "max",
    access_model: "presence",
    publish_model: "subscribers",
    send_last_published_item: "on_sub_and_presence",
    deliver_payloads: "true",
    notify_sub: "true",
    notify_retract: "true",
    itemreply: "publisher",
    item_expire: "86400",
    purge_offline: "false",
    type: "urn:xmpp:pubsub-social-feed:1",
    title: "A title",
    description: "About it",
  };
  for (const to of ["", SERVICE]) {
    await done(juliet, "set", publishing("test", "test_post", entry("x"), fields), to);
    const answer = await ask(juliet, "get", ownerOf("<configure node='test'/>"), to);
    for (const [name, value] of Object.entries(fields)) {
      const text = value === "true" ? "1" : value === "false" ? "0" : value;
      assert.match(String(answer), new RegExp(`var="pubsub#${name}"[^]*?<value>${text}</value>`), name);
    }
    await done(
      juliet,
      "set",
      pubsubOf("<retract node='test' notify='true'><item id='test_post'/></retract>"),
      to,
    );
    await refused(
      juliet,
      "set",
      pubsubOf("<retract node='test'><item id='test_post'/></retract>"),
      "item-not-found",
      undefined,
      to,
    );
  }
});
