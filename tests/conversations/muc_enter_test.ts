import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import {
  admin,
  ask,
  codesOf,
  configure,
  coven,
  create,
  enter,
  error,
  inboxOf,
  MUC,
  owner,
  quietly,
  ROOM,
  says,
  USER,
  world,
} from "./muc_world.ts";

const join = (nick: string, inner = "", room = ROOM) =>
  `<presence to='${room}/${nick}' id='n13mt3l'><x xmlns='${MUC}'>${inner}</x></presence>`;

Deno.test("XEP-0045 examples 18 and 20 to 22: the presence of the others, then one's own", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("fourthwitch"));
  hecate.expectNext(`<presence from='${ROOM}/firstwitch' to='hecate@a.test/broom'>
    ${says("affiliation='owner' role='moderator'")}</presence>`);
  hecate.expectNext(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
  hecate.expectNext(
    `<presence from='${ROOM}/thirdwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
  const own = hecate.expectNext(`<presence from='${ROOM}/fourthwitch' id='n13mt3l'>
    ${says("affiliation='none' role='participant'", 110)}</presence>`);
  deepEqual(codesOf(own), [110]);
  hecate.expectNext(`<message from='${ROOM}' type='groupchat'><subject/></message>`);
  hecate.quiet();
  for (const other of [it.crone, it.wicca, it.hag]) {
    const seen = other.expect(
      `<presence from='${ROOM}/fourthwitch'>${says("affiliation='none' role='participant'")}</presence>`,
    );
    deepEqual(codesOf(seen), []);
  }
});

Deno.test("XEP-0045 §7.1: presence of others, self-presence, history, subject, and then live messages", async () => {
  await using it = await coven();
  await it.crone.send(
    `<message to='${ROOM}' type='groupchat'><subject>Fire Burn and Cauldron Bubble!</subject></message>`,
  );
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>one</body></message>`);
  await it.wicca.send(`<message to='${ROOM}' type='groupchat'><body>two</body></message>`);
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("fourthwitch"));
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>live</body></message>`);
  deepEqual(inboxOf(hecate), [
    "firstwitch:presence",
    "secondwitch:presence",
    "thirdwitch:presence",
    "fourthwitch:presence",
    "thirdwitch:one",
    "secondwitch:two",
    "firstwitch:subject:Fire Burn and Cauldron Bubble!",
    "thirdwitch:live",
  ]);
});

Deno.test("XEP-0045 example 19: a nickname is needed", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(`<presence to='${ROOM}'><x xmlns='${MUC}'/></presence>`);
  hecate.expect(`<presence type='error' from='${ROOM}'>${error("jid-malformed", "modify")}</presence>`);
});

Deno.test("XEP-0045 §17.1: nobody is invisible", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("   "));
  hecate.expect(`<presence type='error'>${error("not-acceptable", "modify")}</presence>`);
});

Deno.test("XEP-0045 examples 23 and 24: true addresses, and a warning, where everybody may see them", async () => {
  await using it = await coven({ fields: { whois: "anyone" } });
  const [hecate] = await it.server.online("hecate/broom");
  const own = await enter(hecate, "fourthwitch");
  deepEqual(codesOf(own), [100, 110]);
  it.hag.expect(`<presence from='${ROOM}/fourthwitch'>${says("jid='hecate@a.test/broom'")}</presence>`);
  hecate.expect(`<presence from='${ROOM}/thirdwitch'>${says("jid='hag66@a.test/pda'")}</presence>`);
});

Deno.test("XEP-0045 §7.2.4: elsewhere only moderators see them", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  const own = await enter(hecate, "fourthwitch");
  deepEqual(codesOf(own), [110]);
  it.crone.expect(`<presence from='${ROOM}/fourthwitch'>${says("jid='hecate@a.test/broom'")}</presence>`);
  const seen = it.hag.expect(`<presence from='${ROOM}/fourthwitch'/>`);
  equal(seen.child("x", USER)!.child("item")!.attr("jid"), undefined);
  for (const shown of hecate.inbox) ok(!shown.toString().includes("hag66@"), String(shown));
});

Deno.test("XEP-0045 examples 25 and 26: passwords", async () => {
  await using it = await coven({ fields: {} });
  await configure(it.crone, { roomsecret: "cauldronburn", passwordprotectedroom: "1" });
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("fourthwitch"));
  hecate.expect(
    `<presence type='error' from='${ROOM}/fourthwitch'>${error("not-authorized", "auth")}</presence>`,
  );
  await hecate.send(join("fourthwitch", "<password>wrong</password>"));
  hecate.expect(`<presence type='error'>${error("not-authorized", "auth")}</presence>`);
  await enter(hecate, "fourthwitch", "<password>cauldronburn</password>");
});

Deno.test("XEP-0045 example 27: a room for members only", async () => {
  await using it = await coven();
  await configure(it.crone, { membersonly: "1" });
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("fourthwitch"));
  hecate.expect(`<presence type='error'>${error("registration-required", "auth")}</presence>`);
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='hecate@a.test'/>`));
  const own = await enter(hecate, "fourthwitch");
  ok(own.toString().includes('affiliation="member"'));
});

Deno.test("XEP-0045 example 28: who is banned stays out, also by domain", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(`<item affiliation='outcast' jid='hecate@a.test'/><item affiliation='outcast' jid='evil.test'/>`),
  );
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("fourthwitch"));
  hecate.expect(`<presence type='error'>${error("forbidden", "auth")}</presence>`);
  const evil = it.server.remote("evil.test");
  await evil.send(`<presence from='x@evil.test/y' to='${ROOM}/evil'><x xmlns='${MUC}'/></presence>`);
  evil.expect(`<presence type='error'>${error("forbidden", "auth")}</presence>`);
});

Deno.test("XEP-0045 example 29: a nickname in use, or reserved by a member", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("thirdwitch"));
  hecate.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='absent@a.test' nick='reserved'/>`));
  await hecate.send(join("reserved"));
  hecate.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
  await enter(hecate, "fourthwitch");
});

Deno.test("XEP-0045 §7.2.8: devices of one account share a nickname, and all of them are in the room", async () => {
  await using it = await coven();
  const [tablet] = await it.server.online("hag66/tablet");
  quietly(it.crone);
  await enter(tablet, "thirdwitch");
  it.crone.never(`<presence type='unavailable'/>`);
  await it.crone.send(`<message to='${ROOM}' type='groupchat'><body>hello</body></message>`);
  for (const device of [it.hag, tablet]) {
    device.expect(`<message from='${ROOM}/firstwitch'><body>hello</body></message>`);
  }
  await tablet.send(`<message to='${ROOM}' type='groupchat'><body>from the tablet</body></message>`);
  for (const device of [it.hag, tablet, it.crone]) {
    device.expect(`<message from='${ROOM}/thirdwitch'><body>from the tablet</body></message>`);
  }
  await it.wicca.send(`<message to='${ROOM}/thirdwitch' type='chat'><body>psst</body></message>`);
  for (const device of [it.hag, tablet]) {
    device.expect(`<message from='${ROOM}/secondwitch'><body>psst</body></message>`);
  }
  quietly(it.crone, it.hag, tablet);
  // One goes: only it is told, the nickname stays.
  await tablet.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  tablet.expect(
    `<presence type='unavailable' from='${ROOM}/thirdwitch'>${says("role='none'", 110)}</presence>`,
  );
  it.crone.never(`<presence type='unavailable'/>`);
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  it.crone.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`);
});

Deno.test("XEP-0045 example 30: a full room; owners and admins are let in all the same", async () => {
  await using it = await world();
  const clients = await it.online(...Array.from({ length: 12 }, (_, i) => `user${i}/x`));
  await create(clients[0]!, "n0", { maxusers: "10" });
  for (let i = 1; i < 10; i++) await enter(clients[i]!, `n${i}`);
  const late = clients[10]!;
  await late.send(join("n10"));
  late.expect(`<presence type='error'>${error("service-unavailable", "wait")}</presence>`);
  await ask(clients[0]!, "set", admin(`<item affiliation='admin' jid='user10@a.test'/>`));
  await enter(late, "n10");
});

Deno.test("XEP-0045 example 31: a room that is not configured yet is not there for others", async () => {
  await using server = await world();
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  await enter(crone, "firstwitch");
  await hag.send(join("thirdwitch"));
  hag.expect(`<presence type='error'>${error("item-not-found", "cancel")}</presence>`);
  await ask(crone, "set", owner("<x xmlns='jabber:x:data' type='submit'/>"));
  await enter(hag, "thirdwitch");
});

Deno.test("XEP-0045 §7.2.2, 210: a nickname that the room insists on", async () => {
  await using it = await coven();
  await configure(it.crone, { "x-muc#roomconfig_reservednick": "1" });
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='hecate@a.test' nick='Hecate'/>`));
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(join("somebody"));
  const own = hecate.expect(
    `<presence from='${ROOM}/Hecate'>${says("role='participant'", 110, 210)}</presence>`,
  );
  deepEqual(codesOf(own), [110, 210]);
});

Deno.test("XEP-0045 examples 42 and 43: presence without the mark of a join, from who is not there", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(`<presence to='${ROOM}/fourthwitch' id='42'/>`);
  const kick = hecate.expect(`<presence type='unavailable' from='${ROOM}/fourthwitch'>
    ${says("affiliation='none' role='none'", 110, 307, 333)}</presence>`);
  deepEqual(codesOf(kick), [110, 307, 333]);
  it.crone.quiet();
});

Deno.test("XEP-0045 §17.3, rule 3: who asks to come in again gets everything again", async () => {
  await using it = await coven();
  await it.wicca.send(`<message to='${ROOM}' type='groupchat'><body>before</body></message>`);
  quietly(it.hag, it.crone, it.wicca);
  await it.hag.send(join("thirdwitch"));
  deepEqual(inboxOf(it.hag), [
    "firstwitch:presence",
    "secondwitch:presence",
    "thirdwitch:presence",
    "secondwitch:before",
    ":subject:",
  ]);
  deepEqual(codesOf(it.hag.inbox[2]!), [110]);
  it.crone.quiet();
  await it.hag.send(`<presence to='${ROOM}/thirdwitch'><show>away</show><x xmlns='${MUC}'/></presence>`);
  it.crone.expect(`<presence from='${ROOM}/thirdwitch'><show>away</show></presence>`);
});

Deno.test("XEP-0045 §17.3, rules 1, 2 and 5: only what is meant as coming or going is that", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(`<presence to='${ROOM}/fourthwitch' type='probe'/>`);
  await hecate.send(`<presence to='${ROOM}/fourthwitch' type='unavailable'/>`);
  hecate.quiet();
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unsubscribed'/>`);
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>still here</body></message>`);
  it.crone.expect(`<message><body>still here</body></message>`);
  await it.hag.send(`<presence to='${ROOM}/firstwitch' type='probe'/>`);
  it.hag.expect(`<presence from='${ROOM}/firstwitch'>${says("affiliation='owner'")}</presence>`);
});

Deno.test("XEP-0421: one id for a person in a room, another one in another room, and none that clients made up", async () => {
  await using it = await coven();
  const idOf = (
    stanza: { child(name: string, ns: string): { attr(name: string): string | undefined } | undefined },
  ) => stanza.child("occupant-id", "urn:xmpp:occupant-id:0")?.attr("id");
  const first = it.crone;
  await it.hag.send(
    `<message to='${ROOM}' type='groupchat'><body>x</body><occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/></message>`,
  );
  const seen = first.expect("<message><body>x</body></message>");
  equal(seen.elements().filter(({ name }) => name === "occupant-id").length, 1);
  const id = idOf(seen);
  ok(id !== undefined && id !== "forged" && id.length <= 128);
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  equal(idOf(first.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`)), id);
  await enter(it.hag, "renamed");
  equal(idOf(first.expect(`<presence from='${ROOM}/renamed'/>`)), id);
  await create(it.hag, "x", {}, "other@muc.a.test");
  await it.hag.send(`<message to='other@muc.a.test' type='groupchat'><body>y</body></message>`);
  notEqual(idOf(it.hag.expect("<message><body>y</body></message>")), id);
});

Deno.test("AC-2.2-2, BUG-23: nobody sees the password of another, nor what only the room may say", async () => {
  await using it = await coven();
  await configure(it.crone, { roomsecret: "cauldronburn" });
  quietly(it.crone);
  const forged = `<x xmlns='${USER}'><item affiliation='owner' role='moderator'/><status code='307'/></x>`;
  const plain = `<x xmlns='${MUC}'><password>cauldronburn</password></x>`;
  const [hecate] = await it.server.online("hecate/broom");
  for (
    const children of [[forged, plain, "<show>dnd</show>"], ["<show>dnd</show>", forged, plain], [
      plain,
      "<show>dnd</show>",
      forged,
      forged,
    ]]
  ) {
    await hecate.send(`<presence to='${ROOM}/fourthwitch'>${children.join("")}</presence>`);
    const seen = it.crone.expect(`<presence from='${ROOM}/fourthwitch'><show>dnd</show></presence>`);
    equal(seen.elements().filter(({ ns }) => ns === USER).length, 1);
    equal(seen.child("x", MUC), undefined);
    ok(!seen.toString().includes("cauldronburn"));
    ok(seen.toString().includes('affiliation="none"'));
    await hecate.send(`<presence to='${ROOM}/fourthwitch' type='unavailable'>${forged}</presence>`);
    const gone = it.crone.expect(`<presence type='unavailable' from='${ROOM}/fourthwitch'/>`);
    equal(gone.elements().filter(({ ns }) => ns === USER).length, 1);
    deepEqual(codesOf(gone), []);
  }
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>x</body>${forged}</message>`);
  const said = it.crone.expect("<message><body>x</body></message>");
  equal(said.child("x", USER), undefined);
});

Deno.test("XEP-0045 §7.2.2, 210: who is let in by the nickname that is theirs may ask for another one again", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin("<item jid='hecate@a.test' affiliation='member' nick='Hecate'/>"));
  await configure(it.crone, { "x-muc#roomconfig_reservednick": "1" });
  const [hecate] = await it.server.online("hecate/broom");
  for (let i = 0; i < 2; i++) {
    await hecate.send(join("somebody"));
    const own = hecate.expect(
      `<presence from='${ROOM}/Hecate'>${says("role='participant'", 110)}</presence>`,
    );
    deepEqual(codesOf(own), [110, 210]);
    hecate.expect(`<message from='${ROOM}' type='groupchat'><subject/></message>`);
    quietly(hecate);
  }
});

Deno.test("XEP-0045 §17.3, rule 3: who asks to come in again by a nickname of their own gets everything again", async () => {
  await using it = await coven();
  const [tablet] = await it.server.online("hag66/tablet");
  await enter(tablet, "thirdwitch");
  quietly(tablet);
  await tablet.send(join("tablet"));
  tablet.expect(`<presence from='${ROOM}/firstwitch'/>`);
  tablet.expect(`<presence from='${ROOM}/tablet'>${says("role='participant'", 110)}</presence>`);
  tablet.expect(`<message from='${ROOM}' type='groupchat'><subject/></message>`);
});
