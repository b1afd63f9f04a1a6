/** Rooms among people who mean harm: what somebody can take of them, pretend in them, or fill them with. */
import { deepEqual, equal, ok } from "node:assert/strict";
import {
  admin,
  ask,
  codesOf,
  configure,
  coven,
  create,
  enter,
  error,
  MUC,
  quietly,
  refused,
  ROOM,
  says,
  USER,
  valuesOf,
  world,
} from "./muc_world.ts";

const VERSION = "<query xmlns='jabber:iq:version'/>";
const register = (nick: string) =>
  `<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE'><value>${MUC}#register</value></field>
    <field var='muc#register_roomnick'><value>${nick}</value></field></x></query>`;
const join = (nick: string, inner = "", room = ROOM) =>
  `<presence to='${room}/${nick}'><x xmlns='${MUC}'>${inner}</x></presence>`;
const say = (body: string, inner = "") =>
  `<message to='${ROOM}' type='groupchat'><body>${body}</body>${inner}</message>`;

Deno.test("RFC 8266 §2.4 in rooms: a nickname that looks like that of somebody else is taken", async () => {
  await using it = await coven();
  const [other] = await it.server.online("other/x");
  for (const nick of ["FirstWitch", "ＦＩＲＳＴwitch", "firstwitch ", "thirdwitcH"]) {
    await other.send(join(nick));
    other.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
  }
  await it.wicca.send(`<presence to='${ROOM}/FIRSTWITCH'/>`);
  it.wicca.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
  // One's own may be written otherwise, and who has gone left the name to others.
  await it.hag.send(`<presence to='${ROOM}/ThirdWitch'/>`);
  it.crone.expect(`<presence from='${ROOM}/ThirdWitch'/>`);
  await it.hag.send(`<presence to='${ROOM}/ThirdWitch' type='unavailable'/>`);
  await enter(other, "thirdwitch");
  // What is reserved is so in every spelling.
  await ask(other, "set", register("Hecate"));
  await it.wicca.send(`<presence to='${ROOM}/hecate'/>`);
  it.wicca.expect(`<presence type='error'>${error("conflict", "cancel")}</presence>`);
  await refused(it.wicca, "set", register("HECATE"), "conflict", "cancel");
});

Deno.test("XEP-0045 §7.2.8: another device in another spelling shares the nickname (210)", async () => {
  await using it = await coven();
  const [tablet] = await it.server.online("hag66/tablet");
  await tablet.send(join("ThirdWitch"));
  const own = tablet.expect(
    `<presence from='${ROOM}/thirdwitch'>${says("role='participant'", 210)}</presence>`,
  );
  deepEqual(codesOf(own), [110, 210]);
});

Deno.test("presence that a room would keep and give to everybody has a size", async () => {
  await using it = await coven();
  const large = `<status>${"x".repeat(20_000)}</status>`;
  const [other] = await it.server.online("other/x");
  await other.send(`<presence to='${ROOM}/other'>${large}<x xmlns='${MUC}'/></presence>`);
  other.expect(`<presence type='error'>${error("policy-violation", "modify")}</presence>`);
  await it.hag.send(`<presence to='${ROOM}/thirdwitch'>${large}</presence>`);
  it.hag.expect(`<presence type='error'>${error("policy-violation", "modify")}</presence>`);
  it.crone.quiet();
});

Deno.test("the history of a room has a size, too", async () => {
  await using it = await coven();
  const large = "x".repeat(300_000);
  const speakers = [it.crone, it.wicca, it.hag, it.hag];
  for (const [i, client] of speakers.entries()) await client.send(say("abcd"[i] + large));
  const [late] = await it.server.online("late/x");
  await enter(late, "late");
  const bodies = late.inbox.map((it) => it.childText("body")?.slice(0, 1)).filter((it) => it !== undefined);
  deepEqual(bodies, ["b", "c", "d"]);
});

Deno.test("XEP-0203: nobody makes their words look like the history of a room", async () => {
  await using it = await coven();
  const stamp = "stamp='2002-10-13T23:58:37Z'";
  await it.hag.send(say(
    "I am the owner",
    `<delay xmlns='urn:xmpp:delay' from='Coven@MUC.a.test' ${stamp}/><delay xmlns='urn:xmpp:delay' from='${ROOM}/firstwitch' ${stamp}/>
     <delay xmlns='urn:xmpp:delay' from='hag66@a.test/pda' ${stamp}/>`,
  ));
  const seen = it.crone.expect("<message><body>I am the owner</body></message>");
  deepEqual(seen.elementsOf("urn:xmpp:delay").map((delay) => delay.attr("from")), ["hag66@a.test/pda"]);
});

Deno.test("requests that nobody answers keep nobody else from asking", async () => {
  await using it = await coven();
  for (let i = 0; i < 50; i++) {
    await it.wicca.send(`<iq type='get' id='w${i}' to='${ROOM}/thirdwitch'>${VERSION}</iq>`);
  }
  await refused(it.wicca, "get", VERSION, "resource-constraint", "wait", `${ROOM}/thirdwitch`);
  quietly(it.hag);
  await it.crone.send(`<iq type='get' id='c' to='${ROOM}/thirdwitch'>${VERSION}</iq>`);
  it.hag.expect(`<iq type='get' from='${ROOM}/firstwitch'>${VERSION}</iq>`);
});

Deno.test("people on record: invitations and registrations cannot fill it, and admins can still ban", async () => {
  await using it = await coven({ muc: { affiliations: 4 } });
  // Two of four: whoever runs the room keeps the rest.
  await ask(it.hag, "set", register("thirdwitch"));
  await refused(it.wicca, "set", register("secondwitch"), "resource-constraint", "wait");
  await ask(it.crone, "set", admin("<item affiliation='outcast' jid='villain@b.test'/>"));
  await configure(it.crone, {
    membersonly: "1",
    "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites": "1",
  });
  const invitation = (to: string) =>
    `<message to='${ROOM}' id='i'><x xmlns='${USER}'><invite to='${to}'/></x></message>`;
  await it.server.online("one/x", "two/x");
  await it.hag.send(invitation("one@a.test"));
  quietly(it.hag);
  await it.hag.send(invitation("two@a.test"));
  it.hag.expect(`<message type='error' id='i'>${error("resource-constraint", "wait")}</message>`);
});

Deno.test("what new rooms are like gives nobody more than the form would", async () => {
  await using server = await world({
    muc: { create: "anyone", persistent: "admins", public: "admins", room: { persistent: true } },
  });
  const [crone, root] = await server.online("crone1/desktop", "root/x");
  await create(crone, "crone");
  deepEqual(await valuesOf(crone, "persistentroom"), ["0"]);
  deepEqual(await valuesOf(crone, "publicroom"), ["0"]);
  await create(root, "root", {}, "ours@muc.a.test");
  deepEqual(await valuesOf(root, "persistentroom", "ours@muc.a.test"), ["1"]);
});

Deno.test("XEP-0045 §7.6, §7.2.9: devices of one nickname do not fill a room by taking nicknames of their own", async () => {
  await using server = await world({ muc: { occupants: 2, joined_each: 5 } });
  const [crone, one, two] = await server.online("crone1/desktop", "hag66/1", "hag66/2");
  await create(crone, "crone");
  for (const device of [one, two]) await enter(device, "hag");
  await two.send(`<presence to='${ROOM}/witch'/>`);
  two.expect(`<presence type='error'>${error("service-unavailable", "wait")}</presence>`);
});

Deno.test("XEP-0045 §9.6: who becomes a moderator is shown the true addresses of those who are there", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin("<item nick='secondwitch' role='moderator'/>"));
  it.wicca.expectNext(
    `<presence from='${ROOM}/firstwitch'>${says("jid='crone1@a.test/desktop'")}</presence>`,
  );
  it.wicca.expectNext(`<presence from='${ROOM}/thirdwitch'>${says("jid='hag66@a.test/pda'")}</presence>`);
  it.wicca.expectNext(`<presence from='${ROOM}/secondwitch'>${says("role='moderator'", 110)}</presence>`);
  const others = it.hag.inbox.map((stanza) => stanza.attr("from"));
  deepEqual(others, [`${ROOM}/secondwitch`]);
  ok(!it.hag.inbox[0]!.toString().includes("jid="));
});

Deno.test("XEP-0045 §10.2.1, 172: where addresses become visible, they are shown to those who did not see them", async () => {
  await using it = await coven();
  await configure(it.crone, { whois: "anyone" });
  const notice = it.hag.expectNext(
    `<message from='${ROOM}'><x xmlns='${USER}'><status code='172'/></x></message>`,
  );
  deepEqual(codesOf(notice), [104, 172]);
  it.hag.expectNext(`<presence from='${ROOM}/firstwitch'>${says("jid='crone1@a.test/desktop'")}</presence>`);
  it.hag.expectNext(
    `<presence from='${ROOM}/secondwitch'>${says("jid='wiccarocks@a.test/laptop'")}</presence>`,
  );
  equal(it.crone.inbox.filter(({ name }) => name === "presence").length, 0);
  quietly(it.hag);
  await configure(it.crone, { whois: "moderators" });
  equal(it.hag.inbox.filter(({ name }) => name === "presence").length, 0);
});

Deno.test("XEP-0045 §7.2.6: a password is not found by trying; others enter meanwhile", async () => {
  await using it = await coven();
  await configure(it.crone, { roomsecret: "cauldronburn" });
  const [guesser, other] = await it.server.online("guesser/x", "other/x");
  const attempt = (password: string) => join("guesser", `<password>${password}</password>`);
  for (let i = 0; i < 10; i++) {
    await guesser.send(attempt(String(i)));
    guesser.expect(`<presence type='error'>${error("not-authorized", "auth")}</presence>`);
  }
  await guesser.send(attempt("cauldronburn"));
  guesser.expect(`<presence type='error'>${error("policy-violation", "wait")}</presence>`);
  await enter(other, "other", "<password>cauldronburn</password>");
  await it.server.clock.advance(60_000);
  await enter(guesser, "guesser", "<password>cauldronburn</password>");
});
