/** RFC 7395: XMPP over WebSocket, from outside, over real sockets. */
import { equal, match, ok } from "node:assert/strict";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import { soon } from "../server/rig.ts";
import { WireClient } from "../server/wire_client.ts";
import { WebSocketTalker } from "./web_socket_talker.ts";
import { PASSWORD, webServer } from "./world.ts";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const SASL2 = "urn:xmpp:sasl:2";
const UNLIMITED = `[limits]\nbytes_per_second = 0\nstanzas_per_second = 0\n`;

Deno.test("RFC 7395 §3.4: a session from open to close, every frame a document of its own", async () => {
  await using serving = await webServer();
  using alice = await WebSocketTalker.connect(await serving.port("http"));
  await alice.online("alice", PASSWORD, "web");
  alice.send("<message xmlns='jabber:client' to='alice@a.test/web'><body>1</body></message>");
  alice.send("<message xmlns='jabber:client' to='alice@a.test/web'><body>2</body></message>");
  await alice.expect("<message><body>1</body></message>");
  await alice.expect("<message><body>2</body></message>");
  const features = alice.frames.filter((frame) => frame.startsWith("<stream:features"));
  equal(features.length, 2);
  alice.send(`<close xmlns='${FRAMING}'/>`);
  await alice.expectClose();
  equal(await alice.closed, 1000);
});

Deno.test("RFC 7395 §3.9, BUG-37: TLS is not offered inside, with and without it around", async () => {
  await using serving = await webServer("tls_required = true");
  const offered = async (port: number, secure: boolean): Promise<string[]> => {
    using alice = await WebSocketTalker.connect(port, { secure });
    const features = await alice.open();
    equal(features.has("starttls", "urn:ietf:params:xml:ns:xmpp-tls"), false);
    const list = features.child("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl");
    return list?.elements().map((mechanism) => mechanism.text) ?? [];
  };
  equal((await offered(await serving.port("http"), false)).length, 0, "the host wants TLS");
  const mechanisms = await offered(await serving.port("https"), true);
  ok(mechanisms.includes("PLAIN"));
  ok(!mechanisms.some((name) => name.endsWith("-PLUS")), "there is nothing to bind to");
});

Deno.test("a client counts as protected where a proxy that is believed says so, or the host's operator", async () => {
  const host = "tls_required = true";
  const headers = { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" };
  await using serving = await webServer(host, `[http]\ntrusted_proxies = ["127.0.0.1"]`);
  {
    using alice = await WebSocketTalker.connect(await serving.port("http"), { headers });
    await alice.online("alice", PASSWORD, "web");
  }
  await using other = await webServer(`${host}\nwebsocket.treat_as_secure = true`);
  using bob = await WebSocketTalker.connect(await other.port("http"));
  await bob.online("bob", PASSWORD, "web");
});

Deno.test("RFC 7395 §3.5: a stream error comes after open, and before close", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  for (
    const [open, condition] of [
      [`<open xmlns='${FRAMING}' version='1.0'/>`, "improper-addressing"],
      [`<open xmlns='${FRAMING}' to='nowhere.test' version='1.0'/>`, "host-unknown"],
      [`<open xmlns='${FRAMING}' to='a.test'/>`, "unsupported-version"],
      [`<iq xmlns='jabber:client' type='get'/>`, "bad-format"],
      [`<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>`, "not-well-formed"],
    ] as const
  ) {
    using client = await WebSocketTalker.connect(port);
    client.send(open);
    await client.expectError(condition);
    await client.expectClose();
    match(client.frames[0] ?? "", /^<open /, open);
    equal(client.frames.length, 3, open);
  }
});

Deno.test("RFC 7395 §3.3.3: a frame is one element; anything else ends this stream and no other", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  using bob = await WebSocketTalker.connect(port);
  await bob.online("bob", PASSWORD, "web");
  const message = "<message xmlns='jabber:client' to='bob@a.test'><body>x</body></message>";
  for (
    const [frame, condition] of [
      [message + message, "bad-format"],
      ["<message xmlns='jabber:client' to='bob@a.test'><body>x", "not-well-formed"],
      ["<message", "not-well-formed"],
      ["</stream:stream>", "not-well-formed"],
      [message + "</stream:stream>", "bad-format"],
      [` ${message}`, "bad-format"],
      ["hello", "bad-format"],
      [`<open xmlns='${FRAMING}' to='a.test' version='1.0'/>`, "not-well-formed"],
      [`<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>`, "not-well-formed"],
      ["<!-- a comment -->", "restricted-xml"],
      ["<!DOCTYPE x [<!ENTITY e 'e'>]>", "restricted-xml"],
      ["<?php echo 1 ?>", "restricted-xml"],
      [`<x:close xmlns:y='${FRAMING}'/>`, "bad-namespace-prefix"],
    ] as const
  ) {
    using alice = await WebSocketTalker.connect(port);
    await alice.online("alice", PASSWORD, "web");
    alice.send(frame);
    await alice.expectError(condition).catch((error) => {
      throw new Error(`${frame}: ${error}`);
    });
    await alice.expectClose();
    await bob.ping();
  }
  equal(
    bob.inbox.filter(({ name }) => name === "message").length,
    2,
    "what was whole before the fault was good",
  );
});

Deno.test("RFC 7395 §3.3: what is allowed, or does no harm, is understood", async () => {
  await using serving = await webServer();
  using alice = await WebSocketTalker.connect(await serving.port("http"));
  alice.send(`<?xml version='1.0'?><f:open xmlns:f='${FRAMING}' to='a.test' version='1.0'/>`);
  await alice.expect("<stream:features/>");
  alice.send(" ");
  alice.send("");
  const initial = encodeBase64(encodeUtf8(`\0alice\0${PASSWORD}`));
  alice.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
  await alice.expect("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  await alice.open();
  await alice.bind("web");
  alice.send(
    "<m:message xmlns:m='jabber:client' to='alice@a.test/web'><m:body>prefixed</m:body></m:message>",
  );
  await alice.expect("<message><body>prefixed</body></message>");
  // In fragments (RFC 6455 §5.4), cut within a character.
  const bytes = encodeUtf8(
    "<message xmlns='jabber:client' to='alice@a.test/web'><body>Grüße</body></message>",
  );
  for (let i = 0; i < bytes.length; i += 7) {
    alice.socket.send(bytes.subarray(i, i + 7), { fin: i + 7 >= bytes.length, binary: false });
  }
  await alice.expect("<message><body>Grüße</body></message>");
});

Deno.test("SASL2 and Bind 2 over WebSocket need no restart", async () => {
  await using serving = await webServer();
  using alice = await WebSocketTalker.connect(await serving.port("https"), { secure: true });
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

Deno.test("XEP-0198 §5: a session goes from WebSocket to TCP and back, and nothing is lost", async () => {
  await using serving = await webServer();
  const [web, tcp] = [await serving.port("http"), await serving.port("c2s")];
  using bob = await WireClient.login(tcp, "bob", PASSWORD);
  const first = await WebSocketTalker.connect(web);
  await first.online("alice", PASSWORD, "web");
  const id = await first.enableManagement();
  // The tab is closed: the WebSocket ends in order, the stream does not.
  first.socket.close(1001);
  await soon("the end", first.closed);
  bob.send("<message to='alice@a.test/web' type='chat'><body>1</body></message>");
  await bob.ping();
  using second = await WireClient.connect(tcp);
  await second.authenticate("alice", PASSWORD);
  second.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
  const resumed = await second.expect("<resumed xmlns='urn:xmpp:sm:3' previd='*'/>");
  await second.expect("<message from='bob@a.test/desk'><body>1</body></message>");
  second.socket.destroy();
  await soon("the end", second.closed);
  bob.send("<message to='alice@a.test/web' type='chat'><body>2</body></message>");
  await bob.ping();
  using third = await WebSocketTalker.connect(web);
  await third.authenticate("alice", PASSWORD);
  third.send(`<resume xmlns='urn:xmpp:sm:3' previd='${resumed.attr("previd")}' h='1'/>`);
  await third.expect("<resumed xmlns='urn:xmpp:sm:3'/>");
  await third.expect("<message from='bob@a.test/desk'><body>2</body></message>");
  await third.ping();
});

Deno.test("RFC 7395 §3.6.1: who stops says so, and where to go", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  using alice = await WebSocketTalker.connect(port);
  await alice.online("alice", PASSWORD, "web");
  const uri = "wss://b.test/ws?a=1&b";
  await serving.reload(
    `[listen]\nc2s.at = ["127.0.0.1:0"]\nc2s-tls.at = ["127.0.0.1:0"]\ns2s.enabled = false\ns2s-tls.enabled = false\n` +
      `http.at = ["127.0.0.1:0"]\nhttps.at = ["127.0.0.1:0"]\n[defaults]\ntls_required = false\nplain_without_tls = true\n` +
      `scram_iterations = 4096\n[host."a.test"]\nwebsocket.redirect = "${uri}"\n`,
  );
  await alice.ping();
  using bob = await WebSocketTalker.connect(port);
  bob.send(`<open xmlns='${FRAMING}' to='a.test' version='1.0'/>`);
  equal((await bob.expectClose()).attr("see-other-uri"), uri);
  const stopped = serving.stop();
  await alice.expectError("system-shutdown");
  equal((await alice.expectClose()).attr("see-other-uri"), uri);
  await stopped;
});

Deno.test("who does not read makes nobody else wait, and misses nothing", async () => {
  await using serving = await webServer("", UNLIMITED);
  using bob = await WebSocketTalker.connect(await serving.port("http"));
  await bob.online("bob", PASSWORD, "web");
  using alice = await WireClient.login(await serving.port("c2s"), "alice", PASSWORD);
  bob.socket.pause();
  const text = "x".repeat(30_000);
  for (let i = 0; i < 100; i++) {
    alice.send(`<message to='bob@a.test/web' id='m${i}'><body>${text}</body></message>`);
  }
  await alice.ping();
  bob.socket.resume();
  for (let i = 0; i < 100; i++) await bob.expect(`<message id='m${i}'/>`);
  await bob.ping();
});

Deno.test("who does not read for too long is closed, and what was for it goes elsewhere", async () => {
  await using serving = await webServer("", `${UNLIMITED}send_queue = "100 KB"\n`);
  using bob = await WebSocketTalker.connect(await serving.port("http"));
  await bob.online("bob", PASSWORD, "web");
  using alice = await WireClient.login(await serving.port("c2s"), "alice", PASSWORD);
  bob.socket.pause();
  const text = "x".repeat(100_000);
  for (let i = 0; i < 200; i++) alice.send(`<message to='bob@a.test/web'><body>${text}</body></message>`);
  await alice.ping();
  equal((await serving.status()).sessions, 1);
});

Deno.test("silence is broken by pings, and who does not answer them is gone", async () => {
  await using serving = await webServer(`websocket.ping_every = "1 s"`);
  const port = await serving.port("http");
  using alice = await WebSocketTalker.connect(port);
  await alice.online("alice", PASSWORD, "web");
  await soon("a ping", new Promise<void>((resolve) => alice.socket.once("ping", () => resolve())));
  await alice.ping();
  using bob = await WebSocketTalker.connect(port);
  await bob.online("bob", PASSWORD, "web");
  bob.socket.pong = () => {};
  (bob.socket as unknown as { _autoPong: boolean })._autoPong = false;
  await soon("the end", bob.closed);
  await alice.ping();
});

Deno.test("pages of other origins are turned away where the host says whose may connect", async () => {
  await using serving = await webServer(`websocket.origins = ["https://chat.a.test"]`);
  const port = await serving.port("http");
  using alice = await WebSocketTalker.connect(port, { headers: { origin: "https://chat.a.test" } });
  await alice.online("alice", PASSWORD, "web");
  const refused = await WebSocketTalker.connect(port, { headers: { origin: "https://evil.test" } }).then(
    () => "",
    String,
  );
  match(refused, /403/);
  // Those of the server itself are no strangers.
  using own = await WebSocketTalker.connect(port, { headers: { origin: "http://a.test" } });
  await own.open();
});

Deno.test("AC-2.15-1: a browser finds a page, another protocol is refused", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const page = await fetch(`http://127.0.0.1:${port}/xmpp-websocket`);
  equal(page.status, 200);
  match(await page.text(), /XMPP clients connect here/);
  for (const protocols of [["chat"], []]) {
    match(await WebSocketTalker.connect(port, { protocols }).then(() => "", String), /501/);
  }
});
