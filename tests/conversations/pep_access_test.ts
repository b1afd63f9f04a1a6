/** XEP-0060 §4.5, §8.9 and XEP-0163 §7.1: who may know of a node follows what its owner and the rosters say. */
import assert from "node:assert/strict";
import type { TestClient } from "#testing";
import {
  affiliate,
  befriend,
  configForm,
  done,
  entry,
  events,
  ownerOf,
  publish,
  publishAs,
  publishing,
  pubsubOf,
  refused,
  subscribe,
  wants,
  world,
} from "./pubsub_world.ts";

const DIARY = "urn:diary";
const JULIET = "juliet@a.test";
const DEVICES = "eu.siacs.conversations.axolotl.devicelist";
const TUNE = "http://jabber.org/protocol/tune";
const devices = (id: string) => `<list xmlns='eu.siacs.conversations.axolotl'><device id='${id}'/></list>`;
const tune = (title: string) => `<tune xmlns='${TUNE}'><title>${title}</title></tune>`;

function keep(owner: TestClient, access: string) {
  return done(
    owner,
    "set",
    publishing(DIARY, "a", entry("a"), { access_model: access, max_items: "10" }),
    "",
  );
}

function configure(owner: TestClient, access: string) {
  const form = configForm({ access_model: access });
  return done(owner, "set", ownerOf(`<configure node='${DIARY}'>${form}</configure>`), "");
}

/** Publishes something, which a reader neither is told of nor can read. */
async function isHidden(owner: TestClient, reader: TestClient): Promise<void> {
  reader.clear();
  await publish(owner, DIARY, "secret", entry("secret"), "");
  assert.deepEqual(events(reader), []);
  await refused(reader, "get", pubsubOf(`<items node='${DIARY}'/>`), "not-allowed", "closed-node", JULIET);
}

async function isShown(owner: TestClient, reader: TestClient): Promise<void> {
  reader.clear();
  await publish(owner, DIARY, "shown", entry("shown"), "");
  assert.deepEqual(events(reader), [`items ${DIARY} item shown+`]);
  await done(reader, "get", pubsubOf(`<items node='${DIARY}'/>`), JULIET);
}

Deno.test("XEP-0060 §4.5: who subscribed to an open node is told of its end, and no more, when it is closed", async () => {
  await using server = await world();
  const [juliet, paris, nurse] = await server.online("juliet/chamber", "paris/x", "nurse/hall");
  await keep(juliet, "open");
  await subscribe(paris, DIARY, JULIET);
  await affiliate(juliet, DIARY, "nurse@a.test", "member", JULIET);
  await subscribe(nurse, DIARY, JULIET);
  paris.clear();
  await configure(juliet, "whitelist");
  assert.deepEqual(events(paris), [`subscription ${DIARY} none`]);
  // Who is on the list stays.
  await isShown(juliet, nurse);
  await isHidden(juliet, paris);
});

for (const access of ["presence", "roster"]) {
  Deno.test(`XEP-0060 §4.5: a contact who subscribed by access model "${access}" is not on the list`, async () => {
    await using server = await world();
    const [juliet, paris] = await server.online("juliet/chamber", "paris/x");
    await befriend(juliet, paris);
    const item = "<item jid='paris@a.test'><group>Suitors</group></item>";
    await done(juliet, "set", `<query xmlns='jabber:iq:roster'>${item}</query>`, "");
    await done(
      juliet,
      "set",
      publishing(DIARY, "a", entry("a"), { access_model: access, roster_groups_allowed: "Suitors" }),
      "",
    );
    await subscribe(paris, DIARY, JULIET);
    await configure(juliet, "whitelist");
    await isHidden(juliet, paris);
  });
}

Deno.test("XEP-0060 §4.5: whom an owner has let in, or has subscribed, is as good as listed", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/x");
  await keep(juliet, "authorize");
  const one = `<subscription jid='paris@a.test' subscription='subscribed'/>`;
  await done(juliet, "set", ownerOf(`<subscriptions node='${DIARY}'>${one}</subscriptions>`), "");
  await configure(juliet, "whitelist");
  await isShown(juliet, paris);
});

Deno.test("XEP-0060 §8.9, §4.5: a subscriber who is taken off the list reads no more, and is told nothing", async () => {
  await using server = await world();
  const [juliet, paris] = await server.online("juliet/chamber", "paris/x");
  await wants(paris, [DIARY]);
  await befriend(juliet, paris);
  await keep(juliet, "whitelist");
  await affiliate(juliet, DIARY, "paris@a.test", "member", JULIET);
  await subscribe(paris, DIARY, JULIET);
  await isShown(juliet, paris);
  await affiliate(juliet, DIARY, "paris@a.test", "none", JULIET);
  assert.ok(events(paris).includes(`subscription ${DIARY} none`));
  await isHidden(juliet, paris);
});

Deno.test("XEP-0163 §4.3.4, XEP-0384: new contacts of one host are sent each other's keys without logging in again", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  for (const client of [juliet, romeo]) await wants(client, [DEVICES]);
  await publishAs(juliet, DEVICES, "current", devices("1"), { access_model: "open" });
  await publishAs(romeo, DEVICES, "current", devices("2"), { access_model: "open" });
  for (const client of [juliet, romeo]) client.clear();
  await juliet.send("<presence to='romeo@a.test' type='subscribe'/>");
  await romeo.send("<presence to='juliet@a.test' type='subscribed'/>");
  await romeo.send("<presence to='juliet@a.test' type='subscribe'/>");
  await juliet.send("<presence to='romeo@a.test' type='subscribed'/>");
  // Once each.
  assert.deepEqual(events(juliet), [`items ${DEVICES} item current+`]);
  assert.deepEqual(events(romeo), [`items ${DEVICES} item current+`]);
});

Deno.test("XEP-0163 §4.3.4, XEP-0060 §9.1.2: who sees an account and lets it see them afterwards is shown what contacts see", async () => {
  await using server = await world();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  await wants(romeo, [TUNE]);
  await publish(juliet, TUNE, "a", tune("a"), "");
  await romeo.send("<presence to='juliet@a.test' type='subscribe'/>");
  await juliet.send("<presence to='romeo@a.test' type='subscribed'/>");
  // Romeo's presence does not reach Juliet yet.
  assert.deepEqual(events(romeo), []);
  await juliet.send("<presence to='romeo@a.test' type='subscribe'/>");
  await romeo.send("<presence to='juliet@a.test' type='subscribed'/>");
  assert.deepEqual(events(romeo), [`items ${TUNE} item a+`]);
});
