/** Resource binding (RFC 6120 §7). */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { definePlugin, none, sessionBound, sessionUnbound } from "#plugin";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

/** A stream that is logged in and has no resource. */
async function loggedIn(server: TestServer): Promise<TestClient> {
  const client = server.connect();
  await client.open();
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  await client.open();
  client.clear();
  return client;
}

function request(resource?: string, id = "1"): string {
  const wanted = resource === undefined ? "" : `<resource>${resource}</resource>`;
  return `<iq type='set' id='${id}'><bind xmlns='${BIND}'>${wanted}</bind></iq>`;
}

async function bound(client: TestClient, resource?: string): Promise<string> {
  await client.send(request(resource));
  const result = client.expect(`<iq type='result' id='1'><bind xmlns='${BIND}'><jid>*</jid></bind></iq>`);
  return result.first()!.childText("jid")!;
}

function failed(client: TestClient, condition: string, type: string): void {
  client.expect(
    `<iq type='error' id='1'><error type='${type}'><${condition} xmlns='${STANZAS}'/></error></iq>`,
  );
  client.quiet();
  equal(client.closed, false);
}

const withConflict = (resource_conflict: string): Promise<TestServer> =>
  testServer({ config: { defaults: { resource_conflict } } });

Deno.test("bind: a resource made by the server cannot be guessed (RFC 6120 §7.6)", async () => {
  await using server = await testServer();
  const one = await bound(await loggedIn(server));
  const other = await bound(await loggedIn(server));
  match(one, /^alice@a\.test\/[\w-]{12,}$/);
  notEqual(one, other);
});

Deno.test("bind: an empty resource is none", async () => {
  await using server = await testServer();
  match(await bound(await loggedIn(server), ""), /^alice@a\.test\/[\w-]{12,}$/);
});

Deno.test("bind: a resource made by the client, prepared (RFC 6120 §7.7, RFC 7622 §3.4)", async () => {
  await using server = await testServer();
  equal(await bound(await loggedIn(server), "balcony"), "alice@a.test/balcony");
  equal(await bound(await loggedIn(server), "Büro\u2003Süd / 2 &amp; 3"), "alice@a.test/Büro Süd / 2 & 3");
});

Deno.test("bind: a resource that is none is a bad request, and the next may be better (RFC 6120 §7.7.2.1)", async () => {
  await using server = await testServer();
  for (const wrong of ["&#x85;", "x".repeat(1024), "\u200b\u202e"]) {
    const client = await loggedIn(server);
    await client.send(request(wrong));
    failed(client, "bad-request", "modify");
    ok(await bound(client, "better"));
  }
});

Deno.test("bind: a conflict ends the older session (RFC 6120 §7.7.2.2)", async () => {
  await using server = await withConflict("replace");
  const old = await server.client("alice/desk");
  const other = await server.client("alice/sofa");
  equal(await bound(await loggedIn(server), "desk"), "alice@a.test/desk");
  old.expectStreamError("conflict");
  equal(other.closed, false);
  equal(server.host.registry.size, 2);
});

Deno.test("bind: a conflict refuses the newer one, where the host says so", async () => {
  await using server = await withConflict("refuse");
  const old = await server.client("alice/desk");
  const client = await loggedIn(server);
  await client.send(request("desk"));
  failed(client, "conflict", "modify");
  equal(old.closed, false);
  equal(await bound(client, "desk2"), "alice@a.test/desk2");
});

Deno.test("bind: a conflict gives the newer one another name, where the host says so", async () => {
  await using server = await withConflict("rename");
  const old = await server.client("alice/desk");
  match(await bound(await loggedIn(server), "desk"), /^alice@a\.test\/desk-[\w-]{6,}$/);
  equal(old.closed, false);
  const long = "\u{1f600}".repeat(255);
  await server.client(`alice/${long}`);
  match(await bound(await loggedIn(server), long), /-[\w-]{6,}$/);
});

Deno.test("bind: so many sessions of one account and no more (RFC 6120 §7.6.2.1)", async () => {
  await using server = await testServer({ config: { limits: { sessions_per_account: 2 } } });
  const [first] = await server.clients("alice/1", "alice/2", "bob/1");
  const client = await loggedIn(server);
  await client.send(request("3"));
  failed(client, "resource-constraint", "wait");
  // One that replaces another is not one more.
  equal(await bound(client, "1"), "alice@a.test/1");
  first!.expectStreamError("conflict");
  equal(server.host.registry.size, 3);
});

Deno.test("bind: before the login it is refused", async () => {
  await using server = await testServer();
  const client = server.connect();
  await client.open();
  await client.send(request());
  client.expectStreamError("not-authorized");
});

Deno.test("bind: a second resource on the same stream is refused, and the first stays", async () => {
  await using server = await testServer();
  const client = await loggedIn(server);
  await bound(client, "one");
  await client.send(request("two", "2"));
  client.expect(`<iq type='error' id='2'/>`);
  client.quiet();
  equal(server.host.registry.of("alice").length, 1);
});

const WRONG: readonly [what: string, sent: string][] = [
  ["a get", `<iq type='get' id='1'><bind xmlns='${BIND}'/></iq>`],
  ["an iq without a type", `<iq id='1'><bind xmlns='${BIND}'/></iq>`],
  ["two children", `<iq type='set' id='1'><bind xmlns='${BIND}'/><x xmlns='urn:test'/></iq>`],
  ["something else in its namespace", `<iq type='set' id='1'><unbind xmlns='${BIND}'/></iq>`],
  ["a sender that is no address", `<iq type='set' id='1' from='a@@b'><bind xmlns='${BIND}'/></iq>`],
];

for (const [what, sent] of WRONG) {
  Deno.test(`bind: ${what} is an error and no more`, async () => {
    await using server = await testServer();
    const client = await loggedIn(server);
    await client.send(sent);
    client.expect("<iq type='error' id='1'><error type='modify'/></iq>");
    client.quiet();
    equal(await bound(client, "desk"), "alice@a.test/desk");
  });
}

Deno.test("bind: results and errors are not answered", async () => {
  await using server = await testServer();
  const client = await loggedIn(server);
  await client.send(`<iq type='result' id='1'><bind xmlns='${BIND}'/></iq>`);
  await client.send(`<iq type='error' id='2'><bind xmlns='${BIND}'/></iq>`);
  client.quiet();
  ok(await bound(client));
});

Deno.test("bind: stanzas before it are answered and not delivered (RFC 6120 §7.1)", async () => {
  await using server = await testServer();
  const bob = await server.client("bob/pad");
  const client = await loggedIn(server);
  await client.send(
    `<message id='m' to='bob@a.test/pad'/><presence id='p'/><iq type='get' id='i'><x xmlns='u'/></iq>`,
  );
  for (const [name, id] of [["message", "m"], ["presence", "p"], ["iq", "i"]]) {
    client.expectNext(
      `<${name} id='${id}' type='error'><error><not-authorized xmlns='${STANZAS}'/></error></${name}>`,
    );
  }
  bob.quiet();
});

Deno.test("bind: stanzas behind it in the same breath are dealt with", async () => {
  await using server = await testServer();
  const bob = await server.client("bob/pad");
  const client = await loggedIn(server);
  await client.send(request("desk") + `<message to='bob@a.test/pad'><body>hi</body></message>`);
  bob.expect(`<message from='alice@a.test/desk'><body>hi</body></message>`);
});

Deno.test("bind: its beginning and end are told once each", async () => {
  const seen: string[] = [];
  const watcher: TestOptions["plugins"] = [definePlugin({
    name: "watcher",
    doc: "Watches.",
    config: none,
    setup(host) {
      host.on(sessionBound, ({ session }) => void seen.push(`+${session.jid!.resource}`));
      host.on(sessionUnbound, ({ session, end }) => {
        seen.push(`-${session.jid!.resource} ${end === undefined ? "in order" : end.message}`);
      });
    },
  })];
  await using server = await testServer({ plugins: watcher });
  const [a, b, c] = await server.clients("alice/a", "alice/b", "alice/c");
  await a!.close();
  await b!.cut();
  await c!.send("<oops>");
  await c!.send("</nonsense>");
  await server.clients("alice/d", "alice/d");
  equal(
    seen.join(),
    [
      "+a,+b,+c,-a in order,-b connection reset,-c an end tag does not match its start tag",
      "+d,-d replaced by a new session with this resource,+d",
    ].join(),
  );
});
