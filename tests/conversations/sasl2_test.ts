/** XEP-0388: Extensible SASL Profile, with downgrade protection (XEP-0474) and channel bindings (XEP-0440). */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { definePlugin, type Element, none } from "#plugin";
import { PASSWORD, type TestClient, type TestOptions, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { message } from "../../plugins/im/message.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import { answer, authenticate, bind, bound, failure, header, opened, plain, SASL2 } from "./sasl2_client.ts";
import { BIND2, END_POINT, named, SM, success } from "./sasl2_client.ts";
import { base64, ScramClient, type ScramLogin } from "./scram_client.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const config = { defaults: { scram_iterations: 4096 } };

async function withAlice(options: TestOptions = {}) {
  const server = await testServer({ plugins: [internal, message, streamManagement], config, ...options });
  await server.host.accounts.create("alice", PASSWORD);
  return server;
}

/** One whole SCRAM conversation; the last thing the server says. */
async function scram(
  client: TestClient,
  mechanism: string,
  login: ScramLogin,
  beside = "",
): Promise<Element> {
  const scram = new ScramClient(login);
  await client.send(authenticate({ mechanism, initial: scram.first, beside }));
  if (client.inbox[0]?.name !== "challenge") return client.inbox.shift()!;
  await client.send(answer(scram.final(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text)));
  const last = client.inbox.shift()!;
  if (last.name === "success") ok(scram.verified(last.childText("additional-data")!));
  return last;
}

Deno.test("XEP-0388 §2.1: the feature has the mechanisms and what can be done inline, and the old one beside", async () => {
  await using server = await withAlice();
  const client = server.connect();
  await client.open();
  const features = client.expect("<stream:features/>");
  const offered = features.child("authentication", SASL2)!;
  const names = (element: Element) =>
    element.elements().filter((e) => e.name === "mechanism").map((e) => e.text);
  deepEqual(names(offered), ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
  deepEqual(names(features.child("mechanisms", SASL)!), names(offered));
  const inline = offered.child("inline")!;
  ok(inline.has("sm", SM));
  deepEqual(
    inline.child("bind", BIND2)!.child("inline")!.elements().map((e) => [e.name, e.attr("var")]),
    [["feature", SM]],
  );
});

Deno.test("XEP-0388 §3: it is not offered, and not taken, without TLS", async () => {
  await using server = await withAlice({ config: { defaults: { ...config.defaults, tls_required: false } } });
  const client = server.connect({ secure: false });
  await client.open();
  const features = client.expect("<stream:features/>");
  ok(features.has("mechanisms", SASL));
  equal(features.has("authentication", SASL2), false);
  await client.send(plain("alice", PASSWORD));
  client.expectStreamError("unsupported-stanza-type");
});

Deno.test("XEP-0388 §6.1: PLAIN, then features without a new stream, then a resource", async () => {
  await using server = await withAlice();
  const { client } = await opened(server, undefined, "alice@a.test");
  const { header } = client;
  await client.send(plain("alice", PASSWORD));
  const said = success(client);
  equal(named(said), "alice@a.test");
  equal(said.has("additional-data"), false);
  const features = client.expectNext("<stream:features/>");
  ok(features.has("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
  ok(features.has("sm", SM));
  equal(features.has("authentication", SASL2), false);
  equal(features.has("mechanisms", SASL), false);
  equal(client.header, header);
  await client.send("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  match(client.expect("<iq type='result' id='1'/>").first()!.childText("jid")!, /^alice@a\.test\//);
  await client.send("<message id='m' to='alice@a.test/nobody' type='chat'/>");
  client.expect("<message id='m' type='error'/>");
});

for (const hash of ["SHA-1", "SHA-256", "SHA-512"] as const) {
  Deno.test(`XEP-0388 §2.5: SCRAM-${hash}, plain and bound, with the server's own proof`, async () => {
    await using server = await withAlice();
    const login = { hash, username: "alice", password: PASSWORD };
    const { client } = await opened(server);
    equal((await scram(client, `SCRAM-${hash}`, login)).name, "success");
    const { client: other } = await opened(server, bound());
    const gs2 = "p=tls-server-end-point,,";
    const last = await scram(other, `SCRAM-${hash}-PLUS`, { ...login, gs2, binding: END_POINT });
    equal(last.name, "success");
  });
}

Deno.test("XEP-0388 §2.3: without an initial response the client is asked for it", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  await client.send(authenticate({ mechanism: "PLAIN" }));
  equal(client.expectNext(`<challenge xmlns='${SASL2}'/>`).text, "");
  await client.send(answer(base64(`\0alice\0${PASSWORD}`)));
  success(client);
});

Deno.test("XEP-0388: whitespace around base64, as its examples have it, does no harm", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  await client.send(plain("alice", "", { initial: `\n    ${base64(`\0alice\0${PASSWORD}`)}\n  ` }));
  success(client);
});

Deno.test("XEP-0474: what this profile offered is hashed into the challenge, and no other list", async () => {
  await using server = await withAlice();
  const offered = async (options?: Parameters<typeof opened>[1]) => {
    const { client } = await opened(server, options);
    const attempt = new ScramClient({ username: "alice", password: PASSWORD });
    await client.send(authenticate({ mechanism: "SCRAM-SHA-1", initial: attempt.first }));
    const challenge = client.expectNext(`<challenge xmlns='${SASL2}'/>`).text;
    return /,h=([^,]+)/.exec(atob(challenge))?.[1];
  };
  const hashed = (text: string) => createHash("sha1").update(text).digest("base64");
  const plainOnes = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"];
  equal(await offered(), hashed(plainOnes.join("\x1e")));
  const all = [...plainOnes, "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"].sort();
  equal(await offered(bound()), hashed(`${all.join("\x1e")}\x1ftls-server-end-point`));
});

Deno.test("XEP-0474: the older profile says it too, also after a binding that is not known", async () => {
  await using server = await withAlice();
  const client = server.connect(bound());
  await client.open();
  client.clear();
  const challenges: string[] = [];
  for (const [mechanism, gs2] of [["SCRAM-SHA-1-PLUS", "p=tls-exporter,,"], ["SCRAM-SHA-1", "y,,"]]) {
    const attempt = new ScramClient({ username: "alice", password: PASSWORD, gs2: gs2! });
    await client.send(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${attempt.first}</auth>`);
    challenges.push(client.inbox.shift()!.text);
  }
  const list = ["PLAIN", ...[1, 256, 512].flatMap((n) => [`SCRAM-SHA-${n}`, `SCRAM-SHA-${n}-PLUS`])].sort();
  const hash = createHash("sha1").update(`${list.join("\x1e")}\x1ftls-server-end-point`).digest("base64");
  ok(atob(challenges[1]!).endsWith(`,h=${hash}`), challenges[1] ?? "");
});

Deno.test("XEP-0474: somebody who cuts mechanisms out of the list is found out", async () => {
  await using server = await withAlice();
  const { client } = await opened(server, bound());
  // The client saw no -PLUS and says that it could have used one.
  const last = await scram(client, "SCRAM-SHA-1", { username: "alice", password: PASSWORD, gs2: "y,," });
  equal(last.first()?.name, "not-authorized");
  match(last.childText("text") ?? "", /server-does-support-channel-binding/);
});

const FAULTS: readonly [what: string, sent: string, condition: string][] = [
  ["a mechanism that is not offered", authenticate({ mechanism: "CRAM-MD5" }), "invalid-mechanism"],
  ["a token mechanism without FAST", authenticate({ mechanism: "HT-SHA-256-NONE" }), "invalid-mechanism"],
  ["no mechanism", `<authenticate xmlns='${SASL2}'/>`, "invalid-mechanism"],
  ["text that is not base64", plain("alice", "", { initial: "!!!" }), "incorrect-encoding"],
  ["a wrong password", plain("alice", "wrong"), "not-authorized"],
  ["an account that there is not", plain("mallory", PASSWORD), "not-authorized"],
  ["a client whose id is no UUID", plain("alice", PASSWORD, { agent: "my phone" }), "malformed-request"],
  ["a response to nothing", answer(base64("x")), "malformed-request"],
  ["a task that nobody asked for", `<next xmlns='${SASL2}' task='X'/>`, "malformed-request"],
  ["the data of no task", `<task-data xmlns='${SASL2}'/>`, "malformed-request"],
  ["an abort", `<abort xmlns='${SASL2}'><text>no</text></abort>`, "aborted"],
];

for (const [what, sent, condition] of FAULTS) {
  Deno.test(`sasl2: ${what} is ${condition}, nothing asked for beside is done, and the stream goes on`, async () => {
    await using server = await withAlice();
    const { client } = await opened(server);
    await client.send(sent.replace("</authenticate>", `${bind("Evil")}</authenticate>`));
    failure(client, condition);
    client.quiet();
    equal(server.host.registry.size, 0);
    await client.send(plain("alice", PASSWORD));
    success(client);
  });
}

Deno.test("sasl2: '=' is no base64 here, and an empty initial response is one", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  await client.send(plain("alice", "", { initial: "=" }));
  failure(client, "incorrect-encoding");
  await client.send(plain("alice", "", { initial: "" }));
  client.expectNext(`<challenge xmlns='${SASL2}'/>`);
});

Deno.test("XEP-0388 §4.5: an attempt that is called off half way can be followed by another", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  const attempt = new ScramClient({ username: "alice", password: PASSWORD });
  await client.send(authenticate({ mechanism: "SCRAM-SHA-256", initial: attempt.first }));
  client.expectNext(`<challenge xmlns='${SASL2}'/>`);
  await client.send(`<abort xmlns='${SASL2}'/>`);
  failure(client, "aborted");
  const login = { hash: "SHA-256", username: "alice", password: PASSWORD } as const;
  equal((await scram(client, "SCRAM-SHA-256", login)).name, "success");
});

const BETWEEN: readonly [what: string, sent: string][] = [
  ["a login of the older profile", `<auth xmlns='${SASL}' mechanism='PLAIN'>eA==</auth>`],
  ["a response of the older profile", `<response xmlns='${SASL}'>eA==</response>`],
  ["another login", plain("alice", PASSWORD)],
  ["an unknown element", "<x xmlns='urn:test'/>"],
  ["a request", "<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>"],
  ["a message", "<message to='bob@a.test'/>"],
];

for (const [what, sent] of BETWEEN) {
  Deno.test(`XEP-0388 §2.4: ${what} in the middle of a login ends the stream`, async () => {
    await using server = await withAlice();
    const { client } = await opened(server);
    const attempt = new ScramClient({ username: "alice", password: PASSWORD });
    await client.send(authenticate({ mechanism: "SCRAM-SHA-1", initial: attempt.first }));
    client.clear();
    await client.send(sent);
    client.expectStreamError("policy-violation");
    equal(server.host.registry.size, 0);
  });
}

Deno.test("sasl2: a response does not go on with a login of the older profile", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'/>`);
  client.expectNext(`<challenge xmlns='${SASL}'/>`);
  await client.send(answer(base64(`\0alice\0${PASSWORD}`)));
  failure(client, "malformed-request");
});

Deno.test("XEP-0388 §4.8: after the success another login ends the stream", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD));
  client.clear();
  await client.send(plain("alice", PASSWORD));
  client.expectStreamError("unsupported-stanza-type");
});

Deno.test("XEP-0388 §4.4: whom one acts as must be whom the header is from", async () => {
  await using server = await withAlice();
  await server.host.accounts.create("bob", PASSWORD);
  const initial = base64(`alice@a.test\0alice\0${PASSWORD}`);
  const { client: wrong } = await opened(server, undefined, "bob@a.test");
  await wrong.send(plain("alice", "", { initial }));
  failure(wrong, "invalid-authzid");
  for (const from of ["alice@a.test", "ALICE@a.test", "a.test", undefined, "@@nonsense"]) {
    const { client } = await opened(server, undefined, from);
    await client.send(plain("alice", "", { initial }));
    success(client);
  }
});

Deno.test("XEP-0388 §2.1: a header from another domain is invalid-from once this profile is used", async () => {
  await using server = await withAlice();
  const { client } = await opened(server, undefined, "alice@b.test");
  await client.send(plain("alice", PASSWORD));
  client.expectStreamError("invalid-from");
});

Deno.test("sasl2: failures count for both profiles together, are logged the same way, and end the stream", async () => {
  await using server = await withAlice();
  const { client } = await opened(server, { address: "192.0.2.7" });
  await client.send(plain("alice", "wrong"));
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${base64("\0alice\0wrong")}</auth>`);
  await client.send(plain("alice", "wrong"));
  equal(client.closed, false);
  await client.send(plain("alice", "wrong"));
  client.expectStreamError("policy-violation");
  const lines = server.logged.filter((line) => line.includes("auth-failed"));
  equal(lines.length, 4);
  match(
    lines[3]!,
    /warn {2}a\.test: auth-failed peer=192\.0\.2\.7 host=a\.test mechanism=PLAIN reason=not-authorized$/,
  );
});

Deno.test("sasl2: an account that is switched off is told so, and gets no session", async () => {
  await using server = await withAlice();
  server.host.accounts.setDisabled("alice", true);
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { beside: bind() }));
  failure(client, "account-disabled");
  equal(server.host.registry.size, 0);
});

Deno.test("sasl2: header, login and first stanzas in one breath", async () => {
  await using server = await withAlice();
  await server.host.accounts.create("bob", PASSWORD);
  const [bob] = await server.clients("bob/pad");
  const client = server.connect();
  await client.send(
    header("alice@a.test") + plain("alice", PASSWORD, { beside: bind("Quick") }) +
      "<message to='bob@a.test/pad' id='1'><body>hi</body></message>" +
      "<message to='bob@a.test/pad' id='2'><body>there</body></message>",
  );
  client.expectNext("<stream:features/>");
  const jid = named(success(client));
  client.expectNext("<stream:features/>");
  client.quiet();
  bob!.expectNext(`<message id='1' from='${jid}'><body>hi</body></message>`);
  bob!.expectNext(`<message id='2' from='${jid}'><body>there</body></message>`);
});

Deno.test("sasl2: a client that goes away in the middle leaves nothing behind", async () => {
  await using server = await withAlice();
  const { client } = await opened(server);
  const sent = client.send(plain("alice", PASSWORD, { beside: bind() }));
  client.carrier.destroy();
  await sent;
  equal(server.server.streams.open.size, 0);
  equal(server.host.registry.size, 0);
});

Deno.test("sasl2: what a plugin adds to a login, at once or later, is in the success in order", async () => {
  const adds = (name: string, later: boolean) =>
    definePlugin({
      name,
      doc: "Adds to logins.",
      config: none,
      setup(host) {
        host.inline("sasl2", {
          offer: () => undefined,
          take({ request, agent, session }) {
            equal(agent?.software, "AwesomeXMPP");
            equal(agent?.device, "Kiva's Phone");
            equal(session.username, "alice");
            const child = request.child(name, "urn:test");
            return later ? Promise.resolve(child) : child;
          },
        });
      },
    });
  const plugins = [internal, adds("one", true), adds("two", false), adds("three", true)];
  await using server = await withAlice({ plugins });
  const { client } = await opened(server);
  const beside = "<three xmlns='urn:test'/><one xmlns='urn:test'/><two xmlns='urn:test'/>";
  await client.send(plain("alice", PASSWORD, { beside }));
  deepEqual(success(client).elements().map((e) => e.name), [
    "authorization-identifier",
    "one",
    "two",
    "three",
  ]);
});

Deno.test("sasl2: every login of one installation has one id in its session, and it is not its resource's", async () => {
  await using server = await withAlice();
  const jids: string[] = [];
  for (const agent of ["D4565FA7-4d72-4749-b3d3-740edbf87770", "d4565fa7-4d72-4749-b3d3-740edbf87770"]) {
    const { client } = await opened(server);
    await client.send(plain("alice", PASSWORD, { agent, beside: bind() }));
    jids.push(named(success(client)));
  }
  equal(jids[0], jids[1]);
  equal(
    server.host.registry.of("alice").map((session) => session.agent).join(),
    "d4565fa7-4d72-4749-b3d3-740edbf87770",
  );
  notEqual(jids[0], undefined);
  equal(jids[0]!.includes("d4565fa7"), false);
});
