import { deepEqual, equal, ok } from "node:assert/strict";
import {
  ADMIN,
  admin,
  ask,
  codesOf,
  configure,
  coven,
  enter,
  error,
  form,
  quietly,
  refused,
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

const role = (nick: string, role: string, inner = "") =>
  admin(`<item nick='${nick}' role='${role}'>${inner}</item>`);

Deno.test("XEP-0045 examples 89 to 92: a kick, told to who is kicked, who kicks, and then the others", async () => {
  await using it = await coven();
  await it.crone.send(
    `<iq type='set' id='kick1' to='${ROOM}'>${
      role("thirdwitch", "none", "<reason>Avaunt, you cullion!</reason>")
    }</iq>`,
  );
  const own = it.hag.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'><x xmlns='${USER}'>
    <item affiliation='none' role='none'><actor nick='firstwitch'/><reason>Avaunt, you cullion!</reason></item>
    <status code='307'/></x></presence>`);
  deepEqual(codesOf(own), [110, 307]);
  it.crone.expectNext(`<iq type='result' id='kick1'/>`);
  it.crone.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'/>`);
  const seen = it.wicca.expect(`<presence from='${ROOM}/thirdwitch' type='unavailable'><x xmlns='${USER}'>
    <item affiliation='none' role='none'><actor nick='firstwitch'/><reason>Avaunt, you cullion!</reason></item></x></presence>`);
  deepEqual(codesOf(seen), [307]);
});

Deno.test("XEP-0045 example 93: not somebody of a higher affiliation; nor by who is no moderator", async () => {
  await using it = await coven();
  await ask(it.crone, "set", role("secondwitch", "moderator"));
  await refused(it.wicca, "set", role("firstwitch", "none"), "not-allowed", "cancel");
  await refused(it.hag, "set", role("secondwitch", "none"), "forbidden", "auth");
  await refused(it.crone, "set", role("nobody", "none"), "item-not-found", "cancel");
  const [stranger] = await it.server.online("stranger/x");
  await refused(stranger, "set", role("thirdwitch", "none"), "forbidden", "auth");
});

Deno.test("XEP-0045 examples 94 to 101: voice is granted and revoked", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await ask(it.crone, "set", role("thirdwitch", "participant", "<reason>A worthy witch indeed!</reason>"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'><x xmlns='${USER}'><item affiliation='none' role='participant'>
    <reason>A worthy witch indeed!</reason></item></x></presence>`,
  );
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>at last</body></message>`);
  it.wicca.expect(`<message><body>at last</body></message>`);
  quietly(it.wicca);
  await ask(it.crone, "set", role("thirdwitch", "visitor", "<reason>Not so worthy after all!</reason>"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'><x xmlns='${USER}'><item affiliation='none' role='visitor'>
    <reason>Not so worthy after all!</reason></item></x></presence>`,
  );
  await it.hag.send(`<message to='${ROOM}' type='groupchat' id='1'><body>x</body></message>`);
  it.hag.expect(`<message type='error' id='1'>${error("forbidden", "auth")}</message>`);
});

Deno.test("XEP-0045 examples 102, 107, 145 and 150: nothing is taken from owners and admins", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='admin' jid='wiccarocks@a.test'/><item affiliation='admin' jid='hag66@a.test'/>`,
    ),
  );
  for (const to of ["visitor", "participant"]) {
    await refused(it.wicca, "set", role("firstwitch", to), "not-allowed", "cancel");
    await refused(it.wicca, "set", role("thirdwitch", to), "not-allowed", "cancel");
    await refused(it.crone, "set", role("secondwitch", to), "not-allowed", "cancel");
  }
});

Deno.test("XEP-0045 examples 103 to 106: the list of those who have voice, changed as a whole", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await ask(it.crone, "set", role("thirdwitch", "participant"));
  const list = await ask(it.crone, "get", admin("<item role='participant'/>"));
  deepEqual(list!.elements().map(({ attrs }) => ({ ...attrs })), [
    { affiliation: "none", jid: "hag66@a.test/pda", nick: "thirdwitch", role: "participant" },
  ]);
  await ask(
    it.crone,
    "set",
    admin(`<item nick='thirdwitch' role='visitor'/><item nick='secondwitch' role='participant'/>`),
  );
  const after = await ask(it.crone, "get", admin("<item role='participant'/>"));
  deepEqual(after!.elements().map((item) => item.attr("nick")), ["secondwitch"]);
  await refused(it.hag, "get", admin("<item role='participant'/>"), "forbidden", "auth");
  // All or nothing.
  await refused(
    it.crone,
    "set",
    admin(`<item nick='thirdwitch' role='participant'/><item nick='nobody' role='participant'/>`),
    "item-not-found",
    "cancel",
  );
  const still = await ask(it.crone, "get", admin("<item role='visitor'/>"));
  deepEqual(still!.elements().map((item) => item.attr("nick")), ["thirdwitch"]);
});

Deno.test("XEP-0045 examples 79, 108 and 109: asking for voice, and being given it", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  const REQUEST = "http://jabber.org/protocol/muc#request";
  const request = `<message to='${ROOM}' id='v1'>${
    form({ "muc#role": "participant" }, "submit", REQUEST)
  }</message>`;
  await it.hag.send(request);
  it.wicca.quiet();
  const asked = it.crone.expect(`<message from='${ROOM}'><x xmlns='jabber:x:data' type='form'>
    <field var='FORM_TYPE'><value>${REQUEST}</value></field>
    <field var='muc#role'><value>participant</value></field>
    <field var='muc#jid' type='jid-single'><value>hag66@a.test/pda</value></field>
    <field var='muc#roomnick'><value>thirdwitch</value></field>
    <field var='muc#request_allow' type='boolean'><value>0</value></field></x></message>`);
  ok(asked !== undefined);
  await it.hag.send(request);
  it.hag.expect(`<message type='error' id='v1'>${error("policy-violation", "wait")}</message>`);
  const approval = (allow: string) =>
    `<message to='${ROOM}' id='v2'>${
      form(
        {
          "muc#role": "participant",
          "muc#jid": "hag66@a.test/pda",
          "muc#roomnick": "thirdwitch",
          "muc#request_allow": allow,
        },
        "submit",
        REQUEST,
      )
    }</message>`;
  await it.wicca.send(approval("true"));
  it.wicca.expect(`<message type='error' id='v2'>${error("forbidden", "auth")}</message>`);
  await it.crone.send(approval("false"));
  it.wicca.quiet();
  await it.crone.send(approval("true"));
  it.wicca.expect(`<presence from='${ROOM}/thirdwitch'>${says("role='participant'")}</presence>`);
});

Deno.test("XEP-0045 §5.1: in a moderated room, voice outlasts a visit", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await ask(it.crone, "set", role("thirdwitch", "participant"));
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  const own = await enter(it.hag, "thirdwitch");
  equal(own.child("x", USER)!.child("item")!.attr("role"), "participant");
});

Deno.test("XEP-0045 examples 137 to 144: moderators are made and unmade by admins", async () => {
  await using it = await coven();
  await refused(it.wicca, "set", role("thirdwitch", "moderator"), "forbidden", "auth");
  await ask(it.crone, "set", role("thirdwitch", "moderator", "<reason>A worthy witch indeed!</reason>"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'>${says("affiliation='none' role='moderator'")}</presence>`,
  );
  await refused(it.hag, "set", role("secondwitch", "moderator"), "forbidden", "auth");
  await ask(it.crone, "set", role("thirdwitch", "participant"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'>${says("affiliation='none' role='participant'")}</presence>`,
  );
});

Deno.test("XEP-0045 examples 146 to 149: the list of moderators", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(`<item nick='thirdwitch' role='moderator'/><item nick='secondwitch' role='moderator'/>`),
  );
  const list = await ask(it.crone, "get", admin("<item role='moderator'/>"));
  deepEqual(list!.elements().map((item) => item.attr("nick")), ["firstwitch", "secondwitch", "thirdwitch"]);
  await refused(it.hag, "get", admin("<item role='moderator'/>"), "forbidden", "auth");
});

Deno.test("XEP-0045 §17.4, rule 4: not a role and an affiliation at once, and nothing that is neither", async () => {
  await using it = await coven();
  await refused(
    it.crone,
    "set",
    admin(`<item nick='thirdwitch' role='visitor' affiliation='member'/>`),
    "bad-request",
    "modify",
  );
  await refused(it.crone, "set", admin(`<item nick='thirdwitch'/>`), "bad-request", "modify");
  await refused(it.crone, "set", admin(`<item nick='thirdwitch' role='witch'/>`), "bad-request", "modify");
  await refused(it.crone, "set", admin(""), "bad-request", "modify");
  await refused(it.crone, "get", `<query xmlns='${ADMIN}'/>`, "bad-request", "modify");
});

Deno.test("XEP-0045: a room that is moderated no more has no visitors", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await configure(it.crone, { moderatedroom: "0" });
  it.wicca.expect(`<presence from='${ROOM}/thirdwitch'>${says("role='participant'")}</presence>`);
});
