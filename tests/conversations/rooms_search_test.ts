import { deepEqual, equal } from "node:assert/strict";
import type { Element } from "#plugin";
import type { TestClient } from "#testing";
import { channelSearch } from "../../plugins/rooms/search.ts";
import {
  ask,
  configOf,
  configure,
  create,
  DISCO_INFO,
  enter,
  form,
  owner,
  PLUGINS,
  refused,
  world,
} from "./muc_world.ts";

const SEARCH = "urn:xmpp:channel-search:0:search";
const PARAMS = "urn:xmpp:channel-search:0:search-params";
const ERROR = "urn:xmpp:channel-search:0:error";
const USERS = "{urn:xmpp:channel-search:0:order}nusers";
const ADDRESS = "{urn:xmpp:channel-search:0:order}address";
const HOST = "muc.a.test";

type Fields = Record<string, string | readonly string[]>;

function search(fields: Fields, page = ""): string {
  const filled = form(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [`#${name}`, value])),
    "submit",
    PARAMS,
  )
    .replaceAll("var='#", "var='");
  return `<search xmlns='${SEARCH}'>${
    page === "" ? "" : `<set xmlns='http://jabber.org/protocol/rsm'>${page}</set>`
  }${filled}</search>`;
}

async function find(client: TestClient, fields: Fields, page = ""): Promise<Element> {
  return (await ask(client, "get", search(fields, page), HOST))!;
}

const names = (result: Element) =>
  result.elements().filter(({ name }) => name === "item").map((it) => it.attr("address")!.split("@")[0]);

async function fails(
  client: TestClient,
  fields: Fields,
  condition: string,
  type: string,
  particular: string,
) {
  const error = await refused(client, "get", search(fields), condition, type, HOST);
  equal(error.child("error")!.has(particular, ERROR), true, particular);
}

/** Three rooms that are listed, and one that is not. */
async function town(options: Record<string, unknown> = {}) {
  const server = await world({ plugins: [channelSearch], defaults: { channel_search: options } });
  const [alice, bob] = await server.online("alice/x", "bob/x");
  const room = (name: string, fields: Record<string, string>) =>
    create(alice, "alice", { persistentroom: "1", ...fields }, `${name}@${HOST}`);
  await room("commteam", { roomname: "Communication", roomdesc: "Words about words", lang: "en" });
  await room("operators", { roomname: "Operators", roomdesc: "For people who run servers", whois: "anyone" });
  await room("private", { roomname: "Board of servers", membersonly: "1" });
  await room("hidden", { roomname: "Hidden servers", publicroom: "0" });
  await enter(bob, "bob", "", `operators@${HOST}`);
  alice.clear();
  bob.clear();
  return { server, alice, bob, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

Deno.test("XEP-0433 §4.1, §4.2.1: the feature, and the form with its defaults", async () => {
  await using it = await town();
  const info = await ask(it.bob, "get", `<query xmlns='${DISCO_INFO}'/>`, HOST);
  equal(info!.toString().includes(`"${SEARCH}"`), true);
  const got = (await ask(it.bob, "get", `<search xmlns='${SEARCH}'/>`, HOST))!;
  const fields = got.child("x", "jabber:x:data")!.elements().filter(({ name }) => name === "field");
  deepEqual(
    fields.map((field) => `${field.attr("var")}=${field.childText("value") ?? ""}`),
    [
      `FORM_TYPE=${PARAMS}`,
      "q=",
      "all=0",
      "sinname=1",
      "sindescription=1",
      "sinaddress=1",
      "min_users=0",
      "types=xep-0045",
      `key=${USERS}`,
    ],
  );
});

Deno.test("XEP-0433 §4.2.2.1, §6.2: rooms by words in their name, description and address, with what they are like", async () => {
  await using it = await town();
  const result = await find(it.bob, { q: "SERVERS people" });
  equal(
    result.elements()[0]!.toString(),
    `<item xmlns="${SEARCH}" address="operators@${HOST}"><name>Operators</name>` +
      `<description>For people who run servers</description><nusers>2</nusers><service-type>xep-0045</service-type>` +
      `<is-open/><anonymity-mode>{urn:xmpp:channel-search:0:anonymity}none</anonymity-mode></item>`,
  );
  deepEqual(names(result), ["operators"]);
  // What is not for everybody is found, and does not say who is there.
  const [board] = (await find(it.bob, { q: "board" })).elements();
  deepEqual([board!.has("is-open", SEARCH), board!.has("nusers", SEARCH)], [false, false]);
  deepEqual(names(await find(it.bob, { q: "commteam" })), ["commteam"]);
  deepEqual(names(await find(it.bob, { q: "commteam", sinaddress: "0" })), []);
  deepEqual(names(await find(it.bob, { q: "words", sindescription: "0" })), []);
  deepEqual(names(await find(it.bob, { q: "hidden" })), []);
  deepEqual(names(await find(it.bob, { q: "servers", types: "xep-0369" })), []);
  deepEqual(names(await find(it.bob, { q: "servers", min_users: "2" })), ["operators"]);
});

Deno.test("XEP-0433 §6.1, XEP-0059: by users and by address, page after page", async () => {
  await using it = await town();
  for (
    const [key, order] of [
      [USERS, ["operators", "commteam", "private"]],
      [ADDRESS, ["commteam", "operators", "private"]],
    ] as const
  ) {
    const seen: (string | undefined)[] = [];
    let after = "";
    for (let page = 0; page < 5; page++) {
      const result = await find(it.bob, { all: "1", key }, `<max>2</max>${after}`);
      seen.push(...names(result));
      const last = result.child("set", "http://jabber.org/protocol/rsm")!.childText("last");
      if (last === undefined) break;
      after = `<after>${last}</after>`;
    }
    deepEqual(seen, order);
  }
  const whole = await find(it.bob, { all: "1" });
  equal(whole.child("set", "http://jabber.org/protocol/rsm")!.childText("count"), "3");
});

Deno.test("XEP-0433 §4.2.2.2 – §4.2.2.7: each mistake has its error", async () => {
  await using it = await town({ all: false, searches: 2 });
  await fails(it.bob, { q: "x y", key: "{x}y" }, "bad-request", "modify", "invalid-search-terms");
  await fails(it.bob, { q: "xy", key: "{x}y" }, "feature-not-implemented", "modify", "invalid-sort-key");
  await fails(it.bob, { q: "xy", all: "1" }, "bad-request", "modify", "conflicting-fields");
  await fails(it.bob, { all: "1" }, "not-allowed", "cancel", "full-set-retrieval-rejected");
  await fails(it.bob, { key: USERS }, "bad-request", "cancel", "no-search-conditions");
  await refused(
    it.bob,
    "get",
    `<search xmlns='${SEARCH}'><x xmlns='jabber:x:data' type='cancel'/></search>`,
    "bad-request",
    "modify",
    HOST,
  );
  await find(it.bob, { q: "xy" });
  await find(it.bob, { q: "xy" });
  await fails(it.bob, { q: "xy" }, "resource-constraint", "wait", "rate-limit");
  await find(it.alice, { q: "xy" });
  await it.server.clock.advance("31 s");
  await find(it.bob, { q: "xy" });
});

Deno.test("XEP-0433: what changes while the service runs, or without it, is found as it is", async () => {
  await using it = await town();
  await configure(it.alice, { roomname: "Chatter" }, `commteam@${HOST}`);
  deepEqual(names(await find(it.bob, { q: "chatter" })), ["commteam"]);
  await configure(it.alice, { publicroom: "0" }, `operators@${HOST}`);
  deepEqual(names(await find(it.bob, { q: "operators" })), []);
  await ask(it.alice, "set", owner("<destroy/>"), `commteam@${HOST}`);
  deepEqual(names(await find(it.bob, { q: "chatter" })), []);
  await it.server.reload({ plugins: PLUGINS, config: configOf() });
  await configure(it.alice, { publicroom: "1" }, `hidden@${HOST}`);
  await configure(it.alice, { publicroom: "0" }, `private@${HOST}`);
  await it.server.reload({ plugins: [...PLUGINS, channelSearch], config: configOf() });
  deepEqual(names(await find(it.bob, { q: "board" })), []);
  for (const [client, nick] of [[it.alice, "alice"], [it.bob, "bob"]] as const) {
    await client.send(`<presence to='hidden@${HOST}/${nick}' type='unavailable'/>`);
    await enter(client, nick, "", `hidden@${HOST}`);
  }
  deepEqual(names(await find(it.bob, { q: "hidden" })), ["hidden"]);
});

Deno.test("XEP-0433: rooms that were there before the search are found", async () => {
  const folder = await Deno.makeTempDir();
  const data = `${folder}/data.sqlite`;
  try {
    {
      await using before = await world({ data });
      const [alice] = await before.online("alice/x");
      await create(alice, "alice", { persistentroom: "1", roomname: "Elders" }, `old@${HOST}`);
    }
    await using server = await world({ data, plugins: [channelSearch] });
    const [alice] = await server.online("alice/x");
    deepEqual(names(await find(alice, { q: "elders" })), ["old"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
