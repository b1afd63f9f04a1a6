import { deepEqual, equal, match } from "node:assert/strict";
import type { TestClient } from "#testing";
import { slowMode } from "../../plugins/rooms/slow_mode.ts";
import {
  ask,
  codesOf,
  configure,
  coven,
  DISCO_INFO,
  enter,
  error,
  owner,
  quietly,
  refused,
  ROOM,
  USER,
} from "./muc_world.ts";
import { form } from "./muc_world.ts";

const open = (duration = "20") => coven({ plugins: [slowMode], fields: { slow_mode_duration: duration } });

const say = (client: TestClient, text: string) =>
  client.send(`<message to='${ROOM}' type='groupchat' id='${text}'><body>${text}</body></message>`);

Deno.test("XEP-0500 §6: words come as far apart as the owner says; a refused one counts for nothing", async () => {
  await using c = await open();
  await say(c.wicca, "one");
  c.hag.expect("<message><body>one</body></message>");
  await c.server.clock.advance("15 s");
  quietly(c.wicca, c.hag);
  await say(c.wicca, "two");
  const refusal = c.wicca.expect(
    `<message type='error' id='two' from='${ROOM}'>${error("policy-violation", "wait")}</message>`,
  );
  match(refusal.toString(), /20 seconds/);
  c.hag.quiet();
  await c.server.clock.advance("5 s");
  await say(c.wicca, "three");
  c.hag.expect("<message><body>three</body></message>");
  // Each waits for oneself.
  await say(c.hag, "four");
  c.wicca.expect("<message><body>four</body></message>");
});

Deno.test("XEP-0500 §6, §8: not those who run the room, nor what is no words; other devices are the same person", async () => {
  await using c = await open();
  for (const text of ["one", "two", "three"]) {
    await say(c.crone, text);
    c.hag.expect(`<message><body>${text}</body></message>`);
  }
  const [tablet] = await c.server.online("wiccarocks/tablet");
  await enter(tablet, "otherwitch");
  await say(c.wicca, "mine");
  quietly(c.hag, tablet);
  await say(tablet, "again");
  tablet.expect(`<message type='error' id='again'>${error("policy-violation", "wait")}</message>`);
  await c.wicca.send(
    `<message to='${ROOM}' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  c.hag.expect("<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
});

Deno.test("XEP-0500 §5: a number in the form, between bounds; everybody can read it, also where it is off; 104 when it changes", async () => {
  await using c = await open("0");
  const seconds = async (client: TestClient) => {
    const info = await ask(client, "get", `<query xmlns='${DISCO_INFO}'/>`);
    return info!.child("x", "jabber:x:data")!.elements()
      .find((it) => it.attr("var") === "muc#roominfo_slow_mode_duration")?.childText("value");
  };
  equal(await seconds(c.hag), "0");
  await say(c.wicca, "one");
  await say(c.wicca, "two");
  c.hag.expect("<message><body>two</body></message>");
  quietly(c.hag);
  await configure(c.crone, { slow_mode_duration: "30" });
  deepEqual(codesOf(c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104]);
  equal(await seconds(c.hag), "30");
  for (const wrong of ["-1", "1.5", "x", "99999999999"]) {
    await refused(
      c.crone,
      "set",
      owner(form({ slow_mode_duration: wrong, roomname: "No" })),
      "bad-request",
      "cancel",
    );
  }
  const query = await ask(c.crone, "get", owner());
  const field = query!.child("x", "jabber:x:data")!.elements()
    .find((it) => it.attr("var") === "muc#roomconfig_slow_mode_duration")!;
  equal(field.attr("type"), "text-single");
  equal(field.childText("value"), "30");
  const check = field.child("validate", "http://jabber.org/protocol/xdata-validate")!;
  equal(check.attr("datatype"), "xs:integer");
  equal(check.child("range")?.attr("min"), "0");
});
