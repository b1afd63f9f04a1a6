/** XEP-0163: every account is a pubsub service. */
import assert from "node:assert/strict";
import { buildCaps, buildDiscoInfo, capsVersion } from "#plugin";
import { blocking } from "../../plugins/privacy/blocking.ts";
import {
  ask,
  befriend,
  DISCO_INFO,
  DISCO_ITEMS,
  done,
  entry,
  EVENT,
  events,
  form,
  infoOf,
  itemIds,
  NS,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

const TUNE = "http://jabber.org/protocol/tune";
const tune = (title: string) => `<tune xmlns='${TUNE}'><title>${title}</title></tune>`;

Deno.test("XEP-0163 §3, §4: contacts that want to know are told of what is published, and so are one's own devices", async () => {
  await using server = await world();
  const [juliet, balcony, romeo, nurse] = await server.online(
    "juliet/chamber",
    "juliet/balcony",
    "romeo/orchard",
    "nurse/hall",
  );
  await befriend(juliet, romeo);
  await befriend(juliet, nurse);
  await wants(juliet, []);
  await wants(balcony, [TUNE]);
  await wants(romeo, [TUNE]);
  await wants(nurse, ["http://jabber.org/protocol/mood"]);
  for (const client of [juliet, balcony, romeo, nurse]) client.clear();
  await publish(juliet, TUNE, "now", tune("Finzi"), "");
  for (const [client, to] of [[balcony, "juliet@a.test/balcony"], [romeo, "romeo@a.test/orchard"]] as const) {
    client.expect(`<message from='juliet@a.test' to='${to}' type='headline'><event xmlns='${EVENT}'>
      <items node='${TUNE}'><item id='now'>${tune("Finzi")}</item></items></event></message>`);
    client.quiet();
  }
  juliet.quiet();
  nurse.quiet();
});

Deno.test("XEP-0163 §4.3.4: a device that becomes available is sent the last items, once", async () => {
  await using server = await world();
  const [juliet] = await server.online("juliet/chamber");
  const [romeo] = await server.clients("romeo/orchard");
  await befriend(juliet, romeo!);
  await publish(juliet, TUNE, "a", tune("a"), "");
  await publish(juliet, TUNE, "b", tune("b"), "");
  await wants(romeo!, [TUNE]);
  assert.deepEqual(events(romeo!), [`items ${TUNE} item b+`]);
  await wants(romeo!, [TUNE]);
  assert.deepEqual(events(romeo!), []);
  await romeo!.send("<presence type='unavailable'/>");
  await wants(romeo!, [TUNE]);
  assert.deepEqual(events(romeo!), [`items ${TUNE} item b+`]);
});

Deno.test("XEP-0163 §4.1: what is for contacts is not for strangers", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await publish(juliet, TUNE, "a", tune("a"), "");
  const read = pubsubOf(`<items node='${TUNE}'/>`);
  await refused(romeo, "get", read, "not-authorized", "presence-subscription-required", "juliet@a.test");
  await refused(
    romeo,
    "set",
    pubsubOf(`<publish node='${TUNE}'><item>${tune("b")}</item></publish>`),
    "forbidden",
    undefined,
    "juliet@a.test",
  );
  await befriend(juliet, romeo);
  assert.equal((await done(romeo, "get", read, "juliet@a.test"))!.child("items")!.elements().length, 1);
});

Deno.test("XEP-0163 §4, XEP-0060 §9.2: purges, deletions and retractions go to those who want to know of the node", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  const mood = "http://jabber.org/protocol/mood";
  await wants(romeo, [TUNE, "urn:many"]);
  await done(juliet, "set", publishing("urn:many", "a", entry("a"), { max_items: "max" }), "");
  await publish(juliet, "urn:many", "b", entry("b"), "");
  await publish(juliet, mood, "m", `<mood xmlns='${mood}'><happy/></mood>`, "");
  events(romeo);
  await done(juliet, "set", pubsubOf("<retract node='urn:many'><item id='a'/></retract>"), "");
  await done(juliet, "set", ownerOf("<purge node='urn:many'/>"), "");
  await done(juliet, "set", ownerOf("<delete node='urn:many'/>"), "");
  await done(juliet, "set", ownerOf(`<delete node='${mood}'/>`), "");
  assert.deepEqual(events(romeo), ["items urn:many retract a", "purge urn:many", "delete urn:many"]);
});

Deno.test("AC-2.17-4, BUG-43: a stranger of another server subscribes to what is open, and is told", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet] = await server.online("juliet/chamber");
  const blog = "urn:xmpp:microblog:0";
  await publish(juliet, blog, "one", entry("First"), "");
  const send = (type: string, payload: string) =>
    peer.send(`<iq type='${type}' id='1' from='paris@b.test/x' to='juliet@a.test'>${payload}</iq>`);
  await send("set", pubsubOf(`<subscribe node='${blog}' jid='paris@b.test'/>`));
  peer.expect(
    `<iq type='result' id='1'><pubsub xmlns='${NS}'><subscription node='${blog}' jid='paris@b.test' subscription='subscribed'/></pubsub></iq>`,
  );
  await publish(juliet, blog, "two", entry("Second"), "");
  peer.expect(`<message from='juliet@a.test' to='paris@b.test' type='headline'><event xmlns='${EVENT}'>
    <items node='${blog}'><item id='two'>${entry("Second")}</item></items></event></message>`);
  await done(juliet, "set", pubsubOf(`<retract node='${blog}'><item id='two'/></retract>`), "");
  peer.expect(
    `<message to='paris@b.test'><event xmlns='${EVENT}'><items node='${blog}'><retract id='two'/></items></event></message>`,
  );
  await send("get", pubsubOf(`<items node='${blog}'/>`));
  peer.expect(
    `<iq type='result'><pubsub xmlns='${NS}'><items node='${blog}'><item id='one'>${
      entry("First")
    }</item></items></pubsub></iq>`,
  );
  await send("get", pubsubOf("<subscriptions/>"));
  peer.expect(
    `<iq type='result'><pubsub xmlns='${NS}'><subscriptions><subscription node='${blog}'/></subscriptions></pubsub></iq>`,
  );
  peer.quiet();
});

Deno.test("XEP-0163 §4.3.2: contacts of another server are asked once what they want, and told at their devices", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet] = await server.online("juliet/chamber");
  await peer.send("<presence type='subscribe' from='romeo@b.test' to='juliet@a.test'/>");
  await juliet.send("<presence type='subscribed' to='romeo@b.test'/>");
  await publish(juliet, TUNE, "a", tune("a"), "");
  const info = infoOf([TUNE]);
  const ver = capsVersion(info);
  const present = (resource: string) =>
    peer.send(
      `<presence from='romeo@b.test/${resource}' to='juliet@a.test'>${
        buildCaps("http://test", ver)
      }</presence>`,
    );
  peer.inbox.length = 0;
  await present("orchard");
  const query = peer.expect(
    `<iq type='get' from='juliet@a.test' to='romeo@b.test/orchard'><query xmlns='${DISCO_INFO}' node='http://test#${ver}'/></iq>`,
  );
  await peer.send(
    `<iq type='result' id='${query.attr("id")}' from='romeo@b.test/orchard' to='juliet@a.test'>${
      buildDiscoInfo(info)
    }</iq>`,
  );
  const told = (resource: string, id: string) =>
    peer.expect(
      `<message from='juliet@a.test' to='romeo@b.test/${resource}'><event xmlns='${EVENT}'><items node='${TUNE}'><item id='${id}'/></items></event></message>`,
    );
  told("orchard", "a");
  await present("balcony");
  told("balcony", "a");
  await present("balcony");
  peer.quiet();
  await publish(juliet, TUNE, "b", tune("b"), "");
  told("orchard", "b");
  told("balcony", "b");
  await peer.send("<presence type='unavailable' from='romeo@b.test/orchard' to='juliet@a.test'/>");
  await publish(juliet, TUNE, "c", tune("c"), "");
  told("balcony", "c");
  await juliet.send("<presence type='unsubscribed' to='romeo@b.test'/>");
  peer.inbox.length = 0;
  await publish(juliet, TUNE, "d", tune("d"), "");
  peer.quiet();
});

Deno.test("XEP-0163 §4.3.2: neither a reload nor a stop waits for who does not say what they want; said later, it counts", async () => {
  const server = await world();
  const [juliet, balcony] = await server.online("juliet/chamber", "juliet/balcony");
  const peer = server.remote("b.test");
  const info = infoOf([TUNE]);
  const present = (ver: string) => `<presence>${buildCaps("http://test", ver)}</presence>`;
  await juliet.send(present(capsVersion(info)));
  const query = juliet.expect("<iq type='get' from='juliet@a.test'/>");
  await balcony.send(present(capsVersion(infoOf([]))));
  await peer.send("<presence type='subscribe' from='romeo@b.test' to='juliet@a.test'/>");
  await juliet.send("<presence type='subscribed' to='romeo@b.test'/>");
  await peer.send(
    `<presence from='romeo@b.test/x' to='juliet@a.test'>${buildCaps("http://test", "other")}</presence>`,
  );
  peer.expect("<iq type='get' from='juliet@a.test' to='romeo@b.test/x'/>");
  // The clock stands still meanwhile.
  await server.reload({ config: { defaults: { pep: { idle: "11 min" } } } });
  await juliet.send(
    `<iq type='result' id='${query.attr("id")}' to='juliet@a.test'>${buildDiscoInfo(info)}</iq>`,
  );
  await publish(balcony, TUNE, "now", tune("Finzi"), "");
  juliet.expect(
    `<message><event xmlns='${EVENT}'><items node='${TUNE}'><item id='now'/></items></event></message>`,
  );
  // Where it waited, this would end with the test unfinished.
  await server[Symbol.asyncDispose]();
  balcony.expectStreamError("system-shutdown");
});

Deno.test("XEP-0115 §5.4: capabilities are believed of others only where the hash proves them", async () => {
  await using server = await world();
  const [juliet, romeo, paris] = await server.online("juliet/chamber", "romeo/orchard", "paris/hall");
  await befriend(juliet, romeo);
  await befriend(juliet, paris);
  const ver = capsVersion(infoOf([]));
  const caps = buildCaps("http://test", ver);
  await romeo.send(`<presence>${caps}</presence>`);
  const asked = romeo.expect(`<iq type='get' from='romeo@a.test'><query xmlns='${DISCO_INFO}'/></iq>`);
  // What it says is not what is hashed: true of itself at most.
  await romeo.send(
    `<iq type='result' id='${asked.attr("id")}' to='romeo@a.test'>${buildDiscoInfo(infoOf([TUNE]))}</iq>`,
  );
  await paris.send(`<presence>${caps}</presence>`);
  const again = paris.expect(`<iq type='get'><query xmlns='${DISCO_INFO}'/></iq>`);
  await paris.send(
    `<iq type='result' id='${again.attr("id")}' to='paris@a.test'>${buildDiscoInfo(infoOf([]))}</iq>`,
  );
  romeo.clear();
  paris.clear();
  await publish(juliet, TUNE, "a", tune("a"), "");
  assert.deepEqual(events(romeo), [`items ${TUNE} item a+`]);
  paris.quiet();
});

Deno.test("XEP-0163 §7.1, XEP-0060 §4.5: access by roster group follows the roster", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, ["urn:x"]);
  const group = (...groups: string[]) =>
    done(
      juliet,
      "set",
      `<query xmlns='jabber:iq:roster'><item jid='romeo@a.test'>${
        groups.map((g) => `<group>${g}</group>`).join("")
      }</item></query>`,
      "",
    );
  await done(
    juliet,
    "set",
    publishing("urn:x", "a", entry("a"), {
      access_model: "roster",
      roster_groups_allowed: "Friends",
      notify_sub: "0",
    }),
    "",
  );
  assert.deepEqual(events(romeo), []);
  await refused(
    romeo,
    "get",
    pubsubOf("<items node='urn:x'/>"),
    "not-authorized",
    "not-in-roster-group",
    "juliet@a.test",
  );
  const form = String(await done(juliet, "get", ownerOf("<configure node='urn:x'/>"), ""));
  assert.match(form, /roster_groups_allowed.*<option><value>Friends<\/value>/);
  await group("Friends", "Others");
  assert.deepEqual(events(romeo), ["items urn:x item a+"]);
  await subscribe(romeo, "urn:x", "juliet@a.test");
  assert.deepEqual(events(romeo), ["items urn:x item a+"]);
  await publish(juliet, "urn:x", "b", entry("b"), "");
  assert.deepEqual(events(romeo), ["items urn:x item b+"]);
  await group("Others");
  assert.deepEqual(events(romeo), ["subscription urn:x none"]);
  await publish(juliet, "urn:x", "c", entry("c"), "");
  assert.deepEqual(events(romeo), []);
});

Deno.test("BUG-41: what is published outlives a restart, and idle services leave the memory", async () => {
  const data = await Deno.makeTempFile();
  try {
    {
      await using server = await world({ data, pep: { idle: "1 minute" } });
      const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
      await done(
        juliet,
        "set",
        publishing("urn:x", "a", entry("a"), { access_model: "open", max_items: "max" }),
        "",
      );
      await subscribe(romeo, "urn:x", "juliet@a.test");
      romeo.clear();
      await server.clock.advance("95 seconds");
      assert.deepEqual(await itemIds(romeo, "urn:x", "", "", "juliet@a.test"), ["a"]);
      await publish(juliet, "urn:x", "b", entry("b"), "");
      assert.deepEqual(events(romeo), ["items urn:x item b+"]);
    }
    await using server = await world({ data });
    const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
    assert.deepEqual(await itemIds(romeo, "urn:x", "", "", "juliet@a.test"), ["a", "b"]);
    await publish(juliet, "urn:x", "c", entry("c"), "");
    assert.deepEqual(events(romeo), ["items urn:x item c+"]);
  } finally {
    for (const end of ["", "-wal", "-shm"]) await Deno.remove(data + end).catch(() => {});
  }
});

Deno.test("BUG-45: what accounts have is not the administrators', unless the configuration says so", async () => {
  await using server = await world();
  const [juliet, root] = await server.online("juliet/chamber", "root/office");
  await done(juliet, "set", publishing("urn:x", "a", entry("a"), { access_model: "whitelist" }), "");
  await refused(
    root,
    "get",
    pubsubOf("<items node='urn:x'/>"),
    "not-allowed",
    "closed-node",
    "juliet@a.test",
  );
  await refused(root, "set", ownerOf("<delete node='urn:x'/>"), "forbidden", undefined, "juliet@a.test");
  await using other = await world({ pep: { admins_own: true } });
  const [romeo, king] = await other.online("romeo/orchard", "root/office");
  await done(romeo, "set", publishing("urn:x", "a", entry("a"), { access_model: "whitelist" }), "");
  assert.deepEqual(await itemIds(king, "urn:x", "", "", "romeo@a.test"), ["a"]);
});

Deno.test("AC-2.17-5: an account says that it is a service, and what the service can do", async () => {
  await using server = await world();
  const [juliet] = await server.online("juliet/chamber");
  const info = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, "juliet@a.test");
  const identities = info!.elements().filter(({ name }) => name === "identity").map((it) =>
    `${it.attr("category")}/${it.attr("type")}`
  );
  assert.ok(identities.includes("pubsub/pep") && identities.includes("account/registered"));
  const features = new Set(info!.elements().map((it) => it.attr("var")));
  for (
    const name of [
      "access-presence",
      "auto-create",
      "auto-subscribe",
      "create-and-configure",
      "create-nodes",
      "config-node",
      "delete-items",
      "delete-nodes",
      "filtered-notifications",
      "meta-data",
      "multi-items",
      "persistent-items",
      "publish",
      "publish-options",
      "purge-nodes",
      "retrieve-items",
      "manage-affiliations",
      "retrieve-affiliations",
      "pubsub-on-a-jid",
      "subscribe",
      "retrieve-subscriptions",
      "retract-items",
      "item-ids",
      "last-published",
      "rsm",
    ]
  ) assert.ok(features.has(`${NS}#${name}`), name);
  // XEP-0292 §7.
  assert.ok(features.has("urn:ietf:params:xml:ns:vcard-4.0"));
});

Deno.test("XEP-0163 §6.2: strangers find what is open to them, and learn nothing of an account that has nothing", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  const nodes = async () => {
    const answer = await ask(paris, "get", `<query xmlns='${DISCO_ITEMS}'/>`, "juliet@a.test");
    return answer.attr("type") === "error"
      ? answer.child("error")!.first()!.name
      : answer.first()!.elements().map((it) => it.attr("node"));
  };
  await publish(juliet, TUNE, "a", tune("a"), "");
  assert.equal(await nodes(), "service-unavailable");
  await refused(
    paris,
    "get",
    `<query xmlns='${DISCO_INFO}' node='${TUNE}'/>`,
    "service-unavailable",
    undefined,
    "juliet@a.test",
  );
  await publish(juliet, "urn:xmpp:microblog:0", "a", entry("a"), "");
  assert.deepEqual(await nodes(), ["urn:xmpp:microblog:0"]);
  const info = await done(
    paris,
    "get",
    `<query xmlns='${DISCO_INFO}' node='urn:xmpp:microblog:0'/>`,
    "juliet@a.test",
  );
  assert.match(String(info), /pubsub#num_subscribers.*<value>0<\/value>/);
  await befriend(juliet, paris);
  const both = (await nodes()) as (string | undefined)[];
  assert.deepEqual(both.filter((it) => it !== undefined).sort(), [TUNE, "urn:xmpp:microblog:0"]);
});

Deno.test("XEP-0191, XEP-0163 §8: who is blocked is not told", async () => {
  await using server = await world({ plugins: [blocking] });
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, [TUNE]);
  await done(juliet, "set", "<block xmlns='urn:xmpp:blocking'><item jid='romeo@a.test'/></block>", "");
  romeo.clear();
  await publish(juliet, TUNE, "a", tune("a"), "");
  romeo.quiet();
});

Deno.test("XEP-0060 §8.6 on an account: the owner decides on who may subscribe", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/hall");
  await done(juliet, "set", publishing("urn:x", "a", entry("a"), { access_model: "authorize" }), "");
  const asked = await subscribe(paris, "urn:x", "juliet@a.test");
  assert.equal(asked!.first()!.attr("subscription"), "pending");
  const question = juliet.expect(
    "<message from='juliet@a.test'><x xmlns='jabber:x:data' type='form'/></message>",
  );
  const answer = form(`${NS}#subscribe_authorization`, {
    "pubsub#node": "urn:x",
    "pubsub#subscriber_jid": "paris@a.test",
    "pubsub#allow": "1",
  });
  paris.clear();
  await juliet.send(`<message to='juliet@a.test' id='${question.attr("id")}'>${answer}</message>`);
  assert.deepEqual(events(paris), ["subscription urn:x subscribed", "items urn:x item a+"]);
  juliet.quiet();
});
