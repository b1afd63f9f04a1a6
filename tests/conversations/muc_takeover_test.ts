/** What nobody gets in a room by a detour: the nickname, the voice, the history or the rights of somebody else. */
import { deepEqual, ok } from "node:assert/strict";
import { ManualClock } from "#testing";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { affiliation, change, gone, occupant, refusedChange, role } from "./muc_changes.ts";
import {
  ask,
  codesOf,
  configure,
  coven,
  enter,
  error,
  form,
  MUC,
  quietly,
  refused,
  ROOM,
  says,
  world,
} from "./muc_world.ts";

const REQUEST = `${MUC}#request`;
const register = (nick: string) =>
  `<query xmlns='jabber:iq:register'>${
    form({ "muc#register_roomnick": nick }, "submit", `${MUC}#register`)
  }</query>`;
const join = (nick: string) => `<presence to='${ROOM}/${nick}'><x xmlns='${MUC}'/></presence>`;
const say = (body: string) => `<message to='${ROOM}' type='groupchat'><body>${body}</body></message>`;
const override =
  `<command xmlns='http://jabber.org/protocol/commands' node='urn:metronome:rooms#override' action='execute'/>`;

Deno.test("XEP-0045 §7.6, RFC 8266 §2.4: devices that share a nickname do not write it in two ways", async () => {
  await using it = await coven();
  const [tablet, eve] = await it.server.online("crone1/tablet", "eve/x");
  await enter(tablet, "firstwitch");
  await tablet.send(`<presence to='${ROOM}/FirstWitch'/>`);
  tablet.expect(`<presence type='error' from='${ROOM}/FirstWitch'>${error("conflict", "cancel")}</presence>`);
  it.hag.never(`<presence from='${ROOM}/FirstWitch'/>`);
  // Who comes in again so has the nickname as the others write it, as by coming in.
  await tablet.send(join("FirstWitch"));
  deepEqual(
    codesOf(tablet.expect(`<presence from='${ROOM}/firstwitch'>${says("role='moderator'", 210)}</presence>`)),
    [
      110,
      210,
    ],
  );
  await tablet.send(`<presence to='${ROOM}/firstwitch' type='unavailable'/>`);
  await eve.send(join("firstwitch"));
  eve.expect(`<presence type='error' from='${ROOM}/firstwitch'>${error("conflict", "cancel")}</presence>`);
});

Deno.test("XEP-0045 §7.6, RFC 8266 §2.4: what looks like another nickname of the account is that one", async () => {
  await using it = await coven();
  const [tablet, eve] = await it.server.online("hag66/tablet", "eve/x");
  await enter(tablet, "hag");
  await tablet.send(`<presence to='${ROOM}/THIRDWITCH'/>`);
  tablet.expect(`<presence from='${ROOM}/thirdwitch'>${says("role='participant'", 110)}</presence>`);
  it.crone.never(`<presence from='${ROOM}/THIRDWITCH'/>`);
  await tablet.send(`<presence to='${ROOM}/thirdwitch' type='unavailable'/>`);
  await eve.send(join("ThirdWitch"));
  eve.expect(`<presence type='error' from='${ROOM}/ThirdWitch'>${error("conflict", "cancel")}</presence>`);
});

Deno.test("XEP-0045 §5.1.3, AC-2.2-7: who has lost a role does not have it again after a restart", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  const clock = new ManualClock();
  try {
    {
      await using it = await coven({ data, clock, fields: { persistentroom: "1", moderatedroom: "1" } });
      const far = it.server.remote("far.test");
      for (const nick of ["x", "y"]) {
        await far.send(
          `<presence from='${nick}@far.test/1' to='${ROOM}/${nick}'><x xmlns='${MUC}'/></presence>`,
        );
      }
      await change(it.crone, affiliation("x@far.test", "admin"));
      await change(it.crone, role("y", "participant"));
      // What is stored is who they are as they show themselves.
      for (const nick of ["x", "y"]) {
        await far.send(
          `<presence from='${nick}@far.test/1' to='${ROOM}/${nick}'><show>away</show></presence>`,
        );
      }
      await change(it.crone, affiliation("x@far.test", "none"));
      await change(it.crone, role("y", "visitor"));
      it.hag.expect(occupant("x", "affiliation='none' role='visitor'"));
      const stopped = it.server.server.stop();
      await clock.advance(10_000);
      await stopped;
    }
    await using server = await world({ data, clock });
    const far = server.remote("far.test");
    const [crone, hag] = await server.online("crone1/desktop", "hag66/pda");
    await enter(crone, "firstwitch");
    await enter(hag, "thirdwitch");
    const seen = far.expect(`<presence to='x@far.test/1' from='${ROOM}/thirdwitch'/>`).toString();
    ok(!seen.includes("hag66@a.test"));
    for (const nick of ["x", "y"]) {
      crone.expect(occupant(nick, "affiliation='none' role='visitor'"));
      await far.send(
        `<message from='${nick}@far.test/1' to='${ROOM}' type='groupchat'><body>heard?</body></message>`,
      );
      far.expect(`<message type='error' to='${nick}@far.test/1'>${error("forbidden", "auth")}</message>`);
    }
    crone.never(`<message><body>heard?</body></message>`);
  } finally {
    await Deno.remove(data);
  }
});

Deno.test("XEP-0045 §7.10, XEP-0313: registering is no way around the password to the archive", async () => {
  await using it = await coven({ plugins: [mucArchive] });
  await configure(it.crone, { roomsecret: "open-sesame", passwordprotectedroom: "1", whois: "anyone" });
  await it.crone.send(say("secret"));
  const [eve] = await it.server.online("eve/x");
  await refused(eve, "set", register("eve"), "not-allowed", "cancel");
  await refused(eve, "set", `<query xmlns='urn:xmpp:mam:2'/>`, "forbidden", "auth");
  eve.never(`<message from='${ROOM}'/>`);
  // Those who are in it know the password.
  await ask(it.hag, "set", register("thirdwitch"));
  await ask(it.hag, "set", `<query xmlns='urn:xmpp:mam:2'/>`);
});

Deno.test("XEP-0045 §7.10, §8.4: whose voice was taken does not get it back by registering", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await refused(it.hag, "set", register("thirdwitch"), "not-allowed", "cancel");
  await it.hag.send(say("I have no voice"));
  it.hag.expect(`<message type='error'>${error("forbidden", "auth")}</message>`);
  it.wicca.never(`<message><body>I have no voice</body></message>`);
  await change(it.crone, role("thirdwitch", "participant"));
  await ask(it.hag, "set", register("thirdwitch"));
  it.crone.expect(occupant("thirdwitch", "affiliation='member' role='participant'"));
});

Deno.test("XEP-0045 §8.6: voice goes to who has asked for it, by whatever nickname they are there now", async () => {
  await using it = await coven({ fields: { moderatedroom: "1" } });
  await it.hag.send(
    `<message to='${ROOM}'>${form({ "muc#role": "participant" }, "submit", REQUEST)}</message>`,
  );
  it.crone.expect(`<message from='${ROOM}'><x xmlns='jabber:x:data' type='form'/></message>`);
  await it.hag.send(`<presence to='${ROOM}/hag'/>`);
  const [eve] = await it.server.online("eve/x");
  await enter(eve, "thirdwitch");
  quietly(it.crone);
  const approval = form(
    {
      "muc#role": "participant",
      "muc#jid": "hag66@a.test/pda",
      "muc#roomnick": "thirdwitch",
      "muc#request_allow": "1",
    },
    "submit",
    REQUEST,
  );
  await it.crone.send(`<message to='${ROOM}'>${approval}</message>`);
  it.crone.expectNext(occupant("hag", "role='participant'"));
  it.crone.quiet();
});

Deno.test("H8: who acts as the owner of all rooms no more is no moderator either, by command or by time", async () => {
  await using it = await coven();
  const [root, eve] = await it.server.online("root/x", "eve/x");
  await enter(eve, "eve");
  const enters = async () => {
    await ask(root, "set", override, "muc.a.test");
    await enter(root, "root");
    it.hag.expect(occupant("root", "affiliation='none' role='moderator'"));
    quietly(it.hag, root);
  };
  const isNobody = async () => {
    it.hag.expectNext(occupant("root", "affiliation='none' role='participant'"));
    await refusedChange(root, "forbidden", "auth", role("eve", "none"));
  };
  await enters();
  await ask(root, "set", override, "muc.a.test");
  await isNobody();
  await root.send(`<presence to='${ROOM}/root' type='unavailable'/>`);
  quietly(it.hag);
  await enters();
  await it.server.clock.advance("62 minutes");
  await isNobody();
});

Deno.test("H8, XEP-0045 §9.1, §9.4: who could be in a room only as its owner for a while leaves it with that", async () => {
  for (const [standing, code] of [["outcast", 301], ["none", 321]] as const) {
    await using it = await coven();
    for (const name of ["wiccarocks", "hag66"]) {
      await change(it.crone, affiliation(`${name}@a.test`, "member"));
    }
    await configure(it.crone, { membersonly: "1" });
    await change(it.crone, affiliation("root@a.test", standing));
    const [root] = await it.server.online("root/x");
    await ask(root, "set", override, "muc.a.test");
    await enter(root, "root");
    quietly(it.hag);
    await ask(root, "set", override, "muc.a.test");
    it.hag.expectNext(gone("root", `affiliation='${standing}' role='none'`, "", code));
    it.hag.quiet();
    ok(codesOf(root.expect(`<presence from='${ROOM}/root' type='unavailable'/>`)).includes(code));
  }
});
