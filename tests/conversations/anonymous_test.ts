/** Guests (XEP-0175, FEATURES §2.10). */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { definePlugin, Jid, keyval, loggedIn, none, sessionUnbound } from "#plugin";
import { TestClient, TestNetwork, type TestOptions, TestServer, testServer } from "#testing";
import { federation } from "../../plugins/federation/federation.ts";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { dialbackError, EXTERNAL, STARTTLS, trusted } from "./federation_world.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

type Table = Record<string, unknown>;

function lobby(table: Table = {}, more: Partial<TestOptions> = {}): Promise<TestServer> {
  const config = {
    defaults: { authentication: "anonymous", anonymous: table },
    limits: { ping_after: "off" },
  };
  return testServer({ ...more, plugins: [anonymous, ...more.plugins ?? []], config });
}

/** Knocks; what the server says to it. */
async function knock(server: TestServer, address = "192.0.2.1"): Promise<TestClient> {
  const client = server.connect({ address });
  await client.open();
  client.clear();
  await client.send(`<auth xmlns='${SASL}' mechanism='ANONYMOUS'/>`);
  if (client.inbox[0]?.name === "challenge") {
    client.clear();
    await client.send(`<response xmlns='${SASL}'/>`);
  }
  return client;
}

async function guest(server: TestServer, address?: string): Promise<TestClient> {
  const client = await knock(server, address);
  client.expectNext(`<success xmlns='${SASL}'/>`);
  await client.open();
  client.clear();
  await client.send(`<iq type='set' id='1'><bind xmlns='${BIND}'/></iq>`);
  client.jid = Jid.parse(client.expectNext("<iq type='result'/>").first()!.childText("jid")!);
  return client;
}

function refused(client: TestClient, condition: string): void {
  client.expectNext(`<failure xmlns='${SASL}'><${condition}/></failure>`);
}

/** The name a guest from an address gets, who leaves at once. */
async function nameAt(server: TestServer, address: string): Promise<string> {
  const client = await guest(server, address);
  await client.close();
  await server.settle();
  return client.jid!.local;
}

Deno.test("XEP-0175: nothing but ANONYMOUS is offered, and nobody is more than a guest", async () => {
  await using server = await lobby();
  const client = server.connect();
  await client.open();
  const offered = client.expectNext("<stream:features/>").child("mechanisms", SASL)!.elements();
  deepEqual(offered.map((mechanism) => mechanism.text), ["ANONYMOUS"]);
  const someone = await guest(server);
  equal(server.host.accounts.role(someone.jid!), "guest");
  equal(server.host.accounts.creates, false);
});

Deno.test("XEP-0175: a trace may be left, and is not believed (RFC 4505)", async () => {
  await using server = await lobby();
  const client = server.connect();
  await client.open();
  client.clear();
  await client.send(`<auth xmlns='${SASL}' mechanism='ANONYMOUS'>${btoa("alice@a.test")}</auth>`);
  client.expectNext(`<success xmlns='${SASL}'/>`);
  deepEqual([...server.host.accounts.list()].length, 1);
  equal(server.host.accounts.exists("alice"), false);
});

Deno.test("AC-2.10-1 the same address, the same name; another address, another name", async () => {
  await using server = await lobby();
  const name = await nameAt(server, "192.0.2.1");
  match(name, /^[0-9a-f]{32}$/);
  equal(await nameAt(server, "192.0.2.1"), name);
  notEqual(await nameAt(server, "192.0.2.2"), name);
  // An IPv6 customer has a whole /64 (FEATURES §2.10).
  const six = await nameAt(server, "2001:db8::1");
  equal(await nameAt(server, "2001:db8::2:3:4:5"), six);
  notEqual(await nameAt(server, "2001:db8:0:1::1"), six);
});

Deno.test("AC-2.10-1 after a change of the secret, another name", async () => {
  await using server = await lobby({ secret: "the first of them" });
  const name = await nameAt(server, "192.0.2.1");
  const defaults = { authentication: "anonymous", anonymous: { secret: "the second of them" } };
  await server.reload({ config: { defaults } });
  notEqual(await nameAt(server, "192.0.2.1"), name);
});

Deno.test("XEP-0175: the secret is made at the first start, kept, and renewed where that is wanted", async () => {
  const data = await scratch();
  const names: string[] = [];
  for (let start = 0; start < 2; start++) {
    await using server = await lobby({ renew: "10 min" }, { data });
    names.push(await nameAt(server, "192.0.2.1"));
    if (start === 0) continue;
    await server.clock.advance("11 minutes");
    names.push(await nameAt(server, "192.0.2.1"));
  }
  equal(names[0], names[1]);
  notEqual(names[1], names[2]);
});

Deno.test("AC-2.10-2 a second session from the same address is not-authorized, with or without a resource", async () => {
  await using server = await lobby();
  const first = await knock(server);
  first.expectNext(`<success xmlns='${SASL}'/>`);
  refused(await knock(server), "not-authorized");
  await first.open();
  first.clear();
  await first.send(`<iq type='set' id='1'><bind xmlns='${BIND}'/></iq>`);
  refused(await knock(server), "not-authorized");
  await guest(server, "192.0.2.2");
  await first.cut();
  await guest(server);
});

Deno.test("AC-2.10-2 with several sessions allowed, they live under one bare address", async () => {
  await using server = await lobby({ sessions_per_address: 2 });
  const [one, two] = [await guest(server), await guest(server)];
  ok(one.jid!.bare.equals(two.jid!.bare));
  ok(!one.jid!.equals(two.jid!));
  refused(await knock(server), "not-authorized");
  await one.send(`<message to='${two.jid}'><body>hi</body></message>`);
  two.expectNext("<message><body>hi</body></message>");
});

Deno.test("XEP-0175: who logs in and goes away without a resource does not keep the place", async () => {
  await using server = await lobby({ most: 1 });
  for (let i = 0; i < 3; i++) {
    const client = await knock(server, `192.0.2.${i}`);
    client.expectNext(`<success xmlns='${SASL}'/>`);
    await client.cut();
  }
  await guest(server);
});

Deno.test("XEP-0175: there are so many places and no more", async () => {
  await using server = await lobby({ most: 2 });
  const first = await guest(server, "192.0.2.1");
  await guest(server, "192.0.2.2");
  refused(await knock(server, "192.0.2.3"), "temporary-auth-failure");
  await first.close();
  await guest(server, "192.0.2.3");
});

Deno.test("XEP-0175: behind a proxy everybody is somebody else", async () => {
  await using server = await lobby({ random_names: ["10.0.0.0/8"] });
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) names.add((await guest(server, "10.1.2.3")).jid!.local);
  equal(names.size, 5);
});

Deno.test("XEP-0175: a stay has an end", async () => {
  await using server = await lobby({ lifetime: "1 h" });
  const old = await guest(server, "192.0.2.1");
  await server.clock.advance("40 minutes");
  const young = await guest(server, "192.0.2.2");
  await server.clock.advance("22 minutes");
  old.expectStreamError("policy-violation");
  equal(young.closed, false);
  await guest(server, "192.0.2.1");
});

Deno.test("AC-2.10-3 a message to another server is not-allowed, unless it is", async () => {
  await using server = await lobby();
  const [closed, other] = [await guest(server, "192.0.2.1"), await guest(server, "192.0.2.2")];
  await closed.send("<message id='1' to='carol@c.test'><body>hi</body></message>");
  closed.expectNext(
    `<message id='1' type='error'><error type='cancel'><not-allowed xmlns='${STANZAS}'/></error></message>`,
  );
  await closed.send("<presence to='carol@c.test'/><iq id='2' type='result' to='carol@c.test'/>");
  closed.never("<message/>");
  await closed.send(`<message to='${other.jid}'><body>hi</body></message>`);
  other.expectNext("<message><body>hi</body></message>");

  await using open = await lobby({ other_servers: true });
  const remote = open.remote("b.test");
  const free = await guest(open);
  await free.send("<message id='1' to='carol@b.test'><body>hi</body></message>");
  free.quiet();
  remote.expect(`<message id='1' from='${free.jid}'/>`);
});

Deno.test("AC-2.10-3 streams of other servers are refused, and taken with the option on", async () => {
  for (const other_servers of [false, true]) {
    const network = new TestNetwork();
    await using server = await lobby({ other_servers }, { network, plugins: [federation] });
    const visitor = await guest(server);
    const login = server.peer({ certificate: trusted("b.test") });
    await login.openFrom("b.test");
    await login.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>=</auth>`);
    login.expect(
      other_servers ? `<success xmlns='${SASL}'/>` : `<failure xmlns='${SASL}'><not-authorized/></failure>`,
    );
    const peer = server.peer({ certificate: trusted("b.test") });
    await peer.openFrom("b.test");
    await peer.claim("b.test");
    const message = `<message from='carol@b.test' to='${visitor.jid}'><body>hi</body></message>`;
    if (!other_servers) {
      peer.expect(dialbackError("result", "from='a.test' to='b.test'", "not-allowed"));
      await peer.send(message);
      peer.expectStreamError("not-authorized");
      visitor.never("<message/>");
      equal(network.asked.length, 0);
      continue;
    }
    peer.expect("<db:result from='a.test' to='b.test' type='valid'/>");
    await peer.send(message);
    visitor.expectNext("<message from='carol@b.test'><body>hi</body></message>");
    const answers = network.answers("b.test");
    await visitor.send("<message to='carol@b.test' id='out'><body>hi</body></message>");
    await answers[0]!.greet(STARTTLS);
    await answers[0]!.secure(trusted("b.test"), EXTERNAL);
    await answers[0]!.succeed();
    answers[0]!.expect(`<message from='${visitor.jid}' id='out'/>`);
  }
});

const notes = keyval<string>("test.notes");

/** Keeps something of everybody, from the login to the end. */
const keeper = definePlugin({
  name: "keeper",
  doc: "Keeps.",
  config: none,
  setup(host) {
    const store = host.open(notes);
    host.on(sessionUnbound, ({ session }) => void store.set(session.username, `${session.jid}`));
    host.on(loggedIn, ({ session }) => void store.set(session.username, "here"));
  },
});

Deno.test("AC-2.10-4 after the last session no row mentions the name", async () => {
  const data = await scratch();
  let name = "";
  {
    await using server = await lobby({ sessions_per_address: 2 }, { data, plugins: [keeper] });
    const [one, two] = [await guest(server), await guest(server)];
    name = one.jid!.local;
    await one.close();
    ok(server.host.accounts.exists(name));
    await two.close();
    equal(server.host.accounts.exists(name), false);
    await guest(server);
    // The last one leaves because the server does.
  }
  deepEqual(mentions(data, name), []);
});

Deno.test("AC-2.10-4 nor after a server that ended without a farewell", async () => {
  const [data, copy] = [await scratch(), await scratch()];
  let name = "";
  {
    await using server = await lobby({}, { data, plugins: [keeper] });
    name = (await guest(server)).jid!.local;
    await server.settle();
    for (const end of ["", "-wal"]) await Deno.copyFile(data + end, copy + end);
  }
  ok(mentions(copy, name).length > 0);
  {
    await using _server = await lobby({}, { data: copy, plugins: [keeper] });
  }
  deepEqual(mentions(copy, name), []);
});

Deno.test("XEP-0175: guests stay when the plugin is set up anew", async () => {
  await using server = await lobby();
  const someone = await guest(server);
  const defaults = { authentication: "anonymous", anonymous: { most: 7 } };
  await server.reload({ config: { defaults } });
  equal(someone.closed, false);
  ok(server.host.accounts.exists(someone.jid!.local));
  refused(await knock(server), "not-authorized");
});

Deno.test("XEP-0175: a guest whose connection broke comes back to the same session (XEP-0198)", async () => {
  await using server = await lobby({}, { plugins: [streamManagement] });
  const first = await guest(server);
  await first.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const { id } = first.expectNext("<enabled xmlns='urn:xmpp:sm:3'/>").attrs;
  await first.cut();
  const second = await knock(server);
  second.expectNext(`<success xmlns='${SASL}'/>`);
  await second.open();
  second.clear();
  await second.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  second.expectNext("<resumed xmlns='urn:xmpp:sm:3'/>");
  refused(await knock(server), "not-authorized");
  await second.close();
  equal([...server.host.accounts.list()].length, 0);
});

Deno.test("XEP-0175: one host has guests, another accounts", async () => {
  await using server = await testServer({
    plugins: [anonymous, internal],
    config: {
      defaults: { plugins: [], scram_iterations: 4096 },
      host: { "a.test": { authentication: "internal" }, "guests.test": { authentication: "anonymous" } },
    },
  });
  await server.client("alice/desk");
  const client = server.connect({}, "guests.test");
  await client.open();
  equal(client.expectNext("<stream:features/>").child("mechanisms", SASL)!.first()!.text, "ANONYMOUS");
});

async function scratch(): Promise<string> {
  return `${await Deno.makeTempDir({ prefix: "metronome-guests-" })}/data.sqlite`;
}

/** The tables of a database with a text in any of their rows. */
function mentions(path: string, text: string): string[] {
  const database = new DatabaseSync(path);
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
    return tables.map(({ name }) => String(name)).filter((name) =>
      database.prepare(`select * from "${name}"`).all().some((row) => JSON.stringify(row).includes(text))
    );
  } finally {
    database.close();
  }
}
