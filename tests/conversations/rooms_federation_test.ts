/** A room that is shared by two of our servers, from the side of the people on both of them. */
import { deepEqual, equal } from "node:assert/strict";
import { type TestClient, TestNetwork, type TestServer, testServer } from "#testing";
import all from "../../plugins/mod.ts";
import {
  admin,
  ask,
  codesOf,
  CONFIG,
  configure,
  DISCO_INFO,
  enter,
  form,
  owner,
  quietly,
  ROOM,
  says,
  USER,
} from "./muc_world.ts";

const NAMES = new Set([
  "federation",
  "message",
  "presence",
  "roster",
  "disco",
  "ping",
  "muc",
  "muc_archive",
  "muc_limits",
]);
const plugins = all.filter((plugin) => NAMES.has(plugin.name));
const LIMITS = { stanzas_per_second: "off", bytes_per_second: "off", ping_after: "off" };

interface Shared extends AsyncDisposable {
  readonly network: TestNetwork;
  readonly a: TestServer;
  readonly b: TestServer;
  /** The owner, of the server that has the room. */
  readonly alice: TestClient;
  /** Of the other one, both in the room. */
  readonly bob: TestClient;
  readonly eve: TestClient;
}

/** Rooms are at a.test only. */
function start(network: TestNetwork, host: string, data?: string): Promise<TestServer> {
  const own = host === "a.test" ? plugins : plugins.filter(({ name }) => !name.startsWith("muc"));
  const config = { limits: LIMITS };
  return testServer({ host, plugins: own, network, config, ...(data === undefined ? {} : { data }) });
}

async function shared(fields: Record<string, string> = {}, data?: string): Promise<Shared> {
  const network = new TestNetwork();
  const a = await start(network, "a.test", data);
  const b = await start(network, "b.test");
  const [alice] = await a.online("alice/desk");
  const [bob, eve] = await b.online("bob/pad", "eve/phone");
  await enter(alice, "alice");
  await configure(alice, fields);
  await enter(bob, "bob");
  await enter(eve, "eve");
  quietly(alice, bob, eve);
  return {
    network,
    a,
    b,
    alice,
    bob,
    eve,
    async [Symbol.asyncDispose]() {
      if (network.members.has(b)) await b[Symbol.asyncDispose]();
      await a[Symbol.asyncDispose]();
    },
  };
}

/** The servers have lost each other without a word, and neither is to be found any more. */
async function vanish({ network, a, b }: Shared): Promise<void> {
  for (const domain of ["a.test", "muc.a.test", "b.test"]) network.place(domain);
  for (const server of [a, b]) {
    for (const stream of [...server.server.streams.open]) {
      if (stream.owner !== undefined && "pairs" in stream.owner) stream.carrier.destroy(new Error("reset"));
    }
  }
  await network.settle();
}

const say = (client: TestClient, text: string) =>
  client.send(`<message to='${ROOM}' type='groupchat' id='${text}'><body>${text}</body></message>`);

Deno.test("XEP-0045 §7.2, §7.4, federated: presence and messages reach everybody once, in one order", async () => {
  await using it = await shared();
  const [carol] = await it.b.online("carol/x");
  await enter(carol, "carol");
  for (const client of [it.alice, it.bob, it.eve]) {
    client.expectNext(
      `<presence from='${ROOM}/carol' to='${client.jid}'>${says("role='participant'")}</presence>`,
    );
    client.quiet();
  }
  quietly(carol);
  await Promise.all([say(it.bob, "b1"), say(it.alice, "a1"), say(it.eve, "e1")]);
  await say(it.bob, "b2");
  const heard = [it.alice, it.bob, it.eve, carol].map((client) =>
    client.inbox.map((message) => `${message.attr("from")!.split("/")[1]}:${message.childText("body")}`)
  );
  equal(heard[0]!.length, 4);
  deepEqual(heard[0]!.toSorted(), ["alice:a1", "bob:b1", "bob:b2", "eve:e1"]);
  for (const other of heard) deepEqual(other, heard[0]);
  // XEP-0288: all of it over one connection.
  deepEqual(it.network.dialled, ["muc.a.test"]);
});

Deno.test("XEP-0045 §7.5, §7.6, §8.1, federated: private messages, another nickname, the subject", async () => {
  await using it = await shared({ changesubject: "1" });
  await it.bob.send(`<message to='${ROOM}/eve' type='chat' id='w'><body>hush</body></message>`);
  it.eve.expect(`<message from='${ROOM}/bob' type='chat'><body>hush</body><x xmlns='${USER}'/></message>`);
  it.alice.quiet();
  await it.bob.send(`<presence to='${ROOM}/bobby'/>`);
  for (const client of [it.alice, it.eve]) {
    client.expect(`<presence type='unavailable' from='${ROOM}/bob'>${says("nick='bobby'", 303)}</presence>`);
    client.expect(`<presence from='${ROOM}/bobby'/>`);
  }
  await it.bob.send(`<message to='${ROOM}' type='groupchat'><subject>Fire</subject></message>`);
  it.eve.expect(`<message from='${ROOM}/bobby'><subject>Fire</subject></message>`);
  await it.bob.send(`<iq type='get' id='i' to='${ROOM}/eve'><query xmlns='${DISCO_INFO}'/></iq>`);
  const asked = it.eve.expect(`<iq type='get' from='${ROOM}/bobby'/>`);
  await it.eve.send(
    `<iq type='result' id='${asked.attr("id")}' to='${ROOM}/bobby'><query xmlns='${DISCO_INFO}'/></iq>`,
  );
  it.bob.expect(`<iq type='result' id='i' from='${ROOM}/eve'/>`);
});

Deno.test("XEP-0045 §8.2, §9.1, federated: a kick and a ban take people of the other server out", async () => {
  await using it = await shared();
  await ask(it.alice, "set", admin("<item nick='eve' role='none'><reason>Out.</reason></item>"));
  const kick = it.eve.expect(
    `<presence type='unavailable' from='${ROOM}/eve'>${says("role='none'", 307, 110)}</presence>`,
  );
  deepEqual(codesOf(kick), [110, 307]);
  it.bob.expect(`<presence type='unavailable' from='${ROOM}/eve'>${says("role='none'", 307)}</presence>`);
  quietly(it.bob, it.eve);
  await say(it.alice, "without eve");
  it.bob.expect(`<message><body>without eve</body></message>`);
  it.eve.quiet();
  await ask(it.alice, "set", admin("<item jid='b.test' affiliation='outcast'/>"));
  it.bob.expect(
    `<presence type='unavailable' from='${ROOM}/bob'>${
      says("affiliation='outcast' role='none'", 301)
    }</presence>`,
  );
  await it.eve.send(`<presence to='${ROOM}/eve'><x xmlns='http://jabber.org/protocol/muc'/></presence>`);
  it.eve.expect(`<presence type='error' from='${ROOM}/eve'><error type='auth'/></presence>`);
});

Deno.test("XEP-0045 §18.1.2, federated: a server that vanishes leaves no ghosts, and others are served", async () => {
  await using it = await shared();
  await vanish(it);
  it.alice.clear();
  await say(it.alice, "anybody?");
  // Its stream might have been taken up again (XEP-0198): that is waited for.
  await it.network.clock.advance("10 min");
  for (const nick of ["bob", "eve"]) {
    it.alice.expect(
      `<presence type='unavailable' from='${ROOM}/${nick}'>${says("role='none'", 333)}</presence>`,
    );
  }
  it.alice.expect(`<message from='${ROOM}/alice'><body>anybody?</body></message>`);
  const info = (await ask(it.alice, "get", `<query xmlns='${DISCO_INFO}'/>`))!;
  const fields = info.elements().flatMap((form) => form.elements());
  equal(fields.find((field) => field.attr("var") === "muc#roominfo_occupants")?.childText("value"), "1");
  it.alice.clear();
  await say(it.alice, "alone");
  it.alice.expectNext(`<message from='${ROOM}/alice'><body>alone</body></message>`);
  it.alice.quiet();
});

Deno.test("XEP-0045 §7.14, federated: a server that stops says so for its people", async () => {
  await using it = await shared();
  await it.b[Symbol.asyncDispose]();
  for (const nick of ["bob", "eve"]) {
    const gone = it.alice.expect(`<presence type='unavailable' from='${ROOM}/${nick}'/>`);
    deepEqual(codesOf(gone), []);
  }
});

Deno.test("FEATURES §1.H H13, federated: who floods is removed; others of their server go on over the same connection", async () => {
  await using it = await shared({ limits_enabled: "1", limits_stanzas: "2", limits_seconds: "60" });
  for (let i = 0; i < 25; i++) await say(it.eve, `flood ${i}`);
  it.eve.expect(`<presence type='unavailable' from='${ROOM}/eve'>${says("role='none'", 307)}</presence>`);
  equal(it.eve.inbox.filter((one) => one.attr("type") === "error").length, 23);
  await say(it.bob, "still here");
  it.alice.expect(`<message from='${ROOM}/bob'><body>still here</body></message>`);
  deepEqual(it.network.dialled, ["muc.a.test"]);
});

Deno.test("AC-2.2-7: after a restart a message reaches two remote occupants of a room that stays, and neither has entered again", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = `${folder}/data.sqlite`;
    const it = await shared({ persistentroom: "1" }, data);
    await using _b = it.b;
    await it.a[Symbol.asyncDispose]();
    quietly(it.bob, it.eve);
    await using a = await start(it.network, "a.test", data);
    const [alice] = await a.online("alice/desk");
    await enter(alice, "alice");
    await say(alice, "back again");
    for (const client of [it.bob, it.eve]) {
      client.expect(`<message from='${ROOM}/alice'><body>back again</body></message>`);
    }
    await say(it.bob, "so are we");
    alice.expect(`<message from='${ROOM}/bob'><body>so are we</body></message>`);
    it.eve.expect(`<message from='${ROOM}/bob'><body>so are we</body></message>`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("XEP-0045 §10, federated: a room on the other server is made, configured and destroyed from here", async () => {
  const network = new TestNetwork();
  await using a = await testServer({
    host: "a.test",
    plugins,
    network,
    config: { limits: LIMITS, defaults: { muc: { create: "anyone" } } },
  });
  await using b = await start(network, "b.test");
  const [alice] = await a.online("alice/desk");
  const [bob] = await b.online("bob/pad");
  const made = await enter(bob, "bob");
  equal(codesOf(made).includes(201), true);
  const config = (await ask(bob, "get", owner()))!;
  equal(
    config.child("x", "jabber:x:data")!.elements()[1]!.toString().includes(CONFIG) ||
      config.toString().includes(CONFIG),
    true,
  );
  await ask(bob, "set", owner(form({ roomname: "Far away" })));
  await enter(alice, "alice");
  quietly(alice, bob);
  await ask(bob, "set", owner("<destroy><reason>Enough.</reason></destroy>"));
  alice.expect(
    `<presence type='unavailable' from='${ROOM}/alice'><x xmlns='${USER}'><destroy><reason>Enough.</reason></destroy></x></presence>`,
  );
});
