import assert from "node:assert/strict";
import { arriving, definePlugin, delivering, DROP, none, StanzaError, undelivered } from "#plugin";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";

const IM = [roster, presence, message];

/** What becomes of a message: who gets it, whether its sender gets an error, whether it is kept. */
interface Fate {
  /** The resources that get it. */
  readonly to?: readonly string[];
  readonly error?: "service-unavailable";
  readonly kept?: true;
}
const REFUSED: Fate = { error: "service-unavailable" };
const FORGOTTEN: Fate = {};
const KEPT: Fate = { kept: true };
const to = (...resources: string[]): Fate => ({ to: resources });

/** The devices of the receiver: their priorities, "connected" for one without presence. */
type Devices = Readonly<Record<string, number | "connected">>;
type Type = "normal" | "chat" | "groupchat" | "headline" | "error";

interface Situation {
  readonly name: string;
  readonly account: string;
  readonly devices: Devices;
  /** To the account. */
  readonly bare: Record<Type, Fate>;
  /** To a device that is not there. */
  readonly gone: Record<Type, Fate>;
}

const LOST = { groupchat: REFUSED, headline: FORGOTTEN, error: FORGOTTEN };
const AWAY = { normal: KEPT, chat: KEPT, ...LOST };

/** RFC 6121 §8.5.4, with the choices that plugins/im/message.ts explains. */
const TABLE: readonly Situation[] = [
  {
    name: "the account does not exist",
    account: "nobody",
    devices: {},
    bare: { normal: REFUSED, chat: REFUSED, ...LOST },
    gone: { normal: REFUSED, chat: REFUSED, ...LOST },
  },
  { name: "no device", account: "bob", devices: {}, bare: AWAY, gone: AWAY },
  { name: "connected only", account: "bob", devices: { pad: "connected" }, bare: AWAY, gone: AWAY },
  { name: "negative only", account: "bob", devices: { pad: -1, tv: -128 }, bare: AWAY, gone: AWAY },
  {
    name: "one that is not negative",
    account: "bob",
    devices: { pad: 0, tv: -1, car: "connected" },
    bare: { normal: to("pad"), chat: to("pad"), groupchat: REFUSED, headline: to("pad"), error: FORGOTTEN },
    gone: { normal: to("pad"), chat: to("pad"), ...LOST },
  },
  {
    name: "several",
    account: "bob",
    devices: { pad: 0, phone: 127, desk: 5, tv: -1 },
    bare: {
      normal: to("pad", "phone", "desk"),
      chat: to("pad", "phone", "desk"),
      groupchat: REFUSED,
      headline: to("pad", "phone", "desk"),
      error: FORGOTTEN,
    },
    gone: { normal: to("pad", "phone", "desk"), chat: to("pad", "phone", "desk"), ...LOST },
  },
];

async function devicesOf(
  server: TestServer,
  account: string,
  devices: Devices,
): Promise<Map<string, TestClient>> {
  const clients = new Map<string, TestClient>();
  for (const [resource, priority] of Object.entries(devices)) {
    const client = await server.client(`${account}/${resource}`);
    if (priority !== "connected") await client.send(`<presence><priority>${priority}</priority></presence>`);
    clients.set(resource, client);
  }
  for (const client of clients.values()) client.clear();
  return clients;
}

function stanza(type: Type, address: string): string {
  const attr = type === "normal" ? "" : `type='${type}'`;
  return `<message id='m1' to='${address}' ${attr}><body>Art thou not Romeo?</body></message>`;
}

/** Sends the one message and says what became of it. */
async function fateOf(
  server: TestServer,
  sender: TestClient,
  devices: Map<string, TestClient>,
  xml: string,
): Promise<Fate> {
  const before = server.host.storage.writes;
  await sender.send(xml);
  const got = [...devices].filter(([, client]) => client.inbox.length > 0).map(([resource]) => resource);
  for (const client of devices.values()) {
    for (const element of client.inbox.splice(0)) {
      assert.equal(element.name, "message");
      assert.equal(element.attr("id"), "m1");
      assert.equal(element.childText("body"), "Art thou not Romeo?");
      assert.equal(element.attr("from"), "alice@a.test/desk");
    }
  }
  const answer = sender.inbox.shift();
  if (answer !== undefined) {
    assert.equal(answer.attr("type"), "error");
    assert.equal(answer.attr("id"), "m1");
    const error = answer.child("error")!;
    assert.equal(error.attr("type"), "cancel");
    assert.ok(error.has("service-unavailable", "urn:ietf:params:xml:ns:xmpp-stanzas"));
  }
  sender.quiet();
  return {
    ...(got.length > 0 ? { to: got } : {}),
    ...(answer === undefined ? {} : { error: "service-unavailable" as const }),
    ...(server.host.storage.writes > before ? { kept: true as const } : {}),
  };
}

for (const { name, account, devices, bare, gone } of TABLE) {
  for (const keeps of [true, false]) {
    Deno.test(`messages: RFC 6121 §8.5.4: ${name}, ${keeps ? "with" : "without"} offline storage`, async () => {
      await using server = await testServer({ plugins: keeps ? [...IM, offline] : IM });
      const alice = await server.client("alice/desk");
      const types = Object.keys(bare) as Type[];
      // §8.5.3.1: a device that is there gets everything, whatever its priority and the type.
      const present = Object.keys(devices).map((resource) => [`/${resource}`, to(resource)] as const);
      const cells = [
        ...types.map((type) => ["", type, bare[type]] as const),
        ...types.map((type) => ["/gone", type, gone[type]] as const),
        ...present.flatMap(([suffix, fate]) => types.map((type) => [suffix, type, fate] as const)),
      ];
      for (const [index, [suffix, type, fate]] of cells.entries()) {
        // Everybody once: nothing that one message left behind changes what becomes of the next.
        const local = `${account}${index}`;
        const clients = await devicesOf(server, local, devices);
        const got = await fateOf(server, alice, clients, stanza(type, `${local}@a.test${suffix}`));
        // RFC 6121 §8.5.2.2.1: without offline storage the sender is told.
        assert.deepEqual(got, fate.kept && !keeps ? REFUSED : fate, `${type} to ${local}${suffix}`);
        for (const client of clients.values()) await client.cut();
      }
    });
  }
}

const online = (options: TestOptions = {}) => testServer({ plugins: IM, ...options });

Deno.test("messages: the address stays as it was written, the language comes from the stream", async () => {
  await using server = await online();
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await alice!.send(
    `<message to='bob@a.test' type='chat'><body>O</body><x xmlns='urn:other'><y/></x></message>`,
  );
  const got = bob!.expect(
    `<message from='alice@a.test/desk' to='bob@a.test' type='chat'><body>O</body><x xmlns='urn:other'><y/></x></message>`,
  );
  assert.equal(got.attr("id"), undefined);
  await alice!.send(`<message to='bob@a.test/elsewhere' type='chat'><body>O</body></message>`);
  bob!.expect(`<message to='bob@a.test/elsewhere'><body>O</body></message>`);
});

Deno.test("messages: an unknown type counts as normal (RFC 6121 §5.2.2)", async () => {
  await using server = await online();
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await alice!.send(`<message to='bob@a.test' type='sonnet'><body>O</body></message>`);
  assert.equal(bob!.expect(`<message><body>O</body></message>`).attr("type"), undefined);
});

Deno.test("messages: to the own account, with an address and without (RFC 6120 §10.3)", async () => {
  await using server = await online();
  const [desk, pad, tv] = await server.online("alice/desk", "alice/pad", "alice/tv");
  await tv!.send("<presence><priority>-1</priority></presence>");
  for (const client of [desk, pad, tv]) client!.clear();
  for (const address of ["", "to='alice@a.test'"]) {
    await desk!.send(`<message ${address} type='chat'><body>note</body></message>`);
    for (const client of [desk, pad]) {
      client!.expect(
        `<message from='alice@a.test/desk' to='alice@a.test' type='chat'><body>note</body></message>`,
      );
      client!.quiet();
    }
    tv!.quiet();
  }
});

Deno.test("messages: to the host itself nobody takes them", async () => {
  await using server = await online();
  const alice = await server.client("alice/desk");
  for (const address of ["a.test", "a.test/somewhere"]) {
    await alice.send(`<message id='1' to='${address}'><body>hello?</body></message>`);
    alice.expect(`<message id='1' from='${address}' type='error'>
      <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
    await alice.send(`<message id='2' to='${address}' type='error'><body>hello?</body></message>`);
    alice.quiet();
  }
});

Deno.test("messages: ignore_priority gives them to everybody who is available", async () => {
  await using server = await online({
    plugins: [...IM, offline],
    config: { defaults: { message: { ignore_priority: true } } },
  });
  const alice = await server.client("alice/desk");
  const clients = await devicesOf(server, "bob", { pad: -1, phone: 3, car: "connected" });
  assert.deepEqual(await fateOf(server, alice, clients, stanza("chat", "bob@a.test")), to("pad", "phone"));
});

Deno.test("messages: ignore_priority goes for what was kept, too", async () => {
  await using server = await online({
    plugins: [...IM, offline],
    config: { defaults: { message: { ignore_priority: true } } },
  });
  const alice = await server.client("alice/desk");
  await alice.send(stanza("chat", "bob@a.test"));
  const pad = await server.client("bob/pad");
  await pad.send("<presence><priority>-5</priority></presence>");
  pad.expect(`<message id='m1'><delay xmlns='urn:xmpp:delay'/></message>`);
});

Deno.test("messages: the sender's name is the server's to say", async () => {
  await using server = await online();
  const [alice, bob] = await server.online("alice/desk", "bob/pad");
  await alice!.send(`<message from='alice@a.test' to='bob@a.test'><body>1</body></message>`);
  bob!.expect(`<message from='alice@a.test/desk'><body>1</body></message>`);
  await alice!.send(`<message from='mallory@a.test/x' to='bob@a.test'><body>2</body></message>`);
  alice!.expectStreamError("invalid-from");
  bob!.never(`<message><body>2</body></message>`);
});

Deno.test("messages: to and from another server", async () => {
  await using server = await online();
  const elsewhere = server.remote("b.test");
  const [bob] = await server.online("bob/pad");
  await bob!.send(`<message to='juliet@b.test/balcony' type='chat'><body>out</body></message>`);
  elsewhere.expect(`<message from='bob@a.test/pad' to='juliet@b.test/balcony'><body>out</body></message>`);
  await elsewhere.send(`<message from='juliet@b.test/balcony' to='bob@a.test'><body>in</body></message>`);
  bob!.expect(`<message from='juliet@b.test/balcony' to='bob@a.test'><body>in</body></message>`);
  await elsewhere.send(
    `<message id='x' from='juliet@b.test/balcony' to='nobody@a.test'><body>in</body></message>`,
  );
  elsewhere.expect(`<message id='x' from='nobody@a.test' to='juliet@b.test/balcony' type='error'><error>
    <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`);
  elsewhere.quiet();
});

/** A device's own guard: refuses what one resource gets, drops what another gets, and may take its time. */
const choosy = definePlugin({
  name: "choosy",
  doc: "Refuses messages for some devices.",
  config: none,
  setup(host) {
    host.at(delivering).guard({ kind: "message" }, ({ session }) => {
      switch (session.jid!.resource) {
        case "refusing":
          return new StanzaError("not-acceptable");
        case "dropping":
          return DROP;
        case "slow":
          return Promise.resolve(undefined);
        case "slowly-refusing":
          return Promise.resolve(new StanzaError("not-acceptable"));
      }
      return undefined;
    });
  },
});

Deno.test("messages: one device that takes it is enough, and where all refuse the sender is told once", async () => {
  await using server = await online({ plugins: [...IM, choosy, offline] });
  const cases: [string[], string[], string | undefined][] = [
    [["refusing", "pad"], ["pad"], undefined],
    [["slow", "refusing", "pad"], ["slow", "pad"], undefined],
    [["refusing", "slowly-refusing"], [], "not-acceptable"],
    [["slowly-refusing"], [], "not-acceptable"],
    [["dropping"], [], undefined],
    [["slow"], ["slow"], undefined],
  ];
  const alice = await server.client("alice/desk");
  for (const [index, [resources, takers, error]] of cases.entries()) {
    const name = `user${index}`;
    const devices = await server.online(...resources.map((resource) => `${name}/${resource}`));
    for (const device of devices) device.clear();
    const addresses = resources.length === 1
      ? [`${name}@a.test`, `${name}@a.test/${resources[0]}`]
      : [`${name}@a.test`];
    for (const address of addresses) {
      await alice.send(stanza("chat", address));
      devices.forEach((device, i) => {
        if (takers.includes(resources[i]!)) device.expect(`<message id='m1'/>`);
        device.quiet();
      });
      if (error !== undefined) {
        alice.expect(
          `<message id='m1' type='error'><error><${error} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
        );
      }
      alice.quiet();
    }
  }
});

Deno.test("messages: witnesses see what was delivered or kept, and not what was refused", async () => {
  const seen: string[] = [];
  const watcher = definePlugin({
    name: "watcher",
    doc: "Writes down what it sees.",
    config: none,
    setup(host) {
      host.at(arriving).witness({ kind: "message" }, ({ stanza, claimed }) => {
        seen.push(`arriving ${stanza.to!.local} ${claimed}`);
        return undefined;
      });
      host.at(undelivered).witness({ kind: "message" }, ({ stanza, claimed }) => {
        seen.push(`undelivered ${stanza.to!.local} ${claimed}`);
        return undefined;
      });
    },
  });
  await using server = await online({
    plugins: [...IM, watcher, offline],
    config: { defaults: { offline: { messages: 1 } } },
  });
  const [alice] = await server.online("alice/desk", "bob/pad");
  await alice!.send(stanza("chat", "bob@a.test"));
  await alice!.send(stanza("chat", "carol@a.test"));
  alice!.quiet();
  await alice!.send(stanza("chat", "carol@a.test"));
  alice!.expect(`<message type='error'/>`);
  assert.deepEqual(seen, [
    "arriving bob true",
    "undelivered carol true",
    "arriving carol true",
    // The error.
    "arriving alice true",
  ]);
});
