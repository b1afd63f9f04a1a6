import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { TestClient } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import { offline } from "../../plugins/im/offline.ts";
import { push } from "../../plugins/push/push.ts";
import { absentMembers } from "../../plugins/rooms/absent.ts";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { kept, SID } from "./archive_client.ts";
import { admin, ask, configure, type Coven, coven, type Fields, quietly, ROOM } from "./muc_world.ts";
import { enable, PushService, summary } from "./push_service.ts";

const MENTIONS = "urn:xmpp:mmn:0";

/** A coven with members who are not there: hag66, whom the room knows as "third witch", and heks of another server. */
async function open(fields: Fields = {}): Promise<Coven> {
  const c = await coven({
    plugins: [archive, offline, push, mucArchive, absentMembers],
    fields: { persistentroom: "1", ...fields },
  });
  const member = (jid: string, nick: string) =>
    ask(c.crone, "set", admin(`<item affiliation='member' jid='${jid}' nick='${nick}'/>`));
  await c.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  await member("hag66@a.test", "third witch");
  await member("heks@far.test", "Heks");
  quietly(c.crone, c.wicca, c.hag);
  return c;
}

const say = (client: TestClient, text: string, more = "") =>
  client.send(`<message to='${ROOM}' type='groupchat' id='m'><body>${text}</body>${more}</message>`);

Deno.test("XEP-0452 §4.2: a member who is not there is told of a mention by the registered nickname, here and elsewhere", async () => {
  await using c = await open();
  const far = c.server.remote("far.test");
  await say(c.wicca, "Third witch, and HEKS: come!");
  const told = c.hag.expect(`<message from='${ROOM}' to='hag66@a.test'><mentions xmlns='${MENTIONS}'>
    <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='*'/>
    <message xmlns='jabber:client' type='groupchat' id='m' from='${ROOM}/secondwitch' to='${ROOM}'>
      <body>Third witch, and HEKS: come!</body></message></forwarded></mentions></message>`);
  match(told.toString(), new RegExp(`<stanza-id xmlns="${SID}" id="[^"]+" by="${ROOM}"/>`));
  equal(told.childText("body"), undefined);
  far.expect(`<message from='${ROOM}' to='heks@far.test'><mentions xmlns='${MENTIONS}'/></message>`);
  equal(far.inbox.length, 0);
});

Deno.test("XEP-0452: not those who are there, who are no members, who are called otherwise, or in words that nobody can read", async () => {
  await using c = await open();
  await ask(c.crone, "set", admin(`<item affiliation='member' jid='wiccarocks@a.test' nick='secondwitch'/>`));
  quietly(c.wicca, c.hag);
  await say(c.crone, "secondwitch and thirdwitch, and the witch");
  const sealed = "<encrypted xmlns='urn:xmpp:omemo:2'><payload/></encrypted>";
  await say(c.crone, "third witch", sealed);
  ok(!c.wicca.inbox.some((it) => it.has("mentions", MENTIONS)));
  c.hag.quiet();
  await configure(c.crone, { forwardmentions: "0" });
  await say(c.crone, "third witch");
  c.hag.quiet();
  await configure(c.crone, { forwardmentions: "1" });
  await ask(c.crone, "set", admin(`<item affiliation='none' jid='hag66@a.test'/>`));
  quietly(c.hag);
  await say(c.crone, "third witch");
  c.hag.quiet();
});

Deno.test("XEP-0372, XEP-0452 §4.2: by a reference to the account, or to the address in the room", async () => {
  await using c = await open();
  const reference = (uri: string) => `<reference xmlns='urn:xmpp:reference:0' type='mention' uri='${uri}'/>`;
  for (const uri of ["xmpp:hag66@a.test", `xmpp:${ROOM}/third%20witch`]) {
    await say(c.wicca, "you!", reference(uri));
    c.hag.expect(`<message from='${ROOM}'><mentions xmlns='${MENTIONS}'/></message>`);
  }
  for (const uri of ["xmpp:root@a.test", "xmpp:%%%", `xmpp:${ROOM}/nobody`]) {
    await say(c.wicca, "you!", reference(uri));
  }
  c.hag.quiet();
});

Deno.test("XEP-0452, XEP-0357: who is not online finds the mention in the archive, and is woken by it, and by nothing else", async () => {
  await using c = await open();
  const service = new PushService(c.server);
  await enable(c.hag);
  await c.hag.close();
  await say(c.wicca, "nothing special");
  equal(await service.count(), 0);
  await say(c.wicca, "third witch!");
  const told = summary(await service.one());
  equal(told["message-count"], "1");
  equal(told["last-message-sender"], `${ROOM}/secondwitch`);
  const hag = await c.server.client("hag66/tablet");
  deepEqual((await kept(hag)).length, 1);
});

Deno.test("push: where the room wants it, members who are not there are woken by everything that is said, once", async () => {
  await using c = await open({ "x-muc#roomconfig_wakeabsent": "1" });
  const service = new PushService(c.server);
  await enable(c.hag);
  await c.hag.close();
  await say(c.wicca, "nothing special");
  equal(summary(await service.one())["last-message-sender"], `${ROOM}/secondwitch`);
  await c.server.clock.advance("10 s");
  await say(c.wicca, "third witch!");
  equal(await service.count(), 1);
});

Deno.test("tigase:push:filter:groupchat: a device that wants nothing of a room hears nothing of mentions", async () => {
  await using c = await open({ "x-muc#roomconfig_wakeabsent": "1" });
  const service = new PushService(c.server);
  await enable(
    c.hag,
    `<groupchat xmlns='tigase:push:filter:groupchat:0'><room jid='${ROOM}' allow='never'/></groupchat>`,
  );
  await c.hag.close();
  await say(c.wicca, "third witch!");
  await say(c.wicca, "come!");
  equal(await service.count(), 0);
});
