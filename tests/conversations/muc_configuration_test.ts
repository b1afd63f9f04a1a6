import { deepEqual, equal, ok } from "node:assert/strict";
import {
  admin,
  ask,
  codesOf,
  CONFIG,
  configure,
  coven,
  create,
  enter,
  error,
  form,
  MUC,
  owner,
  quietly,
  refused,
  ROOM,
  says,
  USER,
  valuesOf,
  world,
} from "./muc_world.ts";

Deno.test("XEP-0045 example 152: who may not make rooms", async () => {
  await using server = await world({ muc: { create: "admins" } });
  const [hag, root] = await server.online("hag66/pda", "root/x");
  await hag.send(`<presence to='${ROOM}/hag'><x xmlns='${MUC}'/></presence>`);
  hag.expect(`<presence type='error' from='${ROOM}/hag'>${error("not-allowed", "cancel")}</presence>`);
  await enter(root, "root");
});

Deno.test("STANDARDS 1.5: people of other servers enter rooms, and do not make them", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await far.send(`<presence from='x@far.test/1' to='new@muc.a.test/x'><x xmlns='${MUC}'/></presence>`);
  far.expect(`<presence type='error'>${error("not-allowed", "cancel")}</presence>`);
  await far.send(`<presence from='x@far.test/1' to='${ROOM}/x'><x xmlns='${MUC}'/></presence>`);
  far.expect(`<presence from='${ROOM}/x'>${says("affiliation='none'", 110)}</presence>`);
});

Deno.test("XEP-0045 examples 153 to 155: a room is made, and is there as it is", async () => {
  await using server = await world();
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  const own = await enter(crone, "firstwitch");
  deepEqual(codesOf(own), [110, 201]);
  ok(own.toString().includes('affiliation="owner"'));
  await ask(crone, "set", owner("<x xmlns='jabber:x:data' type='submit'/>"));
  crone.never(`<message><x xmlns='${USER}'/></message>`);
  await enter(hag, "thirdwitch");
});

Deno.test("XEP-0045 examples 156, 157, 159 and 160: a reserved room", async () => {
  await using server = await world();
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  await enter(crone, "firstwitch");
  await crone.send(`<iq type='get' id='create1' to='${ROOM}'>${owner()}</iq>`);
  crone.expect(`<iq type='result' id='create1' from='${ROOM}'>${
    owner(`<x xmlns='jabber:x:data' type='form'>
      <field var='FORM_TYPE' type='hidden'><value>${CONFIG}</value></field>
      <field var='muc#roomconfig_roomname' type='text-single'/>
      <field var='muc#roomconfig_persistentroom' type='boolean'><value>0</value></field>
      <field var='muc#roomconfig_whois' type='list-single'><value>moderators</value>
        <option><value>moderators</value></option><option><value>anyone</value></option></field>
      <field var='muc#roomconfig_roomsecret' type='text-private'/>
      <field var='muc#roomconfig_roomowners' type='jid-multi'><value>crone1@a.test</value></field>
      <field var='muc#roomconfig_presencebroadcast' type='list-multi'/></x>`)
  }</iq>`);
  await configure(crone, {
    roomname: "A Dark Cave",
    persistentroom: "1",
    passwordprotectedroom: "1",
    roomsecret: "cauldronburn",
    roomadmins: ["wiccarocks@a.test", "hecate@a.test"],
  });
  deepEqual(await valuesOf(crone, "roomname"), ["A Dark Cave"]);
  deepEqual(await valuesOf(crone, "roomadmins"), ["wiccarocks@a.test", "hecate@a.test"]);
  deepEqual(await valuesOf(crone, "passwordprotectedroom"), ["1"]);
  await hag.send(`<presence to='${ROOM}/hag'><x xmlns='${MUC}'/></presence>`);
  hag.expect(`<presence type='error'>${error("not-authorized", "auth")}</presence>`);
});

Deno.test("XEP-0045 §10.1.3: a room can be configured before anybody is in it", async () => {
  await using server = await world();
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  const query = await ask(crone, "get", owner());
  ok(query!.toString().includes("muc#roomconfig_roomname"));
  await refused(
    crone,
    "get",
    `<query xmlns='http://jabber.org/protocol/disco#info'/>`,
    "item-not-found",
    "cancel",
  );
  await configure(crone, { roomname: "From afar", persistentroom: "1" });
  const own = await enter(hag, "hag");
  ok(own.toString().includes('affiliation="none"'));
});

Deno.test("XEP-0045 example 161: protected by a password, and none given", async () => {
  await using it = await coven();
  await refused(
    it.crone,
    "set",
    owner(form({ passwordprotectedroom: "1", roomname: "x" })),
    "not-acceptable",
    "modify",
  );
  deepEqual(await valuesOf(it.crone, "roomname"), [""]);
});

Deno.test("XEP-0045 example 162: who calls the first configuration off has no room", async () => {
  await using server = await world();
  const [crone] = await server.online("crone1/desktop");
  await enter(crone, "firstwitch");
  await ask(crone, "set", owner("<x xmlns='jabber:x:data' type='cancel'/>"));
  crone.expect(`<presence type='unavailable' from='${ROOM}/firstwitch'><x xmlns='${USER}'>
    <item affiliation='none' role='none'/><destroy/></x></presence>`);
  deepEqual(codesOf(await enter(crone, "again")), [110, 201]);
});

Deno.test("XEP-0045 §10.1.3: who goes before configuring a room leaves none behind", async () => {
  await using server = await world();
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  await enter(crone, "firstwitch");
  await crone.cut();
  deepEqual(codesOf(await enter(hag, "thirdwitch")), [110, 201]);
});

Deno.test("XEP-0045 examples 163 to 166: later changes are the owners'", async () => {
  await using it = await coven();
  await refused(it.hag, "get", owner(), "forbidden", "auth");
  await refused(it.hag, "set", owner(form({ roomname: "mine" })), "forbidden", "auth");
  await ask(it.crone, "set", owner("<x xmlns='jabber:x:data' type='cancel'/>"));
  it.hag.quiet();
  await refused(it.crone, "set", owner(), "bad-request", "modify");
});

Deno.test("XEP-0045 examples 167 to 170: admins and owners by the form", async () => {
  await using it = await coven();
  await configure(it.crone, { roomadmins: ["wiccarocks@a.test"] });
  it.hag.expect(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='admin' role='moderator'")}</presence>`,
  );
  await configure(it.crone, { roomadmins: [] });
  it.hag.expect(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
  await configure(it.crone, { roomowners: ["crone1@a.test", "wiccarocks@a.test"] });
  it.hag.expect(
    `<presence from='${ROOM}/secondwitch'>${says("affiliation='owner' role='moderator'")}</presence>`,
  );
  await configure(it.crone, { roomowners: ["wiccarocks@a.test"] });
  it.hag.expect(
    `<presence from='${ROOM}/firstwitch'>${says("affiliation='admin' role='moderator'")}</presence>`,
  );
  await refused(it.wicca, "set", owner(form({ roomowners: [""], roomname: "x" })), "conflict", "cancel");
});

Deno.test("XEP-0045 §10.2, 322: a room that becomes one for members only", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='wiccarocks@a.test'/>`));
  quietly(it.wicca);
  await configure(it.crone, { membersonly: "1" });
  deepEqual(codesOf(it.hag.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`)), [110, 322]);
  deepEqual(codesOf(it.wicca.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`)), [322]);
});

Deno.test("XEP-0045 example 171, AC-2.3-4: one notice, with the codes that fit, and none when nothing has changed", async () => {
  await using it = await coven();
  const codes = async (fields: Record<string, string>) => {
    quietly(it.hag);
    await configure(it.crone, fields);
    const notices = it.hag.inbox.filter(({ name }) => name === "message");
    equal(notices.length <= 1, true);
    if (notices[0] !== undefined) equal(notices[0].attr("type"), "groupchat");
    return notices[0] === undefined ? undefined : codesOf(notices[0]);
  };
  deepEqual(await codes({ roomname: "A Dark Cave" }), [104]);
  deepEqual(await codes({ roomname: "A Dark Cave" }), undefined);
  deepEqual(await codes({ whois: "anyone" }), [104, 172]);
  deepEqual(await codes({ whois: "moderators", roomname: "x" }), [104, 173]);
  deepEqual(await codes({}), undefined);
});

Deno.test("AC-2.3-1, BUG-25: a form changes what it mentions and nothing else", async () => {
  await using it = await coven({
    fields: {
      membersonly: "0",
      moderatedroom: "1",
      persistentroom: "1",
      roomdesc: "d",
      changesubject: "1",
    },
  });
  const before = (await ask(it.crone, "get", owner()))!.toString();
  await configure(it.crone, { roomname: "Another" });
  const after = (await ask(it.crone, "get", owner()))!.toString();
  equal(after, before.replace(/(roomconfig_roomname"[^>]*>)<value\/>/, "$1<value>Another</value>"));
  deepEqual(await valuesOf(it.crone, "roomname"), ["Another"]);
});

Deno.test("AC-2.3-3: what cannot be refuses all of it", async () => {
  await using it = await coven({ fields: { roomname: "Old" }, muc: { history: 50 } });
  for (
    const wrong of [{ historylength: "51" }, { whois: "cats" }, { historylength: "many" }, {
      persistentroom: "perhaps",
    }] as Record<string, string>[]
  ) {
    await refused(it.crone, "set", owner(form({ roomname: "New", ...wrong })), "bad-request", "cancel");
    deepEqual(await valuesOf(it.crone, "roomname"), ["Old"]);
  }
  it.hag.never("<message/>");
});

Deno.test("AC-2.3-5: what new rooms are like comes from the configuration", async () => {
  await using server = await world({
    muc: {
      room: { name: "Ours", moderated: true, public: false, history: 7, whois: "anyone", password: "s" },
    },
  });
  const [crone] = await server.online("crone1/desktop");
  await enter(crone, "firstwitch");
  deepEqual(await valuesOf(crone, "roomname"), ["Ours"]);
  deepEqual(await valuesOf(crone, "moderatedroom"), ["1"]);
  deepEqual(await valuesOf(crone, "publicroom"), ["0"]);
  deepEqual(await valuesOf(crone, "historylength"), ["7"]);
  deepEqual(await valuesOf(crone, "whois"), ["anyone"]);
  deepEqual(await valuesOf(crone, "roomsecret"), ["s"]);
});

Deno.test("presets: a private group and a public channel, by the form and by the configuration", async () => {
  await using it = await coven();
  await configure(it.crone, { "x-muc#roomconfig_preset": "group", publicroom: "1" });
  deepEqual(await valuesOf(it.crone, "membersonly"), ["1"]);
  deepEqual(await valuesOf(it.crone, "whois"), ["anyone"]);
  deepEqual(await valuesOf(it.crone, "persistentroom"), ["1"]);
  deepEqual(await valuesOf(it.crone, "publicroom"), ["1"]);
  deepEqual(await valuesOf(it.crone, "x-muc#roomconfig_preset"), [""]);
  await using server = await world({ muc: { preset: "group", room: { name: "G" }, instant: true } });
  const [one, two] = await server.online("one/x", "two/x");
  await enter(one, "one");
  deepEqual(await valuesOf(one, "membersonly"), ["1"]);
  await two.send(`<presence to='${ROOM}/two'><x xmlns='${MUC}'/></presence>`);
  two.expect(`<presence type='error'>${error("registration-required", "auth")}</presence>`);
});

Deno.test("policy: who may make a room stay, and have it listed", async () => {
  await using server = await world({
    muc: { persistent: "admins", public: "admins", room: { public: false } },
  });
  const [crone, root] = await server.online("crone1/desktop", "root/x");
  await create(crone, "crone");
  await refused(crone, "set", owner(form({ persistentroom: "1" })), "not-acceptable", "modify");
  await refused(crone, "set", owner(form({ publicroom: "1" })), "not-acceptable", "modify");
  await create(root, "root", { persistentroom: "1", publicroom: "1" }, "ours@muc.a.test");
});

Deno.test("limits: rooms that one account may make, and be in", async () => {
  await using server = await world({ muc: { rooms_each: 2, joined_each: 2 } });
  const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
  for (const name of ["r1", "r2"]) {
    await create(crone, "crone", { persistentroom: "1" }, `${name}@muc.a.test`);
  }
  await crone.send(`<presence to='r3@muc.a.test/crone'><x xmlns='${MUC}'/></presence>`);
  crone.expect(`<presence type='error'>${error("resource-constraint", "wait")}</presence>`);
  await create(hag, "hag", {}, "h1@muc.a.test");
  await enter(hag, "hag", "", "r1@muc.a.test");
  await hag.send(`<presence to='r2@muc.a.test/hag'><x xmlns='${MUC}'/></presence>`);
  hag.expect(`<presence type='error'>${error("resource-constraint", "wait")}</presence>`);
  await hag.send(`<presence to='r1@muc.a.test/hag' type='unavailable'/>`);
  await enter(hag, "hag", "", "r2@muc.a.test");
});

Deno.test("XEP-0045 §15.5.3: presence that is shown no more is taken back, and shown again when it may be", async () => {
  await using it = await coven();
  await configure(it.crone, { presencebroadcast: ["moderator"] });
  for (const nick of ["secondwitch", "thirdwitch"]) {
    it.crone.expect(`<presence type='unavailable' from='${ROOM}/${nick}'/>`);
  }
  it.wicca.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`);
  it.hag.never(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`);
  it.hag.never(`<presence from='${ROOM}/firstwitch'/>`);
  const [eve] = await it.server.online("eve/x");
  await enter(eve, "eve");
  eve.never(`<presence from='${ROOM}/thirdwitch'/>`);
  await configure(it.crone, { presencebroadcast: ["moderator", "participant", "visitor"] });
  eve.expect(`<presence from='${ROOM}/thirdwitch'/>`);
  it.crone.expect(`<presence from='${ROOM}/eve'>${says("role='participant'")}</presence>`);
});

Deno.test("XEP-0004 §3.2, presets: one that is chosen in the whole form is applied, and what was changed beside it", async () => {
  await using it = await coven();
  const query = await ask(it.crone, "get", owner());
  const fields: Record<string, string[]> = {};
  for (const field of query!.child("x", "jabber:x:data")!.elements()) {
    const name = field.attr("var");
    if (name === undefined || name === "FORM_TYPE") continue;
    fields[name] = field.elements().filter((it) => it.name === "value").map((it) => it.text);
  }
  fields["x-muc#roomconfig_preset"] = ["group"];
  fields["muc#roomconfig_moderatedroom"] = ["1"];
  await ask(it.crone, "set", owner(form(fields)));
  deepEqual(await valuesOf(it.crone, "membersonly"), ["1"]);
  deepEqual(await valuesOf(it.crone, "whois"), ["anyone"]);
  deepEqual(await valuesOf(it.crone, "moderatedroom"), ["1"]);
});
