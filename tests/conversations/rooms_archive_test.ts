import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Element } from "#plugin";
import { ManualClock, type TestClient } from "#testing";
import { mucArchive } from "../../plugins/archive/room_archive.ts";
import { MAM, query as mamQuery, set, SID } from "./archive_client.ts";
import {
  ask,
  codesOf,
  configure,
  type Coven,
  coven,
  create,
  DISCO_INFO,
  enter,
  quietly,
  refused,
  ROOM,
  USER,
  valuesOf,
  world,
} from "./muc_world.ts";

const PURGE = "http://metronome.im/protocol/mam-purge";

type Query = Readonly<Record<string, string | readonly string[]>>;

/** A coven whose room stays, with an archive. */
function kept(
  fields: Record<string, string> = {},
  archive: Record<string, unknown> = {},
  clock = new ManualClock(),
): Promise<Coven> {
  const defaults = { muc_archive: archive };
  return coven({ clock, defaults, plugins: [mucArchive], fields: { persistentroom: "1", ...fields } });
}

async function say(client: TestClient, text: string, more = "", id = text): Promise<void> {
  await client.send(
    `<message to='${ROOM}' type='groupchat' id='${id}'><body>${text}</body>${more}</message>`,
  );
}

const payload = (fields: Query, rest: string): string =>
  mamQuery("x", fields, rest).replace(/^<iq[^>]*>/, "").replace(/<\/iq>$/, "");

interface Read {
  readonly ids: string[];
  readonly messages: Element[];
  readonly fin: Element;
}

/** The results of a query, which come before its answer. */
async function read(client: TestClient, fields: Query = {}, rest = "", to = ROOM): Promise<Read> {
  quietly(client);
  await client.send(`<iq type='set' id='mam' to='${to}'>${payload(fields, rest)}</iq>`);
  const results: Element[] = [];
  while (client.inbox[0]?.child("result", MAM) !== undefined) {
    results.push(client.expectNext(`<message from='${to}'/>`).child("result", MAM)!);
  }
  const iq = client.expectNext(`<iq type='result' id='mam' from='${to}'/>`);
  return {
    ids: results.map((it) => it.attr("id")!),
    messages: results.map((it) =>
      it.child("forwarded", "urn:xmpp:forward:0")!.child("message", "jabber:client")!
    ),
    fin: iq.child("fin", MAM)!,
  };
}

const bodies = ({ messages }: Read): (string | undefined)[] => messages.map((it) => it.childText("body"));
const jidOf = (message: Element): string | undefined => message.child("x", USER)?.child("item")?.attr("jid");

Deno.test("XEP-0313 §5.1.3: what was said comes back whole, once, from addresses in the room and to nobody", async () => {
  await using c = await kept();
  await say(c.crone, "one", "<thing xmlns='urn:example:thing' a='1'/>");
  await say(c.wicca, "two");
  await c.hag.send(`<message to='${ROOM}/secondwitch' type='chat'><body>psst</body></message>`);
  const all = await read(c.hag);
  deepEqual(bodies(all), ["one", "two"]);
  equal(all.fin.attr("complete"), "true");
  const [one, two] = all.messages;
  equal(one!.attr("from"), `${ROOM}/firstwitch`);
  equal(two!.attr("from"), `${ROOM}/secondwitch`);
  for (const it of all.messages) {
    equal(it.attr("to"), undefined);
    equal(it.attr("type"), "groupchat");
    ok(it.has("occupant-id", "urn:xmpp:occupant-id:0"));
    ok(!it.has("stanza-id", SID));
  }
  equal(one!.child("thing", "urn:example:thing")?.attr("a"), "1");
});

Deno.test("XEP-0359 §3, XEP-0313 §3.4: the room names what it keeps, takes forged names away, and the archive has that name", async () => {
  await using c = await kept();
  await say(c.wicca, "hello", `<stanza-id xmlns='${SID}' id='forged' by='${ROOM.toUpperCase()}'/>`);
  const ids = [];
  for (const client of [c.crone, c.wicca, c.hag]) {
    const got = client.expect(`<message from='${ROOM}/secondwitch'><body>hello</body></message>`);
    const names = got.elements().filter((it) => it.name === "stanza-id");
    equal(names.length, 1);
    equal(names[0]!.attr("by"), ROOM);
    ids.push(names[0]!.attr("id"));
  }
  equal(new Set(ids).size, 1);
  deepEqual((await read(c.hag)).ids, [ids[0]]);
  // What does not last is not named, nor may it be by somebody else.
  await c.wicca.send(
    `<message to='${ROOM}' type='groupchat'><composing xmlns='http://jabber.org/protocol/chatstates'/>
      <stanza-id xmlns='${SID}' id='forged' by='${ROOM}'/></message>`,
  );
  const typing = c.hag.expect(
    `<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  );
  ok(!typing.has("stanza-id", SID));
  equal((await read(c.hag)).ids.length, 1);
});

Deno.test("XEP-0313 §5.1.3: true addresses for those who may know them now, and forged ones for nobody", async () => {
  await using c = await kept();
  await say(c.wicca, "hello", `<x xmlns='${USER}'><item jid='forged@a.test'/></x>`);
  equal(jidOf((await read(c.crone)).messages[0]!), "wiccarocks@a.test/laptop");
  equal(jidOf((await read(c.hag)).messages[0]!), undefined);
  await configure(c.crone, { whois: "anyone" });
  equal(jidOf((await read(c.hag)).messages[0]!), "wiccarocks@a.test/laptop");
  // A stranger reads, and does not see who is there.
  const stranger = await c.server.client("stranger/x");
  const [seen] = (await read(stranger)).messages;
  equal(seen!.childText("body"), "hello");
  equal(jidOf(seen!), undefined);
});

Deno.test("XEP-0313 §4.1.1: by the publisher, where one may know who that is", async () => {
  await using c = await kept();
  await say(c.crone, "one");
  await say(c.wicca, "two");
  deepEqual(bodies(await read(c.crone, { with: "wiccarocks@a.test" })), ["two"]);
  deepEqual(bodies(await read(c.crone, { with: "wiccarocks@a.test/other" })), []);
  deepEqual(bodies(await read(c.wicca, { with: "wiccarocks@a.test" })), ["two"]);
  deepEqual(bodies(await read(c.wicca, { with: ROOM })), ["one", "two"]);
  await refused(c.wicca, "set", payload({ with: "crone1@a.test" }, ""), "forbidden", "auth");
  await refused(
    c.crone,
    "set",
    payload({ with: `${ROOM}/secondwitch` }, ""),
    "feature-not-implemented",
    "cancel",
  );
});

Deno.test("XEP-0313 §5.1.3: who may enter may read; members only, banned, a password, occupants only", async () => {
  await using c = await kept();
  await say(c.crone, "secret");
  const stranger = await c.server.client("stranger/x");
  const no = (client: TestClient) => refused(client, "set", payload({}, ""), "forbidden", "auth");
  equal((await read(stranger)).ids.length, 1);
  await configure(c.crone, { "x-muc#roomconfig_archiveaccess": "occupants" });
  await no(stranger);
  equal((await read(c.hag)).ids.length, 1);
  await configure(c.crone, {
    "x-muc#roomconfig_archiveaccess": "anyone",
    passwordprotectedroom: "1",
    roomsecret: "cauldron",
  });
  await no(stranger);
  await configure(c.crone, { passwordprotectedroom: "0", roomsecret: "" });
  const admin = (items: string) =>
    ask(c.crone, "set", `<query xmlns='http://jabber.org/protocol/muc#admin'>${items}</query>`);
  await admin(`<item jid='stranger@a.test' affiliation='outcast'/>`);
  await no(stranger);
  await refused(stranger, "get", `<metadata xmlns='${MAM}'/>`, "forbidden", "auth");
  await refused(stranger, "get", `<query xmlns='${MAM}'/>`, "forbidden", "auth");
  await admin(`<item jid='stranger@a.test' affiliation='none'/>`);
  await configure(c.crone, { membersonly: "1" });
  await no(stranger);
  await admin(`<item jid='stranger@a.test' affiliation='member'/>`);
  equal((await read(stranger)).ids.length, 1);
});

Deno.test("XEP-0313 §4: pages, fields, flipped pages and metadata, as of any archive (BUG-15: over the new year)", async () => {
  await using c = await kept({}, {}, new ManualClock(Date.UTC(2026, 11, 31, 23, 59, 0)));
  for (let i = 0; i < 6; i++) {
    await say(i % 2 === 0 ? c.crone : c.wicca, `m${i}`);
    await c.server.clock.advance(20_000);
  }
  const all = await read(c.hag);
  deepEqual(bodies(all), ["m0", "m1", "m2", "m3", "m4", "m5"]);
  const id = (n: number) => all.ids[n]!;
  deepEqual(bodies(await read(c.hag, {}, set("<max>2</max>"))), ["m0", "m1"]);
  deepEqual(bodies(await read(c.hag, {}, set(`<max>2</max><after>${id(1)}</after>`))), ["m2", "m3"]);
  deepEqual(bodies(await read(c.hag, {}, set("<max>2</max><before/>"))), ["m4", "m5"]);
  deepEqual(bodies(await read(c.hag, {}, `${set("<max>2</max><before/>")}<flip-page/>`)), ["m5", "m4"]);
  deepEqual(bodies(await read(c.hag, { "after-id": id(1), "before-id": id(4) })), ["m2", "m3"]);
  deepEqual(bodies(await read(c.hag, { ids: [id(4), id(0)] })), ["m0", "m4"]);
  deepEqual(
    bodies(await read(c.hag, { start: "2026-12-31T23:59:50Z", end: "2027-01-01T00:00:10Z" })),
    ["m3"],
  );
  const page = await read(c.crone, { with: "wiccarocks@a.test" }, set("<max>2</max>"));
  deepEqual(bodies(page), ["m1", "m3"]);
  equal(page.fin.attr("complete"), undefined);
  await refused(c.hag, "set", payload({}, set("<after>nothing</after>")), "item-not-found", "cancel");
  const metadata = await ask(c.hag, "get", `<metadata xmlns='${MAM}'/>`);
  equal(metadata!.child("start")?.attr("id"), id(0));
  equal(metadata!.child("end")?.attr("id"), id(5));
  match(metadata!.child("start")!.attr("timestamp")!, /^2026-12-31T23:59:00/);
  const form = await ask(c.hag, "get", `<query xmlns='${MAM}'/>`);
  ok(form!.child("x", "jabber:x:data")!.elements().some((it) => it.attr("var") === "after-id"));
});

Deno.test("XEP-0313 §6, XEP-0431: features say whether there is an archive, and whether it can be searched", async () => {
  const features = async (client: TestClient) =>
    (await ask(client, "get", `<query xmlns='${DISCO_INFO}'/>`))!.elements().map((it) => it.attr("var"));
  await using c = await kept({}, { search: true });
  const with_ = await features(c.hag);
  for (const it of [MAM, `${MAM}#extended`, SID, "urn:xmpp:fulltext:0"]) ok(with_.includes(it), it);
  await say(c.crone, "eye of newt");
  await say(c.wicca, "toe of frog");
  deepEqual(bodies(await read(c.hag, { "{urn:xmpp:fulltext:0}fulltext": "FROG" })), ["toe of frog"]);
  await configure(c.crone, { enablearchiving: "0" });
  ok(!(await features(c.hag)).includes(MAM));
  await refused(c.hag, "set", payload({}, ""), "service-unavailable", "cancel");
  await say(c.crone, "not kept");
  await configure(c.crone, { enablearchiving: "1" });
  // Nothing that was kept is gone, nothing else has come.
  deepEqual(bodies(await read(c.hag)), ["eye of newt", "toe of frog"]);
});

Deno.test("AC-2.3-1, BUG-14: a form that does not mention the archive leaves it, and every message in it", async () => {
  await using c = await kept({}, { default: false });
  equal((await valuesOf(c.crone, "enablearchiving"))?.[0], "0");
  await configure(c.crone, { enablearchiving: "1" });
  await say(c.crone, "one");
  await configure(c.crone, { roomname: "Coven" });
  equal((await valuesOf(c.crone, "enablearchiving"))?.[0], "1");
  deepEqual(bodies(await read(c.hag)), ["one"]);
});

Deno.test("AC-2.3-4, XEP-0045 §7.2.12, §10.2.1: people know whether anybody can read it: 170 on entering, 170 and 171 later", async () => {
  await using c = await kept();
  const newcomer = await c.server.client("newcomer/x");
  ok(codesOf(await enter(newcomer, "newt")).includes(170));
  quietly(c.hag, newcomer);
  await configure(c.crone, { membersonly: "1", "x-muc#roomconfig_archiveaccess": "anyone" });
  deepEqual(codesOf(c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104, 171]);
  await configure(c.crone, { membersonly: "0" });
  await enter(c.hag, "thirdwitch");
  quietly(c.hag);
  await configure(c.crone, { enablearchiving: "0" });
  deepEqual(codesOf(c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104, 171]);
  await configure(c.crone, { enablearchiving: "1" });
  deepEqual(codesOf(c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104, 170]);
  await configure(c.crone, { roomname: "Coven" });
  deepEqual(codesOf(c.hag.expect(`<message from='${ROOM}'><x xmlns='${USER}'/></message>`)), [104]);
});

Deno.test("XEP-0045 §7.2.13: the history of a room that was out of memory comes from its archive, named and stamped", async () => {
  await using c = await kept();
  for (let i = 0; i < 25; i++) {
    await say(c.crone, `m${i}`);
    await c.server.clock.advance(5_000);
    await c.crone.send(
      `<message to='${ROOM}' type='groupchat' id='r${i}'><reactions xmlns='urn:xmpp:reactions:0' id='m${i}'/></message>`,
    );
  }
  const { ids } = await read(c.hag, {}, set("<max>100</max>"));
  for (const client of [c.crone, c.wicca, c.hag]) {
    await client.send(`<presence to='${ROOM}/x' type='unavailable'/>`);
  }
  await c.server.clock.advance("30 minutes");
  quietly(c.wicca);
  await c.wicca.send(
    `<presence to='${ROOM}/secondwitch'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='5'/></x></presence>`,
  );
  const got = c.wicca.inbox.filter((it) => it.has("body"));
  deepEqual(got.map((it) => it.childText("body")), ["m20", "m21", "m22", "m23", "m24"]);
  equal(got[4]!.child("stanza-id", SID)?.attr("id"), ids[48]);
  equal(got[4]!.attr("from"), `${ROOM}/firstwitch`);
  equal(got[4]!.child("delay", "urn:xmpp:delay")?.attr("from"), ROOM);
});

Deno.test("XEP-0045 §8.1: subjects are kept, markers of others are not", async () => {
  await using c = await kept();
  await c.crone.send(`<message to='${ROOM}' type='groupchat'><subject>Double, double</subject></message>`);
  await c.wicca.send(
    `<message to='${ROOM}' type='groupchat'><displayed xmlns='urn:xmpp:chat-markers:0' id='x'/></message>`,
  );
  await say(c.hag, "not for keeps", "<no-store xmlns='urn:xmpp:hints'/>");
  const { messages } = await read(c.hag);
  deepEqual(messages.map((it) => it.childText("subject")), ["Double, double"]);
});

Deno.test("retention: what is too old goes, by the option of the service and by the field of the room", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  const short = "short@muc.a.test";
  const begin = Date.UTC(2026, 1, 1);
  const speak = async (crone: TestClient, text: string): Promise<void> => {
    await say(crone, text);
    await crone.send(`<message to='${short}' type='groupchat'><body>${text}</body></message>`);
  };
  /** The server, some days later and for as long as it takes to tidy up. */
  const later = async (days: number, then: (crone: TestClient) => Promise<void>): Promise<void> => {
    const clock = new ManualClock(begin + days * 86_400_000);
    const defaults = { muc_archive: { keep: "10 days" } };
    await using server = await world({ data, clock, defaults, plugins: [mucArchive] });
    const [crone] = await server.online("crone1/desktop");
    if (days === 0) {
      await create(crone, "crone", { persistentroom: "1" });
      await create(crone, "crone", { persistentroom: "1", "x-muc#roomconfig_archivedays": "2" }, short);
    } else for (const room of [ROOM, short]) await enter(crone, "crone", "", room);
    await clock.advance("11 minutes");
    await then(crone);
  };
  try {
    await later(0, (crone) => speak(crone, "old"));
    await later(3, async (crone) => {
      await speak(crone, "new");
      deepEqual(bodies(await read(crone)), ["old", "new"]);
      deepEqual(bodies(await read(crone, {}, "", short)), ["new"]);
    });
    await later(11, async (crone) => {
      deepEqual(bodies(await read(crone)), ["new"]);
      deepEqual(bodies(await read(crone, {}, "", short)), []);
    });
  } finally {
    await Deno.remove(data);
  }
});

Deno.test("mam-purge: owners remove what was said, also from the history; nobody else does", async () => {
  await using c = await kept();
  await say(c.crone, "one");
  await say(c.wicca, "two");
  const { ids } = await read(c.hag);
  await refused(c.wicca, "set", `<purge xmlns='${PURGE}'><id>${ids[0]}</id></purge>`, "forbidden", "auth");
  await ask(c.crone, "set", `<purge xmlns='${PURGE}'><id>${ids[0]}</id></purge>`);
  deepEqual(bodies(await read(c.hag)), ["two"]);
  const newcomer = await c.server.client("newcomer/x");
  await enter(newcomer, "newt");
  deepEqual(newcomer.inbox.flatMap((it) => it.childText("body") ?? []), ["two"]);
});

Deno.test("an archive goes with its room: whoever has the name next finds nothing of it", async () => {
  await using c = await kept();
  await say(c.crone, "secret");
  await ask(c.crone, "set", `<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>`);
  await create(c.hag, "hag", {});
  deepEqual(bodies(await read(c.hag)), []);
});
