/** XEP-0402 with XEP-0048 and XEP-0049: the same bookmarks for clients of every age. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Element } from "#plugin";
import { type TestClient, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { privateStorage } from "../../plugins/account/private.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { bookmarks } from "../../plugins/profile/bookmarks.ts";
import { pep } from "../../plugins/pubsub/pep.ts";
import { profileWorld, readItems } from "./profile_world.ts";
import {
  ask,
  configForm,
  DISCO_INFO,
  done,
  events,
  ownerOf,
  publishing,
  pubsubOf,
  refused,
  wants,
  world,
} from "./pubsub_world.ts";

const NEW = "urn:xmpp:bookmarks:1";
const OLD = "storage:bookmarks";
const PLAY = "theplay@muc.shakespeare.lit";
const ORCHARD = "orchard@muc.shakespeare.lit";
/** XEP-0402, examples 7 and 8. */
const PRIVATE = {
  persist_items: "true",
  max_items: "max",
  send_last_published_item: "never",
  access_model: "whitelist",
};
const STATE = `<state xmlns='http://myclient.example/bookmark/state' minimized='true'/>`;

const room = (attrs: string, inner = "") => `<conference xmlns='${NEW}' ${attrs}>${inner}</conference>`;
const oldRoom = (jid: string, attrs: string, inner = "") =>
  `<conference jid='${jid}' ${attrs}>${inner}</conference>`;

const put = (client: TestClient, id: string, payload: string) =>
  done(client, "set", publishing(NEW, id, payload, PRIVATE), "");
const putList = (client: TestClient, inner: string) => {
  const list = `<storage xmlns='${OLD}'>${inner}</storage>`;
  return done(
    client,
    "set",
    publishing(OLD, "current", list, { persist_items: "true", access_model: "whitelist" }),
    "",
  );
};
const putPrivate = (client: TestClient, inner: string) =>
  done(
    client,
    "set",
    `<query xmlns='jabber:iq:private'><storage xmlns='${OLD}'>${inner}</storage></query>`,
    "",
  );
const retract = (client: TestClient, id: string) =>
  done(client, "set", pubsubOf(`<retract node='${NEW}' notify='true'><item id='${id}'/></retract>`), "");

/** What each of the three says, as short texts: address, name, autojoin, nick, password, further elements. */
async function shown(client: TestClient): Promise<{ now: string[]; list: string[]; hidden: string[] }> {
  const line = (jid: string, it: string[]) => [jid, ...it].filter((t) => t !== "").join(" ");
  const now = (await readItems(client, NEW)).map(({ id, payload }) => line(id, parts(payload)));
  const list = (await readItems(client, OLD))[0]?.payload;
  const query = await done(
    client,
    "get",
    `<query xmlns='jabber:iq:private'><storage xmlns='${OLD}'/></query>`,
    "",
  );
  const lines = (storage: Element | undefined) =>
    (storage?.elements() ?? []).map((it) =>
      it.name === "url" ? `url ${it.attr("url")}` : line(it.attr("jid")!, parts(it))
    );
  return { now: now.sort(), list: lines(list).sort(), hidden: lines(query!.first()).sort() };
}

function parts(it: Element): string[] {
  const extensions = it.ns === NEW
    ? it.child("extensions")?.elements() ?? []
    : it.elements().filter(({ ns }) => ns !== OLD);
  const auto = it.attr("autojoin") ?? "";
  return [
    it.attr("name") ?? "",
    auto === "true" || auto === "1" ? "joins" : "",
    it.childText("nick") ?? "",
    it.childText("password") ?? "",
    ...extensions.map(({ name }) => `+${name}`),
  ];
}

async function all(client: TestClient, expected: string[], more: string[] = []): Promise<void> {
  const now = expected.sort();
  const old = [...expected, ...more].sort();
  assert.deepEqual(await shown(client), { now, list: old, hidden: old });
}

Deno.test("XEP-0402 §4.2, XEP-0411: what is kept equal is announced by the account, and only that", async () => {
  const features = async (server: Awaited<ReturnType<typeof world>>) => {
    const [juliet] = await server.online("juliet/chamber");
    const info = await done(juliet, "get", `<query xmlns='${DISCO_INFO}'/>`, "juliet@a.test");
    return new Set(info!.elements().map((it) => it.attr("var")));
  };
  await using server = await profileWorld();
  const said = await features(server);
  for (const name of [`${NEW}#compat`, `${NEW}#compat-pep`, "urn:xmpp:bookmarks-conversion:0"]) {
    assert.ok(said.has(name), name);
  }
  await using without = await world({ plugins: [bookmarks] });
  const less = await features(without);
  assert.ok(less.has(`${NEW}#compat-pep`) && !less.has(`${NEW}#compat`));
});

Deno.test("XEP-0402 §4.3.1, XEP-0048, XEP-0049: published one by one, they are in both lists, as they come and go", async () => {
  await using server = await profileWorld();
  const [juliet, balcony] = await server.online("juliet/chamber", "juliet/balcony");
  await wants(balcony, [OLD]);
  await put(juliet, PLAY, room("name='The Play' autojoin='true'", "<nick>JC</nick>"));
  await put(
    juliet,
    ORCHARD,
    room("name='Orchard' autojoin='0'", `<password>secret</password><extensions>${STATE}</extensions>`),
  );
  await all(juliet, [`${PLAY} The Play joins JC`, `${ORCHARD} Orchard secret +state`]);
  assert.equal(events(balcony).length, 2);
  // The same again, in other words, is no news for the list.
  await put(juliet, PLAY, room("autojoin='1' name='The Play'", "<nick>JC</nick>"));
  assert.deepEqual(events(balcony), []);
  await retract(juliet, PLAY);
  await all(juliet, [`${ORCHARD} Orchard secret +state`]);
  await done(juliet, "set", ownerOf(`<purge node='${NEW}'/>`), "");
  await all(juliet, []);
  await put(juliet, PLAY, room(""));
  await done(juliet, "set", ownerOf(`<delete node='${NEW}'/>`), "");
  await all(juliet, []);
});

Deno.test("XEP-0402 §4.3.2: published as a list, each is an item, and only what has changed is told", async () => {
  await using server = await profileWorld();
  const [juliet, balcony] = await server.online("juliet/chamber", "juliet/balcony");
  await wants(balcony, [NEW]);
  for (const set of [putList, putPrivate]) {
    await set(juliet, oldRoom(PLAY, "name='The Play' autojoin='1'", "<nick>JC</nick>"));
    await all(juliet, [`${PLAY} The Play joins JC`]);
    assert.deepEqual(events(balcony), [`items ${NEW} item ${PLAY}+`]);
    await set(
      juliet,
      oldRoom(PLAY, "name='The Play' autojoin='true'", "<nick>JC</nick>") +
        oldRoom(ORCHARD, "name='Orchard'", "<password>secret</password>") +
        "<url name='Works' url='http://the-tech.mit.edu/Shakespeare/'/>",
    );
    const url = "url http://the-tech.mit.edu/Shakespeare/";
    await all(juliet, [`${PLAY} The Play joins JC`, `${ORCHARD} Orchard secret`], [url]);
    assert.deepEqual(events(balcony), [`items ${NEW} item ${ORCHARD}+`]);
    // What is no room stays in the list when a newer client changes something.
    await put(balcony, PLAY, room("name='Another'"));
    await all(juliet, [`${PLAY} Another`, `${ORCHARD} Orchard secret`], [url]);
    events(balcony);
    await set(juliet, "");
    await all(juliet, []);
    assert.deepEqual(events(balcony), [`items ${NEW} retract ${ORCHARD} retract ${PLAY}`]);
  }
});

Deno.test("XEP-0402 §3: extensions outlive a client that knows nothing of them, and one that does changes them", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  const pinned = "<pinned xmlns='urn:xmpp:bookmarks-pinning:0'/>";
  await put(
    juliet,
    PLAY,
    room("name='The Play'", `<nick>JC</nick><extensions>${STATE}${pinned}</extensions>`),
  );
  await putPrivate(juliet, oldRoom(PLAY, "name='Renamed'", "<nick>JC</nick>"));
  await all(juliet, [`${PLAY} Renamed JC +state +pinned`]);
  const state = `<state xmlns='http://myclient.example/bookmark/state' minimized='false'/>`;
  await putList(juliet, oldRoom(PLAY, "name='Renamed'", `${state}${pinned}`));
  await all(juliet, [`${PLAY} Renamed +state +pinned`]);
  const [item] = await readItems(juliet, NEW);
  assert.equal(
    item!.payload.child("extensions")!.child("state", "http://myclient.example/bookmark/state")!.attr(
      "minimized",
    ),
    "false",
  );
});

Deno.test("XEP-0048: rooms without an address, twice, or in capitals make no harm", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  await put(juliet, PLAY, room("name='The Play'"));
  await putList(
    juliet,
    `<conference name='nowhere'/><conference jid='@@' name='odd'/>` +
      oldRoom("ThePlay@MUC.shakespeare.lit", "name='Capitals'") + oldRoom(PLAY, "name='Twice'"),
  );
  assert.deepEqual((await readItems(juliet, NEW)).map(({ id, payload }) => [id, payload.attr("name")]), [
    [PLAY, "Capitals"],
  ]);
});

Deno.test("XEP-0402 §5.1, XEP-0223: nobody else sees them, however a client has made the node; none is lost for want of room", async () => {
  await using server = await profileWorld();
  const [juliet, romeo] = await server.online("juliet/chamber", "romeo/orchard");
  const open = { access_model: "open", max_items: "1" };
  await done(juliet, "set", publishing(NEW, PLAY, room("name='The Play'"), open), "");
  await put(juliet, ORCHARD, room("name='Orchard'"));
  await all(juliet, [`${PLAY} The Play`, `${ORCHARD} Orchard`]);
  await done(
    juliet,
    "set",
    ownerOf(`<configure node='${OLD}'>${configForm({ access_model: "presence" })}</configure>`),
    "",
  );
  await put(juliet, ORCHARD, room("name='The Orchard'"));
  for (const node of [NEW, OLD]) {
    const read = pubsubOf(`<items node='${node}'/>`);
    await refused(romeo, "get", read, "not-allowed", "closed-node", "juliet@a.test");
  }
});

Deno.test("XEP-0048: an older list that is deleted without another one is made again", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  await put(juliet, PLAY, room("name='The Play'"));
  await done(juliet, "set", ownerOf(`<delete node='${OLD}'/>`), "");
  await all(juliet, [`${PLAY} The Play`]);
  await done(juliet, "set", pubsubOf(`<retract node='${OLD}'><item id='current'/></retract>`), "");
  await all(juliet, [`${PLAY} The Play`]);
  // A list under another id takes its place.
  const list = `<storage xmlns='${OLD}'>${oldRoom(ORCHARD, "name='Orchard'")}</storage>`;
  await done(juliet, "set", publishing(OLD, "other", list), "");
  await all(juliet, [`${ORCHARD} Orchard`]);
});

Deno.test("XEP-0049: other private elements are where they were, beside bookmarks in one request", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  await done(
    juliet,
    "set",
    `<query xmlns='jabber:iq:private'><storage xmlns='${OLD}'>${
      oldRoom(PLAY, "")
    }</storage><exodus xmlns='exodus:prefs'>x</exodus></query>`,
    "",
  );
  const query = await done(
    juliet,
    "get",
    `<query xmlns='jabber:iq:private'><exodus xmlns='exodus:prefs'/></query>`,
    "",
  );
  assert.equal(query!.first()!.text, "x");
  await all(juliet, [PLAY]);
});

Deno.test("XEP-0402 §4.3: bookmarks from before are equal after the next login", async () => {
  const folder = await Deno.makeTempDir();
  const base = { data: `${folder}/data.sqlite` };
  const old = [internal, roster, presence, privateStorage, pep];
  try {
    {
      await using server = await testServer({ ...base, plugins: old });
      const juliet = await server.client("juliet/chamber");
      const url = "<url name='Works' url='http://w.test/'/>";
      await putPrivate(juliet, oldRoom(PLAY, "name='The Play'") + oldRoom(ORCHARD, "name='old'") + url);
      await put(juliet, ORCHARD, room("name='new'", `<extensions>${STATE}</extensions>`));
    }
    for (let again = 0; again < 2; again++) {
      await using server = await testServer({ ...base, plugins: [...old, bookmarks] });
      const juliet = await server.client("juliet/chamber");
      const url = ["url http://w.test/"];
      if (again === 0) await all(juliet, [`${PLAY} The Play`, `${ORCHARD} new +state`], url);
      else await all(juliet, [`${ORCHARD} new +state`], url);
      await done(juliet, "get", `<query xmlns='jabber:iq:private'><storage xmlns='${OLD}'/></query>`, "");
      if (again === 0) await retract(juliet, PLAY);
      else {
        server.host.accounts.remove("juliet");
        await server.settle();
        assert.deepEqual([...server.host.storage.owners("a.test")], []);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0402 §4.3: beyond a thousand rooms each form is on its own, and none loses any", async () => {
  await using server = await profileWorld();
  const [juliet] = await server.online("juliet/chamber");
  const many = (n: number) => Array.from({ length: n }, (_, i) => oldRoom(`r${i}@muc.a.test`, "")).join("");
  await putList(juliet, many(1000));
  assert.equal((await readItems(juliet, NEW)).length, 1000);
  await putPrivate(juliet, many(1001));
  await put(juliet, PLAY, room(""));
  await put(juliet, ORCHARD, room(""));
  const { now, list, hidden } = await shown(juliet);
  assert.deepEqual([now.length, list.length, hidden.length], [1002, 1001, 1001]);
});

Deno.test("XEP-0402 §4.3, AC-2.17: whatever clients of every age do, all of them see the same", async () => {
  const where = fc.constantFrom(PLAY, ORCHARD, "hall@muc.a.test");
  const what = fc.record({
    name: fc.constantFrom("", "One", "Two"),
    nick: fc.constantFrom("", "<nick>J</nick>"),
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), where, what }),
    fc.record({ kind: fc.constant("retract" as const), where }),
    fc.record({
      kind: fc.constantFrom("list" as const, "private" as const),
      rooms: fc.uniqueArray(fc.record({ where, what }), { selector: (it) => it.where, maxLength: 3 }),
    }),
    fc.constant({ kind: "tidy" as const }),
  );
  const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
    await using server = await profileWorld();
    const [juliet] = await server.online("juliet/chamber");
    const model = new Map<string, string>();
    for (const it of steps) {
      if (it.kind === "put") {
        await put(juliet, it.where, room(`name='${it.what.name}'`, it.what.nick));
        model.set(it.where, `${it.what.name} ${it.what.nick}`);
      } else if (it.kind === "retract") {
        await ask(juliet, "set", pubsubOf(`<retract node='${NEW}'><item id='${it.where}'/></retract>`), "");
        model.delete(it.where);
      } else if (it.kind === "tidy") {
        await ask(juliet, "set", ownerOf(`<delete node='${OLD}'/>`), "");
      } else {
        const rooms = it.rooms.map((r) => oldRoom(r.where, `name='${r.what.name}'`, r.what.nick)).join("");
        await (it.kind === "list" ? putList : putPrivate)(juliet, rooms);
        model.clear();
        for (const r of it.rooms) model.set(r.where, `${r.what.name} ${r.what.nick}`);
      }
      const expected = [...model].map(([jid, text]) =>
        [jid, ...text.replace(/<.?nick>/g, "").split(" ")].filter((word) => word !== "").join(" ")
      );
      await all(juliet, expected);
    }
  });
  await fc.assert(property, { numRuns: 25 });
});
