/** Accounts made, changed and removed by clients (XEP-0077 2.4). */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { accountRemoved, accountRemoving, definePlugin, keyval, map, none, sessionUnbound } from "#plugin";
import { PASSWORD, type TestClient, type TestOptions, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { registration } from "../../plugins/stream/registration.ts";

const REGISTER = "jabber:iq:register";
const FEATURE = "http://jabber.org/features/iq-register";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

type Table = Record<string, unknown>;

const withRegistration = (table: Table = {}, more: Partial<TestOptions> = {}) =>
  testServer({
    ...more,
    plugins: [internal, registration, ...more.plugins ?? []],
    config: {
      defaults: { scram_iterations: 4096, registration: table, ...(more.config?.defaults as Table) },
    },
  });

function set(content: string, id = "reg2"): string {
  return `<iq type='set' id='${id}'><query xmlns='${REGISTER}'>${content}</query></iq>`;
}

function wanted(username: string, password = PASSWORD): string {
  return set(`<username>${username}</username><password>${password}</password>`);
}

function failed(client: TestClient, condition: string, type: string): void {
  client.expectNext(
    `<iq type='error' id='reg2'><error type='${type}'><${condition} xmlns='${STANZAS}'/></error></iq>`,
  );
  client.quiet();
}

async function offered(client: TestClient): Promise<boolean> {
  await client.open();
  return client.expect("<stream:features/>").has("register", FEATURE);
}

Deno.test("registration: closed, unless somebody opens it", async () => {
  await using server = await withRegistration();
  const client = server.connect();
  equal(await offered(client), false);
  await client.send(wanted("bill"));
  client.expectStreamError("not-authorized");
  equal(server.host.accounts.exists("bill"), false);
});

Deno.test("registration: what is asked for, and an account (XEP-0077 §3.1)", async () => {
  await using server = await withRegistration({ open: "everybody", instructions: "Who are you?" });
  const client = server.connect({ address: "192.0.2.1" });
  ok(await offered(client));
  await client.send(`<iq type='get' id='reg1' to='a.test'><query xmlns='${REGISTER}'/></iq>`);
  const form = client.expectNext(`<iq type='result' id='reg1'><query xmlns='${REGISTER}'>
    <instructions>Who are you?</instructions><username/><password/></query></iq>`);
  equal(form.first()!.has("registered"), false);
  await client.send(wanted("bill"));
  client.expectNext("<iq type='result' id='reg2'/>");
  ok(server.host.accounts.exists("bill"));
  // The same stream may go on to log in.
  const initial = btoa(`\0bill\0${PASSWORD}`);
  await client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
  client.expectNext("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
});

Deno.test("registration: for this machine only", async () => {
  await using server = await withRegistration({ open: "loopback" });
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    ok(await offered(server.connect({ address })));
  }
  for (const address of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"]) {
    const client = server.connect({ address });
    equal(await offered(client), false);
    await client.send(wanted("bill"));
    failed(client, "not-allowed", "cancel");
  }
  const here = server.connect();
  await offered(here);
  for (let i = 0; i < 20; i++) {
    await here.send(wanted(`bill${i}`));
    here.expectNext("<iq type='result'/>");
  }
});

Deno.test("registration: not in the clear where TLS is required", async () => {
  await using server = await withRegistration({ open: "everybody" });
  const client = server.connect({ secure: false });
  equal(await offered(client), false);
  await client.send(wanted("bill"));
  failed(client, "not-allowed", "cancel");
});

const REFUSED: readonly [what: string, sent: string, condition: string, type: string][] = [
  ["a name that is taken", wanted("alice"), "conflict", "cancel"],
  ["a name that is taken, in other letters", wanted("ALICE"), "conflict", "cancel"],
  ["no password", set("<username>bill</username>"), "not-acceptable", "modify"],
  ["no name", set(`<password>${PASSWORD}</password>`), "not-acceptable", "modify"],
  ["an empty name", wanted(""), "not-acceptable", "modify"],
  ["a name that is an address", wanted("bill@a.test"), "not-acceptable", "modify"],
  ["a name with a resource", wanted("bill/x"), "not-acceptable", "modify"],
  ["a name that cannot be one", wanted("bi ll"), "not-acceptable", "modify"],
  ["a short password", wanted("bill", "12345"), "not-acceptable", "modify"],
  ["an empty request", set(""), "bad-request", "modify"],
  ["a removal before the login", set("<remove/>"), "bad-request", "modify"],
];

for (const [what, sent, condition, type] of REFUSED) {
  Deno.test(`registration: ${what} is ${condition}`, async () => {
    await using server = await withRegistration({ open: "everybody" });
    await server.host.accounts.create("alice", PASSWORD);
    const client = server.connect();
    await offered(client);
    await client.send(sent);
    failed(client, condition, type);
    equal(client.closed, false);
    deepEqual([...server.host.accounts.list()], ["alice"]);
  });
}

Deno.test("registration: one address gets so many, an IPv6 customer is one address, and time heals", async () => {
  await using server = await withRegistration({ open: "everybody", burst: 2, every: "10 min" });
  const tried = async (name: string, address: string): Promise<boolean> => {
    const client = server.connect({ address });
    await offered(client);
    await client.send(wanted(name));
    return client.inbox.shift()!.attr("type") === "result";
  };
  deepEqual(
    [await tried("a1", "192.0.2.1"), await tried("a2", "192.0.2.1"), await tried("a3", "192.0.2.1")],
    [true, true, false],
  );
  ok(await tried("b1", "192.0.2.2"));
  ok(await tried("c1", "2001:db8::1"));
  ok(await tried("c2", "2001:db8::2"));
  equal(await tried("c3", "2001:db8::3"), false);
  ok(await tried("d1", "2001:db8:0:1::1"));
  await server.clock.advance("11 minutes");
  ok(await tried("a3", "192.0.2.1"));
});

Deno.test("registration: two at the same time with the same name", async () => {
  await using server = await withRegistration({ open: "everybody" });
  const [one, two] = [server.connect(), server.connect()];
  await offered(one);
  await offered(two);
  await Promise.all([one.send(wanted("bill")), two.send(wanted("bill", "another password"))]);
  deepEqual([one, two].map((client) => client.inbox[0]!.attr("type")).sort(), ["error", "result"]);
});

Deno.test("registration: who is logged in sees the own name, and changes the password (XEP-0077 §3.3)", async () => {
  await using server = await withRegistration();
  const [alice, other] = await server.clients("alice/desk", "alice/pad");
  await alice!.send(`<iq type='get' id='reg1'><query xmlns='${REGISTER}'/></iq>`);
  alice!.expectNext(
    `<iq type='result'><query xmlns='${REGISTER}'><registered/><username>alice</username></query></iq>`,
  );
  await alice!.send(wanted("alice", "a new password").replace("<iq", "<iq to='a.test'"));
  alice!.expectNext("<iq type='result' id='reg2' from='a.test'/>");
  equal(other!.closed, false);
  await server.connect().login("alice", "new", "a new password");
  await rejects(server.connect().login("alice", "old", PASSWORD));
});

Deno.test("registration: nobody changes another's password, or takes a bad one", async () => {
  await using server = await withRegistration();
  const [alice] = await server.clients("alice/desk", "bob/pad");
  await alice!.send(wanted("bob", "a new password"));
  failed(alice!, "not-allowed", "cancel");
  await alice!.send(wanted("alice", "short"));
  failed(alice!, "not-acceptable", "modify");
  await alice!.send(set("<username>alice</username>"));
  failed(alice!, "bad-request", "modify");
  await alice!.send(wanted("alice", "a new password").replace("<iq", "<iq to='bob@a.test'"));
  failed(alice!, "service-unavailable", "cancel");
  await alice!.send(set("<remove/>").replace("<iq", "<iq to='bob@a.test'"));
  failed(alice!, "service-unavailable", "cancel");
  await alice!.send(set("<remove/><username>alice</username>"));
  failed(alice!, "bad-request", "modify");
  await server.connect().login("alice", "x", PASSWORD);
  await server.connect().login("bob", "x", PASSWORD);
});

const notes = keyval<string>("test.notes");
const lists = map<string>("test.lists");

/** Keeps something of everybody, also when a session ends. */
const keeper = definePlugin({
  name: "keeper",
  doc: "Keeps.",
  config: none,
  setup(host) {
    const [single, many] = [host.open(notes), host.open(lists)];
    host.iq.set("urn:test:keep", "keep", "own", ({ from }) => {
      single.set(from.local, "kept");
      many.set(from.local, "some", "thing");
      return undefined;
    });
    host.on(sessionUnbound, ({ session }) => void single.set(session.username, "seen last"));
  },
});

Deno.test("AC-2.5-3 an account is removed: the result, then the end, and no row is left", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  await Deno.remove(data);
  const events: string[] = [];
  const watcher = definePlugin({
    name: "watcher",
    doc: "Watches.",
    config: none,
    setup(host) {
      host.on(
        accountRemoving,
        ({ local }) => void events.push(`removing ${local} ${host.accounts.exists(local)}`),
      );
      host.on(
        accountRemoved,
        ({ local }) => void events.push(`removed ${local} ${host.accounts.exists(local)}`),
      );
    },
  });
  {
    await using server = await withRegistration({}, { data, plugins: [keeper, watcher] });
    const [alice, pad, bob] = await server.clients("alice/desk", "alice/pad", "bob/pad");
    server.host.accounts.setRole("alice", "admin");
    for (const client of [alice!, bob!]) {
      await client.send("<iq type='set' id='k'><keep xmlns='urn:test:keep'/></iq>");
      client.expectNext("<iq type='result' id='k'/>");
    }
    // What comes behind it is not from an account any more.
    await alice!.send(set("<remove/>", "unreg1") + "<message id='late' to='bob@a.test/pad'/>");
    alice!.expect("<message id='late' type='error'/>");
    alice!.expectNext("<iq type='result' id='unreg1'/>");
    pad!.expectStreamError("not-authorized");
    ok(alice!.streamClosed && alice!.closed);
    deepEqual(events, ["removing alice true", "removed alice false"]);
    bob!.quiet();
    await rejects(server.connect().login("alice", "x", PASSWORD));
    // The name is free, and whoever takes it finds nothing.
    await server.host.accounts.create("alice", "somebody else's");
    equal(server.host.accounts.record("alice")?.role, undefined);
    server.host.accounts.remove("alice");
  }
  deepEqual(mentions(data, "alice"), []);
  ok(mentions(data, "bob").length > 0);
});

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
