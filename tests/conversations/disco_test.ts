import assert from "node:assert/strict";
import { definePlugin, type Element, none, StanzaError } from "#plugin";
import { type TestClient, type TestOptions, testServer } from "#testing";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { disco } from "../../plugins/service/disco.ts";
import { ping } from "../../plugins/service/ping.ts";

const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const RSM = "http://jabber.org/protocol/rsm";
const server = (options: TestOptions = {}) =>
  testServer({ plugins: [roster, presence, subscription, disco, ping], ...options });

async function ask(client: TestClient, ns: string, to: string, node?: string, inner = ""): Promise<Element> {
  const about = node === undefined ? "" : `node='${node}'`;
  await client.send(`<iq to='${to}' id='q' type='get'><query xmlns='${ns}' ${about}>${inner}</query></iq>`);
  const answer = client.expect(`<iq id='q' from='${to}' type='result'><query xmlns='${ns}' ${about}/></iq>`);
  client.quiet();
  return answer.child("query", ns)!;
}

async function refused(
  client: TestClient,
  ns: string,
  to: string,
  condition: string,
  node?: string,
  inner = "",
) {
  const about = node === undefined ? "" : `node='${node}'`;
  await client.send(`<iq to='${to}' id='q' type='get'><query xmlns='${ns}' ${about}>${inner}</query></iq>`);
  client.expect(
    `<iq id='q' from='${to}' type='error'><error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
  client.quiet();
}

const features = (query: Element) =>
  query.elements().filter((e) => e.name === "feature").map((e) => e.attr("var"));
const identities = (query: Element) =>
  query.elements().filter((e) => e.name === "identity").map((e) =>
    `${e.attr("category")}/${e.attr("type")} ${e.attr("name") ?? ""}`
  );
const items = (query: Element) => query.elements().filter((e) => e.ns === ITEMS).map((e) => e.attr("jid"));

Deno.test("XEP-0030: what the host is and can do", async () => {
  await using s = await server({ config: { host: { "a.test": { name: "Our Server" } } } });
  const alice = await s.client("alice/desk");
  const info = await ask(alice, INFO, "a.test");
  assert.deepEqual(identities(info), ["server/im Our Server"]);
  const said = features(info);
  assert.equal(new Set(said).size, said.length, "no feature twice");
  for (const feature of [INFO, ITEMS, "urn:xmpp:ping"]) assert.ok(said.includes(feature), feature);
});

Deno.test("XEP-0030: from another server", async () => {
  await using s = await server();
  const remote = s.remote("b.test");
  await remote.send(`<iq from='b.test' to='a.test' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
  remote.expect(
    `<iq id='1' type='result'><query xmlns='${INFO}'><identity category='server' type='im'/></query></iq>`,
  );
});

Deno.test("XEP-0030: only gets, and only <query/>", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  await alice.send(`<iq to='a.test' id='1' type='set'><query xmlns='${INFO}'/></iq>`);
  alice.expect(
    `<iq id='1' type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  );
  await alice.send(`<iq to='a.test' id='2' type='get'><what xmlns='${INFO}'/></iq>`);
  alice.expect(`<iq id='2' type='error'/>`);
});

Deno.test("XEP-0030: a node that nobody knows (BUG-54)", async () => {
  await using s = await server();
  const alice = await s.client("alice/desk");
  for (const ns of [INFO, ITEMS]) {
    await refused(alice, ns, "a.test", "item-not-found", "no such node");
    await refused(alice, ns, "alice@a.test", "item-not-found", "no such node");
  }
});

Deno.test("XEP-0030: services, those of others, and the hidden", async () => {
  await using s = await server({
    config: {
      defaults: {
        disco: {
          items: [{ jid: "Pubsub.B.test", name: "News" }, { jid: "secret.b.test" }, {
            jid: "x@b.test",
            node: "n",
          }],
          hidden: ["SECRET.b.test"],
        },
      },
    },
  });
  const alice = await s.client("alice/desk");
  const query = await ask(alice, ITEMS, "a.test");
  assert.deepEqual(items(query), ["pubsub.b.test", "x@b.test"]);
  assert.equal(query.elements()[0]!.attr("name"), "News");
  assert.equal(query.elements()[1]!.attr("node"), "n");
});

Deno.test("XEP-0030: the host's own services, with their names", async () => {
  const rooms = definePlugin({
    name: "muc",
    doc: "A service.",
    config: none,
    hosts: ["component"],
    owns: true,
    setup(host) {
      host.identity("conference", "text", host.name);
    },
  });
  await using s = await server({
    plugins: [roster, presence, disco, rooms],
    config: {
      host: {
        "a.test": {},
        "rooms.a.test": { kind: "muc", name: "Rooms", plugins: ["muc", "disco"] },
        "hidden.a.test": { kind: "muc", plugins: ["muc"] },
      },
      defaults: { disco: { hidden: ["hidden.a.test"] } },
    },
  });
  const alice = await s.client("alice/desk");
  const list = await ask(alice, ITEMS, "a.test");
  assert.ok(items(list).includes("rooms.a.test"));
  assert.ok(!items(list).includes("hidden.a.test"));
  // A service says of itself what its plugin says, and nothing of server/im.
  assert.deepEqual(identities(await ask(alice, INFO, "rooms.a.test")), ["conference/text Rooms"]);
  assert.deepEqual(items(await ask(alice, ITEMS, "rooms.a.test")), []);
});

Deno.test("XEP-0030: the own account, a contact's, a stranger's, nobody's", async () => {
  await using s = await server();
  const [juliet, romeo] = await s.online("juliet/balcony", "romeo/orchard");
  const own = await ask(juliet!, INFO, "juliet@a.test");
  assert.deepEqual(identities(own), ["account/registered "]);
  assert.ok(features(own).includes(INFO));
  for (const ns of [INFO, ITEMS]) {
    for (const node of [undefined, "x"]) {
      await refused(romeo!, ns, "juliet@a.test", "service-unavailable", node);
      await refused(romeo!, ns, "nobody@a.test", "service-unavailable", node);
    }
  }
  await romeo!.send("<presence to='juliet@a.test' type='subscribe'/>");
  await juliet!.send("<presence to='romeo@a.test' type='subscribed'/>");
  for (const client of [romeo, juliet]) client!.clear();
  assert.deepEqual(identities(await ask(romeo!, INFO, "juliet@a.test")), ["account/registered "]);
  // It goes one way: Romeo has granted nothing.
  await refused(juliet!, INFO, "romeo@a.test", "service-unavailable");
});

Deno.test("XEP-0030: the devices of an account are for those who see its presence (XEP-0030 §4.1)", async () => {
  await using s = await server();
  const [balcony, romeo] = await s.online("juliet/balcony", "romeo/orchard");
  await s.client("juliet/silent");
  assert.deepEqual(items(await ask(balcony!, ITEMS, "juliet@a.test")), ["juliet@a.test/balcony"]);
  await romeo!.send("<presence to='juliet@a.test' type='subscribe'/>");
  await balcony!.send("<presence to='romeo@a.test' type='subscribed'/>");
  romeo!.clear();
  assert.deepEqual(items(await ask(romeo!, ITEMS, "juliet@a.test")), ["juliet@a.test/balcony"]);
});

Deno.test("XEP-0030: an administrator's account says so", async () => {
  await using s = await server({ config: { host: { "a.test": { admins: ["alice@a.test"] } } } });
  const alice = await s.client("alice/desk");
  assert.deepEqual(identities(await ask(alice, INFO, "alice@a.test")), ["account/admin "]);
});

Deno.test("XEP-0030: a full JID answers for itself", async () => {
  await using s = await server();
  const [alice, bob] = await s.online("alice/desk", "bob/pad");
  await alice!.send(`<iq to='bob@a.test/pad' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
  bob!.expect(`<iq from='alice@a.test/desk' id='1' type='get'><query xmlns='${INFO}'/></iq>`);
});

/** Answers late, early, and with errors. */
const shelves = definePlugin({
  name: "shelves",
  doc: "Nodes for tests.",
  config: none,
  setup(host) {
    host.disco("host", {
      identities: ({ node }) =>
        node === "books" ? Promise.resolve([{ category: "hierarchy", type: "branch" }]) : undefined,
      features: ({ node }) => node === "books" ? ["urn:example:books"] : undefined,
      items: ({ node, from }) => {
        if (node === "books") {
          return Promise.resolve(
            Array.from({ length: 25 }, (_, i) => ({ jid: "a.test", node: `books/${i}`, name: `Book ${i}` })),
          );
        }
        if (node === "empty") return [];
        if (node === "yours") throw new StanzaError("not-allowed", `not for ${from}`);
        return undefined;
      },
    });
  },
});

Deno.test("XEP-0030: nodes of plugins, which may take their time", async () => {
  await using s = await server({ plugins: [roster, presence, disco, shelves] });
  const alice = await s.client("alice/desk");
  const info = await ask(alice, INFO, "a.test", "books");
  assert.deepEqual(identities(info), ["hierarchy/branch "]);
  assert.deepEqual(features(info), [INFO, "urn:example:books"]);
  assert.equal(items(await ask(alice, ITEMS, "a.test", "books")).length, 25);
  assert.equal(items(await ask(alice, ITEMS, "a.test", "empty")).length, 0);
  await refused(alice, ITEMS, "a.test", "not-allowed", "yours");
  await refused(alice, ITEMS, "a.test", "item-not-found", "other");
});

Deno.test("XEP-0030: items in pages (XEP-0059)", async () => {
  await using s = await server({ plugins: [roster, presence, disco, shelves] });
  const alice = await s.client("alice/desk");
  assert.ok(features(await ask(alice, INFO, "a.test")).includes(RSM));
  const seen: string[] = [];
  for (let after = "";;) {
    const query = await ask(
      alice,
      ITEMS,
      "a.test",
      "books",
      `<set xmlns='${RSM}'><max>10</max>${after}</set>`,
    );
    const set = query.child("set", RSM)!;
    assert.equal(set.childText("count"), "25");
    if (set.childText("last") === undefined) break;
    seen.push(...query.elements().filter((e) => e.name === "item").map((e) => e.attr("node")!));
    after = `<after>${set.childText("last")}</after>`;
  }
  assert.deepEqual(seen, Array.from({ length: 25 }, (_, i) => `books/${i}`));
  await refused(alice, ITEMS, "a.test", "bad-request", "books", `<set xmlns='${RSM}'><max>many</max></set>`);
  await refused(
    alice,
    ITEMS,
    "a.test",
    "item-not-found",
    "books",
    `<set xmlns='${RSM}'><after>nothing</after></set>`,
  );
});
