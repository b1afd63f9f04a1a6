/** XEP-0386: Bind 2, with stream management inside it and inside the login (XEP-0198 §9). */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { definePlugin, el, type Element, encodeUtf8, none, sessionBound } from "#plugin";
import { type TestClient, type TestOptions, type TestServer, testServer } from "#testing";
import { message } from "../../plugins/im/message.ts";
import { offline } from "../../plugins/im/offline.ts";
import { presence } from "../../plugins/im/presence.ts";
import { roster } from "../../plugins/im/roster.ts";
import { subscription } from "../../plugins/im/subscription.ts";
import { streamManagement } from "../../plugins/stream/stream_management.ts";
import {
  bind,
  BIND2,
  header,
  LAPTOP,
  named,
  opened,
  PHONE,
  plain,
  SASL2,
  SM,
  success,
} from "./sasl2_client.ts";

const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const PLUGINS = [message, offline, presence, roster, subscription, streamManagement];

const started = (options: TestOptions = {}) => testServer({ plugins: PLUGINS, ...options });

/** Logs in with a request for a resource; the client and what the success says. */
async function loggedIn(
  server: TestServer,
  request = bind("AwesomeXMPP"),
  { agent = PHONE, username = "alice" } = {},
): Promise<{ client: TestClient; said: Element; jid: string }> {
  const { client } = await opened(server);
  await client.send(plain(username, "x", { agent, beside: request }));
  const said = success(client);
  return { client, said, jid: named(said) };
}

Deno.test("XEP-0386 §3.2: a resource within the login, its name begins with the tag, and it is one like any other", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, said, jid } = await loggedIn(server);
  match(jid, /^alice@a\.test\/AwesomeXMPP\/[\w-]{12}$/);
  ok(said.has("bound", BIND2));
  const features = client.expectNext("<stream:features/>");
  equal(features.has("bind", "urn:ietf:params:xml:ns:xmpp-bind"), false);
  await client.send(`<message to='bob@a.test/pad' id='1'/>`);
  bob!.expectNext(`<message from='${jid}' id='1'/>`);
  await bob!.send(`<message to='${jid}' id='2'/>`);
  client.expectNext("<message from='bob@a.test/pad' id='2'/>");
});

Deno.test("XEP-0386 §3.2.1: one installation always has one name, another has another, in every account its own", async () => {
  await using server = await started();
  const names = new Map<string, string>();
  for (
    const [who, agent, username] of [["a", PHONE, "alice"], ["b", LAPTOP, "alice"], [
      "c",
      PHONE,
      "bob",
    ]] as const
  ) {
    const { client, jid } = await loggedIn(server, bind("X"), { agent, username });
    names.set(who, jid.slice(jid.indexOf("/")));
    await client.close();
    const again = await loggedIn(server, bind("X"), { agent, username });
    equal(again.jid, jid);
    const untagged = await loggedIn(server, bind(), { agent, username });
    equal(`${username}@a.test/X/${untagged.jid.slice(untagged.jid.indexOf("/") + 1)}`, jid);
  }
  equal(new Set(names.values()).size, 3);
  const unknown = await loggedIn(server, bind("X"), { agent: "" });
  const another = await loggedIn(server, bind("X"), { agent: "" });
  notEqual(unknown.jid, another.jid);
});

Deno.test("XEP-0386 §3.2.1: a tag that cannot be a part of a name is left out", async () => {
  await using server = await started();
  for (const tag of ["x".repeat(1023), "&#x85;", "\u200b\u202e", ""]) {
    const { jid } = await loggedIn(server, bind(tag));
    match(jid, /^alice@a\.test\/[\w-]{12}$/);
  }
  const { jid } = await loggedIn(server, bind("Büro\u2003Süd / 2 &amp; 3"));
  match(jid, /^alice@a\.test\/Büro Süd \/ 2 & 3\/[\w-]{12}$/);
});

for (const resource_conflict of ["replace", "refuse", "rename"]) {
  Deno.test(`XEP-0386 §3.2: a new session of a client ends its earlier one (${resource_conflict}), and nobody else's`, async () => {
    await using server = await started({ config: { defaults: { resource_conflict } } });
    const [tablet] = await server.clients("alice/tablet");
    const laptop = await loggedIn(server, bind("X"), { agent: LAPTOP });
    const first = await loggedIn(server, bind("Old"));
    first.client.clear();
    const second = await loggedIn(server, bind("New"));
    first.client.expectStreamError("conflict");
    match(second.jid, /\/New\/[\w-]{12}$/);
    const third = await loggedIn(server, bind("New"));
    equal(third.jid, second.jid);
    second.client.expect("<stream:features/>");
    second.client.expectStreamError("conflict");
    equal(tablet!.closed, false);
    equal(laptop.client.closed, false);
    equal(server.host.registry.size, 3);
  });
}

Deno.test("XEP-0386: so many sessions of one account and no more: the login counts, and the client is told", async () => {
  await using server = await started({ config: { limits: { sessions_per_account: 1 } } });
  const [desk] = await server.clients("alice/desk");
  const { client, said, jid } = await loggedIn(server);
  equal(jid, "alice@a.test");
  ok(said.child("failed", BIND2)?.has("resource-constraint", STANZAS));
  equal(said.has("bound", BIND2), false);
  ok(client.expectNext("<stream:features/>").has("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
  await desk!.close();
  const request = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>sofa</resource></bind>";
  await client.send(`<iq type='set' id='1'>${request}</iq>`);
  client.expect("<iq type='result' id='1'/>");
});

Deno.test("XEP-0198 §5: sessions that wait keep no device out: the oldest of them makes room", async () => {
  await using server = await started({ config: { limits: { sessions_per_account: 2 } } });
  for (const name of ["first", "second"]) {
    const [client] = await server.clients(`alice/${name}`);
    await client!.send(enable);
    await client!.cut();
  }
  const { said } = await loggedIn(server);
  ok(said.has("bound", BIND2));
  deepEqual(server.host.registry.of("alice").map(({ jid, parked }) => [parked, jid!.resource === "second"]), [
    [true, true],
    [false, false],
  ]);
});

Deno.test("XEP-0386: without <bind/> there is no resource, and another namespace's is not meant", async () => {
  await using server = await started();
  const { said, jid } = await loggedIn(server, "<bind xmlns='urn:xmpp:bind2:1'/>");
  equal(jid, "alice@a.test");
  deepEqual(said.elements().map((e) => e.name), ["authorization-identifier"]);
  equal(server.host.registry.size, 0);
});

Deno.test("XEP-0386: what a session begins with is done before anybody can reach it, and nothing comes before the success", async () => {
  const steps: string[] = [];
  const eager = definePlugin({
    name: "eager",
    doc: "Begins sessions.",
    config: none,
    setup(host) {
      host.inline("bind2", {
        feature: "urn:test:begin",
        take(session, request) {
          steps.push(`take ${[...host.allSessions()].length}`);
          equal(session.jid?.local, "alice");
          return request.has("begin", "urn:test") ? el("begun", "urn:test") : undefined;
        },
      });
      host.on(sessionBound, ({ session }) => {
        steps.push(`bound ${[...host.allSessions()].length}`);
        const text = el("message", "jabber:client", { id: "first" });
        session.stream!.send(text);
      });
    },
  });
  await using server = await started({ plugins: [...PLUGINS, eager] });
  const { client, said } = await loggedIn(server, bind("X", "<begin xmlns='urn:test'/>"));
  ok(said.child("bound", BIND2)?.has("begun", "urn:test"));
  client.expectNext("<stream:features/>");
  client.expectNext("<message id='first'/>");
  deepEqual(steps, ["take 0", "bound 1"]);
});

// --- stream management ------------------------------------------------------------------------------------------------

const enable = `<enable xmlns='${SM}' resume='true'/>`;

const resume = (id: string, h: number | string) => `<resume xmlns='${SM}' previd='${id}' h='${h}'/>`;

/** A session with stream management; the id to resume it by. */
async function managed(server: TestServer): Promise<{ client: TestClient; jid: string; id: string }> {
  const { client, said, jid } = await loggedIn(server, bind("X", enable));
  const enabled = said.child("bound", BIND2)!.child("enabled", SM)!;
  equal(enabled.attr("resume"), "true");
  client.expectNext("<stream:features/>");
  return { client, jid, id: enabled.attr("id")! };
}

Deno.test("XEP-0198 §9.1: enabled with the resource, and both sides count from there", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, jid } = await managed(server);
  await bob!.send(`<message to='${jid}' id='1'/>`);
  client.expectNext("<message id='1'/>");
  await client.send(`<message to='bob@a.test/pad'/><a xmlns='${SM}' h='1'/><r xmlns='${SM}'/>`);
  client.expectNext(`<a xmlns='${SM}' h='1'/>`);
  await client.send(`<a xmlns='${SM}' h='2'/>`);
  client.expectStreamError("undefined-condition");
});

Deno.test("XEP-0198 §9.1: not to be enabled twice, and so not offered again", async () => {
  await using server = await started();
  const { client: plainly } = await loggedIn(server);
  plainly.expectNext(`<stream:features><sm xmlns='${SM}'/></stream:features>`);
  const { client } = await loggedIn(server, bind("X", enable));
  // npm's @xmpp/client resumes and enables at once where it sees it, and forgets its id when that is refused.
  equal(client.expectNext("<stream:features/>").has("sm", SM), false);
  await client.send(`<enable xmlns='${SM}'/>`);
  client.expectNext(`<failed xmlns='${SM}'><unexpected-request xmlns='${STANZAS}'/></failed>`);
});

Deno.test("XEP-0198 §9.2: resumed within the login: what is unacknowledged comes again, no resource, no features", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, jid, id } = await managed(server);
  await bob!.send(`<message to='${jid}' id='1' type='chat'/><message to='${jid}' id='2' type='chat'/>`);
  await client.send(`<message to='bob@a.test/pad' id='up'/>`);
  await client.cut();
  await bob!.send(`<message to='${jid}' id='3' type='chat'/>`);

  const { client: next } = await opened(server);
  await next.send(plain("alice", "x", { beside: resume(id, 1) + bind("X", enable) }));
  const said = success(next);
  equal(named(said), jid);
  deepEqual(said.elements().map((e) => e.name), ["authorization-identifier", "resumed"]);
  equal(said.child("resumed", SM)!.attr("h"), "1");
  equal(said.child("resumed", SM)!.attr("previd"), id);
  next.expectNext("<message id='2'/>");
  next.expectNext("<message id='3'/>");
  next.expectNext(`<r xmlns='${SM}'/>`);
  next.quiet();
  equal(server.host.registry.size, 2);

  await next.send(`<message to='bob@a.test/pad' id='up2'/><a xmlns='${SM}' h='3'/><r xmlns='${SM}'/>`);
  next.expectNext(`<a xmlns='${SM}' h='2'/>`);
  bob!.expect(`<message id='up2' from='${jid}'/>`);
  await bob!.send(`<message to='${jid}' id='4' type='chat'/>`);
  next.expectNext("<message id='4'/>");
});

Deno.test("XEP-0198 §9.2: resumed while the old connection still looks alive, with stanzas behind it in one breath", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, jid, id } = await managed(server);
  const next = server.connect();
  await next.send(
    header() + plain("alice", "x", { beside: resume(id, 0) }) + `<message to='bob@a.test/pad' id='now'/>`,
  );
  next.expectNext("<stream:features/>");
  equal(success(next).child("resumed", SM)!.attr("h"), "0");
  next.quiet();
  client.expectStreamError("conflict");
  bob!.expectNext(`<message id='now' from='${jid}'/>`);
});

Deno.test("XEP-0198 §9.2.1: what cannot be resumed is told, with its counter, and a resource is bound", async () => {
  await using server = await started();
  const { client, jid, id } = await managed(server);
  await client.send("<message to='alice@a.test' type='error'/>");
  await client.cut();
  await server.clock.advance("1 h");
  const { client: next } = await opened(server);
  await next.send(plain("alice", "x", { beside: resume(id, 0) + bind("X", enable) }));
  const said = success(next);
  const failed = said.child("failed", SM)!;
  ok(failed.has("item-not-found", STANZAS));
  equal(failed.attr("h"), "1");
  equal(named(said), jid);
  const enabled = said.child("bound", BIND2)!.child("enabled", SM)!;
  notEqual(enabled.attr("id"), id);
  next.expectNext("<stream:features/>");
});

Deno.test("XEP-0198 §9.2.1: so is a session that another connection ends during the login", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, jid, id } = await managed(server);
  await bob!.send(`<message to='${jid}' id='1'/>`);
  await client.send(`<a xmlns='${SM}' h='1'/>`);
  await client.cut();
  const [{ client: right }, { client: behind }] = [await opened(server), await opened(server)];
  const login = (h: number) => plain("alice", "x", { beside: resume(id, h) + bind("X", enable) });
  right.carrier.feed(encodeUtf8(login(1)));
  behind.carrier.feed(encodeUtf8(login(0)));
  await server.settle();
  for (const said of [success(right), success(behind)]) {
    ok(said.child("failed", SM)?.has("item-not-found", STANZAS), String(said));
    ok(said.has("bound", BIND2));
  }
  // Both are of one client and have one name: the second has ended the first.
  right.expect("<stream:features/>");
  right.expectStreamError("conflict");
  equal(server.host.registry.of("alice").length, 1);
});

for (
  const [what, request, condition] of [
    ["an unknown id", resume("nonsense", 0), "item-not-found"],
    ["no id", `<resume xmlns='${SM}' h='0'/>`, "bad-request"],
    ["a counter that is none", resume("x", "many"), "bad-request"],
  ] as const
) {
  Deno.test(`XEP-0198 §9.2.1: ${what} is ${condition}; without <bind/> the client binds as it used to`, async () => {
    await using server = await started();
    const { client, said, jid } = await loggedIn(server, request);
    ok(said.child("failed", SM)?.has(condition, STANZAS));
    equal(jid, "alice@a.test");
    ok(client.expectNext("<stream:features/>").has("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
  });
}

Deno.test("XEP-0198 §9.2: nobody resumes another account's session, and a failed login none at all", async () => {
  await using server = await started();
  const { client, jid, id } = await managed(server);
  const { client: eve } = await opened(server);
  await eve.send(plain("eve", "x", { beside: resume(id, 0) }));
  ok(success(eve).child("failed", SM)?.has("item-not-found", STANZAS));
  const { client: other } = await opened(server);
  await other.send(plain("alice", "", { beside: resume(id, 0) }));
  other.expectNext(`<failure xmlns='${SASL2}'/>`);
  other.quiet();
  equal(client.closed, false);
  equal(server.host.registry.of("alice")[0]!.jid!.toString(), jid);
});

Deno.test("XEP-0386: a session that waits is over when its client comes with another login, and its messages are kept", async () => {
  await using server = await started();
  const [bob] = await server.clients("bob/pad");
  const { client, jid } = await managed(server);
  await client.send("<presence/>");
  await client.cut();
  await bob!.send(`<message to='${jid}' id='1' type='chat'><body>kept</body></message>`);
  const again = await loggedIn(server, bind("X", enable));
  equal(again.jid, jid);
  equal(server.host.registry.of("alice").length, 1);
  await again.client.send("<presence/>");
  again.client.expect("<message id='1'><body>kept</body></message>");
  bob!.quiet();
});
