import { equal, ok } from "node:assert/strict";
import { admin, ask, configure, coven, enter, error, ROOM, USER } from "./muc_world.ts";

const invitation = (to: string, inner = "", id = "i1") =>
  `<message to='${ROOM}' id='${id}'><x xmlns='${USER}'><invite to='${to}'>${inner}</invite></x></message>`;

Deno.test("XEP-0045 examples 56 and 57: an invitation by the room, with its password", async () => {
  await using it = await coven();
  await configure(it.crone, { roomsecret: "cauldronburn" });
  const [hecate] = await it.server.online("hecate/broom");
  await it.crone.send(invitation("hecate@a.test", "<reason>Hey Hecate, this is the place!</reason>"));
  hecate.expect(`<message from='${ROOM}' to='hecate@a.test' id='i1'><x xmlns='${USER}'>
    <invite from='crone1@a.test'><reason>Hey Hecate, this is the place!</reason></invite>
    <password>cauldronburn</password></x></message>`);
});

Deno.test("XEP-0045 examples 58 and 59: an invitation that is declined, once", async () => {
  await using it = await coven();
  const [hecate, other] = await it.server.online("hecate/broom", "other/x");
  await it.crone.send(invitation("hecate@a.test"));
  const decline = `<message to='${ROOM}' id='d1'><x xmlns='${USER}'><decline to='crone1@a.test'>
    <reason>Sorry, I'm too busy right now.</reason></decline></x></message>`;
  await other.send(decline);
  other.expect(`<message type='error' id='d1'>${error("item-not-found", "cancel")}</message>`);
  await hecate.send(decline);
  it.crone.expect(`<message from='${ROOM}' to='crone1@a.test/desktop' id='d1'><x xmlns='${USER}'>
    <decline from='hecate@a.test'><reason>Sorry, I'm too busy right now.</reason></decline></x></message>`);
  await hecate.send(decline);
  hecate.expect(`<message type='error' id='d1'>${error("item-not-found", "cancel")}</message>`);
});

Deno.test("XEP-0045 examples 63 and 64: to continue a conversation", async () => {
  await using it = await coven();
  const [hecate, crone2] = await it.server.online("hecate/broom", "crone2/x");
  await it.crone.send(`<message to='${ROOM}'><x xmlns='${USER}'>
    <invite to='hecate@a.test'><reason>r</reason><continue thread='e0ffe42'/></invite>
    <invite to='crone2@a.test/x'><continue thread='e0ffe42'/></invite></x></message>`);
  for (const client of [hecate, crone2]) {
    client.expect(`<message from='${ROOM}'><x xmlns='${USER}'><invite from='crone1@a.test'>
      <continue thread='e0ffe42'/></invite></x></message>`);
  }
});

Deno.test("XEP-0045 §7.8.2: who is invited is nobody: who invited is told", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await it.crone.send(invitation("nobody@far.test"));
  far.expect(`<message from='${ROOM}' to='nobody@far.test'/>`);
  await far.send(
    `<message from='nobody@far.test' to='${ROOM}' type='error' id='i1'>${
      error("item-not-found", "cancel")
    }</message>`,
  );
  it.crone.expect(
    `<message from='${ROOM}' type='error' id='i1'><x xmlns='${USER}'><invite to='nobody@far.test'/></x>
    ${error("item-not-found", "cancel")}</message>`,
  );
});

Deno.test("XEP-0045 §7.8.2: who is not in the room cannot invite, and nobody where it is not allowed", async () => {
  await using it = await coven();
  const [stranger, hecate] = await it.server.online("stranger/x", "hecate/broom");
  await stranger.send(invitation("hecate@a.test"));
  stranger.expect(`<message type='error'>${error("not-acceptable", "cancel")}</message>`);
  await it.hag.send(invitation("hecate@a.test", "", "i2"));
  hecate.expect(`<message><x xmlns='${USER}'><invite from='hag66@a.test'/></x></message>`);
  await configure(it.crone, { allowinvites: "0" });
  await it.hag.send(invitation("hecate@a.test", "", "i3"));
  it.hag.expect(`<message type='error' id='i3'>${error("forbidden", "auth")}</message>`);
  hecate.quiet();
});

Deno.test("XEP-0045 examples 134 and 135: members who invite to a room for members", async () => {
  await using it = await coven();
  await ask(
    it.crone,
    "set",
    admin(
      `<item affiliation='member' jid='hag66@a.test'/><item affiliation='member' jid='wiccarocks@a.test'/>`,
    ),
  );
  await configure(it.crone, { membersonly: "1" });
  const [hecate, other] = await it.server.online("hecate/broom", "other/x");
  await it.hag.send(invitation("hecate@a.test"));
  it.hag.expect(`<message type='error'>${error("forbidden", "auth")}</message>`);
  await configure(it.crone, { "{http://prosody.im/protocol/muc}roomconfig_allowmemberinvites": "1" });
  await it.hag.send(invitation("hecate@a.test"));
  hecate.expect(`<message><x xmlns='${USER}'><invite from='hag66@a.test'/></x></message>`);
  const own = await enter(hecate, "fourthwitch");
  ok(own.toString().includes('affiliation="member"'));
  // §9.5: an admin who adds somebody invites them.
  await ask(it.crone, "set", admin(`<item affiliation='member' jid='other@a.test'/>`));
  other.expect(
    `<message from='${ROOM}' to='other@a.test'><x xmlns='${USER}'><invite from='${ROOM}'/></x></message>`,
  );
});

Deno.test("XEP-0045 §9.5: an invitation to an open room makes nobody a member", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await it.crone.send(invitation("hecate@a.test"));
  const own = await enter(hecate, "fourthwitch");
  ok(own.toString().includes('affiliation="none"'));
});

Deno.test("XEP-0249: a direct invitation passes between accounts", async () => {
  await using it = await coven();
  const [hecate] = await it.server.online("hecate/broom");
  await it.crone.send(
    `<message to='hecate@a.test'><x xmlns='jabber:x:conference' jid='${ROOM}' reason='come'/></message>`,
  );
  const seen = hecate.expect(
    `<message from='crone1@a.test/desktop'><x xmlns='jabber:x:conference' jid='${ROOM}'/></message>`,
  );
  equal(seen.attr("to"), "hecate@a.test");
});
