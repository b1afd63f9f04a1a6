/** What people may try with services that are for everybody: to see more than is theirs, and to take more than their share. */
import assert from "node:assert/strict";
import { buildCaps, buildDiscoInfo, capsVersion, Jid } from "#plugin";
import { hostService } from "../../plugins/pubsub/api.ts";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { attachments } from "../../plugins/social/attachments.ts";
import {
  befriend,
  create,
  DISCO_INFO,
  done,
  entry,
  events,
  infoOf,
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

const JULIET = "juliet@a.test";
const BLOG = "urn:xmpp:microblog:0";
const block = (jid: string) => `<block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block>`;

Deno.test("XEP-0191 §3: who has subscribed to an account and is blocked then is told nothing more", async () => {
  await using server = await world({ plugins: [blocking] });
  const [juliet, paris, nurse] = await server.online("juliet/chamber", "paris/hall", "nurse/hall");
  const options = { access_model: "open", send_last_published_item: "on_sub_and_presence" };
  await done(juliet, "set", publishing("urn:x", "a", entry("a"), options), "");
  for (const one of [paris, nurse]) await subscribe(one, "urn:x", JULIET);
  await done(juliet, "set", block("paris@a.test"), "");
  events(paris);
  events(nurse);
  await publish(juliet, "urn:x", "b", entry("b"), "");
  assert.deepEqual([events(paris), events(nurse)], [[], ["items urn:x item b+"]]);
  for (const one of [paris, nurse]) {
    await one.send("<presence type='unavailable'/>");
    await one.send("<presence/>");
  }
  assert.deepEqual([events(paris), events(nurse)], [[], ["items urn:x item b+"]]);
  await done(juliet, "set", ownerOf("<delete node='urn:x'/>"), "");
  assert.deepEqual([events(paris), events(nurse)], [[], ["delete urn:x"]]);
});

Deno.test("XEP-0060 §4.5: at a service, too, who has left the owner's roster is told nothing more", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await befriend(alice, bob);
  await create(alice, "n", { access_model: "presence" });
  await subscribe(bob, "n");
  await publish(alice, "n", "one");
  assert.deepEqual(events(bob), ["items n item one+"]);
  await alice.send("<presence to='bob@a.test' type='unsubscribed'/>");
  bob.clear();
  await publish(alice, "n", "two");
  assert.deepEqual(events(bob), []);
  await refused(
    bob,
    "get",
    pubsubOf("<items node='n'/>"),
    "not-authorized",
    "presence-subscription-required",
  );
});

Deno.test("XEP-0163 §4.1: whom an account only follows does not see what is for those who follow it", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await juliet.send("<presence to='romeo@a.test' type='subscribe'/>");
  await romeo.send("<presence to='juliet@a.test' type='subscribed'/>");
  await wants(romeo, ["urn:x"]);
  romeo.clear();
  await publish(juliet, "urn:x", "a", entry("a"), "");
  assert.deepEqual(events(romeo), []);
  await refused(
    romeo,
    "get",
    pubsubOf("<items node='urn:x'/>"),
    "not-authorized",
    "presence-subscription-required",
    JULIET,
  );
});

Deno.test("XEP-0163 §6.2: presence of strangers is no way to learn whether there is an account", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [juliet] = await server.online("juliet/chamber");
  await publish(juliet, "urn:x", "a", entry("a"), "");
  const caps = buildCaps("http://test", capsVersion(infoOf(["urn:x"])));
  const present = () => peer.send(`<presence from='paris@b.test/x' to='${JULIET}'>${caps}</presence>`);
  await present();
  assert.deepEqual(peer.inbox.map(String), []);
  // What is open can be found by anybody anyway.
  await publish(juliet, BLOG, "a", entry("a"), "");
  await present();
  const query = peer.expect(`<iq type='get' from='${JULIET}'><query xmlns='${DISCO_INFO}'/></iq>`);
  const answer = buildDiscoInfo(infoOf(["urn:x"]));
  await peer.send(
    `<iq type='result' id='${query.attr("id")}' from='paris@b.test/x' to='${JULIET}'>${answer}</iq>`,
  );
});

Deno.test("XEP-0060 §9.2: names of nodes that a client wants are noted up to a size", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  const long = Array.from({ length: 40 }, (_, i) => `urn:${i}:${"x".repeat(1000)}`);
  await wants(romeo, ["urn:x", ...long, "urn:y"]);
  romeo.clear();
  await publish(juliet, "urn:x", "a", entry("a"), "");
  await publish(juliet, "urn:y", "a", entry("a"), "");
  assert.deepEqual(events(romeo), ["items urn:x item a+"]);
});

Deno.test("XEP-0060: many small items take up room, too", async () => {
  await using server = await world({ pep: { storage: "4 KiB" } });
  const [juliet] = await server.online("juliet/chamber");
  const item = (n: number) =>
    publishing("urn:x", `${n}${"i".repeat(900)}`, "<x xmlns='u'/>", { max_items: "max" });
  for (let n = 0; n < 4; n++) await done(juliet, "set", item(n), "");
  await refused(juliet, "set", item(4), "resource-constraint", undefined, "");
  await done(juliet, "set", pubsubOf(`<retract node='urn:x'><item id='0${"i".repeat(900)}'/></retract>`), "");
  await done(juliet, "set", item(5), "");
});

Deno.test("XEP-0060 §6.1.3: a node has so many subscribers and no more, and an account so many devices among them", async () => {
  await using server = await world({ pubsub: { subscribers: 102 } });
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  for (let n = 0; n < 100; n++) await subscribe(bob, "n", SERVICE, `bob@a.test/${n}`);
  const asked = (jid: string) => pubsubOf(`<subscribe node='n' jid='${jid}'/>`);
  await refused(bob, "set", asked("bob@a.test/more"), "policy-violation", "too-many-subscriptions");
  await subscribe(bob, "n");
  const given = (jid: string) =>
    ownerOf(`<subscriptions node='n'><subscription jid='${jid}' subscription='subscribed'/></subscriptions>`);
  await done(alice, "set", given("carol@b.test"));
  // Nor can an owner have the world told.
  await refused(alice, "set", given("dave@b.test"), "policy-violation", "too-many-subscriptions");
  const service = server.server.hosts.get(SERVICE)!.fittings.service(hostService)!;
  assert.equal(service.node("n")!.subscriptions.size, 102);
  service.subscribe("n", Jid.parse("the.server@a.test"));
});

Deno.test("XEP-0470: readers cannot fill an account with nodes", async () => {
  await using server = await world({ plugins: [attachments], pep: { nodes: 3 } });
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  for (const id of ["a", "b"]) await publish(juliet, BLOG, id, entry(id), "");
  const like = (item: string) =>
    publishing(
      `urn:xmpp:pubsub-attachments:1/xmpp:${JULIET}?;node=${encodeURIComponent(BLOG)};item=${item}`,
      "romeo@a.test",
      "<attachments xmlns='urn:xmpp:pubsub-attachments:1'><noticed/></attachments>",
    );
  await done(romeo, "set", like("a"), JULIET);
  await refused(romeo, "set", like("b"), "policy-violation", "max-nodes-exceeded", JULIET);
});
