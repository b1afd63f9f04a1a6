import { deepEqual, equal, ok } from "node:assert/strict";
import type { Element } from "#plugin";
import type { TestClient } from "#testing";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { moderation } from "../../plugins/rooms/moderation.ts";
import { MAM, SID } from "./archive_client.ts";
import { ask, type Coven, coven, DISCO_INFO, enter, error, quietly, refused, ROOM } from "./muc_world.ts";

const RETRACT = "urn:xmpp:message-retract:1";
const MODERATE = "urn:xmpp:message-moderate:1";
const OLD = "urn:xmpp:message-moderate:0";
const FASTEN = "urn:xmpp:fasten:0";
const OCCUPANT = "urn:xmpp:occupant-id:0";

const open = (archive = true): Promise<Coven> =>
  coven({ plugins: archive ? [mucArchive, moderation] : [moderation], fields: { persistentroom: "1" } });

/** Says something; gives the id that the room gave to it. */
async function say(client: TestClient, text: string, more = ""): Promise<string> {
  await client.send(
    `<message to='${ROOM}' type='groupchat' id='c-${text}'><body>${text}</body>${more}</message>`,
  );
  const got = client.expect(`<message type='groupchat'><body>${text}</body></message>`);
  return got.elements().find((it) => it.name === "stanza-id")?.attr("id") ?? "";
}

const moderate = (id: string, reason = "Not here"): string =>
  `<moderate id='${id}' xmlns='${MODERATE}'><retract xmlns='${RETRACT}'/><reason>${reason}</reason></moderate>`;

/** Everything in the archive, oldest first. */
async function archived(client: TestClient): Promise<Element[]> {
  quietly(client);
  await client.send(`<iq type='set' id='mam' to='${ROOM}'><query xmlns='${MAM}'/></iq>`);
  return client.inbox.flatMap((it) =>
    it.child("result", MAM)?.child("forwarded", "urn:xmpp:forward:0")?.child("message", "jabber:client") ?? []
  );
}

Deno.test("XEP-0425 §4.1, §5: a moderator retracts: everybody is told, a tombstone takes the message's place", async () => {
  await using c = await open();
  const id = await say(c.wicca, "potions");
  quietly(c.crone, c.wicca, c.hag);
  equal(await ask(c.crone, "set", moderate(id)), undefined);
  let retraction: Element | undefined;
  for (const client of [c.crone, c.wicca, c.hag]) {
    const told = client.expect(`<message type='groupchat' from='${ROOM}' id='*'>
      <retract id='${id}' xmlns='${RETRACT}'>
        <moderated by='${ROOM}/firstwitch' xmlns='${MODERATE}'><occupant-id xmlns='${OCCUPANT}' id='*'/></moderated>
        <reason>Not here</reason></retract>
      <apply-to id='${id}' xmlns='${FASTEN}'><moderated by='${ROOM}/firstwitch' xmlns='${OLD}'>
        <retract xmlns='urn:xmpp:message-retract:0'/><reason>Not here</reason></moderated></apply-to></message>`);
    equal(told.elements().filter((it) => it.name === "stanza-id" && it.attr("by") === ROOM).length, 1);
    retraction = told;
  }
  const [left, kept, ...none] = await archived(c.hag);
  deepEqual(none, []);
  equal(left!.childText("body"), undefined);
  equal(left!.attr("from"), `${ROOM}/secondwitch`);
  const tombstone = left!.child("retracted", RETRACT)!;
  equal(tombstone.attr("id"), retraction!.attr("id"));
  ok(tombstone.attr("stamp"));
  equal(tombstone.childText("reason"), "Not here");
  ok(tombstone.child("moderated", MODERATE)!.has("occupant-id", OCCUPANT));
  ok(left!.child("moderated", OLD)!.has("retracted", "urn:xmpp:message-retract:0"));
  // XEP-0424 §6: who was away learns of it from the archive.
  equal(kept!.child("retract", RETRACT)?.attr("id"), id);
});

Deno.test("XEP-0425 §6: who comes later does not get what was retracted", async () => {
  await using c = await open();
  const id = await say(c.wicca, "potions");
  await say(c.hag, "newts");
  await ask(c.crone, "set", moderate(id));
  const newcomer = await c.server.client("newcomer/x");
  await enter(newcomer, "newt");
  deepEqual(newcomer.inbox.flatMap((it) => it.childText("body") ?? []), ["newts"]);
});

Deno.test("XEP-0425 0.2: the older request means the same", async () => {
  await using c = await open();
  const id = await say(c.wicca, "potions");
  quietly(c.hag);
  const request = `<apply-to id='${id}' xmlns='${FASTEN}'><moderate xmlns='${OLD}'>
    <retract xmlns='urn:xmpp:message-retract:0'/><reason>No</reason></moderate></apply-to>`;
  await refused(c.wicca, "set", request, "forbidden", "auth");
  await ask(c.crone, "set", request);
  c.hag.expect(
    `<message from='${ROOM}'><retract id='${id}' xmlns='${RETRACT}'><reason>No</reason></retract></message>`,
  );
  equal((await archived(c.hag))[0]!.childText("body"), undefined);
});

Deno.test("XEP-0425 §4.2: who may not, what is not there, what is not offered; twice is once", async () => {
  await using c = await open();
  const id = await say(c.wicca, "potions");
  await refused(c.hag, "set", moderate(id), "forbidden", "auth");
  await refused(c.crone, "set", moderate("nothing"), "item-not-found", "cancel");
  await refused(c.crone, "set", moderate(""), "bad-request", "modify");
  await refused(
    c.crone,
    "set",
    `<moderate id='${id}' xmlns='${MODERATE}'/>`,
    "feature-not-implemented",
    "cancel",
  );
  await ask(c.crone, "set", moderate(id));
  quietly(c.hag);
  await ask(c.crone, "set", moderate(id, "again"));
  c.hag.quiet();
});

Deno.test("XEP-0425: without an archive too, for what is in the history", async () => {
  await using c = await open(false);
  // Names are given by the archive's plugin; where there is none, there is nothing to refer to.
  equal(await say(c.wicca, "potions"), "");
  await using d = await open();
  await ask(
    d.crone,
    "set",
    `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>
      <field var='muc#roomconfig_enablearchiving'><value>0</value></field></x></query>`,
  );
  const id = await say(d.wicca, "potions");
  quietly(d.hag);
  await ask(d.crone, "set", moderate(id));
  d.hag.expect(`<message from='${ROOM}'><retract id='${id}' xmlns='${RETRACT}'/></message>`);
  const newcomer = await d.server.client("newcomer/x");
  await enter(newcomer, "newt");
  ok(!newcomer.inbox.some((it) => it.has("body")));
});

Deno.test("XEP-0424 §5: authors take their own words back, under whatever name", async () => {
  await using c = await open();
  const id = await say(c.wicca, "oops");
  await c.wicca.send(`<presence to='${ROOM}/fourthwitch'/>`);
  await c.wicca.send(`<message to='${ROOM}' type='groupchat' id='r1'><retract id='${id}' xmlns='${RETRACT}'/>
    <body>This person attempted to retract a message</body></message>`);
  c.hag.expect(
    `<message from='${ROOM}/fourthwitch' id='r1'><retract id='${id}' xmlns='${RETRACT}'/></message>`,
  );
  const [left, retraction] = await archived(c.hag);
  equal(left!.childText("body"), undefined);
  equal(left!.child("retracted", RETRACT)?.attr("id"), "r1");
  ok(left!.has("occupant-id", OCCUPANT));
  equal(retraction!.child("retract", RETRACT)?.attr("id"), id);
});

Deno.test("XEP-0424 §6, XEP-0425 §6: nobody takes back the words of others, or speaks for the room", async () => {
  await using c = await open();
  const id = await say(c.wicca, "mine");
  quietly(c.hag, c.crone);
  await c.hag.send(
    `<message to='${ROOM}' type='groupchat' id='r1'><retract id='${id}' xmlns='${RETRACT}'/></message>`,
  );
  c.hag.expect(`<message type='error' id='r1'>${error("forbidden", "auth")}</message>`);
  for (
    const forged of [
      `<retract id='${id}' xmlns='${RETRACT}'><moderated xmlns='${MODERATE}' by='${ROOM}/firstwitch'/></retract>`,
      `<apply-to id='${id}' xmlns='${FASTEN}'><moderated xmlns='${OLD}' by='${ROOM}/firstwitch'/></apply-to>`,
    ]
  ) {
    await c.wicca.send(`<message to='${ROOM}' type='groupchat' id='r2'>${forged}</message>`);
    c.wicca.expect(`<message type='error' id='r2'>${error("forbidden", "auth")}</message>`);
  }
  c.crone.quiet();
  equal((await archived(c.hag))[0]!.childText("body"), "mine");
});

Deno.test("XEP-0425 §3, XEP-0424 §4: both versions, and tombstones where there is an archive, are announced", async () => {
  await using c = await open();
  const info = await ask(c.hag, "get", `<query xmlns='${DISCO_INFO}'/>`);
  const features = info!.elements().map((it) => it.attr("var"));
  for (const it of [MODERATE, OLD, RETRACT, `${RETRACT}#tombstone`, SID]) ok(features.includes(it), it);
});
