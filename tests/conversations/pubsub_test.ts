/** XEP-0060: nodes and items at a service. */
import assert from "node:assert/strict";
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
  RSM,
  SERVICE,
  subscribe,
  world,
} from "./pubsub_world.ts";

Deno.test("XEP-0060 §8.1.2, §7.1, §6.5: a node is made, published to and read", async () => {
  await using server = await world();
  const [hamlet, francisco] = await server.online("hamlet/elsinore", "francisco/barracks");
  assert.equal(await create(hamlet, "princely_musings"), undefined);
  await refused(hamlet, "set", pubsubOf("<create node='princely_musings'/>"), "conflict");
  const published = await publish(hamlet, "princely_musings", "one", entry("Soliloquy"));
  assert.equal(published!.child("publish")!.child("item")!.attr("id"), "one");
  const made = await publish(hamlet, "princely_musings");
  assert.match(made!.child("publish")!.child("item")!.attr("id")!, /^.{8,}$/);
  const answer = await done(
    francisco,
    "get",
    pubsubOf("<items node='princely_musings'><item id='one'/></items>"),
  );
  assert.equal(
    answer!.child("items")!.child("item")!.toString(),
    `<item xmlns="${NS}" id="one" publisher="hamlet@a.test">` +
      `<entry xmlns="http://www.w3.org/2005/Atom"><title>Soliloquy</title></entry></item>`,
  );
  assert.equal((await itemIds(francisco, "princely_musings")).length, 2);
});

Deno.test("XEP-0060 §7.1.2.1: every subscriber is told once, with the payload", async () => {
  await using server = await world();
  const [hamlet, francisco, bernardo] = await server.online("hamlet/x", "francisco/y", "bernardo/z");
  await create(hamlet, "news");
  await subscribe(francisco, "news");
  await subscribe(bernardo, "news", SERVICE, "bernardo@a.test/z");
  await publish(hamlet, "news", "one", entry("Hello"));
  for (const [client, to] of [[francisco, "francisco@a.test"], [bernardo, "bernardo@a.test/z"]] as const) {
    client.expect(`<message from='${SERVICE}' to='${to}' type='headline' id='*'><event xmlns='${EVENT}'>
      <items node='news'><item id='one' publisher='hamlet@a.test'>${
      entry("Hello")
    }</item></items></event></message>`);
    client.quiet();
  }
});

Deno.test("AC-2.1-1: a node is configured by a form, and gives back all that was set", async () => {
  await using server = await world();
  const [hamlet] = await server.online("hamlet/elsinore");
  const fields = {
    title: "Princely Musings",
    description: "What he thinks",
    type: "urn:example:thought",
    language: "en",
    contact: ["bard@a.test", "hamlet@a.test"],
    access_model: "roster",
    roster_groups_allowed: ["Friends", "Courtiers"],
    publish_model: "subscribers",
    subscribe: "0",
    tempsub: "1",
    persist_items: "0",
    max_items: "10",
    item_expire: "604800",
    publish_node_full: "reject",
    purge_offline: "1",
    max_payload_size: "1028",
    deliver_notifications: "0",
    deliver_payloads: "0",
    presence_based_delivery: "1",
    notification_type: "normal",
    notify_config: "1",
    notify_delete: "0",
    notify_retract: "0",
    notify_sub: "1",
    send_last_published_item: "never",
    itemreply: "none",
    body_xslt: "http://a.test/body.xslt",
    dataform_xslt: "http://a.test/form.xslt",
  };
  await create(hamlet, "n", fields);
  const read = async () => {
    const answer = await done(hamlet, "get", ownerOf("<configure node='n'/>"));
    const x = answer!.child("configure")!.child("x", "jabber:x:data")!;
    assert.equal(x.attr("type"), "form");
    return Object.fromEntries(
      x.elements().filter((field) => field.attr("type") !== "hidden").map((field) => {
        const values = field.elements().filter(({ name }) => name === "value").map(({ text }) => text);
        return [field.attr("var")!.slice(7), values];
      }),
    );
  };
  const expected = Object.fromEntries(
    Object.entries(fields).map(([k, v]) => [k, typeof v === "string" ? [v] : v]),
  );
  const { node_type, ...rest } = await read();
  assert.deepEqual(node_type, ["leaf"]);
  assert.deepEqual(rest, expected);
  await done(
    hamlet,
    "set",
    ownerOf(`<configure node='n'>${configForm({ title: "Other", max_items: "max" })}</configure>`),
  );
  const { node_type: _, ...changed } = await read();
  assert.deepEqual(changed, { ...expected, title: ["Other"], max_items: ["max"] });
});

Deno.test("AC-2.1-2, BUG-20: two subscribers are told once each that the node is purged, and deleted", async () => {
  await using server = await world();
  const [hamlet, francisco, bernardo] = await server.online("hamlet/x", "francisco/y", "bernardo/z");
  await create(hamlet, "news");
  await subscribe(francisco, "news");
  await subscribe(bernardo, "news");
  for (const id of ["a", "b", "c"]) await publish(hamlet, "news", id);
  events(francisco), events(bernardo);
  await done(hamlet, "set", ownerOf("<purge node='news'/>"));
  for (const client of [francisco, bernardo]) assert.deepEqual(events(client), ["purge news"]);
  assert.deepEqual(await itemIds(francisco, "news"), []);
  await done(hamlet, "set", ownerOf("<delete node='news'><redirect uri='xmpp:a.test?;node=blog'/></delete>"));
  for (const client of [francisco, bernardo]) {
    client.expect(
      `<message><event xmlns='${EVENT}'><delete node='news'><redirect uri='xmpp:a.test?;node=blog'/></delete></event></message>`,
    );
    client.quiet();
  }
  await refused(francisco, "get", pubsubOf("<items node='news'/>"), "gone");
  await create(hamlet, "news");
  assert.deepEqual(await itemIds(francisco, "news"), []);
});

Deno.test("AC-2.1-3, BUG-21: who subscribes is sent the last item with its payload, once, as the node has it", async () => {
  await using server = await world();
  const [hamlet, francisco, bernardo] = await server.online("hamlet/x", "francisco/y", "bernardo/z");
  await create(hamlet, "news", { send_last_published_item: "on_sub" });
  for (const id of ["a", "b", "c"]) await publish(hamlet, "news", id, entry(id));
  await subscribe(francisco, "news");
  francisco.expect(`<message from='${SERVICE}'><event xmlns='${EVENT}'><items node='news'>
    <item id='c'>${entry("c")}</item></items></event><delay xmlns='urn:xmpp:delay' stamp='*'/></message>`);
  francisco.quiet();
  await subscribe(francisco, "news");
  francisco.quiet();
  await done(
    hamlet,
    "set",
    ownerOf(`<configure node='news'>${configForm({ send_last_published_item: "never" })}</configure>`),
  );
  await subscribe(bernardo, "news");
  bernardo.quiet();
});

Deno.test("AC-2.1-6, BUG-54: what is not there is not found, and pages are walked both ways without repetition or gap", async () => {
  await using server = await world();
  const [hamlet] = await server.online("hamlet/x");
  await refused(hamlet, "get", pubsubOf("<items node='news'/>"), "item-not-found");
  await create(hamlet, "news");
  const all = ["a", "b", "c", "d", "e"];
  for (const id of all) await publish(hamlet, "news", id);
  await refused(hamlet, "get", pubsubOf("<items node='news'><item id='z'/></items>"), "item-not-found");
  const page = async (set: string) => {
    const answer =
      (await done(hamlet, "get", pubsubOf(`<items node='news'/><set xmlns='${RSM}'>${set}</set>`)))!;
    const report = answer.child("set", RSM)!;
    const ids = answer.child("items")!.elements().map((item) => item.attr("id"));
    assert.equal(report.childText("count"), "5");
    assert.equal(report.childText("first"), ids[0]);
    assert.equal(report.childText("last"), ids.at(-1));
    if (ids.length > 0) assert.equal(report.child("first")!.attr("index"), String(all.indexOf(ids[0]!)));
    return ids.join("");
  };
  assert.equal(await page("<max>2</max>"), "ab");
  assert.equal(await page("<max>2</max><after>b</after>"), "cd");
  assert.equal(await page("<max>2</max><after>d</after>"), "e");
  assert.equal(await page("<max>2</max><after>e</after>"), "");
  assert.equal(await page("<max>2</max><before/>"), "de");
  assert.equal(await page("<max>2</max><before>d</before>"), "bc");
  assert.equal(await page("<max>2</max><before>b</before>"), "a");
  assert.equal(await page("<max>2</max><index>3</index>"), "de");
  assert.equal(await page("<max>0</max>"), "");
  await refused(
    hamlet,
    "get",
    pubsubOf(`<items node='news'/><set xmlns='${RSM}'><after>z</after></set>`),
    "item-not-found",
  );
  assert.deepEqual(await itemIds(hamlet, "news", "max_items='2'"), ["d", "e"]);
  assert.deepEqual(
    await itemIds(hamlet, "news", "max_items='2'", `<set xmlns='${RSM}'><max>10</max></set>`),
    ["d", "e"],
  );
  const answer = await ask(hamlet, "get", pubsubOf("<items node='news' max_items='2'/>"));
  assert.equal(answer.first()!.child("set", RSM)!.childText("count"), "5");
});

Deno.test("AC-2.1-5, BUG-22: items belong to those who published them", async () => {
  await using server = await world();
  const [hamlet, a, b, c] = await server.online("hamlet/x", "a/x", "b/x", "c/x");
  await create(hamlet, "news");
  await affiliate(hamlet, "news", "a@a.test", "publisher");
  await affiliate(hamlet, "news", "b@a.test", "publisher");
  await publish(a, "news", "of_a");
  await publish(b, "news", "of_b");
  const gone = (id: string, node = "news") =>
    pubsubOf(`<retract node='${node}'><item id='${id}'/></retract>`);
  await refused(a, "set", gone("of_b"), "forbidden");
  await refused(a, "set", publishing("news", "of_b"), "forbidden");
  await done(a, "set", gone("of_a"));
  await refused(a, "set", gone("of_a"), "item-not-found");
  await create(hamlet, "open", { publish_model: "open" });
  await publish(a, "open", "of_a");
  await refused(c, "set", gone("of_a", "open"), "forbidden");
  await refused(c, "set", publishing("open", "of_a"), "forbidden");
  await done(hamlet, "set", gone("of_a", "open"));
  await publish(c, "open", "of_c");
  await done(c, "set", gone("of_c", "open"));
});
