/** XEP-0060 §5 and §6: finding nodes, subscribing, options, reading. */
import assert from "node:assert/strict";
import {
  affiliate,
  ask,
  configForm,
  create,
  DISCO_INFO,
  DISCO_ITEMS,
  done,
  entry,
  EVENT,
  events,
  form,
  itemIds,
  NS,
  ownerOf,
  publish,
  pubsubOf,
  refused,
  RSM,
  SERVICE,
  subscribe,
  world,
} from "./pubsub_world.ts";

const AUTHORIZE = `${NS}#subscribe_authorization`;
const OPTIONS = `${NS}#subscribe_options`;
const sub = (node: string, jid: string, more = "") =>
  pubsubOf(`<subscribe node='${node}' jid='${jid}'/>${more}`);
const unsub = (node: string, jid: string, more = "") =>
  pubsubOf(`<unsubscribe node='${node}' jid='${jid}' ${more}/>`);
const options = (node: string, jid: string, fields: Record<string, string | string[]>) =>
  pubsubOf(`<options node='${node}' jid='${jid}'>${form(OPTIONS, fields)}</options>`);

Deno.test("XEP-0060 §5.1: the service says what it is and can do", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  for (const to of [SERVICE, "comments.a.test"]) {
    const info = await done(alice, "get", `<query xmlns='${DISCO_INFO}'/>`, to);
    const features = info!.elements().filter(({ name }) => name === "feature").map((it) => it.attr("var")!);
    assert.equal(info!.child("identity")!.attr("category"), "pubsub");
    assert.equal(info!.child("identity")!.attr("type"), "service");
    // XEP-0503 §4, STANDARDS 2.2.
    for (
      const name of [
        "subscribe",
        "create-nodes",
        "delete-nodes",
        "config-node",
        "meta-data",
        "delete-items",
        "retract-items",
        "multi-items",
        "item-ids",
        "manage-subscriptions",
        "retrieve-items",
        "member-affiliation",
        "modify-affiliations",
        "retrieve-affiliations",
        "get-pending",
        "persistent-items",
        "publish-options",
        "rsm",
        "instant-nodes",
      ]
    ) assert.ok(features.includes(`${NS}#${name}`), name);
  }
  const items = await done(alice, "get", `<query xmlns='${DISCO_ITEMS}'/>`, "a.test");
  const jids = items!.elements().map((it) => it.attr("jid"));
  assert.ok(jids.includes(SERVICE) && jids.includes("comments.a.test"));
});

Deno.test("XEP-0060 §5.2: nodes are found by those who may, a page at a time", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "b", { title: "The second" });
  await create(alice, "a");
  await create(alice, "hidden", { access_model: "whitelist" });
  const list = async (client: typeof alice, set = "") => {
    const answer = await done(client, "get", `<query xmlns='${DISCO_ITEMS}'>${set}</query>`);
    return answer!.elements().filter(({ name }) => name === "item").map((it) =>
      `${it.attr("node")} ${it.attr("name") ?? ""}`.trim()
    );
  };
  assert.deepEqual(await list(alice), ["a", "b The second", "hidden"]);
  assert.deepEqual(await list(bob), ["a", "b The second"]);
  const page = (set: string) => list(alice, `<set xmlns='${RSM}'><max>1</max>${set}</set>`);
  assert.deepEqual(await page("<after>a</after>"), ["b The second"]);
  assert.deepEqual(await page("<before/>"), ["hidden"]);
  assert.deepEqual(await page("<before>b</before>"), ["a"]);
});

Deno.test("XEP-0060 §5.3 to §5.5: a node says what it is about, who is there, and what it has", async () => {
  await using server = await world();
  const [alice, bob, eve] = await server.online("alice/x", "bob/x", "eve/x");
  await create(alice, "n", {
    title: "News",
    description: "What is new",
    type: "urn:x",
    language: "en",
    contact: "alice@a.test",
  });
  await affiliate(alice, "n", "bob@a.test", "publisher");
  await subscribe(bob, "n");
  await publish(alice, "n", "one");
  const info = await done(eve, "get", `<query xmlns='${DISCO_INFO}' node='n'/>`);
  assert.equal(info!.child("identity")!.attr("type"), "leaf");
  const fields = info!.child("x", "jabber:x:data")!.elements();
  const value = (name: string) =>
    fields.find((it) => it.attr("var") === name)?.elements().map(({ text }) => text).join();
  assert.equal(value("FORM_TYPE"), `${NS}#meta-data`);
  assert.equal(value("pubsub#title"), "News");
  assert.equal(value("pubsub#description"), "What is new");
  assert.equal(value("pubsub#type"), "urn:x");
  assert.equal(value("pubsub#creator"), "alice@a.test");
  assert.equal(value("pubsub#owner"), "alice@a.test");
  assert.equal(value("pubsub#publisher"), "bob@a.test");
  assert.equal(value("pubsub#num_subscribers"), "1");
  assert.equal(value("pubsub#access_model"), "open");
  assert.match(value("pubsub#creation_date")!, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const items = await done(eve, "get", `<query xmlns='${DISCO_ITEMS}' node='n'/>`);
  assert.deepEqual(items!.elements().map((it) => [it.attr("name"), it.attr("node")]), [["one", undefined]]);
  await refused(eve, "get", `<query xmlns='${DISCO_INFO}' node='none'/>`, "item-not-found");
  await refused(eve, "get", `<query xmlns='${DISCO_ITEMS}' node='none'/>`, "item-not-found");
});

Deno.test("XEP-0060 §5.6, §5.7: somebody's own subscriptions and affiliations", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "a");
  await create(alice, "b", { access_model: "authorize" });
  await affiliate(alice, "a", "bob@a.test", "publisher");
  const of = async (what: string, node = "") => {
    const answer = await done(bob, "get", pubsubOf(`<${what}s ${node}/>`));
    return answer!.first()!.elements().map((it) =>
      `${it.attr("node")} ${it.attr(what)} ${it.attr("jid") ?? ""}`.trim()
    );
  };
  assert.deepEqual(await of("subscription"), []);
  await subscribe(bob, "a");
  await subscribe(bob, "a", SERVICE, "bob@a.test/x");
  await subscribe(bob, "b");
  assert.deepEqual((await of("subscription")).sort(), [
    "a subscribed bob@a.test",
    "a subscribed bob@a.test/x",
    "b pending bob@a.test",
  ]);
  assert.deepEqual(await of("subscription", "node='b'"), ["b pending bob@a.test"]);
  assert.deepEqual(await of("affiliation"), ["a publisher"]);
  assert.deepEqual(await of("affiliation", "node='b'"), []);
  await refused(bob, "get", pubsubOf("<affiliations node='z'/>"), "item-not-found");
});

Deno.test("XEP-0060 §6.1.3: why somebody may not subscribe", async () => {
  await using server = await world({ pubsub: { subscriptions: 2 } });
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await refused(bob, "set", sub("none", "bob@a.test"), "item-not-found");
  await create(alice, "open");
  await refused(bob, "set", sub("open", "alice@a.test"), "bad-request", "invalid-jid");
  await refused(bob, "set", pubsubOf("<subscribe node='open'/>"), "bad-request", "jid-required");
  await refused(bob, "set", pubsubOf("<subscribe jid='bob@a.test'/>"), "bad-request", "nodeid-required");
  for (
    const [access, condition, own] of [
      ["presence", "not-authorized", "presence-subscription-required"],
      ["roster", "not-authorized", "not-in-roster-group"],
      ["whitelist", "not-allowed", "closed-node"],
    ] as const
  ) {
    await create(alice, access, { access_model: access, roster_groups_allowed: "Friends" });
    await refused(bob, "set", sub(access, "bob@a.test"), condition, own);
    await refused(bob, "get", pubsubOf(`<items node='${access}'/>`), condition, own);
  }
  await create(alice, "silent", { subscribe: "0" });
  await refused(bob, "set", sub("silent", "bob@a.test"), "feature-not-implemented", "unsupported");
  await affiliate(alice, "open", "bob@a.test", "outcast");
  await refused(bob, "set", sub("open", "bob@a.test"), "forbidden");
  await refused(bob, "get", pubsubOf("<items node='open'/>"), "forbidden");
  await affiliate(alice, "open", "bob@a.test", "none");
  await create(alice, "more");
  await subscribe(bob, "open");
  await subscribe(bob, "more");
  await create(alice, "most");
  await refused(bob, "set", sub("most", "bob@a.test"), "policy-violation", "too-many-subscriptions");
});

Deno.test("XEP-0060 §6.1.4, §8.6: owners are asked, and the first answer counts", async () => {
  await using server = await world();
  const [alice, carol, bob, dave] = await server.online("alice/x", "carol/x", "bob/x", "dave/x");
  await create(alice, "n", { access_model: "authorize" });
  await affiliate(alice, "n", "carol@a.test", "owner");
  await publish(alice, "n", "one");
  carol.clear();
  const answer = await done(bob, "set", sub("n", "bob@a.test"));
  assert.equal(answer!.first()!.attr("subscription"), "pending");
  await refused(bob, "set", sub("n", "bob@a.test"), "not-authorized", "pending-subscription");
  await refused(bob, "get", pubsubOf("<items node='n'/>"), "not-authorized", "pending-subscription");
  await refused(dave, "get", pubsubOf("<items node='n'/>"), "not-authorized", "not-subscribed");
  const question = (client: typeof alice) =>
    client.expect(`<message from='${SERVICE}' id='*'><x xmlns='jabber:x:data' type='form'>
      <field var='FORM_TYPE' type='hidden'><value>${AUTHORIZE}</value></field>
      <field var='pubsub#node'><value>n</value></field><field var='pubsub#allow' type='boolean'/>
      <field var='pubsub#subscriber_jid'><value>bob@a.test</value></field></x></message>`);
  const asked = question(alice);
  question(carol);
  const say = (client: typeof alice, allow: string, type = "submit") =>
    client.send(
      `<message to='${SERVICE}' id='${asked.attr("id")}'>${
        form(
          AUTHORIZE,
          { "pubsub#node": "n", "pubsub#subscriber_jid": "bob@a.test", "pubsub#allow": allow },
          type,
        )
      }</message>`,
    );
  await say(alice, "1", "cancel");
  await say(dave, "1");
  dave.expect(
    `<message type='error'><error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
  );
  bob.quiet();
  await say(alice, "1");
  assert.deepEqual(events(bob), ["subscription n subscribed", "items n item one+"]);
  await say(carol, "0");
  bob.quiet();
  assert.deepEqual(await itemIds(bob, "n"), ["one"]);
  await done(dave, "set", sub("n", "dave@a.test"));
  await alice.send(
    `<message to='${SERVICE}' id='x'>${
      form(AUTHORIZE, { "pubsub#node": "n", "pubsub#subscriber_jid": "dave@a.test", "pubsub#allow": "false" })
    }</message>`,
  );
  assert.deepEqual(events(dave), ["subscription n none"]);
});

Deno.test("XEP-0060 §8.7: requests that wait are asked for by a command, and an affiliation decides on them", async () => {
  await using server = await world();
  const [alice, bob, carol] = await server.online("alice/x", "bob/x", "carol/x");
  await create(alice, "n", { access_model: "authorize" });
  await subscribe(bob, "n");
  await subscribe(carol, "n");
  alice.clear();
  const command = (inner: string, session = "") =>
    done(
      alice,
      "set",
      `<command xmlns='http://jabber.org/protocol/commands' node='${NS}#get-pending' ${session}>${inner}</command>`,
    );
  const first = await command("");
  assert.equal(first!.attr("status"), "executing");
  const choices = first!.child("x", "jabber:x:data")!.elements().find((it) =>
    it.attr("var") === "pubsub#node"
  )!;
  assert.deepEqual(
    choices.elements().filter(({ name }) => name === "option").map((it) => it.childText("value")),
    ["n"],
  );
  const second = await command(
    form(AUTHORIZE, { "pubsub#node": "n" }),
    `sessionid='${first!.attr("sessionid")}'`,
  );
  assert.equal(second!.attr("status"), "completed");
  for (const who of ["bob", "carol"]) {
    alice.expect(
      `<message><x xmlns='jabber:x:data'><field var='pubsub#subscriber_jid'><value>${who}@a.test</value></field></x></message>`,
    );
  }
  await affiliate(alice, "n", "bob@a.test", "publisher");
  await affiliate(alice, "n", "carol@a.test", "outcast");
  assert.deepEqual(events(bob), ["subscription n subscribed"]);
  assert.deepEqual(events(carol), ["subscription n none"]);
});

Deno.test("XEP-0060 §6.2: who unsubscribes, and who cannot", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await refused(bob, "set", unsub("none", "bob@a.test"), "item-not-found");
  await refused(bob, "set", unsub("n", "bob@a.test"), "unexpected-request", "not-subscribed");
  const made = await subscribe(bob, "n");
  const subid = made!.first()!.attr("subid")!;
  await refused(alice, "set", unsub("n", "bob@a.test"), "forbidden");
  await refused(bob, "set", unsub("n", "bob@a.test", "subid='wrong'"), "not-acceptable", "invalid-subid");
  const gone = await done(bob, "set", unsub("n", "bob@a.test", `subid='${subid}'`));
  assert.equal(gone!.first()!.attr("subscription"), "none");
  await publish(alice, "n", "one");
  bob.quiet();
});

Deno.test("XEP-0060 §6.3: a subscription has options", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await refused(
    bob,
    "get",
    pubsubOf("<options node='n' jid='bob@a.test'/>"),
    "unexpected-request",
    "not-subscribed",
  );
  const shown = await done(
    bob,
    "set",
    sub("n", "bob@a.test", `<options>${form(OPTIONS, { "pubsub#deliver": "0" })}</options>`),
  );
  assert.match(String(shown!.child("options")), /pubsub#deliver.*<value>0<\/value>/);
  await publish(alice, "n", "one");
  bob.quiet();
  await refused(alice, "set", options("n", "bob@a.test", { "pubsub#deliver": "1" }), "forbidden");
  await refused(
    bob,
    "set",
    options("n", "bob@a.test", { "pubsub#deliver": "perhaps" }),
    "bad-request",
    "invalid-options",
  );
  await refused(
    bob,
    "set",
    options("n", "bob@a.test", { "pubsub#show-values": ["dead"] }),
    "bad-request",
    "invalid-options",
  );
  await done(
    bob,
    "set",
    options("n", "bob@a.test", { "pubsub#deliver": "1", "pubsub#show-values": ["away", "dnd"] }),
  );
  await publish(alice, "n", "two");
  bob.quiet();
  await bob.send("<presence><show>dnd</show></presence>");
  bob.clear();
  await publish(alice, "n", "three");
  assert.deepEqual(events(bob), ["items n item three+"]);
  const answer = await done(bob, "get", pubsubOf("<options node='n' jid='bob@a.test'/>"));
  assert.match(String(answer), /type="form".*pubsub#show-values.*<value>away<\/value><value>dnd<\/value>/);
  const defaults = await done(bob, "get", pubsubOf("<default/>"));
  assert.match(String(defaults), /pubsub#deliver.*<value>1<\/value>/);
});

Deno.test("XEP-0060 §13.19: a subscription ends at its time, and not before", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  const until = new Date(server.clock.now() + 120_000).toISOString();
  await done(
    bob,
    "set",
    sub("n", "bob@a.test", `<options>${form(OPTIONS, { "pubsub#expire": until })}</options>`),
  );
  await publish(alice, "n", "one");
  assert.deepEqual(events(bob), ["items n item one+"]);
  await server.clock.advance("100 seconds");
  await publish(alice, "n", "two");
  assert.deepEqual(events(bob), ["items n item two+"]);
  await server.clock.advance("60 seconds");
  assert.deepEqual(events(bob), ["subscription n none"]);
  await publish(alice, "n", "three");
  bob.quiet();
});

Deno.test("XEP-0060 §13.5: a temporary subscription ends with the subscriber's presence", async () => {
  await using server = await world();
  const [alice, bob, pad] = await server.online("alice/x", "bob/x", "bob/pad");
  await create(alice, "n", { tempsub: "1" });
  await create(alice, "m");
  await subscribe(bob, "n");
  await done(
    bob,
    "set",
    sub("m", "bob@a.test/x", `<options>${form(OPTIONS, { "pubsub#expire": "presence" })}</options>`),
  );
  const mine = async () =>
    (await done(pad, "get", pubsubOf("<subscriptions/>")))!.first()!.elements().map((it) => it.attr("node"));
  assert.deepEqual((await mine()).sort(), ["m", "n"]);
  await bob.close();
  assert.deepEqual(await mine(), ["n"]);
  await pad.send("<presence type='unavailable'/>");
  assert.deepEqual(await mine(), []);
});

Deno.test("XEP-0060 §13.6: presence-based delivery tells those who are available", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  const [bob] = await server.clients("bob/x");
  await create(alice, "n", { presence_based_delivery: "1", notification_type: "normal" });
  await subscribe(bob, "n", SERVICE, "bob@a.test/x");
  await publish(alice, "n", "one");
  bob.quiet();
  await bob.send("<presence/>");
  bob.clear();
  await publish(alice, "n", "two");
  bob.expect(`<message id='*'><event xmlns='${EVENT}'><items><item id='two'/></items></event></message>`);
});

Deno.test("XEP-0060 §6.5, XEP-0413: items by their ids, and in both orders", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  for (const id of ["A", "B", "C", "D"]) await publish(alice, "n", id);
  await publish(alice, "n", "C", entry("again"));
  await publish(alice, "n", "A", entry("again"));
  assert.deepEqual(await itemIds(alice, "n"), ["B", "D", "C", "A"]);
  const order = (by: string, desc = "", set = "") =>
    itemIds(alice, "n", "", `<order xmlns='urn:xmpp:order-by:1' by='${by}' ${desc}/>${set}`);
  assert.deepEqual(await order("creation"), ["A", "B", "C", "D"]);
  assert.deepEqual(await order("creation", "desc='true'"), ["D", "C", "B", "A"]);
  assert.deepEqual(await order("modification", "desc='1'"), ["A", "C", "D", "B"]);
  const two = (after: string) => `<set xmlns='${RSM}'><max>2</max>${after}</set>`;
  assert.deepEqual(await order("modification", "", two("")), ["B", "D"]);
  assert.deepEqual(await order("modification", "", two("<after>D</after>")), ["C", "A"]);
  assert.deepEqual(await order("creation", "desc='true'", two("<after>C</after>")), ["B", "A"]);
  const found = await done(
    alice,
    "get",
    pubsubOf("<items node='n'><item id='A'/><item id='none'/><item id='C'/></items>"),
  );
  assert.deepEqual(found!.first()!.elements().map((it) => it.attr("id")), ["A", "C"]);
  await refused(alice, "get", pubsubOf("<items/>"), "bad-request", "nodeid-required");
  assert.equal((await ask(alice, "get", pubsubOf("<items node='n' max_items='x'/>"))).attr("type"), "error");
});

Deno.test("XEP-0060 §13.4: a receiver that is no more is told no more", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  for (const who of ["bob", "eve"]) {
    await peer.send(
      `<iq type='set' id='1' from='${who}@b.test/x' to='${SERVICE}'>${sub("n", `${who}@b.test`)}</iq>`,
    );
    peer.expect(`<iq type='result' to='${who}@b.test/x'/>`);
  }
  await publish(alice, "n", "one");
  for (const who of ["bob", "eve"]) {
    peer.expect(`<message from='${SERVICE}' to='${who}@b.test'><event xmlns='${EVENT}'/></message>`);
  }
  const error = (who: string, type: string, condition: string) =>
    peer.send(`<message type='error' from='${who}@b.test' to='${SERVICE}'><error type='${type}'>
      <${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  await error("bob", "cancel", "item-not-found");
  await error("eve", "wait", "remote-server-timeout");
  await publish(alice, "n", "two");
  peer.expect(`<message to='eve@b.test'><event xmlns='${EVENT}'/></message>`);
  peer.quiet();
});

Deno.test("XEP-0060 §8.2.5, §6.1: who may not see the node any more is unsubscribed", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await subscribe(bob, "n");
  await done(
    alice,
    "set",
    ownerOf(`<configure node='n'>${configForm({ access_model: "presence" })}</configure>`),
  );
  assert.deepEqual(events(bob), ["subscription n none"]);
});
