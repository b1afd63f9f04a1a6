/** What push notifications (XEP-0357) do not do: tell what an account keeps out, and lend anybody the name of the host. */
import assert from "node:assert/strict";
import { testServer } from "#testing";
import { blocking } from "../../plugins/privacy/blocking.ts";
import { privacyLists } from "../../plugins/privacy/privacy_lists.ts";
import { pubsub, pubsubServices } from "../../plugins/pubsub/pubsub.ts";
import { push } from "../../plugins/push/push.ts";
import { absentMembers } from "../../plugins/rooms/absent.ts";
import { admin, ask, coven, ROOM } from "./muc_world.ts";
import { enable, PLUGINS, PUSH, PushService, say } from "./push_service.ts";

Deno.test("XEP-0357 §7, XEP-0060 §8.1: nobody makes nodes in the name of the host that publishes", async () => {
  await using s = await testServer({ plugins: [...PLUGINS, pubsubServices, pubsub] });
  const juliet = await s.client("juliet/phone");
  await juliet.send(`<iq type='set' id='x'><enable xmlns='${PUSH}' jid='pubsub.a.test' node='mine'/></iq>`);
  juliet.expect("<iq type='result' id='x'/>");
  await juliet.close();
  const romeo = await s.client("romeo/orchard");
  await say(romeo, "x");
  await romeo.send(`<iq type='get' id='i' to='pubsub.a.test'>
    <query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
  const items = romeo.expect("<iq type='result' id='i'/>").first()!;
  assert.deepEqual(items.elements().map(String), []);
});

Deno.test("XEP-0191 §3.3: a blocked room wakes nobody who is not there", async () => {
  await using c = await coven({
    plugins: [push, absentMembers, blocking],
    fields: { persistentroom: "1", "x-muc#roomconfig_wakeabsent": "1" },
  });
  const service = new PushService(c.server);
  await c.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  await ask(c.crone, "set", admin("<item affiliation='member' jid='hag66@a.test'/>"));
  await enable(c.hag);
  const speak = () => c.wicca.send(`<message to='${ROOM}' type='groupchat'><body>x</body></message>`);
  await speak();
  assert.equal(await service.count(), 1);
  await c.server.clock.advance("10 s");
  await ask(c.hag, "set", `<block xmlns='urn:xmpp:blocking'><item jid='${ROOM}'/></block>`, "hag66@a.test");
  await speak();
  assert.equal(await service.count(), 0);
});

Deno.test("XEP-0016 §2.2: what the default list denies wakes no absent device, though a session takes it", async () => {
  await using s = await testServer({ plugins: [...PLUGINS, blocking, privacyLists] });
  const service = new PushService(s);
  const juliet = await s.client("juliet/phone");
  await enable(juliet);
  await juliet.send(
    "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@a.test'/></block></iq>",
  );
  await juliet.close();
  const [desk, romeo, nurse] = await s.online("juliet/desk", "romeo/orchard", "nurse/hall");
  for (
    const content of ["<list name='all'><item action='allow' order='1'/></list>", "<active name='all'/>"]
  ) {
    await desk.send(`<iq type='set' id='l'><query xmlns='jabber:iq:privacy'>${content}</query></iq>`);
  }
  for (const to of ["juliet@a.test", "juliet@a.test/desk"]) {
    await romeo.send(`<message to='${to}' type='chat'><body>x</body></message>`);
    desk.expect("<message from='romeo@a.test/orchard'><body>x</body></message>");
  }
  assert.equal(await service.count(), 0);
  await say(nurse, "y");
  assert.equal(await service.count(), 1);
});
