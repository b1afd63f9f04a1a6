import { equal } from "node:assert/strict";
import { ask, configure, coven, enter, error, quietly, refused, ROOM, world } from "./muc_world.ts";

const PING = "<ping xmlns='urn:xmpp:ping'/>";
const VERSION = "<query xmlns='jabber:iq:version'/>";

Deno.test("XEP-0045 §17.4, rule 3: a request to an occupant, and its answer, without true addresses", async () => {
  await using it = await coven();
  await it.wicca.send(`<iq type='get' id='v1' to='${ROOM}/thirdwitch'>${VERSION}</iq>`);
  const seen = it.hag.expect(
    `<iq type='get' from='${ROOM}/secondwitch' to='hag66@a.test/pda'>${VERSION}</iq>`,
  );
  await it.hag.send(`<iq type='result' id='${seen.attr("id")}' to='${ROOM}/secondwitch'>
    <query xmlns='jabber:iq:version'><name>Broom</name></query></iq>`);
  const answer = it.wicca.expect(
    `<iq type='result' id='v1' from='${ROOM}/thirdwitch' to='wiccarocks@a.test/laptop'>
    <query xmlns='jabber:iq:version'><name>Broom</name></query></iq>`,
  );
  equal(answer.toString().includes("hag66"), false);
  // Once.
  await it.hag.send(`<iq type='result' id='${seen.attr("id")}' to='${ROOM}/secondwitch'/>`);
  it.wicca.quiet();
});

Deno.test("XEP-0045 §17.4: errors come back too, and nobody answers for another", async () => {
  await using it = await coven();
  await it.wicca.send(`<iq type='get' id='v1' to='${ROOM}/thirdwitch'>${VERSION}</iq>`);
  const seen = it.hag.expect(`<iq type='get'>${VERSION}</iq>`);
  await it.crone.send(`<iq type='result' id='${seen.attr("id")}' to='${ROOM}/secondwitch'/>`);
  it.wicca.quiet();
  await it.hag.send(
    `<iq type='error' id='${seen.attr("id")}' to='${ROOM}/secondwitch'>${
      error("feature-not-implemented", "cancel")
    }</iq>`,
  );
  it.wicca.expect(
    `<iq type='error' id='v1' from='${ROOM}/thirdwitch'>${error("feature-not-implemented", "cancel")}</iq>`,
  );
});

Deno.test("H11: what accounts know is asked of the account", async () => {
  await using it = await coven();
  const far = it.server.remote("far.test");
  await far.send(
    `<presence from='x@far.test/1' to='${ROOM}/far'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
  );
  far.inbox.length = 0;
  await it.hag.send(`<iq type='get' id='c1' to='${ROOM}/far'><vCard xmlns='vcard-temp'/></iq>`);
  const seen = far.expect(
    `<iq type='get' from='${ROOM}/thirdwitch' to='x@far.test'><vCard xmlns='vcard-temp'/></iq>`,
  );
  await far.send(
    `<iq type='result' from='x@far.test' to='${ROOM}/thirdwitch' id='${
      seen.attr("id")
    }'><vCard xmlns='vcard-temp'><FN>X</FN></vCard></iq>`,
  );
  it.hag.expect(
    `<iq type='result' id='c1' from='${ROOM}/far'><vCard xmlns='vcard-temp'><FN>X</FN></vCard></iq>`,
  );
});

Deno.test("XEP-0045: nobody by that name; nobody who is not here; not where it is not allowed", async () => {
  await using it = await coven();
  await refused(it.hag, "get", VERSION, "item-not-found", "cancel", `${ROOM}/nobody`);
  const [stranger] = await it.server.online("stranger/x");
  await refused(stranger, "get", VERSION, "not-acceptable", "cancel", `${ROOM}/thirdwitch`);
  await refused(stranger, "get", VERSION, "item-not-found", "cancel", `nowhere@muc.a.test/x`);
  await configure(it.crone, { allow_query_users: "0" });
  quietly(it.wicca);
  await refused(it.hag, "get", VERSION, "not-allowed", "cancel", `${ROOM}/secondwitch`);
  it.wicca.quiet();
});

Deno.test("XEP-0410: a ping to oneself is answered by the room", async () => {
  await using it = await coven();
  await ask(it.hag, "get", PING, `${ROOM}/thirdwitch`);
  it.hag.quiet();
  const [stranger] = await it.server.online("stranger/x");
  const refusal = await refused(stranger, "get", PING, "not-acceptable", "cancel", `${ROOM}/thirdwitch`);
  equal(refusal.child("error")!.attr("by"), ROOM);
  // Another device of the account is in, this one is not.
  const [tablet] = await it.server.online("hag66/tablet");
  await refused(tablet, "get", PING, "not-acceptable", "cancel", `${ROOM}/thirdwitch`);
  await enter(tablet, "thirdwitch");
  await ask(tablet, "get", PING, `${ROOM}/thirdwitch`);
});

Deno.test("XEP-0199: a room answers pings; nothing that it does not know", async () => {
  await using it = await coven();
  await ask(it.hag, "get", PING);
  await refused(it.hag, "get", "<x xmlns='urn:example:nonsense'/>", "service-unavailable", "cancel");
  await refused(it.hag, "get", PING, "item-not-found", "cancel", "nowhere@muc.a.test");
});

Deno.test("RFC 6120 §8.1.2.1, H11: the answer of an account comes from the nickname that was asked", async () => {
  await using it = await coven();
  const [tablet] = await it.server.online("hag66/tablet");
  await enter(tablet, "tabletwitch");
  await it.wicca.send(
    `<iq type='get' id='v' to='${ROOM}/tabletwitch'><vCard xmlns='vcard-temp'/></iq>`,
  );
  it.wicca.expect(`<iq id='v' from='${ROOM}/tabletwitch'/>`);
});

Deno.test("XEP-0410 §3.2: who pings themselves in a room that is no more is told that they are not in it", async () => {
  await using server = await world();
  const [hag] = await server.online("hag66/pda");
  await refused(hag, "get", PING, "not-acceptable", "cancel", `${ROOM}/thirdwitch`);
  await refused(hag, "get", VERSION, "item-not-found", "cancel", `${ROOM}/x`);
});
