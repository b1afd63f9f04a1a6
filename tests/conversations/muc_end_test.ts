import { deepEqual, equal, ok } from "node:assert/strict";
import {
  admin,
  ask,
  codesOf,
  configOf,
  configure,
  coven,
  create,
  DISCO_ITEMS,
  enter,
  error,
  inboxOf,
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
import { ManualClock } from "#testing";

const command = (node: string, inner = "") =>
  `<command xmlns='http://jabber.org/protocol/commands' node='urn:metronome:rooms#${node}'>${inner}</command>`;

Deno.test("XEP-0045 examples 201 to 203, BUG-51: a room is destroyed, and those who come later are told where it has gone", async () => {
  await using it = await coven({ fields: { persistentroom: "1" }, muc: { redirect: "1 h" } });
  await ask(
    it.crone,
    "set",
    owner(`<destroy jid='coven2@muc.a.test'><reason>Macbeth doth come.</reason></destroy>`),
  );
  for (
    const [client, nick] of [[it.crone, "firstwitch"], [it.wicca, "secondwitch"], [
      it.hag,
      "thirdwitch",
    ]] as const
  ) {
    client.expect(`<presence from='${ROOM}/${nick}' type='unavailable'><x xmlns='${USER}'>
      <item affiliation='none' role='none'/><destroy jid='coven2@muc.a.test'><reason>Macbeth doth come.</reason></destroy></x></presence>`);
    client.never(`<presence type='unavailable'/>`);
  }
  await it.hag.send(`<presence to='${ROOM}/thirdwitch'><x xmlns='${MUC}'/></presence>`);
  const refusal = it.hag.expect(`<presence type='error'>${error("gone", "cancel")}</presence>`);
  equal(
    refusal.child("error")!.child("gone", "urn:ietf:params:xml:ns:xmpp-stanzas")!.text,
    "xmpp:coven2@muc.a.test?join",
  );
  await it.server.clock.advance("61 minutes");
  await enter(it.hag, "thirdwitch");
});

Deno.test("XEP-0045 example 204: only owners destroy rooms", async () => {
  await using it = await coven();
  await refused(it.hag, "set", owner(`<destroy/>`), "forbidden", "auth");
  await ask(it.crone, "set", owner(`<destroy/>`));
  it.hag.expect(`<presence type='unavailable'><x xmlns='${USER}'><destroy/></x></presence>`);
  await enter(it.hag, "mine");
});

Deno.test("rooms that stay are there after a restart, as they were", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  const clock = new ManualClock();
  try {
    {
      await using it = await coven({
        data,
        clock,
        fields: { persistentroom: "1", roomname: "Stays", moderatedroom: "1" },
      });
      await ask(it.crone, "set", admin(`<item affiliation='member' jid='hag66@a.test' nick='hag'/>`));
      await it.crone.send(`<message to='${ROOM}' type='groupchat'><subject>Spells</subject></message>`);
      await it.crone.send(`<message to='${ROOM}' type='groupchat'><body>remember</body></message>`);
    }
    await using server = await world({ data, clock });
    const [hag] = await server.online("hag66/pda");
    const own = await enter(hag, "hag");
    ok(own.toString().includes('affiliation="member"'));
    hag.expect(`<message><body>remember</body><delay xmlns='urn:xmpp:delay' from='${ROOM}'/></message>`);
    hag.expect(`<message from='${ROOM}/firstwitch'><subject>Spells</subject></message>`);
    const [crone] = await server.online("crone1/desktop");
    deepEqual(await valuesOf(crone, "roomname"), ["Stays"]);
    deepEqual(await valuesOf(crone, "moderatedroom"), ["1"]);
  } finally {
    await Deno.remove(data);
  }
});

Deno.test("AC-2.2-7: people of other servers are still in the room after a restart", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  const clock = new ManualClock();
  try {
    {
      await using it = await coven({ data, clock, fields: { persistentroom: "1" } });
      const far = it.server.remote("far.test");
      await far.send(
        `<presence from='x@far.test/1' to='${ROOM}/x'><show>away</show><x xmlns='${MUC}'/></presence>`,
      );
      await far.send(`<presence from='y@far.test/2' to='${ROOM}/y'><x xmlns='${MUC}'/></presence>`);
      await far.send(`<presence from='z@far.test/3' to='${ROOM}/z'><x xmlns='${MUC}'/></presence>`);
      await far.send(`<presence from='z@far.test/3' to='${ROOM}/z' type='unavailable'/>`);
      far.inbox.length = 0;
      quietly(it.hag);
      const stopped = it.server.server.stop();
      await clock.advance(10_000);
      await stopped;
      // They are told who of this server goes, and not that they go themselves.
      far.expect(`<presence to='x@far.test/1' from='${ROOM}/thirdwitch' type='unavailable'/>`);
      ok(!far.inbox.some((stanza) => stanza.toString().includes('code="110"')));
    }
    await using server = await world({ data, clock });
    const far = server.remote("far.test");
    const [hag] = await server.online("hag66/pda");
    await enter(hag, "hag");
    hag.expect(`<presence from='${ROOM}/x'><show>away</show>${says("role='participant'")}</presence>`);
    hag.expect(`<presence from='${ROOM}/y'/>`);
    hag.never(`<presence from='${ROOM}/z'/>`);
    await hag.send(`<message to='${ROOM}' type='groupchat'><body>hello again</body></message>`);
    for (const to of ["x@far.test/1", "y@far.test/2"]) {
      far.expect(`<message to='${to}'><body>hello again</body></message>`);
    }
    await far.send(`<message from='x@far.test/1' to='${ROOM}' type='groupchat'><body>back</body></message>`);
    hag.expect(`<message from='${ROOM}/x'><body>back</body></message>`);
  } finally {
    await Deno.remove(data);
  }
});

Deno.test("XEP-0045 example 207, 332: everybody else is told that the service stops", async () => {
  const server = await world();
  const [crone] = await server.online("crone1/desktop");
  const far = server.remote("far.test");
  await create(crone, "crone");
  await far.send(`<presence from='x@far.test/1' to='${ROOM}/x'><x xmlns='${MUC}'/></presence>`);
  await server[Symbol.asyncDispose]();
  deepEqual(codesOf(far.expect(`<presence to='x@far.test/1' from='${ROOM}/x' type='unavailable'/>`)), [
    110,
    332,
  ]);
  deepEqual(codesOf(crone.expect(`<presence from='${ROOM}/crone' type='unavailable'/>`)), [110, 332]);
});

Deno.test("rooms live on through a reload, with everybody in them", async () => {
  await using it = await coven();
  await it.server.reload({ config: configOf({ history: 5 }) });
  quietly(it.crone, it.hag);
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>after</body></message>`);
  it.crone.expect(`<message from='${ROOM}/thirdwitch'><body>after</body></message>`);
  await it.hag.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  it.crone.expect(`<presence type='unavailable' from='${ROOM}/thirdwitch'/>`);
});

Deno.test("a room that nobody is in leaves the memory, and comes back when it is needed", async () => {
  await using it = await coven({ fields: { persistentroom: "1" }, muc: { idle: "10 min" } });
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>remember</body></message>`);
  for (const client of [it.crone, it.wicca, it.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  await it.server.clock.advance("15 minutes");
  quietly(it.hag);
  await enter(it.hag, "hag");
  deepEqual(
    inboxOf(it.hag),
    ["thirdwitch:remember", ":subject:null"].map((line) => line.replace("null", "")),
  );
});

Deno.test("H6: a room that nobody was in for long is removed, unless it is to be kept", async () => {
  await using server = await world({ muc: { expire: "30 min", expire_keep: ["kept"] } });
  const [crone] = await server.online("crone1/desktop");
  for (const name of ["old", "kept", "young"]) {
    await create(crone, "crone", { persistentroom: "1" }, `${name}@muc.a.test`);
  }
  for (const name of ["old", "kept", "young"]) {
    await crone.send(`<presence to='${name}@muc.a.test/crone' type='unavailable'/>`);
  }
  await server.clock.advance("20 minutes");
  await enter(crone, "crone", "", "young@muc.a.test");
  await crone.send(`<presence to='young@muc.a.test/crone' type='unavailable'/>`);
  await server.clock.advance("12 minutes");
  const list = await ask(crone, "get", `<query xmlns='${DISCO_ITEMS}'/>`, "muc.a.test");
  deepEqual(list!.elements().map((item) => item.attr("jid")), ["kept@muc.a.test", "young@muc.a.test"]);
});

Deno.test("H8: an administrator is nobody special until they ask for it, and each time that matters it is logged", async () => {
  await using it = await coven({ muc: { override: "1 h" } });
  const [root] = await it.server.online("root/x");
  const own = await enter(root, "root");
  ok(own.toString().includes('affiliation="none"') && own.toString().includes('role="participant"'));
  await refused(root, "get", owner(), "forbidden", "auth");
  await refused(it.hag, "set", command("override"), "forbidden", "cancel", "muc.a.test");
  await ask(root, "set", command("override"), "muc.a.test");
  await configure(root, { roomname: "Taken over" });
  await ask(root, "set", command("override"), "muc.a.test");
  await refused(root, "get", owner(), "forbidden", "auth");
  await ask(root, "set", command("override"), "muc.a.test");
  await it.server.clock.advance("61 minutes");
  await refused(root, "get", owner(), "forbidden", "auth");
});

Deno.test("H8: taking a room over, and closing it, by command", async () => {
  await using it = await coven();
  const [root] = await it.server.online("root/x");
  const run = async (node: string) => {
    const first = await ask(root, "set", command(node), "muc.a.test");
    const id = first!.attr("sessionid");
    const form =
      `<x xmlns='jabber:x:data' type='submit'><field var='room'><value>${ROOM}</value></field></x>`;
    return await ask(
      root,
      "set",
      `<command xmlns='http://jabber.org/protocol/commands' node='urn:metronome:rooms#${node}' sessionid='${id}'>${form}</command>`,
      "muc.a.test",
    );
  };
  await run("own");
  deepEqual(await valuesOf(root, "roomowners"), ["crone1@a.test", "root@a.test"]);
  await run("destroy");
  it.hag.expect(`<presence type='unavailable'><x xmlns='${USER}'><destroy/></x></presence>`);
});
