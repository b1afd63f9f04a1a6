/** XEP-0060 §8: what owners do with their nodes. */
import assert from "node:assert/strict";
import {
  affiliate,
  ask,
  configForm,
  create,
  done,
  EVENT,
  events,
  itemIds,
  NS,
  ownerOf,
  publish,
  pubsubOf,
  refused,
  SERVICE,
  subscribe,
  world,
} from "./pubsub_world.ts";

const configure = (node: string, inner: string) => ownerOf(`<configure node='${node}'>${inner}</configure>`);
const subscriptions = (...entries: [string, string][]) =>
  ownerOf(
    `<subscriptions node='n'>${
      entries.map(([jid, s]) => `<subscription jid='${jid}' subscription='${s}'/>`).join("")
    }</subscriptions>`,
  );
const affiliations = (...entries: [string, string][]) =>
  ownerOf(
    `<affiliations node='n'>${
      entries.map(([jid, a]) => `<affiliation jid='${jid}' affiliation='${a}'/>`).join("")
    }</affiliations>`,
  );

Deno.test("XEP-0060 §8.1: who may make nodes, and how many", async () => {
  await using server = await world({ pubsub: { nodes_each: 2 } });
  const peer = server.remote("b.test");
  const [alice] = await server.online("alice/x");
  await create(alice, "a");
  await create(alice, "b");
  await refused(alice, "set", pubsubOf("<create node='c'/>"), "policy-violation", "max-nodes-exceeded");
  await peer.send(
    `<iq type='set' id='1' from='eve@b.test/x' to='${SERVICE}'>${pubsubOf("<create node='c'/>")}</iq>`,
  );
  peer.expect(
    `<iq type='error' id='1'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
  await using open = await world({ pubsub: { create: "anyone" } });
  const other = open.remote("b.test");
  await other.send(
    `<iq type='set' id='1' from='eve@b.test/x' to='${SERVICE}'>${pubsubOf("<create node='c'/>")}</iq>`,
  );
  other.expect("<iq type='result' id='1'/>");
  await using closed = await world({ pubsub: { create: "admins" } });
  const [bob, root] = await closed.online("bob/x", "root/x");
  await refused(bob, "set", pubsubOf("<create node='c'/>"), "forbidden");
  await create(root, "c");
});

Deno.test("XEP-0060 §8.2: a form is applied as a whole or not at all; who cancels changes nothing; subscribers are told", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { title: "Before" });
  await subscribe(bob, "n");
  await refused(
    alice,
    "set",
    configure("n", configForm({ title: "After", publish_model: "nobody" })),
    "not-acceptable",
  );
  await refused(alice, "set", configure("n", ""), "bad-request");
  await refused(alice, "set", configure("n", `<x xmlns='jabber:x:data' type='result'/>`), "bad-request");
  await done(alice, "set", configure("n", `<x xmlns='jabber:x:data' type='cancel'/>`));
  await refused(alice, "set", ownerOf("<configure/>"), "bad-request", "nodeid-required");
  await refused(alice, "get", ownerOf("<configure node='none'/>"), "item-not-found");
  assert.match(String(await done(alice, "get", ownerOf("<configure node='n'/>"))), /<value>Before<\/value>/);
  bob.quiet();
  await done(alice, "set", configure("n", configForm({ title: "After", notify_config: "1" })));
  bob.expect(
    `<message from='${SERVICE}'><event xmlns='${EVENT}'><configuration node='n'><x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE'><value>${NS}#node_config</value></field><field var='pubsub#title'><value>After</value></field></x></configuration></event></message>`,
  );
  await done(alice, "set", configure("n", configForm({ deliver_payloads: "0" })));
  assert.deepEqual(events(bob), ["configuration n"]);
});

Deno.test("XEP-0060 §8.8: an owner manages subscriptions, and those concerned are told", async () => {
  await using server = await world();
  const [alice, bob, carol] = await server.online("alice/x", "bob/x", "carol/x");
  await create(alice, "n", { access_model: "whitelist" });
  await done(alice, "set", subscriptions(["bob@a.test", "subscribed"]));
  assert.deepEqual(events(bob), ["subscription n subscribed"]);
  await publish(alice, "n", "one");
  assert.deepEqual(events(bob), ["items n item one+"]);
  assert.deepEqual(await itemIds(bob, "n"), ["one"]);
  const list = async () =>
    (await done(alice, "get", ownerOf("<subscriptions node='n'/>")))!.first()!.elements()
      .map((it) => `${it.attr("jid")} ${it.attr("subscription")}`);
  assert.deepEqual(await list(), ["bob@a.test subscribed"]);
  const answer = await ask(
    alice,
    "set",
    subscriptions(["carol@a.test", "subscribed"], ["bob@a.test", "pending"]),
  );
  assert.equal(answer.attr("type"), "error");
  assert.match(
    String(answer),
    /<pubsub .*<subscription jid="bob@a.test" subscription="subscribed"\/>.*<not-acceptable /,
  );
  assert.doesNotMatch(String(answer), /carol/);
  assert.deepEqual((await list()).sort(), ["bob@a.test subscribed", "carol@a.test subscribed"]);
  events(carol);
  await done(alice, "set", subscriptions(["carol@a.test", "none"]));
  assert.deepEqual(events(carol), ["subscription n none"]);
  await refused(alice, "set", subscriptions(["bob@a.test", "none"], ["bob@a.test", "none"]), "bad-request");
  await refused(alice, "set", subscriptions(["@@", "none"]), "jid-malformed");
  await refused(bob, "get", ownerOf("<subscriptions node='n'/>"), "forbidden");
});

Deno.test("XEP-0060 §8.9: an owner manages affiliations; a node keeps an owner; those concerned are told", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await affiliate(alice, "n", "bob@a.test", "member");
  bob.expect(`<message from='${SERVICE}'><pubsub xmlns='${NS}'><affiliations node='n'>
    <affiliation jid='bob@a.test' affiliation='member'/></affiliations></pubsub></message>`);
  const list = async () =>
    (await done(alice, "get", ownerOf("<affiliations node='n'/>")))!.first()!.elements()
      .map((it) => `${it.attr("jid")} ${it.attr("affiliation")}`).sort();
  assert.deepEqual(await list(), ["alice@a.test owner", "bob@a.test member"]);
  await refused(alice, "set", affiliations(["alice@a.test", "none"]), "not-acceptable");
  const answer = await ask(
    alice,
    "set",
    affiliations(["alice@a.test", "none"], ["carol@a.test", "publish-only"]),
  );
  assert.match(String(answer), /<affiliation jid="alice@a.test" affiliation="owner"\/>.*<not-acceptable /);
  assert.deepEqual(await list(), ["alice@a.test owner", "bob@a.test member", "carol@a.test publish-only"]);
  await refused(alice, "set", affiliations(["bob@a.test", "king"]), "bad-request");
  await done(alice, "set", affiliations(["bob@a.test", "owner"]));
  await done(bob, "set", affiliations(["alice@a.test", "none"]));
  await refused(alice, "get", ownerOf("<affiliations node='n'/>"), "forbidden");
});

Deno.test("XEP-0060 §8.9, §8.7.4: who is thrown out is unsubscribed", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await subscribe(bob, "n");
  await affiliate(alice, "n", "bob@a.test", "outcast");
  assert.deepEqual(events(bob), ["subscription n none"]);
  await publish(alice, "n", "one");
  bob.quiet();
});

Deno.test("XEP-0060 §17.4.4, notify_sub, notify_delete: owners know who comes and goes, and a node may go quietly", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { notify_sub: "1", notify_delete: "0" });
  await subscribe(bob, "n");
  alice.expect(
    `<message from='${SERVICE}'><event xmlns='${EVENT}'><subscription node='n' jid='bob@a.test' subscription='subscribed'/></event></message>`,
  );
  await done(bob, "set", pubsubOf("<unsubscribe node='n' jid='bob@a.test'/>"));
  assert.deepEqual(events(alice), ["subscription n none"]);
  await subscribe(bob, "n");
  await done(alice, "set", ownerOf("<delete node='n'/>"));
  bob.quiet();
  await refused(bob, "get", pubsubOf("<items node='n'/>"), "item-not-found");
});

Deno.test("XEP-0060 §8.4: those who wait for approval are told of the end, too", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { access_model: "authorize" });
  await subscribe(bob, "n");
  await done(alice, "set", ownerOf("<delete node='n'/>"));
  assert.deepEqual(events(bob), ["delete n"]);
  await refused(bob, "set", ownerOf("<delete node='n'/>"), "item-not-found");
});

Deno.test("XEP-0060 §8: administrators own what is at the service, unless the configuration says otherwise", async () => {
  await using server = await world();
  const [alice, root] = await server.online("alice/x", "root/x");
  await create(alice, "n", { access_model: "whitelist" });
  await publish(alice, "n", "one");
  assert.deepEqual(await itemIds(root, "n"), ["one"]);
  await done(root, "set", ownerOf("<delete node='n'/>"));
  await using other = await world({ pubsub: { admins_own: false } });
  const [bob, king] = await other.online("bob/x", "root/x");
  await create(bob, "n", { access_model: "whitelist" });
  await refused(king, "get", pubsubOf("<items node='n'/>"), "not-allowed", "closed-node");
});
