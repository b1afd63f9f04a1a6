import { deepEqual, ok } from "node:assert/strict";
import { admin, ask, codesOf, coven, DISCO_INFO, enter, form, quietly, refused, ROOM } from "./muc_world.ts";

const HATS = "urn:xmpp:hats:0";
const COMMANDS = "urn:xmpp:hats:commands";
const URI = "http://tech.example.edu/hats#TeacherAssistant";
const run = (name: string, fields?: Record<string, string>) =>
  `<command xmlns='http://jabber.org/protocol/commands' action='execute' node='${COMMANDS}:${name}'>${
    fields === undefined ? "" : form(fields, "submit", COMMANDS)
  }</command>`;
const made = (title = "Assistant") =>
  run("create", { "hats#title": title, "hats#uri": URI, "hats#hue": "327.255249" });

Deno.test("XEP-0317: a hat is made, put on, shown, taken off, and destroyed", async () => {
  await using it = await coven();
  const asked = await ask(it.crone, "set", run("create"));
  ok(asked!.attr("status") === "executing" && asked!.toString().includes("hats#title"));
  await ask(it.crone, "set", made());
  deepEqual(codesOf(it.hag.expect("<message type='groupchat'/>")), [104]);
  await ask(it.crone, "set", run("assign", { "hats#jid": "hag66@a.test", "hats#uri": URI }));
  const hat = `<hats xmlns='${HATS}'><hat uri='${URI}' title='Assistant' hue='327.255249'/></hats>`;
  it.wicca.expect(`<presence from='${ROOM}/thirdwitch'>${hat}</presence>`);
  const [hecate] = await it.server.online("hecate/broom");
  await enter(hecate, "fourthwitch");
  hecate.expect(`<presence from='${ROOM}/thirdwitch'>${hat}</presence>`);
  const listed = await ask(it.hag, "set", run("list"));
  ok(listed!.toString().includes(URI));
  const assigned = await ask(it.crone, "set", run("list-assigned"));
  ok(assigned!.toString().includes("hag66@a.test"));
  quietly(it.wicca);
  await ask(it.crone, "set", made("Helper"));
  it.wicca.expect(
    `<presence from='${ROOM}/thirdwitch'><hats xmlns='${HATS}'><hat title='Helper'/></hats></presence>`,
  );
  await ask(it.crone, "set", run("unassign", { "hats#jid": "hag66@a.test", "hats#uri": URI }));
  const bare = it.wicca.expect(`<presence from='${ROOM}/thirdwitch'/>`);
  ok(bare.child("hats", HATS) === undefined);
  await ask(it.crone, "set", run("assign", { "hats#jid": "hag66@a.test", "hats#uri": URI }));
  await ask(it.crone, "set", run("destroy", { "hats#uri": URI }));
  await refused(
    it.crone,
    "set",
    run("assign", { "hats#jid": "hag66@a.test", "hats#uri": URI }),
    "item-not-found",
    "cancel",
  );
});

Deno.test("XEP-0317: hats are for admins to give, and not for people to take", async () => {
  await using it = await coven();
  await ask(it.crone, "set", made());
  await refused(
    it.hag,
    "set",
    run("assign", { "hats#jid": "hag66@a.test", "hats#uri": URI }),
    "forbidden",
    "auth",
  );
  quietly(it.wicca);
  await it.hag.send(
    `<presence to='${ROOM}/thirdwitch'><hats xmlns='${HATS}'><hat uri='x' title='Queen'/></hats></presence>`,
  );
  ok(it.wicca.expect(`<presence from='${ROOM}/thirdwitch'/>`).child("hats", HATS) === undefined);
  const info = await ask(it.hag, "get", `<query xmlns='${DISCO_INFO}'/>`);
  ok(info!.toString().includes("hats#hash"));
});

Deno.test("XEP-0317, XEP-0045 §9.1: who is banned reads no list of hats", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin("<item jid='bad@a.test' affiliation='outcast'/>"));
  const [bad] = await it.server.online("bad/x");
  await refused(bad, "set", run("list"), "forbidden", "auth");
});
