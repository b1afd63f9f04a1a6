/** XEP-0357 for sessions that wait to be resumed (XEP-0198). */
import assert from "node:assert/strict";
import { PASSWORD, testServer } from "#testing";
import { enable, NODE, phone, PLUGINS, PushService, say, summary } from "./push_service.ts";
import { PHONE, plain } from "./sasl2_client.ts";

Deno.test("push: a session whose stream broke wakes its own device", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const first = await phone(s, "phone");
  const second = await phone(s, "tablet");
  await enable(first.client, "", "", "phone-node");
  await enable(second.client, "", "", "tablet-node");
  const romeo = await s.client("romeo/orchard");
  await first.client.cut();
  await say(romeo, "x");
  assert.deepEqual((await service.published()).map(({ node }) => node), ["phone-node"]);
  // Carbon copies and what is of the moment do not wake it.
  await s.clock.advance("10 s");
  await romeo.send(
    "<message to='juliet@a.test' type='chat'><paused xmlns='http://jabber.org/protocol/chatstates'/></message>",
  );
  assert.equal(await service.count(), 0);
  await second.client.cut();
  await say(romeo, "y");
  assert.deepEqual((await service.published()).map(({ node }) => node).sort(), ["phone-node", "tablet-node"]);
});

Deno.test("push: what a dead stream swallowed wakes the device when that comes to light", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const { client, id } = await phone(s, "phone");
  await enable(client);
  const romeo = await s.client("romeo/orchard");
  client.carrier.reading = false;
  await say(romeo, "1");
  await say(romeo, "2");
  assert.equal(await service.count(), 0);
  await client.cut();
  assert.equal(summary(await service.one())["message-count"], "1");
  await s.clock.advance("5 s");
  assert.equal(summary(await service.one())["message-count"], "2");
  const again = s.connect();
  await again.open();
  await again.send(
    plain("juliet", PASSWORD, { beside: `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>` }),
  );
  again.expect("<message><body>2</body></message>");
  await again.cut();
  await service.published();
  await s.clock.advance("5 s");
  await service.published();
  await say(romeo, "3");
  // It has not acknowledged the two others.
  assert.equal(summary(await service.one())["message-count"], "3");
});

Deno.test("push: where the session enabled nothing itself, the device that is not there", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const before = await s.client("juliet/once");
  await enable(before, "", "", "phone-node");
  await before.close();
  const desk = await s.client("juliet/desk");
  await enable(desk, "", "", "desk-node");
  const { client } = await phone(s, "phone");
  await client.cut();
  await say(await s.client("romeo/orchard"), "x");
  assert.deepEqual((await service.published()).map(({ node }) => node), ["phone-node"]);
});

Deno.test("push: what was told while the session waited is not told again when it ends", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const { client } = await phone(s, "phone");
  await enable(client);
  await client.cut();
  const romeo = await s.client("romeo/orchard");
  await romeo.send("<message to='juliet@a.test' type='chat' id='m1'><body>x</body></message>");
  assert.equal(summary(await service.one())["message-count"], "1");
  await s.clock.advance("1 hour");
  assert.equal(await service.count(), 0);
  // It was kept, and is there.
  const again = await s.client("juliet/phone");
  await again.send("<presence/>");
  again.expect("<message id='m1'/>");
});

Deno.test("push: what has no id is not told again either when the session ends", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const { client } = await phone(s, "phone");
  await enable(client);
  const romeo = await s.client("romeo/orchard");
  // One that a dead stream swallowed, and one that came while the session waited.
  client.carrier.reading = false;
  await say(romeo, "1");
  await client.cut();
  assert.equal(summary(await service.one())["message-count"], "1");
  await s.clock.advance("10 s");
  await say(romeo, "2");
  assert.equal(summary(await service.one())["message-count"], "2");
  await s.clock.advance("1 hour");
  assert.equal(await service.count(), 0);
  // What is said twice is told twice.
  await say(await s.client("romeo/orchard"), "2");
  assert.equal(summary(await service.one())["message-count"], "3");
});

Deno.test("push: who is at the desk has a phone that wants to know (Prosody, ejabberd)", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const { client } = await phone(s, "phone");
  await enable(client, "", "", "phone-node");
  const [desk] = await s.online("juliet/desk");
  await enable(desk!, "", "", "desk-node");
  const nurse = s.remote("b.test");
  const says = async (text: string, to = "juliet@a.test", more = "", type = "chat") => {
    await nurse.send(
      `<message from='nurse@b.test/x' to='${to}' type='${type}'><body>${text}</body>${more}</message>`,
    );
    const nodes = (await service.published()).map(({ node }) => node);
    await s.clock.advance("10 s");
    assert.equal(await service.count(), 0, `${text}: told twice`);
    return nodes;
  };
  // Both are there.
  assert.deepEqual(await says("1"), []);
  // Its stream breaks, and it is not resumed in time; the desk stays.
  await client.cut();
  assert.deepEqual(
    (await service.published()).map(({ node }) => node),
    ["phone-node"],
    "1 was not acknowledged",
  );
  await s.clock.advance("10 s");
  assert.deepEqual(await says("2"), ["phone-node"]);
  for (let i = 0; i < 70; i++) {
    await desk!.send(" ");
    await s.clock.advance("10 s");
  }
  assert.deepEqual(await says("3"), ["phone-node"]);
  // What is for the desk would be copied to the phone; what is for it alone would not.
  assert.deepEqual(await says("4", "juliet@a.test/desk"), ["phone-node"]);
  assert.deepEqual(await says("5", "juliet@a.test/desk", "<no-copy xmlns='urn:xmpp:hints'/>"), []);
  assert.deepEqual(await says("6", "juliet@a.test/desk", "", "groupchat"), []);
  assert.deepEqual(await says("7", "juliet@a.test", "", "headline"), []);
  // Back under another name, with the same registration; then under its own.
  const renamed = await s.client("juliet/phone2");
  await enable(renamed, "", "", "phone-node");
  assert.deepEqual(await says("8"), []);
  await renamed.close();
  assert.deepEqual(await says("9"), ["phone-node"]);
  desk!.clear();
  await desk!.close();
  assert.deepEqual((await says("10")).sort(), ["desk-node", "phone-node"]);
});

Deno.test("push: a copy of what another device was told wakes the device whose stream broke", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const [desk] = await s.online("juliet/desk");
  const { client } = await phone(s, "phone");
  await client.send("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await enable(client);
  await client.cut();
  const romeo = await s.client("romeo/orchard");
  await romeo.send("<message to='juliet@a.test/desk' type='chat' id='m1'><body>x</body></message>");
  assert.equal(summary(await service.one())["last-message-sender"], "romeo@a.test/orchard");
  // What she says herself is no news.
  await desk!.send("<message to='romeo@a.test' type='chat'><body>y</body></message>");
  await s.clock.advance("10 s");
  assert.equal(await service.count(), 0);
});

Deno.test("push: a client that says who it is is there under any name (XEP-0388 §2.2.1)", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const login = async () => {
    const client = s.connect();
    await client.open();
    await client.send(plain("juliet", PASSWORD, {
      agent: PHONE,
      beside: "<bind xmlns='urn:xmpp:bind:0'/>",
    }));
    await client.send("<presence/>");
    return client;
  };
  const first = await login();
  await enable(first);
  await first.close();
  const romeo = await s.client("romeo/orchard");
  const second = await login();
  await say(romeo, "1");
  assert.equal(await service.count(), 0);
  await second.close();
  await say(romeo, "2");
  assert.equal(await service.count(), 1);
});

Deno.test("push: rooms wake whom they call", async () => {
  await using s = await testServer({ plugins: PLUGINS });
  const service = new PushService(s);
  const rooms = s.remote("rooms.test");
  const { client } = await phone(s, "phone");
  await enable(client);
  await enable(
    client,
    "<groupchat xmlns='tigase:push:filter:groupchat:0'><room jid='hall@rooms.test' allow='always'/></groupchat>",
    "",
    "always",
  );
  await enable(
    client,
    `<groupchat xmlns='tigase:push:filter:groupchat:0'>
      <room jid='hall@rooms.test' allow='mentioned' nick='Capulet'/></groupchat>`,
    "",
    "mentioned",
  );
  await enable(client, "<groupchat xmlns='tigase:push:filter:groupchat:0'/>", "", "none");
  await client.send(
    "<presence to='hall@rooms.test/Jule'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
  );
  await client.cut();
  const texts: [string, string[]][] = [
    ["hello all", ["always"]],
    ["hello Jule", ["always", NODE]],
    ["a capulet!", ["always", "mentioned"]],
  ];
  for (const [text, nodes] of texts) {
    await rooms.send(`<message from='hall@rooms.test/x' to='juliet@a.test/phone' type='groupchat'>
      <body>${text}</body></message>`);
    assert.deepEqual((await service.published()).map(({ node }) => node).sort(), [...nodes].sort(), text);
    await s.clock.advance("10 s");
  }
});
