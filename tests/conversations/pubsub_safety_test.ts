/** XEP-0060: bounds, failures, and what happens without anybody doing anything. */
import assert from "node:assert/strict";
import { definePlugin, el, encodeHex, encodeUtf8, hashed, none, StorageError } from "#plugin";
import { gateGuard } from "../../plugins/gate/gate_guard.ts";
import { itemPublished, personalServices } from "../../plugins/pubsub/api.ts";
import {
  ask,
  befriend,
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
  SERVICE,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

const configure = (node: string, fields: Record<string, string>) =>
  ownerOf(`<configure node='${node}'>${configForm(fields)}</configure>`);

Deno.test("XEP-0060: what could not be made safe is not told", async () => {
  await using server = await world();
  server.allowErrors();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n");
  await subscribe(bob, "n");
  await publish(alice, "n", "one");
  events(bob);
  const { storage } = server.server;
  const flush = storage.flush.bind(storage);
  const failed = () => Promise.reject(new StorageError("full", "the disk is full"));
  // Only those who wait for what they wrote are refused; the rig itself goes on.
  storage.flush = (since) => since === undefined ? flush() : failed();
  await alice.send(`<iq type='set' id='f' to='${SERVICE}'>${publishing("n", "two")}</iq>`);
  alice.expect("<iq type='error' id='f'><error type='wait'/></iq>");
  storage.flush = flush;
  bob.quiet();
  await publish(alice, "n", "three");
  assert.deepEqual(events(bob), ["items n item three+"]);
});

Deno.test("XEP-0060: an account keeps so much and no more; what is deleted makes room", async () => {
  await using server = await world({ pep: { storage: "2 KiB" } });
  const [juliet] = await server.online("juliet/chamber");
  const big = entry("x".repeat(800));
  const options = { max_items: "max" };
  await done(juliet, "set", publishing("urn:x", "a", big, options), "");
  await done(juliet, "set", publishing("urn:y", "b", big, options), "");
  await refused(juliet, "set", publishing("urn:z", "c", big), "resource-constraint", undefined, "");
  await refused(juliet, "get", pubsubOf("<items node='urn:z'/>"), "item-not-found", undefined, "");
  await done(juliet, "set", publishing("urn:x", "a", big, options), "");
  await done(juliet, "set", pubsubOf("<retract node='urn:x'><item id='a'/></retract>"), "");
  await done(juliet, "set", publishing("urn:y", "c", big, options), "");
  await refused(juliet, "set", publishing("urn:y", "d", big), "resource-constraint", undefined, "");
  await done(juliet, "set", ownerOf("<purge node='urn:y'/>"), "");
  await done(juliet, "set", publishing("urn:y", "d", big), "");
});

Deno.test("XEP-0060 §4.3, on_sub_and_presence: a subscriber who comes online is sent the last item", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  const [bob] = await server.clients("bob/x");
  await create(alice, "n", { send_last_published_item: "on_sub_and_presence" });
  await create(alice, "m", { send_last_published_item: "on_sub" });
  await done(alice, "set", publishing("urn:x", "p", entry("p"), { access_model: "open" }), "");
  for (const node of ["n", "m"]) await publish(alice, node, "one");
  for (const node of ["n", "m"]) await subscribe(bob, node);
  await subscribe(bob, "urn:x", "alice@a.test");
  bob.clear();
  await bob.send("<presence/>");
  assert.deepEqual(events(bob).sort(), ["items n item one+", "items urn:x item p+"]);
  await bob.send("<presence><show>away</show></presence>");
  assert.deepEqual(events(bob), []);
});

Deno.test("XEP-0163 §4.3.2: who subscribes and asks for it by capabilities, too, is told once", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await befriend(juliet, romeo);
  await wants(romeo, ["urn:x"]);
  await done(juliet, "set", publishing("urn:x", "a", entry("a"), { access_model: "open" }), "");
  await subscribe(romeo, "urn:x", "juliet@a.test");
  romeo.clear();
  await publish(juliet, "urn:x", "b", entry("b"), "");
  romeo.expect("<message to='romeo@a.test/orchard'/>");
  romeo.quiet();
  await romeo.send("<presence type='unavailable'/>");
  romeo.clear();
  await wants(romeo, ["urn:x"]);
  assert.deepEqual(events(romeo), ["items urn:x item b+"]);
});

Deno.test("XEP-0060 §8.2: a node that opens lets in those who wait", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { access_model: "authorize" });
  await publish(alice, "n", "one");
  await subscribe(bob, "n");
  await done(alice, "set", configure("n", { access_model: "open" }));
  assert.deepEqual(events(bob).slice(0, 2), ["subscription n subscribed", "items n item one+"]);
  await publish(alice, "n", "two");
  assert.deepEqual(events(bob), ["items n item two+"]);
});

Deno.test("XEP-0060 §7.1.2.5: a node that is made smaller lets go of the oldest, however many", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  const publisher = server.host.fittings.service(personalServices)!.of("alice");
  publisher.create("n", { config: { max_items: "max" } });
  for (let i = 0; i < 1700; i++) publisher.publish("n", { id: `i${i}`, payload: el("x", "urn:x") });
  await done(alice, "set", configure("n", { max_items: "3" }), "");
  for (let n = 0; n < 50; n++) await server.settle();
  assert.deepEqual(await itemIds(alice, "n", "", "", ""), ["i1697", "i1698", "i1699"]);
});

Deno.test("XEP-0059: lists of subscriptions and affiliations are read by pages", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  const names = Array.from({ length: 9 }, (_, i) => `u${i}@b.test`);
  const entries = (name: string, value: string) =>
    names.map((jid) => `<${name} jid='${jid}' ${name}='${value}'/>`).join("");
  server.remote("b.test");
  await done(
    alice,
    "set",
    ownerOf(`<subscriptions node='n'>${entries("subscription", "subscribed")}</subscriptions>`),
  );
  await done(
    alice,
    "set",
    ownerOf(`<affiliations node='n'>${entries("affiliation", "member")}</affiliations>`),
  );
  for (const [what, count] of [["subscriptions", 9], ["affiliations", 10]] as const) {
    const seen: string[] = [];
    for (let after = "";;) {
      const set = `<set xmlns='${RSM}'><max>4</max>${after === "" ? "" : `<after>${after}</after>`}</set>`;
      const answer = await done(alice, "get", ownerOf(`<${what} node='n'/>${set}`));
      const page = answer!.child(what)!.elements().map((it) => it.attr("jid")!);
      assert.equal(answer!.child("set", RSM)!.childText("count"), String(count));
      if (page.length === 0) break;
      seen.push(...page);
      after = page.at(-1)!;
    }
    assert.equal(new Set(seen).size, count);
    assert.equal(seen.length, count);
  }
});

Deno.test("XEP-0060: a plugin learns of what is published, and what it publishes then comes after it", async () => {
  const echo = definePlugin({
    name: "echo",
    doc: "Counts what is published.",
    config: none,
    wants: [personalServices],
    setup(host) {
      host.on(itemPublished, ({ service, node, item, by }): undefined => {
        if (by === undefined || node.name !== "urn:x" || item === undefined) return;
        const count = (service.node("urn:count")?.count ?? 0) + 1;
        service.publish("urn:count", { id: String(count), payload: el("count", "urn:count") }, {
          initial: { max_items: "max" },
        });
      });
    },
  });
  await using server = await world({ plugins: [echo] });
  const [juliet] = await server.online("juliet/chamber");
  await wants(juliet, ["urn:x", "urn:count"]);
  events(juliet);
  await publish(juliet, "urn:x", "a", entry("a"), "");
  await publish(juliet, "urn:x", "b", entry("b"), "");
  assert.deepEqual(events(juliet), [
    "items urn:x item a+",
    "items urn:count item 1+",
    "items urn:x item b+",
    "items urn:count item 2+",
  ]);
});

Deno.test("XEP-0060: requests that make no sense are answered, and do no harm", async () => {
  await using server = await world();
  const [alice] = await server.online("alice/x");
  await create(alice, "n");
  const nasty = [
    "&apos;; DROP TABLE",
    "<![CDATA[ ]]>",
    "\u{1F300}",
    "__proto__",
    "constructor",
    "a".repeat(1024),
  ];
  for (const id of nasty) {
    const attr = id.startsWith("<") ? "cdata" : id;
    await publish(alice, "n", attr);
    assert.ok((await itemIds(alice, "n")).length > 0);
    await create(alice, attr === "n" ? "m" : `node ${attr}`.slice(0, 1024));
  }
  for (
    const inner of ["<__proto__/>", "<constructor/>", "<toString node='n'/>", "<items node='__proto__'/>"]
  ) {
    for (const type of ["get", "set"] as const) {
      assert.equal((await ask(alice, type, pubsubOf(inner))).attr("type"), "error");
      assert.equal((await ask(alice, type, ownerOf(inner))).attr("type"), "error");
    }
  }
});

Deno.test("AC-2.6-6: services of accounts that nobody uses leave the memory; the figures say so", async () => {
  await using server = await world({ pep: { idle: "1 minute" } });
  const [juliet] = await server.online("juliet/chamber");
  await publish(juliet, "urn:x", "a", entry("a"), "");
  const inMemory = () => {
    const found = /metronome_pubsub_services\{host="a.test",kind="account"\} (\d+)/.exec(
      server.server.metrics.text(),
    );
    return Number(found?.[1]);
  };
  await server.clock.advance("30 seconds");
  assert.equal(inMemory(), 1);
  await server.clock.advance("90 seconds");
  assert.equal(inMemory(), 0);
  const [again] = await server.online("juliet/balcony");
  assert.deepEqual(await itemIds(again, "urn:x", "", "", ""), ["a"]);
});

Deno.test("XEP-0060: a block list at one's own service is followed (RTBL)", async () => {
  await using server = await world({
    plugins: [gateGuard],
    config: { gate_guard: { lists: [{ service: SERVICE, node: "muc_bans_sha256" }] } },
  });
  const peer = server.remote("b.test");
  const [root, alice] = await server.online("root/x", "alice/x");
  await create(root, "muc_bans_sha256");
  await server.clock.advance("2 hours");
  const [later] = await server.online("root/y");
  const spammer = encodeHex(hashed("SHA-256", encodeUtf8("spammer@b.test")));
  await publish(later, "muc_bans_sha256", spammer, "<report xmlns='urn:xmpp:reporting:1'/>");
  const [reader] = await server.online("alice/y");
  reader.clear();
  await peer.send(
    "<message from='spammer@b.test/x' to='alice@a.test' type='chat'><body>Buy!</body></message>",
  );
  reader.quiet();
  await peer.send(
    "<message from='friend@b.test/x' to='alice@a.test' type='chat'><body>Hello</body></message>",
  );
  reader.expect("<message from='friend@b.test/x'><body>Hello</body></message>");
  alice.clear();
});

Deno.test("XEP-0060 §13.5: a subscriber of another server who says goodbye is a temporary subscriber no more", async () => {
  await using server = await world();
  const peer = server.remote("b.test");
  const [alice] = await server.online("alice/x");
  await create(alice, "n", { tempsub: "1" });
  await create(alice, "m");
  for (const node of ["n", "m"]) {
    const payload = pubsubOf(`<subscribe node='${node}' jid='bob@b.test/x'/>`);
    await peer.send(`<iq type='set' id='1' from='bob@b.test/x' to='${SERVICE}'>${payload}</iq>`);
  }
  peer.inbox.length = 0;
  await peer.send(`<presence type='unavailable' from='bob@b.test/x' to='${SERVICE}'/>`);
  peer.expect(
    "<message to='bob@b.test/x'><event xmlns='http://jabber.org/protocol/pubsub#event'><subscription node='n' subscription='none'/></event></message>",
  );
  await publish(alice, "n", "one");
  peer.quiet();
  await publish(alice, "m", "one");
  peer.expect("<message to='bob@b.test/x'/>");
});

Deno.test("XEP-0060 §7.1.2.2: the last item, too, is told without its payload where the node is so", async () => {
  await using server = await world();
  const [alice, bob] = await server.online("alice/x", "bob/x");
  await create(alice, "n", { deliver_payloads: "0" });
  await publish(alice, "n", "one");
  await subscribe(bob, "n");
  assert.deepEqual(events(bob), ["items n item one"]);
});
