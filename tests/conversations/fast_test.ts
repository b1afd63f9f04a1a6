/** XEP-0484: Fast Authentication Streamlining Tokens, over accounts of ours and over any other. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { credentials, definePlugin, encodeUtf8, none } from "#plugin";
import { PASSWORD, testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { anonymous } from "../../plugins/auth/anonymous.ts";
import { devices } from "../../plugins/auth/api.ts";
import { fast } from "../../plugins/auth/fast.ts";
import { internal } from "../../plugins/auth/internal.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import {
  authenticate,
  bind,
  bound,
  END_POINT,
  failure,
  FAST,
  hashedToken,
  header,
  LAPTOP,
  named,
  opened,
  PHONE,
  plain,
  requestToken,
  responder,
  SASL2,
  SM,
  success,
} from "./sasl2_client.ts";
import { CommandClient } from "./command_client.ts";
import { config, fails, given, tokenOf, tried, withAlice, works } from "./fast_client.ts";
import { FAULTS } from "./fast_faults.ts";
import { base64 } from "./scram_client.ts";

const ENDP = "HT-SHA-256-ENDP";
const NONE = "HT-SHA-256-NONE";

Deno.test("XEP-0484 §3.1: announced inside the login, with the bindings of the connection, and nowhere else", async () => {
  await using server = await withAlice();
  const mechanisms = async (options?: Parameters<typeof opened>[1]) => {
    const { client, offered } = await opened(server, options);
    equal(offered.elements().some((e) => e.text.startsWith("HT-")), false);
    client.quiet();
    const feature = offered.child("inline")!.child("fast", FAST)!;
    equal(feature.attr("tls-0rtt"), undefined);
    return feature.elements().map((e) => e.text);
  };
  deepEqual(await mechanisms(), [NONE]);
  deepEqual(await mechanisms(bound()), [ENDP, NONE]);
});

for (const [mechanism, binding] of [[NONE, undefined], [ENDP, END_POINT]] as const) {
  Deno.test(`XEP-0484 §3.2-3.4: a token for ${mechanism}, and a login with it in one message`, async () => {
    await using server = await withAlice();
    const { client } = await opened(server, bound());
    await client.send(
      plain("alice", PASSWORD, { beside: bind("AwesomeXMPP") + requestToken(mechanism) }),
    );
    const first = success(client);
    const { token, expiry } = given(first)!;
    equal(expiry, "2026-01-22T12:00:00Z");
    ok(token.length >= 32);

    const again = server.connect(bound());
    await again.send(
      header("alice@a.test") +
        hashedToken({ username: "alice", token, mechanism, binding, beside: bind("AwesomeXMPP") }),
    );
    again.expectNext("<stream:features/>");
    const said = success(again);
    equal(named(said), named(first));
    equal(said.childText("additional-data"), responder(token, binding));
    equal(given(said), undefined);
    again.expectNext("<stream:features/>");
    again.quiet();
    equal(server.host.registry.of("alice").length, 1);
  });
}

Deno.test("XEP-0484 §3.3: no token without a login, an installation, or a mechanism that was announced", async () => {
  await using server = await withAlice();
  const asked: [string, boolean][] = [
    [plain("alice", "wrong", { beside: requestToken() }), false],
    [plain("alice", PASSWORD, { agent: "", beside: requestToken() }), true],
    [plain("alice", PASSWORD, { beside: requestToken(ENDP) }), true],
    [plain("alice", PASSWORD, { beside: requestToken("SCRAM-SHA-1") }), true],
    [plain("alice", PASSWORD, { beside: `<request-token xmlns='${FAST}'/>` }), true],
    [plain("alice", PASSWORD, { beside: `<request-token xmlns='urn:test' mechanism='${NONE}'/>` }), true],
    [plain("alice", PASSWORD), true],
  ];
  for (const [sent, in_] of asked) {
    const { client } = await opened(server);
    await client.send(sent);
    const said = client.inbox.shift()!;
    equal(said.name, in_ ? "success" : "failure");
    equal(given(said), undefined);
  }
  equal(server.host.fittings.service(devices)!.list("alice").length, 0);
});

Deno.test("XEP-0484 §3.4: a token is good for its mechanism, installation, account and channel, and for nothing else", async () => {
  await using server = await withAlice();
  await server.host.accounts.create("bob", PASSWORD);
  const token = await tokenOf(server, { mechanism: ENDP });
  const right = { token, mechanism: ENDP, binding: END_POINT };
  await fails(server, { token });
  await fails(server, { ...right, mechanism: NONE });
  await fails(server, { ...right, binding: new Uint8Array(32).fill(8) });
  await fails(server, { token, mechanism: ENDP });
  await fails(server, { ...right, agent: LAPTOP });
  await fails(server, { ...right, username: "bob" });
  await fails(server, { ...right, username: "mallory" });
  await fails(server, { ...right, token: `${token}x` });
  await works(server, right);
  await works(server, { ...right, username: "ALICE" });
});

Deno.test("XEP-0484: the client's proof cannot be sent back to it as the server's, or the other way round", async () => {
  await using server = await withAlice();
  const token = await tokenOf(server);
  const reflected = Uint8Array.from(atob(responder(token)), (c) => c.charCodeAt(0));
  const { client } = await opened(server);
  const initial = btoa(String.fromCharCode(...encodeUtf8("alice\0"), ...reflected));
  await client.send(authenticate({ mechanism: NONE, initial, beside: `<fast xmlns='${FAST}'/>` }));
  failure(client, "not-authorized");
});

Deno.test("XEP-0484: a wrong token looks the same for every name, and counts like a wrong password", async () => {
  await using server = await withAlice();
  await tokenOf(server);
  const said = new Set<string>();
  for (const username of ["alice", "mallory"]) {
    for (const agent of [PHONE, LAPTOP]) {
      said.add(String(await fails(server, { token: "wrong", username, agent })));
    }
  }
  equal(said.size, 1);
  equal(server.logged.filter((line) => /auth-failed.*mechanism=HT-SHA-256-NONE/.test(line)).length, 4);
});

for (const [what, sent, condition] of FAULTS) {
  Deno.test(`fast: ${what} is ${condition}, and the password still does`, async () => {
    await using server = await withAlice();
    const { client } = await opened(server);
    await client.send(sent);
    failure(client, condition);
    await client.send(plain("alice", PASSWORD));
    success(client);
  });
}

Deno.test("fast: messages that are none are malformed-request", async () => {
  await using server = await withAlice();
  for (const text of ["alice", "alice\0", "alice\0short", `alice\0${"x".repeat(33)}`, "\0".repeat(40)]) {
    const { client } = await opened(server);
    const initial = base64(text);
    await client.send(authenticate({ mechanism: NONE, initial, beside: `<fast xmlns='${FAST}'/>` }));
    failure(client, "malformed-request");
  }
});

Deno.test("XEP-0484 §3.4: a counter is seen once and only goes up, for each token, also after a restart", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  await Deno.remove(data);
  let token = "";
  {
    await using server = await withAlice({ data });
    token = await tokenOf(server);
    const count = (n: number) => ({ token, fast: `count='${n}'` });
    await works(server, count(2));
    match(String(await fails(server, count(2))), /count has been seen/);
    await fails(server, count(1));
    // A wrong proof does not move it.
    await fails(server, { token: "wrong", fast: "count='1000'" });
    await works(server, count(3));
    await works(server, { token });
  }
  await using server = await withAlice({ data });
  await fails(server, { token, fast: "count='3'" });
  await works(server, { token, fast: "count='4'" });
  const other = await tokenOf(server);
  await works(server, { token: other, fast: "count='1'" });
});

Deno.test("XEP-0484 §4.2: after its time a token is credentials-expired, and only for who has it", async () => {
  await using server = await withAlice();
  const token = await tokenOf(server);
  await server.clock.advance("21 days");
  await fails(server, { token }, "credentials-expired");
  await fails(server, { token: "wrong" }, "not-authorized");
  // What nobody can use any more is not kept.
  await server.clock.advance("8 days");
  await fails(server, { token }, "not-authorized");
});

Deno.test("fast: how long tokens last and when they are replaced is the host's to say", async () => {
  const options = { defaults: { ...config.defaults, fast: { lifetime: "2 h", renew_after: "1 h" } } };
  await using server = await withAlice({ config: options });
  const token = await tokenOf(server);
  await server.clock.advance("59 min");
  equal(await works(server, { token }), undefined);
  await server.clock.advance("1 min");
  equal((await works(server, { token }))!.expiry, "2026-01-01T15:00:00Z");
  await server.clock.advance("1 h");
  await fails(server, { token }, "credentials-expired");
});

Deno.test("XEP-0484 §3.5: a token gets old and a new one comes; the old one is over once the new one was used", async () => {
  await using server = await withAlice();
  const first = await tokenOf(server, { mechanism: ENDP });
  const login = (token: string) => ({ token, mechanism: ENDP, binding: END_POINT });
  equal(await works(server, login(first)), undefined);
  await server.clock.advance("1 day");
  const lost = (await works(server, login(first)))!;
  equal(lost.expiry, "2026-01-23T12:00:00Z");
  notEqual(lost.token, first);
  // It was lost on its way: the client comes with the old one and gets another; the lost one is good for nothing.
  const second = (await works(server, login(first)))!.token;
  await fails(server, login(lost.token));
  equal(await works(server, login(second)), undefined);
  await fails(server, login(first));
  equal(await works(server, login(second)), undefined);
});

Deno.test("XEP-0484: rotation over months never needs the password", async () => {
  await using server = await withAlice();
  let token = await tokenOf(server);
  for (let day = 0; day < 60; day += 5) {
    await server.clock.advance("5 days");
    token = (await works(server, { token }))!.token;
  }
  equal(server.host.fittings.service(devices)!.list("alice").length, 1);
});

Deno.test("XEP-0484 §3.6: a client takes its token back, and a new one comes only where it asks for it", async () => {
  for (const invalidate of ["true", "1"]) {
    await using server = await withAlice();
    const token = await tokenOf(server);
    await server.clock.advance("2 days");
    const { client, said } = await tried(server, {
      token,
      fast: `invalidate='${invalidate}'`,
      beside: bind(),
    });
    equal(said.name, "success");
    equal(given(said), undefined);
    equal(client.closed, false);
    await fails(server, { token });

    const next = await tokenOf(server);
    await works(server, { token: next, fast: "invalidate='false'" });
    const changed = await works(server, { token: next, fast: "invalidate='1'", beside: requestToken() });
    await fails(server, { token: next });
    await works(server, { token: changed!.token });
  }
});

Deno.test("fast: a password that is set, an account switched off or removed take all tokens", async () => {
  await using server = await withAlice();
  const { accounts } = server.host;
  const tokens = [await tokenOf(server), await tokenOf(server, { agent: LAPTOP })];
  await accounts.setPassword("alice", PASSWORD);
  await fails(server, { token: tokens[0]! });
  await fails(server, { token: tokens[1]!, agent: LAPTOP });

  const token = await tokenOf(server);
  accounts.setDisabled("alice", true);
  await fails(server, { token });
  accounts.setDisabled("alice", false);
  await fails(server, { token });

  const last = await tokenOf(server);
  accounts.remove("alice");
  await accounts.create("alice", PASSWORD);
  await fails(server, { token: last });
});

Deno.test("fast: devices are listed for other plugins, and one of them is shut out with its sessions", async () => {
  await using server = await withAlice();
  const service = server.host.fittings.service(devices)!;
  const phone = await tokenOf(server);
  await server.clock.advance("2 h");
  const laptop = await tokenOf(server, { agent: LAPTOP });
  const { client } = await tried(server, { token: phone, beside: bind() });
  const { client: other } = await tried(server, { token: laptop, agent: LAPTOP, beside: bind() });

  const [second, first] = [...service.list("alice")].sort((a, b) => b.since - a.since);
  deepEqual({ ...first, id: "" }, {
    id: "",
    software: "AwesomeXMPP",
    device: "Kiva's Phone",
    since: Date.UTC(2026, 0, 1, 12),
    used: Date.UTC(2026, 0, 1, 14),
    expires: Date.UTC(2026, 0, 22, 12),
    connected: true,
  });
  equal(JSON.stringify(service.list("alice")).includes(PHONE), false);
  equal(service.revoke("alice", "nonsense"), false);
  equal(service.revoke("bob", first!.id), false);
  equal(service.revoke("alice", first!.id), true);
  await server.settle();
  client.expectStreamError("not-authorized");
  equal(other.closed, false);
  deepEqual(service.list("alice").map(({ id }) => id), [second!.id]);
  await fails(server, { token: phone });
  await works(server, { token: laptop, agent: LAPTOP });
});

Deno.test("XEP-0484: people see their devices and log one of them out", async () => {
  await using server = await withAlice({ plugins: [internal, fast, streamManagement, adhoc] });
  const phone = await tokenOf(server);
  const laptop = await tokenOf(server, { agent: LAPTOP });
  const { client } = await tried(server, { token: laptop, agent: LAPTOP, beside: bind() });
  const desk = new CommandClient(client);
  const list = (await desk.execute("http://metronome.im/protocol/devices#list")).toString();
  match(list, /Kiva's Phone[^]*Kiva's Phone/);
  const { id } = server.host.fittings.service(devices)!.list("alice").find(({ connected }) => !connected)!;
  const done = await desk.execute("http://metronome.im/protocol/devices#revoke", { devices: [id] });
  match(done.toString(), /1 logged out/);
  await fails(server, { token: phone });
  equal(client.closed, false);
});

Deno.test("fast: so many devices of one account; the one not used for longest makes room", async () => {
  const options = { defaults: { ...config.defaults, fast: { devices: 2 } } };
  await using server = await withAlice({ config: options });
  const agents = [PHONE, LAPTOP, "11111111-2222-4333-8444-555555555555"];
  const tokens: string[] = [];
  for (const agent of agents) {
    tokens.push(await tokenOf(server, { agent }));
    await server.clock.advance("2 h");
    if (agent !== PHONE) await works(server, { token: tokens[0]!, agent: PHONE });
  }
  await fails(server, { token: tokens[1]!, agent: LAPTOP });
  await works(server, { token: tokens[0]!, agent: PHONE });
  await works(server, { token: tokens[2]!, agent: agents[2]! });
});

Deno.test("fast: over any provider: a directory is asked once a device, and who is gone there does not come in", async () => {
  const asked: string[] = [];
  const people = new Set(["alice"]);
  const directory = definePlugin({
    name: "directory",
    doc: "Like a directory far away.",
    config: none,
    provides: [credentials],
    setup(host) {
      host.provide(credentials, {
        async password(local, password) {
          asked.push(local);
          await Promise.resolve();
          return password === PASSWORD;
        },
        exists: (local) => people.has(local),
        disabled: (local) => local === "alice" && people.has("frozen"),
        list: () => people,
      });
    },
  });
  await using server = await testServer({ plugins: [directory, fast] });
  const token = await tokenOf(server);
  deepEqual(asked, ["alice"]);
  for (let i = 0; i < 3; i++) await works(server, { token, beside: bind("X") });
  deepEqual(asked, ["alice"]);
  people.add("frozen");
  await fails(server, { token }, "account-disabled");
  people.clear();
  await fails(server, { token });
  deepEqual(asked, ["alice"]);
});

Deno.test("fast: a token that could not be kept is not given out, and the login goes on", async () => {
  await using server = await withAlice();
  const { storage } = server.server;
  const flush = storage.flush.bind(storage);
  let failures = 0;
  storage.flush = (since) => {
    if (since === undefined || failures > 0) return flush(since);
    failures++;
    return Promise.reject(new Error("the disk is full"));
  };
  server.allowErrors();
  const { client } = await opened(server);
  await client.send(plain("alice", PASSWORD, { beside: bind() + requestToken() }));
  const said = success(client);
  equal(given(said), undefined);
  ok(said.has("bound", "urn:xmpp:bind:0"));
  equal(failures, 1);
});

Deno.test("fast: guests get no tokens", async () => {
  await using server = await testServer({ plugins: [anonymous, fast] });
  const { client, offered } = await opened(server);
  equal(offered.child("inline")!.has("fast", FAST), false);
  await client.send(authenticate({ mechanism: "ANONYMOUS", initial: "", beside: requestToken() + bind() }));
  if (client.inbox[0]?.name === "challenge") {
    client.clear();
    await client.send(`<response xmlns='${SASL2}'/>`);
  }
  equal(given(success(client)), undefined);
});

Deno.test("fast: one message to be online again: token, session resumed, nothing lost", async () => {
  await using server = await withAlice();
  const { client } = await opened(server, bound());
  const enable = `<enable xmlns='${SM}' resume='true'/>`;
  await client.send(plain("alice", PASSWORD, { beside: bind("X", enable) + requestToken(ENDP) }));
  const first = success(client);
  const id = first.child("bound", "urn:xmpp:bind:0")!.child("enabled", SM)!.attr("id")!;
  await client.cut();
  await server.clock.advance("1 min");
  const again = server.connect(bound());
  const beside = `<resume xmlns='${SM}' previd='${id}' h='0'/>${bind("X", enable)}`;
  const { token } = given(first)!;
  await again.send(
    header() + hashedToken({ username: "alice", token, mechanism: ENDP, binding: END_POINT, beside }) +
      `<r xmlns='${SM}'/>`,
  );
  again.expectNext("<stream:features/>");
  const said = success(again);
  equal(named(said), named(first));
  ok(said.has("resumed", SM));
  again.expectNext(`<a xmlns='${SM}' h='0'/>`);
  again.quiet();
});

Deno.test("fast: tokens are known after a restart", async () => {
  const data = await Deno.makeTempFile({ suffix: ".sqlite" });
  await Deno.remove(data);
  let token = "";
  {
    await using server = await withAlice({ data });
    token = await tokenOf(server, { mechanism: ENDP });
  }
  await using server = await withAlice({ data });
  await works(server, { token, mechanism: ENDP, binding: END_POINT });
});
