import assert from "node:assert/strict";
import { type TestClient, type TestServer, testServer } from "#testing";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { disco } from "../../plugins/service/disco.ts";

const NS = "http://jabber.org/protocol/offline";
const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";

async function start(count: number): Promise<TestServer> {
  const server = await testServer({
    host: "montague.net",
    plugins: [roster, presence, subscription, message, offline, disco],
  });
  const remote = server.remote("shakespeare.lit");
  for (let n = 1; n <= count; n++) {
    await remote.send(
      `<message from='mercutio@shakespeare.lit/pda' to='romeo@montague.net'><body>${n}</body></message>`,
    );
    await server.clock.advance(1000);
  }
  return server;
}

async function headers(romeo: TestClient): Promise<string[]> {
  await romeo.send(`<iq type='get' id='h'><query xmlns='${ITEMS}' node='${NS}'/></iq>`);
  const query = romeo.expect(`<iq type='result' id='h'><query xmlns='${ITEMS}' node='${NS}'/></iq>`).child(
    "query",
    ITEMS,
  )!;
  return query.elements().map((item) => {
    assert.equal(item.attr("jid"), "romeo@montague.net");
    assert.equal(item.attr("name"), "mercutio@shakespeare.lit/pda");
    return item.attr("node")!;
  });
}

const error = (id: string, type: string, condition: string) =>
  `<iq id='${id}' type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;

Deno.test("XEP-0013: the number of messages (XEP-0013 §2.2)", async () => {
  await using server = await start(3);
  const romeo = await server.client("romeo/orchard");
  await romeo.send(`<iq type='get' id='n'><query xmlns='${INFO}' node='${NS}'/></iq>`);
  romeo.expect(`<iq type='result' id='n' from='romeo@montague.net'><query xmlns='${INFO}' node='${NS}'>
    <identity category='automation' type='message-list'/><feature var='${NS}'/>
    <x xmlns='jabber:x:data' type='result'>
      <field var='FORM_TYPE' type='hidden'><value>${NS}</value></field>
      <field var='number_of_messages'><value>3</value></field></x></query></iq>`);
  // And no flood from now on, for no device, as long as this one is there.
  await romeo.send("<presence/>");
  romeo.never("<message/>");
  const second = await server.client("romeo/balcony");
  await second.send("<presence/>");
  second.never("<message/>");
  await romeo.close();
  const third = await server.client("romeo/garden");
  await third.send("<presence/>");
  assert.equal(third.inbox.filter((element) => element.name === "message").length, 3);
});

Deno.test("XEP-0013: headers, in order, and in-session messages as usual", async () => {
  await using server = await start(4);
  const romeo = await server.client("romeo/orchard");
  const nodes = await headers(romeo);
  assert.equal(nodes.length, 4);
  assert.deepEqual(nodes, [...nodes].sort());
  await romeo.send("<presence/>");
  romeo.clear();
  const benvolio = await server.client("benvolio/street");
  await benvolio.send(`<message to='romeo@montague.net'><body>now</body></message>`);
  const got = romeo.expect("<message><body>now</body></message>");
  assert.ok(!got.has("offline", NS));
  romeo.quiet();
});

Deno.test("XEP-0013: an empty queue is an empty list", async () => {
  await using server = await start(0);
  const romeo = await server.client("romeo/orchard");
  assert.deepEqual(await headers(romeo), []);
  await romeo.send(`<iq type='get' id='f'><offline xmlns='${NS}'><fetch/></offline></iq>`);
  romeo.expect("<iq type='result' id='f'/>");
  romeo.quiet();
});

Deno.test("XEP-0013: view, and it stays; remove, and it goes", async () => {
  await using server = await start(3);
  const romeo = await server.client("romeo/orchard");
  const [first, second, third] = await headers(romeo);
  await romeo.send(
    `<iq type='get' id='view1'><offline xmlns='${NS}'><item action='view' node='${second}'/></offline></iq>`,
  );
  romeo.expectNext(`<message to='romeo@montague.net' from='mercutio@shakespeare.lit/pda'><body>2</body>
    <delay xmlns='urn:xmpp:delay' from='montague.net' stamp='2026-01-01T12:00:01Z'/>
    <offline xmlns='${NS}'><item node='${second}'/></offline></message>`);
  romeo.expectNext("<iq type='result' id='view1'/>");
  assert.deepEqual(await headers(romeo), [first, second, third]);
  await romeo.send(`<iq type='set' id='remove1'><offline xmlns='${NS}'>
    <item action='remove' node='${first}'/><item action='remove' node='${second}'/></offline></iq>`);
  romeo.expectNext("<iq type='result' id='remove1'/>");
  assert.deepEqual(await headers(romeo), [third]);
  romeo.quiet();
});

Deno.test("XEP-0013: fetch all, purge all", async () => {
  await using server = await start(120);
  const romeo = await server.client("romeo/orchard");
  await romeo.send(`<iq type='get' id='fetch1'><offline xmlns='${NS}'><fetch/></offline></iq>`);
  const bodies = romeo.inbox.splice(0, 120).map((element) => element.childText("body"));
  assert.deepEqual(bodies, Array.from({ length: 120 }, (_, i) => String(i + 1)));
  romeo.expectNext("<iq type='result' id='fetch1'/>");
  await romeo.send("<presence/>");
  romeo.never("<message/>");
  romeo.clear();
  assert.equal((await headers(romeo)).length, 120);
  await romeo.send(`<iq type='set' id='purge1'><offline xmlns='${NS}'><purge/></offline></iq>`);
  romeo.expectNext("<iq type='result' id='purge1'/>");
  assert.deepEqual(await headers(romeo), []);
});

Deno.test("XEP-0013: a node that is not there, all or nothing", async () => {
  await using server = await start(2);
  const romeo = await server.client("romeo/orchard");
  const [first] = await headers(romeo);
  for (const node of ["999999999999", "1", "", "x", "9".repeat(400)]) {
    await romeo.send(`<iq type='set' id='r'><offline xmlns='${NS}'>
      <item action='remove' node='${first}'/><item action='remove' node='${node}'/></offline></iq>`);
    romeo.expect(error("r", "cancel", "item-not-found"));
    await romeo.send(`<iq type='get' id='v'><offline xmlns='${NS}'>
      <item action='view' node='${first}'/><item action='view' node='${node}'/></offline></iq>`);
    romeo.expect(error("v", "cancel", "item-not-found"));
    romeo.quiet();
  }
  assert.equal((await headers(romeo)).length, 2);
});

Deno.test("XEP-0013: what makes no sense", async () => {
  await using server = await start(1);
  const romeo = await server.client("romeo/orchard");
  const [first] = await headers(romeo);
  for (
    const [type, inner] of [
      ["get", ""],
      ["set", ""],
      ["get", `<item action='remove' node='${first}'/>`],
      ["set", `<item action='view' node='${first}'/>`],
      ["set", `<item node='${first}'/>`],
      ["set", "<fetch/>"],
      ["get", "<purge/>"],
    ]
  ) {
    await romeo.send(`<iq type='${type}' id='b'><offline xmlns='${NS}'>${inner}</offline></iq>`);
    romeo.expect(error("b", "modify", "bad-request"));
  }
  assert.equal((await headers(romeo)).length, 1);
});

Deno.test("XEP-0013: only for the account itself", async () => {
  await using server = await start(1);
  const [romeo, tybalt] = await server.online("romeo/orchard", "tybalt/street");
  await romeo!.send("<presence type='unavailable'/>");
  for (const type of ["get", "set"]) {
    await tybalt!.send(`<iq to='romeo@montague.net' type='${type}' id='1'><offline xmlns='${NS}'>
      <${type === "get" ? "fetch" : "purge"}/></offline></iq>`);
    tybalt!.expect(error("1", "cancel", "service-unavailable"));
  }
  // XEP-0030 §8: to strangers the account says nothing at all.
  await tybalt!.send(
    `<iq to='romeo@montague.net' type='get' id='2'><query xmlns='${ITEMS}' node='${NS}'/></iq>`,
  );
  tybalt!.expect(error("2", "cancel", "service-unavailable"));
  // A contact is told that this is not for them.
  await tybalt!.send("<presence to='romeo@montague.net' type='subscribe'/>");
  await romeo!.send("<presence to='tybalt@montague.net' type='subscribed'/>");
  tybalt!.clear();
  for (const ns of [INFO, ITEMS]) {
    await tybalt!.send(
      `<iq to='romeo@montague.net' type='get' id='3'><query xmlns='${ns}' node='${NS}'/></iq>`,
    );
    tybalt!.expect(error("3", "auth", "forbidden"));
  }
  tybalt!.never("<message/>");
});

Deno.test("XEP-0013: a number is never used again", async () => {
  await using server = await start(1);
  const romeo = await server.client("romeo/orchard");
  const [first] = await headers(romeo);
  await romeo.send(`<iq type='set' id='p'><offline xmlns='${NS}'><purge/></offline></iq>`);
  await server.remote("shakespeare.lit").send(
    `<message from='mercutio@shakespeare.lit/pda' to='romeo@montague.net'><body>new</body></message>`,
  );
  romeo.clear();
  const [next] = await headers(romeo);
  assert.ok(next! > first!);
});
