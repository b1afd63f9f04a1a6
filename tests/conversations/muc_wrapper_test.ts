import { deepEqual, equal } from "node:assert/strict";
import { CLAIMED, definePlugin, defineSlot, el, none, StanzaError } from "#plugin";
import {
  configured,
  configuring,
  defineField,
  joined,
  joining,
  left,
  PERSISTENT,
  presenting,
  roomDestroyed,
  rooms,
  said,
  saying,
} from "../../plugins/muc/api.ts";
import {
  ask,
  codesOf,
  configOf,
  configure,
  coven,
  DISCO_INFO,
  enter,
  error,
  form,
  owner,
  PLUGINS,
  quietly,
  refused,
  ROOM,
  valuesOf,
} from "./muc_world.ts";

const NS = "urn:example:quiet";
const QUIET = defineField("x-muc#roomconfig_quiet", { kind: "boolean", label: "No shouting" }, false);
const LOUDEST = defineField(
  "x-muc#roomconfig_loudest",
  { kind: "integer", label: "Letters", min: 1, max: 9 },
  5,
);
const count = defineSlot<number>("quiet");

/** What FEATURES AC-2.2-6 asks for, and every event once. */
function quiet(seen: string[]) {
  return definePlugin({
    name: "muc_quiet",
    doc: "For a test.",
    config: none,
    hosts: ["muc"],
    needs: [rooms],
    setup(host) {
      const book = host.use(rooms);
      book.field(host, QUIET, { info: true });
      book.field(host, LOUDEST);
      book.disco(host, { features: (room) => room.value(QUIET) ? [NS] : [] });
      book.get(host, NS, "query", ({ room, occupant }) => {
        if (occupant === undefined) throw new StanzaError("forbidden");
        return el("query", NS, { on: String(room.value(QUIET)), said: String(room.get(count) ?? 0) });
      });
      host.at(configuring).guard(
        {},
        (x) =>
          x.value(QUIET) && x.value(PERSISTENT)
            ? new StanzaError("not-acceptable", "quiet rooms do not stay")
            : undefined,
      );
      host.at(configuring).amend({}, (x) => {
        if (x.changes(QUIET)) x.notice(x.value(QUIET) ? 170 : 171);
        return undefined;
      });
      host.at(joining).amend({}, (x) => {
        if (x.room.value(QUIET)) x.status(170);
        if (x.nick === "LOUD") x.rename("loud");
        return undefined;
      });
      host.at(presenting).amend(
        { kind: "presence" },
        ({ stanza, room }) =>
          room.value(QUIET) ? stanza.containing(stanza.source.plus(el("badge", NS))) : undefined,
      );
      const shouts = (text: string | undefined) => text !== undefined && text === text.toUpperCase();
      host.at(saying).guard(
        {},
        ({ room, stanza }) =>
          room.value(QUIET) && shouts(stanza.source.childText("body"))
            ? new StanzaError("policy-violation", "no shouting")
            : undefined,
      );
      host.at(saying).amend({}, ({ stanza }) => stanza.containing(stanza.source.plus(el("heard", NS))));
      host.at(saying).claim({}, ({ stanza, room }) => {
        if (stanza.source.childText("body") !== "/roll") return undefined;
        book.say(room, el("message", "jabber:client", {}, [el("body", "jabber:client", {}, "a four")]));
        return CLAIMED;
      });
      host.on(joined, ({ occupant }) => void seen.push(`joined ${occupant.nick}`));
      host.on(left, ({ occupant, codes }) => void seen.push(`left ${occupant.nick} ${codes.join()}`));
      host.on(configured, ({ changed }) => void seen.push(`configured ${[...changed].join()}`));
      host.on(said, ({ occupant, room }) => {
        room.set(count, (room.get(count) ?? 0) + 1);
        seen.push(`said ${occupant?.nick}`);
      });
      host.on(roomDestroyed, ({ room }) => void seen.push(`destroyed ${room.name}`));
    },
  });
}

Deno.test("AC-2.2-6, AC-2.3-2: a plugin adds a field, vetoes, decorates, adds a feature, answers, and goes", async () => {
  const seen: string[] = [];
  await using it = await coven({ plugins: [quiet(seen)] });
  deepEqual(seen, ["joined firstwitch", "joined secondwitch", "joined thirdwitch"]);
  deepEqual(await valuesOf(it.crone, "x-muc#roomconfig_quiet"), ["0"]);
  quietly(it.hag);
  await configure(it.crone, { "x-muc#roomconfig_quiet": "1", roomname: "Hush" });
  deepEqual(codesOf(it.hag.expect("<message/>")), [104, 170]);
  const [hecate] = await it.server.online("hecate/broom");
  await hecate.send(`<presence to='${ROOM}/LOUD'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  const own = hecate.expect(`<presence from='${ROOM}/loud'><badge xmlns='${NS}'/></presence>`);
  deepEqual(codesOf(own), [110, 170, 210]);
  await hecate.send(`<message to='${ROOM}' type='groupchat' id='1'><body>HELLO</body></message>`);
  hecate.expect(
    `<message type='error' id='1' from='${ROOM}'>${error("policy-violation", "modify")}</message>`,
  );
  await hecate.send(`<message to='${ROOM}' type='groupchat' id='2'><body>hello</body></message>`);
  it.hag.expect(`<message from='${ROOM}/loud'><body>hello</body><heard xmlns='${NS}'/></message>`);
  quietly(it.hag);
  await hecate.send(`<message to='${ROOM}' type='groupchat'><body>/roll</body></message>`);
  it.hag.expectNext(`<message from='${ROOM}' type='groupchat'><body>a four</body></message>`);
  it.hag.quiet();
  const answer = await ask(it.hag, "get", `<query xmlns='${NS}'/>`);
  deepEqual({ ...answer!.attrs }, { on: "true", said: "2" });
  const info = await ask(it.hag, "get", `<query xmlns='${DISCO_INFO}'/>`);
  equal(info!.toString().includes(`var="${NS}"`), true);
  // A veto undoes all, also what was legal.
  await refused(
    it.crone,
    "set",
    owner(form({ persistentroom: "1", roomname: "Loud" })),
    "not-acceptable",
    "modify",
  );
  deepEqual(await valuesOf(it.crone, "roomname"), ["Hush"]);
  // AC-2.3-3: an illegal number in the plugin's field.
  await refused(
    it.crone,
    "set",
    owner(form({ "x-muc#roomconfig_loudest": "12", roomname: "Loud" })),
    "bad-request",
    "cancel",
  );
  deepEqual(await valuesOf(it.crone, "roomname"), ["Hush"]);
  // Without the plugin: no field, no feature, and the room goes on.
  await it.server.reload({ plugins: PLUGINS, config: configOf() });
  deepEqual(await valuesOf(it.crone, "x-muc#roomconfig_quiet"), undefined);
  await refused(it.hag, "get", `<query xmlns='${NS}'/>`, "service-unavailable", "cancel");
  await hecate.send(`<message to='${ROOM}' type='groupchat'><body>AGAIN</body></message>`);
  it.hag.expect(`<message><body>AGAIN</body></message>`);
});

Deno.test("XEP-0045 §7.6, 210: who leaves a shared nickname for one that a plugin spells otherwise is told", async () => {
  await using it = await coven({ plugins: [quiet([])] });
  const [tablet] = await it.server.online("hag66/tablet");
  await enter(tablet, "thirdwitch");
  await tablet.send(`<presence to='${ROOM}/LOUD'/>`);
  deepEqual(codesOf(tablet.expect(`<presence from='${ROOM}/loud'/>`)), [110, 210]);
  it.crone.expect(`<presence from='${ROOM}/loud'/>`);
});

Deno.test("events of a room", async () => {
  const seen: string[] = [];
  await using it = await coven({ plugins: [quiet(seen)] });
  seen.length = 0;
  await it.hag.send(`<message to='${ROOM}' type='groupchat'><body>x</body></message>`);
  await configure(it.crone, { roomname: "x" });
  await ask(
    it.crone,
    "set",
    `<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='thirdwitch' role='none'/></query>`,
  );
  await it.wicca.send(`<presence to='${ROOM}/secondwitch' type='unavailable'/>`);
  await enter(it.wicca, "again");
  await ask(it.crone, "set", owner("<destroy/>"));
  deepEqual(seen, [
    "said thirdwitch",
    "configured muc#roomconfig_roomname",
    "left thirdwitch 307",
    "left secondwitch ",
    "joined again",
    "left firstwitch ",
    "left again ",
    "destroyed coven",
  ]);
});
