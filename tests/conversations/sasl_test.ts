/** Logging in (RFC 6120 §6) to accounts that the server keeps itself. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { credentials, type Element } from "#plugin";
import { PASSWORD, type TestClient, type TestOptions, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { bound, END_POINT } from "./sasl2_client.ts";
import { base64, ScramClient, type ScramLogin } from "./scram_client.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BINDINGS = "urn:xmpp:sasl-cb:0";

const config = { defaults: { scram_iterations: 4096 } };

/** A server with the account alice. */
async function withAlice(options: TestOptions = {}) {
  const server = await testServer({ plugins: [internal], config, ...options });
  await server.host.accounts.create("alice", PASSWORD);
  return server;
}

async function opened(client: TestClient): Promise<Element> {
  await client.open();
  return client.expect("<stream:features/>");
}

function mechanisms(features: Element): string[] {
  return features.child("mechanisms", SASL)?.elements().map((mechanism) => mechanism.text) ?? [];
}

function auth(mechanism: string, text = ""): string {
  return `<auth xmlns='${SASL}' mechanism='${mechanism}'>${text}</auth>`;
}

function response(text = ""): string {
  return `<response xmlns='${SASL}'>${text}</response>`;
}

function plain(username: string, password: string, authzid = ""): string {
  return auth("PLAIN", base64(`${authzid}\0${username}\0${password}`));
}

/** One whole SCRAM conversation; the last thing the server says. */
async function scram(client: TestClient, mechanism: string, login: ScramLogin): Promise<Element> {
  const scram = new ScramClient(login);
  await client.send(auth(mechanism, scram.first));
  if (client.inbox[0]?.name !== "challenge") return client.inbox.shift()!;
  await client.send(response(scram.final(client.expectNext(`<challenge xmlns='${SASL}'/>`).text)));
  const last = client.inbox.shift()!;
  if (last.name === "success") ok(scram.verified(last.text), "the server knows the keys");
  return last;
}

function failure(client: TestClient, condition: string): Element {
  return client.expectNext(`<failure xmlns='${SASL}'><${condition}/></failure>`);
}

for (const hash of ["SHA-1", "SHA-256", "SHA-512"] as const) {
  Deno.test(`sasl: SCRAM-${hash}, and the login counts (RFC 5802, RFC 7677)`, async () => {
    await using server = await withAlice();
    const client = server.connect();
    ok(mechanisms(await opened(client)).includes(`SCRAM-${hash}`));
    const last = await scram(client, `SCRAM-${hash}`, { hash, username: "alice", password: PASSWORD });
    equal(last.name, "success");
    await client.open();
    const features = client.expect("<stream:features/>");
    equal(features.has("mechanisms", SASL), false);
    ok(features.has("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
  });
}

Deno.test("sasl: strongest first, and nothing that cannot be finished (BUG-05)", async () => {
  await using server = await withAlice();
  const unbound = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];
  const without = await opened(server.connect());
  deepEqual(mechanisms(without), unbound);
  equal(without.has("sasl-channel-binding", BINDINGS), false);

  const features = await opened(server.connect(bound()));
  deepEqual(mechanisms(features), [
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    ...unbound,
  ]);
  const announced = features.child("sasl-channel-binding", BINDINGS)!.elements();
  deepEqual(announced.map((binding) => [binding.name, binding.attr("type")]), [
    ["channel-binding", "tls-server-end-point"],
  ]);
});

for (const hash of ["SHA-1", "SHA-256", "SHA-512"] as const) {
  Deno.test(`BUG-05 SCRAM-${hash}-PLUS works where it is offered`, async () => {
    await using server = await withAlice();
    const gs2 = "p=tls-server-end-point,,";
    const login = { hash, username: "alice", password: PASSWORD, gs2 };
    const alice = server.connect(bound());
    await opened(alice);
    equal((await scram(alice, `SCRAM-${hash}-PLUS`, { ...login, binding: END_POINT })).name, "success");

    // Somebody in the middle shows another certificate.
    const eve = server.connect(bound());
    await opened(eve);
    const other = new Uint8Array(32).fill(8);
    const last = await scram(eve, `SCRAM-${hash}-PLUS`, { ...login, binding: other });
    equal(last.first()?.name, "not-authorized");
  });
}

Deno.test("BUG-05 an unsupported binding has its own error, is no failed login, and plain SCRAM follows", async () => {
  await using server = await withAlice();
  const alice = server.connect(bound());
  await opened(alice);
  for (let i = 0; i < 10; i++) {
    const gs2 = "p=tls-exporter,,";
    const last = await scram(alice, "SCRAM-SHA-1-PLUS", { username: "alice", password: PASSWORD, gs2 });
    equal(last.first()?.name, "malformed-request");
    match(last.childText("text") ?? "", /unsupported-channel-binding-type/);
  }
  equal(server.logged.filter((line) => line.includes("auth-failed")).length, 0);
  equal((await scram(alice, "SCRAM-SHA-1", { username: "alice", password: PASSWORD })).name, "success");
});

Deno.test("BUG-04 the flag y logs in where no -PLUS was offered, and tells of an attack where one was", async () => {
  await using server = await withAlice();
  const login = { username: "alice", password: PASSWORD, gs2: "y,," };
  const alice = server.connect();
  await opened(alice);
  equal((await scram(alice, "SCRAM-SHA-1", login)).name, "success");

  const robbed = server.connect(bound());
  await opened(robbed);
  const last = await scram(robbed, "SCRAM-SHA-1", login);
  equal(last.first()?.name, "not-authorized");
  match(last.childText("text") ?? "", /server-does-support-channel-binding/);
});

Deno.test("BUG-03 an unknown name and a wrong password look the same, and always the same", async () => {
  await using server = await withAlice();
  const tried = async (username: string): Promise<unknown[]> => {
    const client = server.connect();
    await opened(client);
    const seen: unknown[] = [];
    for (const hash of ["SHA-1", "SHA-256", "SHA-512"] as const) {
      const attempt = new ScramClient({ hash, username, password: "wrong" });
      await client.send(auth(`SCRAM-${hash}`, attempt.first));
      const challenge = client.expectNext(`<challenge xmlns='${SASL}'/>`).text;
      const { nonce, salt, iterations } = attempt.read(challenge);
      seen.push([challenge.length, nonce.length, salt.length, iterations]);
      await client.send(response(attempt.final(challenge)));
      seen.push(client.inbox.shift()!.toString());
    }
    await client.send(plain(username, "wrong"));
    seen.push(client.inbox.splice(0).map(String));
    return seen;
  };
  const known = await tried("alice");
  deepEqual(await tried("mallory"), known);
  equal(JSON.stringify(known).includes("not-authorized"), true);
});

Deno.test("BUG-03 an unknown name has the same salt every time, also after a restart", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  await Deno.remove(data);
  const salts = new Set<string>();
  for (let start = 0; start < 2; start++) {
    await using server = await testServer({ plugins: [internal], config, data });
    for (let i = 0; i < 2; i++) {
      const client = server.connect();
      await opened(client);
      const attempt = new ScramClient({ username: "mallory", password: "wrong" }, `nonce${start}${i}`);
      await client.send(auth("SCRAM-SHA-1", attempt.first));
      salts.add(attempt.read(client.expectNext(`<challenge xmlns='${SASL}'/>`).text).salt.join());
    }
  }
  equal(salts.size, 1);
});

Deno.test("sasl: PLAIN, with and without an identity to act as (RFC 4616)", async () => {
  await using server = await withAlice();
  for (const authzid of ["", "alice@a.test"]) {
    const client = server.connect();
    await opened(client);
    await client.send(plain("alice", PASSWORD, authzid));
    client.expectNext(`<success xmlns='${SASL}'/>`);
  }
  const client = server.connect();
  await opened(client);
  await client.send(plain("alice", PASSWORD, "bob@a.test"));
  failure(client, "invalid-authzid");
});

Deno.test("sasl: a name is prepared before it is looked up", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  await client.send(plain("ALICE", PASSWORD));
  client.expectNext(`<success xmlns='${SASL}'/>`);
  await client.open();
  await client.send("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  match(client.expect("<iq type='result' id='1'/>").first()!.childText("jid")!, /^alice@a\.test\//);
});

Deno.test("sasl: without an initial response the client is asked for it (RFC 6120 §6.4.2)", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  await client.send(auth("PLAIN"));
  equal(client.expectNext(`<challenge xmlns='${SASL}'/>`).text, "");
  await client.send(response(base64(`\0alice\0${PASSWORD}`)));
  client.expectNext(`<success xmlns='${SASL}'/>`);

  const other = server.connect();
  await opened(other);
  const scram = new ScramClient({ username: "alice", password: PASSWORD });
  await other.send(auth("SCRAM-SHA-1"));
  equal(other.expectNext(`<challenge xmlns='${SASL}'/>`).text, "");
  await other.send(response(scram.first));
  await other.send(response(scram.final(other.expectNext(`<challenge xmlns='${SASL}'/>`).text)));
  ok(scram.verified(other.expectNext(`<success xmlns='${SASL}'/>`).text));
});

const FAULTS: readonly [what: string, sent: string, condition: string][] = [
  ["a mechanism that is not there", auth("CRAM-MD5", "eA=="), "invalid-mechanism"],
  ["a mechanism that is not offered", auth("ANONYMOUS"), "invalid-mechanism"],
  [
    "a bound mechanism without a binding",
    auth("SCRAM-SHA-1-PLUS", base64("n,,n=a,r=b")),
    "invalid-mechanism",
  ],
  ["no mechanism", `<auth xmlns='${SASL}'>eA==</auth>`, "invalid-mechanism"],
  ["what is not base64", auth("PLAIN", "ab!="), "incorrect-encoding"],
  ["base64 with padding inside", auth("PLAIN", "AA==AA=="), "incorrect-encoding"],
  ["an empty response", auth("PLAIN", "="), "malformed-request"],
  ["PLAIN in two parts", auth("PLAIN", base64("alice\0secret")), "malformed-request"],
  ["bytes that are not UTF-8", auth("PLAIN", "/wD/AP8="), "malformed-request"],
  ["SCRAM without its header", auth("SCRAM-SHA-1", base64("n=alice,r=x")), "malformed-request"],
  ["a response to nothing", response(base64("x")), "malformed-request"],
  ["an abort", `<abort xmlns='${SASL}'/>`, "aborted"],
];

for (const [what, sent, condition] of FAULTS) {
  Deno.test(`sasl: ${what} is ${condition} (RFC 6120 §6.5), and the stream goes on`, async () => {
    await using server = await withAlice();
    const client = server.connect();
    await opened(client);
    await client.send(sent);
    if (condition === "malformed-request" && client.inbox[0]?.name === "challenge") {
      client.clear();
      await client.send(response("="));
    }
    failure(client, condition);
    client.quiet();
    await client.send(plain("alice", PASSWORD));
    client.expectNext(`<success xmlns='${SASL}'/>`);
  });
}

Deno.test("sasl: an attempt that is called off half way can be followed by another", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  const attempt = new ScramClient({ username: "alice", password: PASSWORD });
  await client.send(auth("SCRAM-SHA-256", attempt.first));
  client.expectNext(`<challenge xmlns='${SASL}'/>`);
  await client.send(`<abort xmlns='${SASL}'/>`);
  failure(client, "aborted");
  await client.send(response(base64("c=biws,r=x,p=eA==")));
  failure(client, "malformed-request");
  equal(
    (await scram(client, "SCRAM-SHA-256", { hash: "SHA-256", username: "alice", password: PASSWORD })).name,
    "success",
  );
});

Deno.test("sasl: what was recorded cannot be played again", async () => {
  await using server = await withAlice();
  const recorded = new ScramClient({ username: "alice", password: PASSWORD });
  const first = server.connect();
  await opened(first);
  await first.send(auth("SCRAM-SHA-1", recorded.first));
  const final = recorded.final(first.expectNext(`<challenge xmlns='${SASL}'/>`).text);
  await first.send(response(final));
  first.expectNext(`<success xmlns='${SASL}'/>`);

  const second = server.connect();
  await opened(second);
  await second.send(auth("SCRAM-SHA-1", recorded.first));
  second.clear();
  await second.send(response(final));
  equal(second.expectNext(`<failure xmlns='${SASL}'/>`).first()?.name, "malformed-request");
});

Deno.test("sasl: after some failures the stream is ended (RFC 6120 §6.4.5)", async () => {
  await using server = await withAlice();
  const client = server.connect({ address: "192.0.2.7" });
  await opened(client);
  for (let i = 0; i < 4; i++) {
    equal(client.closed, false);
    await client.send(plain("alice", "wrong"));
    failure(client, "not-authorized");
  }
  client.expectStreamError("policy-violation");
  const lines = server.logged.filter((line) => line.includes("auth-failed"));
  equal(lines.length, 4);
  // What fail2ban reads: it must not change.
  match(
    lines[0]!,
    /warn {2}a\.test: auth-failed peer=192\.0\.2\.7 host=a\.test mechanism=PLAIN reason=not-authorized$/,
  );
});

Deno.test("sasl: the last of those failures may be of a pipelined kind", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  await client.send(auth("CRAM-MD5", "eA==").repeat(50));
  equal(client.inbox.filter((element) => element.name === "failure").length, 4);
  client.expectStreamError("policy-violation");
});

Deno.test("sasl: an account that is switched off is told so only with the right password", async () => {
  await using server = await withAlice();
  const before = await server.client("alice/desk");
  server.host.accounts.setDisabled("alice", true);
  await server.settle();
  before.expectStreamError("not-authorized");
  const client = server.connect();
  await opened(client);
  await client.send(plain("alice", PASSWORD));
  failure(client, "account-disabled");
  await client.send(plain("alice", "wrong"));
  failure(client, "not-authorized");
  equal(
    (await scram(client, "SCRAM-SHA-1", { username: "alice", password: PASSWORD })).first()?.name,
    "account-disabled",
  );
  server.host.accounts.setDisabled("alice", false);
  await server.client("alice/desk");
});

Deno.test("sasl: who is logged in but has no resource can get none once the account is switched off or gone", async () => {
  for (const off of [true, false]) {
    await using server = await withAlice();
    const client = server.connect();
    await opened(client);
    await client.send(plain("alice", PASSWORD));
    client.expectNext(`<success xmlns='${SASL}'/>`);
    await client.open();
    client.clear();
    if (off) server.host.accounts.setDisabled("alice", true);
    else server.host.accounts.remove("alice");
    await client.send("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    client.expectStreamError("not-authorized");
    equal(server.host.registry.size, 0);
  }
});

Deno.test("sasl: once is enough", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  await client.send(plain("alice", PASSWORD));
  client.expectNext(`<success xmlns='${SASL}'/>`);
  await client.open();
  client.clear();
  await client.send(plain("alice", PASSWORD));
  client.expectStreamError("unsupported-stanza-type");
});

Deno.test("sasl: the host may offer a part of the mechanisms only", async () => {
  const defaults = { scram_iterations: 4096, mechanisms: ["SCRAM-SHA-256"] };
  await using server = await withAlice({ config: { defaults } });
  const client = server.connect();
  deepEqual(mechanisms(await opened(client)), ["SCRAM-SHA-256"]);
  await client.send(plain("alice", PASSWORD));
  failure(client, "invalid-mechanism");
});

Deno.test("sasl: a client that goes away while its password is checked leaves nothing behind", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await opened(client);
  const sent = client.send(plain("alice", PASSWORD));
  client.carrier.destroy();
  await sent;
  equal(server.server.streams.open.size, 0);
  equal(server.host.registry.size, 0);
});

Deno.test("BUG-01 authentication set for all hosts holds: no password is kept, only keys of it", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  await Deno.remove(data);
  {
    const defaults = { scram_iterations: 4096, authentication: "internal" };
    await using server = await testServer({ plugins: [internal], config: { defaults }, data });
    await server.client("alice/desk");
    await server.settle();
  }
  const bytes = new TextDecoder("latin1").decode(await Deno.readFile(data));
  ok(bytes.includes("alice"));
  equal(bytes.includes(PASSWORD), false);
  equal(bytes.includes(base64(PASSWORD)), false);
});

Deno.test("PLAIN: a password that was changed while it was checked is not taken for right, then or later", async () => {
  await using server = await withAlice();
  const provider = server.host.fittings.service(credentials)!;
  // Few are worked on at a time, in order: the new one is set by the time the old one has been found to fit the old keys.
  const changed = server.host.accounts.setPassword("alice", "a new password");
  const others = Array.from({ length: 12 }, (_, i) => provider.password!(`nobody${i}`, PASSWORD));
  const old = provider.password!("alice", PASSWORD);
  await Promise.all([changed, old, ...others]);
  equal(await provider.password!("alice", PASSWORD), false);
  equal(await provider.password!("alice", "a new password"), true);
});
