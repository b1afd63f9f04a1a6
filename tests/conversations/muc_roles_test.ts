import { deepEqual, equal, ok } from "node:assert/strict";
import {
  affiliation,
  change,
  gone,
  listOf,
  occupant,
  reason,
  refusedChange,
  refusedList,
  role,
} from "./muc_changes.ts";
import {
  ADMIN,
  admin,
  codesOf,
  configure,
  coven,
  enter,
  error,
  form,
  quietly,
  refused,
  ROOM,
  USER,
} from "./muc_world.ts";

Deno.test("XEP-0045 examples 89 to 92: a kick, told to who is kicked, who kicks, and then the others", async () => {
  await using it = await coven();
  await it.crone.send(
    `<iq type='set' id='kick1' to='${ROOM}'>${
      admin(role("thirdwitch", "none", reason("Avaunt, you cullion!")))
    }</iq>`,
  );
  const why = `<actor nick='firstwitch'/>${reason("Avaunt, you cullion!")}`;
  const own = it.hag.expect(gone("thirdwitch", "affiliation='none' role='none'", why, 307));
  deepEqual(codesOf(own), [110, 307]);
  it.crone.expectNext(`<iq type='result' id='kick1'/>`);
  it.crone.expectNext(`<presence from='${ROOM}/thirdwitch' type='unavailable'/>`);
  const seen = it.wicca.expect(gone("thirdwitch", "affiliation='none' role='none'", why));
  deepEqual(codesOf(seen), [307]);
});

Deno.test("XEP-0045 example 93: not somebody of a higher affiliation; nor by who is no moderator", async () => {
  await using it = await coven();
  await change(it.crone, role("secondwitch", "moderator"));
  await refusedChange(it.wicca, "not-allowed", "cancel", role("firstwitch", "none"));
  await refusedChange(it.hag, "forbidden", "auth", role("secondwitch", "none"));
  await refusedChange(it.crone, "item-not-found", "cancel", role("nobody", "none"));
  const [stranger] = await it.server.online("stranger/x");
  await refusedChange(stranger, "forbidden", "auth", role("thirdwitch", "none"));
});

Deno.test("XEP-0045 examples 94 to 101: voice is granted and revoked", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await change(it.crone, role("thirdwitch", "participant", reason("A worthy witch indeed!")));
  it.wicca.expect(
    occupant("thirdwitch", "affiliation='none' role='participant'", reason("A worthy witch indeed!")),
  );
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>at last</body></message>`);
  it.wicca.expect(`<message><body>at last</body></message>`);
  quietly(it.wicca);
  await change(it.crone, role("thirdwitch", "visitor", reason("Not so worthy after all!")));
  it.wicca.expect(
    occupant("thirdwitch", "affiliation='none' role='visitor'", reason("Not so worthy after all!")),
  );
  await it.hag.send(`<message to='${ROOM}' type='groupchat' id='1'><body>x</body></message>`);
  it.hag.expect(`<message type='error' id='1'>${error("forbidden", "auth")}</message>`);
});

Deno.test("XEP-0045 examples 102, 107, 145 and 150: nothing is taken from owners and admins", async () => {
  await using it = await coven();
  await change(it.crone, affiliation("wiccarocks@a.test", "admin"), affiliation("hag66@a.test", "admin"));
  for (const to of ["visitor", "participant"]) {
    await refusedChange(it.wicca, "not-allowed", "cancel", role("firstwitch", to));
    await refusedChange(it.wicca, "not-allowed", "cancel", role("thirdwitch", to));
    await refusedChange(it.crone, "not-allowed", "cancel", role("secondwitch", to));
  }
});

Deno.test("XEP-0045 examples 103 to 106: the list of those who have voice, changed as a whole", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await change(it.crone, role("thirdwitch", "participant"));
  const list = await listOf(it.crone, "role='participant'");
  deepEqual(list.map(({ attrs }) => ({ ...attrs })), [
    { affiliation: "none", jid: "hag66@a.test/pda", nick: "thirdwitch", role: "participant" },
  ]);
  await change(it.crone, role("thirdwitch", "visitor"), role("secondwitch", "participant"));
  const after = await listOf(it.crone, "role='participant'");
  deepEqual(after.map((item) => item.attr("nick")), ["secondwitch"]);
  await refusedList(it.hag, "role='participant'");
  // All or nothing.
  await refusedChange(
    it.crone,
    "item-not-found",
    "cancel",
    role("thirdwitch", "participant"),
    role("nobody", "participant"),
  );
  const still = await listOf(it.crone, "role='visitor'");
  deepEqual(still.map((item) => item.attr("nick")), ["thirdwitch"]);
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
  it.wicca.expect(occupant("thirdwitch", "role='participant'"));
});

Deno.test("XEP-0045 §5.1: in a moderated room, voice outlasts a visit", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await change(it.crone, role("thirdwitch", "participant"));
  await it.hag.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  const own = await enter(it.hag, "thirdwitch");
  equal(own.child("x", USER)!.child("item")!.attr("role"), "participant");
});

Deno.test("XEP-0045 examples 137 to 144: moderators are made and unmade by admins", async () => {
  await using it = await coven();
  await refusedChange(it.wicca, "forbidden", "auth", role("thirdwitch", "moderator"));
  await change(it.crone, role("thirdwitch", "moderator", reason("A worthy witch indeed!")));
  it.wicca.expect(occupant("thirdwitch", "affiliation='none' role='moderator'"));
  await refusedChange(it.hag, "forbidden", "auth", role("secondwitch", "moderator"));
  await change(it.crone, role("thirdwitch", "participant"));
  it.wicca.expect(occupant("thirdwitch", "affiliation='none' role='participant'"));
});

Deno.test("XEP-0045 examples 146 to 149: the list of moderators", async () => {
  await using it = await coven();
  await change(it.crone, role("thirdwitch", "moderator"), role("secondwitch", "moderator"));
  const list = await listOf(it.crone, "role='moderator'");
  deepEqual(list.map((item) => item.attr("nick")), ["firstwitch", "secondwitch", "thirdwitch"]);
  await refusedList(it.hag, "role='moderator'");
});

Deno.test("XEP-0045 §17.4, rule 4: not a role and an affiliation at once, and nothing that is neither", async () => {
  await using it = await coven();
  await refusedChange(
    it.crone,
    "bad-request",
    "modify",
    `<item nick='thirdwitch' role='visitor' affiliation='member'/>`,
  );
  await refusedChange(it.crone, "bad-request", "modify", `<item nick='thirdwitch'/>`);
  await refusedChange(it.crone, "bad-request", "modify", role("thirdwitch", "witch"));
  await refusedChange(it.crone, "bad-request", "modify");
  await refused(it.crone, "get", `<query xmlns='${ADMIN}'/>`, "bad-request", "modify");
});

Deno.test("XEP-0045: a room that is moderated no more has no visitors", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await configure(it.crone, { moderatedroom: "0" });
  it.wicca.expect(occupant("thirdwitch", "role='participant'"));
});
