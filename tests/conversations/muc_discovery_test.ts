import { deepEqual, equal, ok } from "node:assert/strict";
import {
  admin,
  ask,
  configure,
  coven,
  create,
  DISCO_INFO,
  DISCO_ITEMS,
  enter,
  INFO,
  MUC,
  refused,
  ROOM,
  world,
} from "./muc_world.ts";

const info = (node?: string) =>
  `<query xmlns='${DISCO_INFO}'${node === undefined ? "" : ` node='${node}'`}/>`;
const items = (inner = "") => `<query xmlns='${DISCO_ITEMS}'>${inner}</query>`;

Deno.test("XEP-0045 examples 1 and 2: the server lists the service of rooms", async () => {
  await using server = await world();
  const [hag] = await server.online("hag66/pda");
  const answer = await ask(hag, "get", items(), "a.test");
  ok(answer!.elements().some((item) => item.attr("jid") === "muc.a.test"));
});

Deno.test("XEP-0045 examples 3 and 4: the service says what it is", async () => {
  await using server = await world();
  const [hag] = await server.online("hag66/pda");
  await hag.send(`<iq type='get' id='1' to='muc.a.test'>${info()}</iq>`);
  hag.expect(`<iq type='result' id='1'><query xmlns='${DISCO_INFO}'>
    <identity category='conference' type='text'/><feature var='${MUC}'/><feature var='${MUC}#stable_id'/>
    <feature var='${MUC}#unique'/><feature var='urn:xmpp:occupant-id:0'/></query></iq>`);
});

Deno.test("XEP-0045 examples 5 and 6: public rooms are listed, hidden and locked ones are not", async () => {
  await using server = await world();
  const [hag, other] = await server.online("hag66/pda", "other/x");
  await create(hag, "hag", { roomname: "A Dark Cave" }, "darkcave@muc.a.test");
  await create(hag, "hag", { publicroom: "0" }, "hidden@muc.a.test");
  await enter(hag, "hag", "", "locked@muc.a.test");
  await create(hag, "hag", { persistentroom: "1" }, "chamber@muc.a.test");
  const answer = await ask(other, "get", items(), "muc.a.test");
  deepEqual(answer!.elements().map((item) => [item.attr("jid"), item.attr("name")]), [
    ["chamber@muc.a.test", "chamber"],
    ["darkcave@muc.a.test", "A Dark Cave"],
  ]);
});

Deno.test("XEP-0045 example 7: a long list comes in pages, stored rooms and passing ones in one order", async () => {
  await using server = await world();
  const [hag] = await server.online("hag66/pda");
  for (let i = 0; i < 9; i++) {
    await create(hag, "hag", i % 2 === 0 ? { persistentroom: "1" } : {}, `r${i}@muc.a.test`);
  }
  const page = async (set: string) => {
    const answer = await ask(
      hag,
      "get",
      items(`<set xmlns='http://jabber.org/protocol/rsm'>${set}</set>`),
      "muc.a.test",
    );
    const report = answer!.child("set", "http://jabber.org/protocol/rsm")!;
    equal(report.childText("count"), "9");
    return answer!.elements().filter(({ name }) => name === "item").map((it) => it.attr("jid")![1]).join("");
  };
  equal(await page("<max>4</max>"), "0123");
  equal(await page("<max>4</max><after>r3@muc.a.test</after>"), "4567");
  equal(await page("<max>4</max><after>r7@muc.a.test</after>"), "8");
  equal(await page("<max>4</max><before/>"), "5678");
  equal(await page("<max>3</max><before>r5@muc.a.test</before>"), "234");
  equal(await page("<max>2</max><index>6</index>"), "67");
  equal(await page("<max>0</max>"), "");
  await refused(
    hag,
    "get",
    items("<set xmlns='http://jabber.org/protocol/rsm'><after>muc.a.test</after></set>"),
    "item-not-found",
    "cancel",
    "muc.a.test",
  );
});

Deno.test("XEP-0045 examples 8 to 10: a room says what it is, with the form muc#roominfo", async () => {
  await using it = await coven({
    fields: { roomname: "A Dark Cave", roomdesc: "The place for all good witches!", lang: "en" },
  });
  const { crone, server } = it;
  await crone.send(`<message to='${ROOM}' type='groupchat'><subject>Spells</subject></message>`);
  const [stranger] = await server.online("stranger/x");
  await stranger.send(`<iq type='get' id='1' to='${ROOM}'>${info()}</iq>`);
  stranger.expect(`<iq type='result' id='1' from='${ROOM}'><query xmlns='${DISCO_INFO}'>
    <identity category='conference' type='text' name='A Dark Cave'/>
    <feature var='${MUC}'/><feature var='muc_open'/><feature var='muc_public'/><feature var='muc_unmoderated'/>
    <feature var='muc_semianonymous'/><feature var='muc_temporary'/><feature var='muc_unsecured'/>
    <feature var='${MUC}#stable_id'/><feature var='${MUC}#self-ping-optimization'/>
    <feature var='urn:xmpp:occupant-id:0'/><feature var='urn:xmpp:hats:0'/>
    <x xmlns='jabber:x:data' type='result'>
      <field var='FORM_TYPE' type='hidden'><value>${INFO}</value></field>
      <field var='muc#roominfo_description'><value>The place for all good witches!</value></field>
      <field var='muc#roominfo_subject'><value>Spells</value></field>
      <field var='muc#roominfo_occupants'><value>3</value></field>
      <field var='muc#roominfo_lang'><value>en</value></field>
      <field var='muc#roomconfig_changesubject'><value>0</value></field>
    </x></query></iq>`);
});

Deno.test("XEP-0045 §15.3: the features follow the configuration", async () => {
  await using it = await coven();
  const { crone } = it;
  await configure(crone, {
    membersonly: "1",
    publicroom: "0",
    moderatedroom: "1",
    whois: "anyone",
    persistentroom: "1",
    roomsecret: "cauldronburn",
  });
  await crone.send(`<iq type='get' id='1' to='${ROOM}'>${info()}</iq>`);
  crone.expect(`<iq type='result' id='1'><query xmlns='${DISCO_INFO}'>
    <feature var='muc_membersonly'/><feature var='muc_hidden'/><feature var='muc_moderated'/>
    <feature var='muc_nonanonymous'/><feature var='muc_persistent'/><feature var='muc_passwordprotected'/></query></iq>`);
});

Deno.test("XEP-0045 §13.4: what goes on in a room for members only is not for others", async () => {
  await using it = await coven();
  const { crone, server } = it;
  await configure(crone, { membersonly: "1" });
  const [stranger] = await server.online("stranger/x");
  const answer = await ask(stranger, "get", info());
  const fields = answer!.child("x", "jabber:x:data")!.elements().map((field) => field.attr("var"));
  ok(!fields.includes("muc#roominfo_occupants") && !fields.includes("muc#roominfo_subject"));
});

Deno.test("XEP-0045 examples 11 to 13: who is in a room is for those who are in it", async () => {
  await using it = await coven();
  const [stranger] = await it.server.online("stranger/x");
  equal((await ask(stranger, "get", items()))!.elements().length, 0);
  deepEqual((await ask(it.hag, "get", items()))!.elements().map((item) => item.attr("jid")), [
    `${ROOM}/firstwitch`,
    `${ROOM}/secondwitch`,
    `${ROOM}/thirdwitch`,
  ]);
});

Deno.test("XEP-0045 §6.6: who is not in a room may not ask its occupants", async () => {
  await using it = await coven();
  const [stranger] = await it.server.online("stranger/x");
  await refused(stranger, "get", info(), "bad-request", "cancel", `${ROOM}/firstwitch`);
});

Deno.test("XEP-0045: a room that is not there, and nodes", async () => {
  await using it = await coven();
  const { hag } = it;
  await refused(hag, "get", info(), "item-not-found", "cancel", "nowhere@muc.a.test");
  await refused(hag, "get", items(), "item-not-found", "cancel", "nowhere@muc.a.test");
  await refused(hag, "get", info("nonsense"), "item-not-found", "cancel");
});

Deno.test("XEP-0045 examples 218 and 220: nothing is taken out of what people say", async () => {
  await using it = await coven();
  await refused(it.hag, "get", info(`${MUC}#traffic`), "service-unavailable", "cancel");
});

Deno.test("XEP-0307: a name that nobody has", async () => {
  await using server = await world();
  const [crone] = await server.online("crone1/desktop");
  const answer = await ask(crone, "get", `<unique xmlns='${MUC}#unique'/>`, "muc.a.test");
  const name = answer!.text;
  ok(name.length > 10);
  const own = await enter(crone, "firstwitch", "", `${name}@muc.a.test`);
  ok(own.toString().includes("201"));
});

Deno.test("XEP-0045 §15.5.3, §6.5: whose presence is shown to nobody is not in the list either", async () => {
  await using it = await coven({ fields: { presencebroadcast: ["moderator"] } });
  const list = await ask(it.wicca, "get", items());
  deepEqual(list!.elements().map((item) => item.attr("jid")), [`${ROOM}/firstwitch`, `${ROOM}/secondwitch`]);
});

Deno.test("XEP-0045 §13.4: who is banned learns no more of a closed room than a stranger", async () => {
  await using it = await coven();
  await ask(it.crone, "set", admin("<item jid='bad@a.test' affiliation='outcast'/>"));
  await it.crone.send(`<message to='${ROOM}' type='groupchat'><subject>Secret plans</subject></message>`);
  await configure(it.crone, { membersonly: "1", whois: "anyone" });
  const [bad, stranger] = await it.server.online("bad/x", "stranger/x");
  const learnt = async (client: typeof bad) => (await ask(client, "get", info()))!.toString();
  const known = await learnt(stranger);
  ok(!known.includes("Secret plans") && !known.includes("crone1@a.test"));
  equal(await learnt(bad), known);
});
