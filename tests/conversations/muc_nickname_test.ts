import { deepEqual, equal, ok } from "node:assert/strict";
import {
  admin,
  ask,
  codesOf,
  configure,
  coven,
  DISCO_INFO,
  enter,
  error,
  form,
  MUC,
  quietly,
  refused,
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

const REGISTER = "jabber:iq:register";
const FORM = `${MUC}#register`;
const register = (nick: string) =>
  `<query xmlns='${REGISTER}'>${form({ "muc#register_roomnick": nick }, "submit", FORM)}</query>`;
const ITEM = `<query xmlns='${DISCO_INFO}' node='x-roomuser-item'/>`;

Deno.test("XEP-0045 examples 49 and 50: another nickname", async () => {
  await using it = await coven();
  await it.hag.send(`<presence to='${ROOM}/oldhag' id='nc'/>`);
  for (const client of [it.crone, it.wicca]) {
    const old = client.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'>
      ${says("affiliation='none' role='participant' nick='oldhag'", 303)}</presence>`);
    deepEqual(codesOf(old), [303]);
    client.expectNext(
      `<presence from='${ROOM}/oldhag'>${says("affiliation='none' role='participant'")}</presence>`,
    );
    client.quiet();
  }
  deepEqual(codesOf(it.hag.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'/>`)), [
    110,
    303,
  ]);
  deepEqual(codesOf(it.hag.expectNext(`<presence from='${ROOM}/oldhag' id='nc'/>`)), [110]);
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>it is me</body></message>`);
  it.crone.expect(`<message from='${ROOM}/oldhag'><body>it is me</body></message>`);
});

Deno.test("XEP-0045 example 52: a nickname that somebody else has, or has reserved", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='absent@a.test' nick='reserved'/>`));
  for (const nick of ["secondwitch", "reserved"]) {
    await it.hag.send(`<presence to='${ROOM}/${nick}'/>`);
    it.hag.expect(`<presence from='${ROOM}/${nick}' type='error'>${error("conflict", "cancel")}</presence>`);
  }
});

Deno.test("XEP-0045 example 53: nicknames that are locked down", async () => {
  await using it = await coven();
  await configure(it.crone, { "x-muc#roomconfig_canchangenick": "0" });
  await it.hag.send(`<presence to='${ROOM}/oldhag'/>`);
  it.hag.expect(
    `<presence type='error' from='${ROOM}/oldhag'>${error("not-acceptable", "modify")}</presence>`,
  );
  await it.crone.send(`<presence to='${ROOM}/owner'/>`);
  it.crone.expect(`<presence from='${ROOM}/owner'/>`);
});

Deno.test("XEP-0045 §7.6: devices that shared a nickname go apart and come together again", async () => {
  await using it = await coven();
  const [tablet] = await it.server.online("hag66/tablet");
  await enter(tablet, "thirdwitch");
  quietly(it.crone, it.hag, tablet);
  await tablet.send(`<presence to='${ROOM}/tablet'/>`);
  deepEqual(codesOf(tablet.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`)), [110, 303]);
  it.crone.never(`<presence type='unavailable'/>`);
  it.crone.expect(`<presence from='${ROOM}/tablet'/>`);
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>pda</body></message>`);
  it.crone.expect(`<message from='${ROOM}/thirdwitch'><body>pda</body></message>`);
  await tablet.send(`<message to='${ROOM}' type='groupchat'><body>tablet</body></message>`);
  it.crone.expect(`<message from='${ROOM}/tablet'><body>tablet</body></message>`);
  await tablet.send(`<presence to='${ROOM}/thirdwitch'/>`);
  it.crone.expect(
    `<presence type='unavailable' from='${ROOM}/tablet'>${says("nick='thirdwitch'", 303)}</presence>`,
  );
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  it.crone.never(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`);
});

Deno.test("XEP-0045 examples 66, 70, 71, 75 and 76: registering a nickname makes a member", async () => {
  await using it = await coven();
  const asked = await ask(it.hag, "get", `<query xmlns='${REGISTER}'/>`);
  ok(asked!.toString().includes("muc#register_roomnick") && asked!.has("instructions"));
  await ask(it.hag, "set", register("thirdwitch"));
  for (const client of [it.crone, it.wicca]) {
    client.expect(
      `<presence from='${ROOM}/thirdwitch'>${says("affiliation='member' role='participant'")}</presence>`,
    );
  }
});

Deno.test("XEP-0045 example 67: a room that is not there", async () => {
  await using it = await coven();
  await refused(
    it.hag,
    "get",
    `<query xmlns='${REGISTER}'/>`,
    "item-not-found",
    "cancel",
    "nowhere@muc.a.test",
  );
});

Deno.test("XEP-0045 example 68: who may not register", async () => {
  await using it = await coven();
  await configure(it.crone, { "x-muc#roomconfig_registration": "0" });
  await refused(it.hag, "get", `<query xmlns='${REGISTER}'/>`, "not-allowed", "cancel");
  await refused(it.hag, "set", register("hag"), "not-allowed", "cancel");
});

Deno.test("XEP-0045 example 69: who is registered already", async () => {
  await using it = await coven();
  await ask(it.hag, "set", register("thirdwitch"));
  const answer = await ask(it.hag, "get", `<query xmlns='${REGISTER}'/>`);
  ok(answer!.has("registered"));
  equal(answer!.childText("username"), "thirdwitch");
});

Deno.test("XEP-0045 examples 72 and 74: a nickname that is taken, and a form that is none", async () => {
  await using it = await coven();
  await refused(it.hag, "set", register("secondwitch"), "conflict", "cancel");
  await ask(it.wicca, "set", register("another"));
  await refused(it.hag, "set", register("another"), "conflict", "cancel");
  await refused(
    it.hag,
    "set",
    `<query xmlns='${REGISTER}'><username>x</username></query>`,
    "bad-request",
    "modify",
  );
});

Deno.test("XEP-0077 §3.2 in a room: who takes it back is a member no more", async () => {
  await using it = await coven();
  await ask(it.hag, "set", register("thirdwitch"));
  await ask(it.hag, "set", `<query xmlns='${REGISTER}'><remove/></query>`);
  it.crone.expect(`<presence from='${ROOM}/thirdwitch'>${says("affiliation='none'")}</presence>`);
  await enter((await it.server.online("x/y"))[0], "other");
  await refused(
    it.hag,
    "set",
    `<query xmlns='${REGISTER}'><remove/></query>`,
    "registration-required",
    "auth",
  );
});

Deno.test("XEP-0045 examples 77 and 78: which nickname is mine", async () => {
  await using it = await coven();
  equal((await ask(it.hag, "get", ITEM))!.elements().length, 0);
  await ask(it.hag, "set", register("thirdwitch"));
  const answer = await ask(it.hag, "get", ITEM);
  equal(answer!.child("identity")!.attr("name"), "thirdwitch");
  equal(answer!.attr("node"), "x-roomuser-item");
});

Deno.test("XEP-0045 §9.1: who is banned has no nickname reserved any more", async () => {
  await using it = await coven();
  await ask(it.hag, "set", register("thirdwitch"));
  await ask(it.crone, "set", admin(`<item affiliation='outcast' jid='hag66@a.test'/>`));
  await it.wicca.send(`<presence to='${ROOM}/thirdwitch'/>`);
  it.wicca.expect(`<presence from='${ROOM}/thirdwitch'>${says("affiliation='none'")}</presence>`);
});

Deno.test("XEP-0045 §15.6.2, 102 and 103: members who are not there can be shown", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='absent@a.test' nick='fifthwitch'/>`));
  quietly(it.hag);
  await configure(it.crone, { "x-muc#roomconfig_showabsent": "1" });
  deepEqual(codesOf(it.hag.expect(`<message from='${ROOM}' type='groupchat'/>`)), [102, 104]);
  const [hecate, absent] = await it.server.online("hecate/broom", "absent/x");
  await enter(hecate, "fourthwitch");
  const shown = hecate.expect(`<presence from='${ROOM}/fifthwitch' type='unavailable'>
    ${says("affiliation='member' role='none' nick='fifthwitch'")}</presence>`);
  equal(shown.child("x", USER)!.child("item")!.attr("jid"), undefined);
  await enter(absent, "fifthwitch");
  absent.never(`<presence type='unavailable'/>`);
  await configure(it.crone, { "x-muc#roomconfig_showabsent": "0" });
  deepEqual(codesOf(it.hag.expect(`<message from='${ROOM}' type='groupchat'/>`)), [103, 104]);
});
