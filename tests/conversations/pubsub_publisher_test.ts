/** XEP-0060 §7: publishing and retracting. */
import assert from "node:assert/strict";
import { definePlugin, none, StanzaError } from "#plugin";
import { publishing as publishingPoint } from "../../plugins/pubsub/api.ts";
import {
  affiliate,
  ask,
  configForm,
  create,
  done,
  entry,
  EVENT,
  events,
  itemIds,
  NS,
  ownerOf,
  publish,
  publishing,
  pubsubOf,
  refused,
  SERVICE,
  subscribe,
  world,
} from "./pubsub_world.ts";

const configure = (node: string, fields: Record<string, string>) =>
  ownerOf(`<configure node='${node}'>${configForm(fields)}</configure>`);
const retract = (node: string, id: string, attrs = "") =>
  pubsubOf(`<retract node='${node}' ${attrs}><item id='${id}'/></retract>`);

Deno.test("XEP-0060 §7.1.3: why something is not published", async () => {
  await using server = await world({ pubsub: { payload: "1 KiB" } });
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await refused(bob, "set", publishing("n", "one"), "forbidden");
  await refused(
    alice,
    "set",
    pubsubOf(`<publish><item id='x'>${entry("x")}</item></publish>`),
    "bad-request",
    "nodeid-required",
  );
  await refused(alice, "set", pubsubOf("<publish node='n'/>"), "bad-request", "item-required");
  await refused(
    alice,
    "set",
    pubsubOf("<publish node='n'><item id='x'/></publish>"),
    "bad-request",
    "payload-required",
  );
  await refused(
    alice,
    "set",
    publishing("n", "x", entry("a") + entry("b")),
    "bad-request",
    "invalid-payload",
  );
  await refused(alice, "set", publishing("n", "x", "<e xmlns=''/>"), "bad-request", "invalid-payload");
  await refused(
    alice,
    "set",
    publishing("n", "x", entry("a".repeat(1100))),
    "not-acceptable",
    "payload-too-big",
  );
  await done(alice, "set", configure("n", { max_payload_size: "100" }));
  await refused(
    alice,
    "set",
    publishing("n", "x", entry("a".repeat(200))),
    "not-acceptable",
    "payload-too-big",
  );
  await refused(alice, "set", publishing("n", "i".repeat(2000)), "bad-request");
  const two = `<publish node='n'><item>${entry("a")}</item><item>${entry("b")}</item></publish>`;
  await refused(alice, "set", pubsubOf(two), "bad-request");
  assert.deepEqual(await itemIds(alice, "n"), []);
});

Deno.test("XEP-0060 §4.3, §7.1.2.2: with payloads or without, kept or not", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { deliver_payloads: "0" });
  await subscribe(bob, "n");
  await publish(alice, "n", "one");
  assert.deepEqual(events(bob), ["items n item one"]);
  assert.match(String(await done(bob, "get", pubsubOf("<items node='n'/>"))), /<title>x<\/title>/);
  await done(alice, "set", pubsubOf("<publish node='n'><item id='two'/></publish>"));
  assert.deepEqual(events(bob), ["items n item two"]);

  await create(alice, "t", { deliver_payloads: "0", persist_items: "0" });
  await subscribe(bob, "t");
  await refused(alice, "set", publishing("t", "x"), "bad-request", "item-forbidden");
  await done(alice, "set", pubsubOf("<publish node='t'/>"));
  bob.expect(`<message><event xmlns='${EVENT}'><items node='t'/></event></message>`);
  bob.quiet();

  await create(alice, "p", { persist_items: "0", send_last_published_item: "on_sub" });
  await refused(alice, "set", pubsubOf("<publish node='p'/>"), "bad-request", "payload-required");
  await publish(alice, "p", "one");
  // §6.5.5, §13.10: the last one is remembered all the same.
  await subscribe(bob, "p");
  assert.deepEqual(events(bob), ["items p item one+"]);
  assert.deepEqual(await itemIds(bob, "p"), ["one"]);
  await refused(alice, "set", retract("p", "one"), "feature-not-implemented", "unsupported");
  await refused(alice, "set", ownerOf("<purge node='p'/>"), "feature-not-implemented", "unsupported");
});

Deno.test("XEP-0060 §7.1.2: an id that is published again takes the place of the old item, and everybody is told", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await subscribe(bob, "n");
  await publish(alice, "n", "one", entry("first"));
  await publish(alice, "n", "two");
  await publish(alice, "n", "one", entry("second"));
  assert.deepEqual(events(bob), ["items n item one+", "items n item two+", "items n item one+"]);
  assert.deepEqual(await itemIds(bob, "n"), ["two", "one"]);
  assert.match(
    String(await done(bob, "get", pubsubOf("<items node='n'><item id='one'/></items>"))),
    /second/,
  );
});

Deno.test("XEP-0060 §7.1.2.3, §13.17: the publisher is named by the service, where the node is so", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { publish_model: "open", itemreply: "publisher" });
  await subscribe(alice, "n");
  await done(
    bob,
    "set",
    pubsubOf(`<publish node='n'><item id='one' publisher='pope@a.test'>${entry("x")}</item></publish>`),
  );
  alice.expect(
    `<message><event xmlns='${EVENT}'><items><item id='one' publisher='bob@a.test'/></items></event></message>`,
  );
  const read = async () =>
    (await done(alice, "get", pubsubOf("<items node='n'/>")))!.first()!.first()!.attr("publisher");
  assert.equal(await read(), "bob@a.test");
  await done(alice, "set", configure("n", { itemreply: "owner" }));
  assert.equal(await read(), undefined);
});

Deno.test("XEP-0060 §7.1.2.5, §7.1.3.4: a full node retracts, discards or refuses", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { max_items: "2" });
  await subscribe(bob, "n");
  for (const id of ["a", "b", "c"]) await publish(alice, "n", id);
  assert.deepEqual(events(bob), [
    "items n item a+",
    "items n item b+",
    "items n retract a",
    "items n item c+",
  ]);
  await done(alice, "set", configure("n", { publish_node_full: "discard-oldest" }));
  await publish(alice, "n", "d");
  assert.deepEqual(events(bob), ["items n item d+"]);
  await done(alice, "set", configure("n", { publish_node_full: "reject" }));
  await refused(alice, "set", publishing("n", "e"), "conflict", "node-full");
  await publish(alice, "n", "d");
  assert.deepEqual(await itemIds(alice, "n"), ["c", "d"]);
  await done(alice, "set", configure("n", { max_items: "1", publish_node_full: "retract-oldest" }));
  assert.deepEqual(await itemIds(alice, "n"), ["d"]);
});

Deno.test("XEP-0060 §7.1.4, §7.1.5, AC-2.17-2, BUG-42: options make the node, and are preconditions on it afterwards", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  const wanted = {
    max_items: "max",
    persist_items: "1",
    access_model: "open",
    notify_retract: "1",
    itemreply: "publisher",
    send_last_published_item: "never",
  };
  for (const to of [SERVICE, ""]) {
    await done(alice, "set", publishing("n", "one", entry("x"), wanted), to);
    const config = String(await done(alice, "get", ownerOf("<configure node='n'/>"), to));
    for (const [name, value] of Object.entries(wanted)) {
      assert.match(config, new RegExp(`pubsub#${name}"[^]*?<value>${value}</value>`), name);
    }
    await done(alice, "set", publishing("n", "two", entry("x"), wanted), to);
    await done(alice, "set", publishing("n", "three", entry("x"), { persist_items: "true" }), to);
    const differing = { ...wanted, access_model: "whitelist", max_items: "10" };
    const error = await refused(
      alice,
      "set",
      publishing("n", "four", entry("x"), differing),
      "conflict",
      "precondition-not-met",
      to,
    );
    assert.match(
      error.childText("text", "urn:ietf:params:xml:ns:xmpp-stanzas")!,
      /: pubsub#max_items, pubsub#access_model$/,
    );
    await refused(
      alice,
      "set",
      publishing("n", "four", entry("x"), { nonsense: "1" }),
      "bad-request",
      "invalid-options",
      to,
    );
    await refused(
      alice,
      "set",
      publishing("other", "four", entry("x"), { nonsense: "1" }),
      "bad-request",
      "invalid-options",
      to,
    );
    await refused(alice, "get", pubsubOf("<items node='other'/>"), "item-not-found", undefined, to);
    // Movim's way on: read the configuration, change it, publish again.
    await done(alice, "set", configure("n", { access_model: "whitelist", max_items: "10" }), to);
    await done(alice, "set", publishing("n", "four", entry("x"), differing), to);
    assert.deepEqual(await itemIds(alice, "n", "", "", to), ["one", "two", "three", "four"]);
  }
});

Deno.test("XEP-0060 §7.1.4: a node that is not there is made for those who may make nodes", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [alice] = await server.online("alice/x");
  await publish(alice, "new", "one");
  assert.deepEqual(await itemIds(alice, "new"), ["one"]);
  const made = publishing("another", "one");
  await peer.send(`<iq type='set' id='1' from='eve@b.test/x' to='${SERVICE}'>${made}</iq>`);
  peer.expect(
    `<iq type='error' id='1'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
  await using strict = await world({ pubsub: { autocreate: false } });
  const [bob] = await strict.online("bob/x");
  await refused(bob, "set", publishing("new", "one"), "item-not-found");
});

Deno.test("XEP-0060 §7.2: who asks for it is told of what is retracted, and why it cannot be", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { notify_retract: "0" });
  await subscribe(bob, "n");
  for (const id of ["a", "b", "c"]) await publish(alice, "n", id);
  events(bob);
  await done(alice, "set", retract("n", "a"));
  bob.quiet();
  await done(alice, "set", retract("n", "b", "notify='true'"));
  assert.deepEqual(events(bob), ["items n retract b"]);
  await done(alice, "set", configure("n", { notify_retract: "1" }));
  await done(alice, "set", retract("n", "c"));
  assert.deepEqual(events(bob), ["items n retract c"]);
  await refused(alice, "set", retract("none", "a"), "item-not-found");
  await refused(alice, "set", retract("n", "a"), "item-not-found");
  await refused(
    alice,
    "set",
    pubsubOf("<retract><item id='a'/></retract>"),
    "bad-request",
    "nodeid-required",
  );
  await refused(alice, "set", pubsubOf("<retract node='n'/>"), "bad-request", "item-required");
  await refused(
    alice,
    "set",
    pubsubOf("<retract node='n'><item/></retract>"),
    "bad-request",
    "item-required",
  );
  await refused(bob, "set", retract("n", "a"), "item-not-found");
});

Deno.test("XEP-0060 §17.4.4, item_expire: items go after their time, and nobody reads them then", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "stories", { item_expire: "60" });
  await subscribe(bob, "stories");
  await publish(alice, "stories", "a");
  await server.clock.advance("40 seconds");
  await publish(alice, "stories", "b");
  events(bob);
  await server.clock.advance("19 seconds");
  assert.deepEqual(await itemIds(bob, "stories"), ["a", "b"]);
  await server.clock.advance("1 second");
  assert.deepEqual(await itemIds(bob, "stories"), ["b"]);
  assert.deepEqual(events(bob), ["items stories retract a"]);
  await server.clock.advance("100 seconds");
  // Nobody has read them: the engine looks by itself.
  assert.deepEqual(events(bob), ["items stories retract b"]);
  await publish(alice, "stories", "c");
  await done(alice, "set", configure("stories", { item_expire: "max" }));
  await server.clock.advance("70 seconds");
  assert.deepEqual(await itemIds(alice, "stories"), ["c"]);
});

Deno.test("XEP-0060 §17.4.4, purge_offline: what somebody has published goes with them", async () => {
  await using server = await world();
  const [alice, bob, pad] = await server.online("alice/x", "bob/x", "bob/pad");
  await create(alice, "n", { purge_offline: "1", publish_model: "open" });
  await subscribe(alice, "n");
  await publish(bob, "n", "of_bob");
  await publish(alice, "n", "of_alice");
  events(alice);
  await bob.close();
  assert.deepEqual(await itemIds(alice, "n"), ["of_bob", "of_alice"]);
  await pad.close();
  assert.deepEqual(events(alice), ["items n retract of_bob"]);
  assert.deepEqual(await itemIds(alice, "n"), ["of_alice"]);
});

Deno.test("XEP-0060: a plugin refuses what it does not like to be published", async () => {
  const censor = definePlugin({
    name: "censor",
    doc: "Refuses shouting.",
    config: none,
    hosts: ["user", "component"],
    setup(host) {
      host.at(publishingPoint).guard(
        {},
        ({ payload }) =>
          /[A-Z]{5}/.test(String(payload))
            ? new StanzaError("policy-violation", "please do not shout")
            : undefined,
      );
    },
  });
  await using server = await world({ plugins: [censor] });
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  await refused(alice, "set", publishing("n", "a", entry("HELLO")), "policy-violation");
  await publish(alice, "n", "a", entry("hello"));
  await refused(alice, "set", publishing("mine", "a", entry("HELLO")), "policy-violation", undefined, "");
});

Deno.test("XEP-0060 §12: what nobody has heard of is said to be unsupported", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  await refused(alice, "set", pubsubOf("<frobnicate node='n'/>"), "feature-not-implemented", "unsupported");
  await refused(alice, "set", pubsubOf(""), "bad-request");
  await refused(
    alice,
    "set",
    pubsubOf(`<create node='n'/><configure>${configForm({ node_type: "collection" })}</configure>`),
    "feature-not-implemented",
    "unsupported",
  );
  await refused(
    alice,
    "set",
    pubsubOf(`<create node='n'/><configure>${configForm({ access_model: "secret" })}</configure>`),
    "not-acceptable",
    "unsupported-access-model",
  );
  await refused(
    alice,
    "set",
    pubsubOf(`<create node='n'/><configure>${configForm({ max_items: "many" })}</configure>`),
    "not-acceptable",
  );
  await refused(alice, "set", pubsubOf(`<create node='n'/><configure node='n'/>`), "bad-request");
  assert.equal((await ask(alice, "get", pubsubOf("<items node='n'/>"))).attr("type"), "error");
  const made = await done(alice, "set", pubsubOf("<create/>"));
  assert.match(made!.child("create")!.attr("node")!, /^.{8,}$/);
  const defaults = await done(alice, "get", ownerOf("<default/>"));
  assert.match(String(defaults), new RegExp(`${NS}#node_config.*pubsub#access_model.*<value>open</value>`));
  await affiliate(alice, made!.child("create")!.attr("node")!, "x@a.test", "member");
});
