/** XEP-0124 and XEP-0206: sessions over BOSH, from outside, over real sockets. */
import { equal, match, ok } from "node:assert/strict";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import { PLAIN, soon } from "../server/rig.ts";
import { WireClient } from "../server/wire_client.ts";
import { BoshHand, BoshTalker, post } from "./bosh_talker.ts";
import { WebSocketTalker } from "./web_socket_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const SASL2 = "urn:xmpp:sasl:2";

Deno.test("XEP-0206: a session from the first request to the last, with messages both ways", async () => {
  await using serving = await webServer();
  await using alice = new BoshTalker(await serving.port("http"));
  await alice.online("alice", PASSWORD, "web");
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  bob.send("<message to='alice@a.test/web'><body>Hello &lt;there&gt;</body></message>");
  const message = await alice.expect("<message from='bob@a.test/desk'><body>*</body></message>");
  equal(message.childText("body"), "Hello <there>");
  alice.send("<message xmlns='jabber:client' to='bob@a.test/desk'><body>Hello yourself</body></message>");
  await bob.expect("<message from='alice@a.test/web'><body>Hello yourself</body></message>");
  await alice.terminate();
  equal(alice.condition, undefined);
  equal((await serving.status()).sessions, 1);
});

Deno.test("XEP-0124 §7: the first answer says what was agreed, and has the features", async () => {
  await using serving = await webServer("bosh.hold = 2");
  const port = await serving.port("http");
  const body = (await new BoshHand(port).create("ack='1'", 60, 5)).body;
  equal(body.attr("wait"), "60");
  equal(body.attr("hold"), "2");
  equal(body.attr("requests"), "3");
  equal(body.attr("inactivity"), "60");
  equal(body.attr("polling"), "5");
  equal(body.attr("maxpause"), "120");
  equal(body.attr("ack"), "1573741820");
  equal(body.attr("from"), "a.test");
  equal(body.attr("ver"), "1.6");
  equal(body.attr("secure"), undefined);
  equal(body.attr("{urn:xmpp:xbosh}version"), "1.0");
  equal(body.attr("{urn:xmpp:xbosh}restartlogic"), "true");
  match(body.attr("sid") ?? "", /^[\w-]{20,}$/);
  match(body.attr("authid") ?? "", /./);
  ok(body.has("features", "http://etherx.jabber.org/streams"));
  equal((await new BoshHand(port).create("", 600)).body.attr("wait"), "120", "not longer than we want");
});

Deno.test("BUG-49: what a first request leaves out has a meaning, or an error", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const ns = "xmlns='http://jabber.org/protocol/httpbind'";
  const minimal = await post(port, `<body rid='1' to='a.test' ver='1.6' ${ns}/>`);
  equal(minimal.body.attr("wait"), "120");
  equal(minimal.body.attr("hold"), "1");
  for (
    const [body, condition] of [
      [`<body rid='1' ver='1.6' wait='1' ${ns}/>`, "improper-addressing"],
      [`<body rid='1' ver='1.6' to='nowhere.test' ${ns}/>`, "host-unknown"],
      [`<body ver='1.6' to='a.test' ${ns}/>`, "bad-request"],
      [`<body rid='x' ver='1.6' to='a.test' ${ns}/>`, "bad-request"],
      [`<body rid='9007199254740992' ver='1.6' to='a.test' ${ns}/>`, "bad-request"],
      [`<body rid='1' sid='nobody' ${ns}/>`, "item-not-found"],
    ] as const
  ) {
    const answer = await post(port, body);
    equal(answer.status, 200, body);
    equal(answer.body.attr("type"), "terminate", body);
    equal(answer.body.attr("condition"), condition, body);
  }
});

Deno.test("what is no body is refused, and costs nobody a session", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  await using alice = new BoshTalker(port);
  await alice.online("alice", PASSWORD, "web");
  for (
    const text of [
      "",
      "hello",
      "<body",
      "<body xmlns='jabber:client' rid='1'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind'><message></body>",
      "<!DOCTYPE body [<!ENTITY a 'a'>]><body xmlns='http://jabber.org/protocol/httpbind' to='&a;'/>",
      `${"<a>".repeat(5000)}`,
    ]
  ) {
    const answer = await post(port, text);
    equal(answer.status, 400, text.slice(0, 40));
    equal(answer.body.attr("condition"), "bad-request");
  }
  equal((await post(port, "<body>" + "x".repeat(700_000))).status, 413);
  const { sid, rid } = alice.hand;
  equal((await post(port, `<body sid='${sid}' rid='${rid}'`)).status, 400);
  await alice.ping();
});

Deno.test("XEP-0124 §17: stream errors come as the end of the session", async () => {
  await using serving = await webServer();
  await using alice = new BoshTalker(await serving.port("http"));
  await alice.online("alice", PASSWORD, "web");
  alice.send("<message xmlns='jabber:client' from='eve@a.test' to='bob@a.test'/>");
  await alice.expectError("invalid-from");
  equal(alice.condition, "remote-stream-error");
});

Deno.test("a server that stops says so to every session", async () => {
  await using serving = await webServer();
  const alice = await new BoshTalker(await serving.port("http")).online("alice", PASSWORD, "web");
  const stopped = serving.stop();
  await alice.expect("<never/>").catch(() => {});
  equal(alice.condition, "system-shutdown");
  await stopped;
});

Deno.test("XEP-0124 §17.1: clients are sent elsewhere where that is wanted", async () => {
  const host = `bosh.redirect = "https://b.test/bosh?a=1&b"`;
  await using serving = await webServer(host);
  const answer = await new BoshHand(await serving.port("http")).create();
  equal(answer.body.attr("condition"), "see-other-uri");
  equal(answer.body.childText("uri"), "https://b.test/bosh?a=1&b");
});

Deno.test("XEP-0124 §10: a session without requests is over after a while", async () => {
  await using serving = await webServer(`bosh.inactivity = "1 s"`);
  const port = await serving.port("http");
  const hand = new BoshHand(port);
  equal((await hand.create("", 1)).body.attr("inactivity"), "1");
  const tcp = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const alice = await new BoshTalker(port).online("alice", PASSWORD, "web");
  alice.vanish();
  const waiting = async () => {
    while ((await serving.status()).sessions > 1) await tcp.ping();
  };
  await soon("the end of the session", waiting());
  tcp[Symbol.dispose]();
  equal((await hand.next()).body.attr("condition"), "item-not-found");
});

Deno.test("SASL2 and Bind 2 over BOSH need no restart", async () => {
  await using serving = await webServer("bosh.treat_as_secure = true");
  await using alice = new BoshTalker(await serving.port("http"));
  await alice.open();
  const initial = encodeBase64(encodeUtf8(`\0alice\0${PASSWORD}`));
  alice.send(
    `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${initial}</initial-response>` +
      `<bind xmlns='urn:xmpp:bind:0'><tag>web</tag></bind></authenticate>`,
  );
  await alice.expect(`<success xmlns='${SASL2}'><bound xmlns='urn:xmpp:bind:0'/></success>`);
  await alice.expect("<stream:features/>");
  await alice.ping();
});

Deno.test("XEP-0206 §5: a restart that is not due ends the session, and swallows nothing", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const hand = new BoshHand(port);
  await hand.create("", 1);
  const { body } = await hand.next("", "xmpp:restart='true' to='a.test'");
  equal(body.attr("condition"), "remote-stream-error");
  equal(body.first()!.first()!.name, "not-well-formed");
  equal((await hand.next()).body.attr("condition"), "item-not-found");
});

Deno.test("XEP-0198 §5: a session goes from BOSH to WebSocket to TCP to BOSH, and nothing is lost", async () => {
  await using serving = await webServer(`bosh.inactivity = "1 s"`);
  const [web, tcp] = [await serving.port("http"), await serving.port("c2s")];
  using bob = await WireClient.login(tcp, "bob", PASSWORD);
  const say = async (text: string): Promise<void> => {
    bob.send(`<message to='alice@a.test/web' type='chat'><body>${text}</body></message>`);
    await bob.ping();
  };
  const first = await new BoshTalker(web).online("alice", PASSWORD, "web");
  const id = await first.enableManagement();
  first.vanish();
  await say("1");
  using second = await WebSocketTalker.connect(web);
  await second.authenticate("alice", PASSWORD);
  await second.resume(id, 0);
  await second.expect("<message from='bob@a.test/desk'><body>1</body></message>");
  second.socket.terminate();
  await soon("the end", second.closed);
  await say("2");
  using third = await WireClient.connect(tcp);
  await third.authenticate("alice", PASSWORD);
  third.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  await third.expect("<resumed xmlns='urn:xmpp:sm:3'/>");
  await third.expect("<message from='bob@a.test/desk'><body>2</body></message>");
  third.socket.destroy();
  await soon("the end", third.closed);
  await say("3");
  await using fourth = new BoshTalker(web);
  await fourth.authenticate("alice", PASSWORD);
  await fourth.resume(id, 0);
  for (const text of ["1", "2", "3"]) {
    await fourth.expect(`<message from='bob@a.test/desk'><body>${text}</body></message>`);
  }
  await fourth.ping();
});

Deno.test("a reload leaves sessions alone, and a request that waits too", async () => {
  await using serving = await webServer();
  await using alice = new BoshTalker(await serving.port("http"));
  await alice.online("alice", PASSWORD, "web");
  await serving.reload(`${PLAIN}\n[host."a.test"]\nbosh.wait = "30 s"\n`);
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  bob.send("<message to='alice@a.test/web'><body>still here</body></message>");
  await alice.expect("<message><body>still here</body></message>");
  await alice.ping();
});
