/** XEP-0357 for sessions that wait to be resumed (XEP-0198). */
import assert from "node:assert/strict";
import { PASSWORD, testServer } from "#testing";
import { enable, NODE, phone, PLUGINS, PushService, say, summary } from "./push_service.ts";
import { plain } from "./sasl2_client.ts";

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
