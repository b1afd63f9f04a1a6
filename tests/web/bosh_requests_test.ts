/** XEP-0124 §9 to §15: ids, acknowledgements, repetitions, pauses, polling, keys; request by request. */
import { equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import { WireClient } from "../server/wire_client.ts";
import { type Answer, BoshHand, post } from "./bosh_talker.ts";
import { raw } from "./raw_http.ts";
import { PASSWORD, webServer } from "./world.ts";

const PING = "<iq xmlns='jabber:client' type='get' id='PING' to='a.test'><ping xmlns='urn:xmpp:ping'/></iq>";
const ping = (id: string) => PING.replace("PING", id);

/** Logged in and bound, by requests by hand. */
async function session(port: number, more = "", wait = 5, hold = 1): Promise<BoshHand> {
  const hand = new BoshHand(port);
  await hand.create(more, wait, hold);
  const initial = encodeBase64(encodeUtf8(`\0alice\0${PASSWORD}`));
  const steps = [
    () => hand.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`),
    () => hand.next("", "xmpp:restart='true' to='a.test'"),
    () =>
      hand.next(
        `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
      ),
  ];
  for (const step of steps) {
    const { text } = await step();
    match(text, /<success|<stream:features|<jid>/);
  }
  return hand;
}

function ended({ body }: Answer, condition: string): void {
  equal(body.attr("type"), "terminate");
  equal(body.attr("condition"), condition);
}

const hasResult = ({ text }: Answer, id: string) => text.includes(`id="${id}"`);

Deno.test("§14.2, BUG-49: requests that overtake one another are dealt with and answered in their order", async () => {
  await using serving = await webServer("bosh.hold = 2");
  const hand = await session(await serving.port("http"), "", 2, 2);
  const { rid } = hand;
  // Had the last been dealt with first, its message would have come first.
  const talk = (text: string) =>
    `<message xmlns='jabber:client' to='alice@a.test' type='chat'><body>${text}</body></message>`;
  await hand.next(`<presence xmlns='jabber:client'/>`);
  const third = hand.at(rid + 3, talk("three"));
  const second = hand.at(rid + 2, talk("two"));
  const first = hand.at(rid + 1, talk("one"));
  const answers = await Promise.all([first, second, third]);
  hand.rid = rid + 4;
  const rest = await hand.next(ping("end"));
  const text = [...answers, rest].map((answer) => answer.text).join("");
  ok(text.indexOf("one") >= 0 && text.indexOf("one") < text.indexOf("two"), text);
  ok(text.indexOf("two") < text.indexOf("three"), text);
});

Deno.test("§14.2: an id beyond the window ends the session, and nobody learns which would have been right", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  for (const step of [2, -4]) {
    const hand = await session(port);
    ended(await hand.at(hand.rid + step), "item-not-found");
    ended(await hand.next(), "item-not-found");
  }
});

Deno.test("§14.3, BUG-49: a repeated request is answered as it was, and done once", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"));
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const talk = `<message xmlns='jabber:client' to='bob@a.test/desk'><body>once</body></message>${ping("p1")}`;
  const rid = hand.rid;
  const answer = await hand.next(talk);
  ok(hasResult(answer, "p1"));
  equal((await hand.at(rid, talk)).text, answer.text);
  ok(hasResult(await hand.next(ping("p2")), "p2"));
  equal((await hand.at(rid, talk)).text, answer.text);
  await bob.expect("<message><body>once</body></message>");
  await bob.ping();
  equal(bob.inbox.filter(({ name }) => name === "message").length, 0);
});

Deno.test("§14.3: the same id while its request waits: the later one gets the answer, the other may come again", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"));
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const rid = hand.rid++;
  const before = hand.at(rid);
  const after = hand.at(rid);
  const error = await Promise.race([before, after]);
  equal(error.body.attr("type"), "error");
  bob.send("<message to='alice@a.test'><body>x</body></message><presence to='alice@a.test'/>");
  await bob.ping();
  hand.next(`<presence xmlns='jabber:client'/>`);
  const answers = await Promise.all([before, after]);
  equal(answers.filter(({ body }) => body.attr("type") === "error").length, 1);
});

Deno.test("a request whose connection breaks is no loss: its answer waits for whoever asks again", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"));
  await hand.next(`<presence xmlns='jabber:client'/>`);
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const abort = new AbortController();
  const rid = hand.rid++;
  const broken = hand.at(rid, "", "", abort.signal).catch(() => undefined);
  // The request is there once a second one of its id has been answered.
  await Promise.race([hand.at(rid, "", "", abort.signal).catch(() => undefined), broken]);
  abort.abort();
  await broken;
  bob.send("<message to='alice@a.test' type='chat'><body>kept</body></message>");
  await bob.ping();
  ok((await hand.at(rid)).text.includes("kept"));
  ok(hasResult(await hand.next(ping("after")), "after"));
});

Deno.test("§8, §10: a request is held no longer than agreed, and the next one goes on", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"), "", 1);
  const empty = await hand.next();
  equal(empty.text, `<body xmlns="http://jabber.org/protocol/httpbind"/>`);
  ok(hasResult(await hand.next(ping("after")), "after"));
});

Deno.test("§8: no more requests are held than agreed", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"));
  const first = hand.next();
  const second = hand.next(ping("p"));
  // One of both carries the result; the other may be held, unless it is the older one.
  const answer = await first;
  if (hasResult(answer, "p")) equal(answer.status, 200);
  else ok(hasResult(await second, "p"));
});

Deno.test("§9.1: acknowledgements say what has come beyond the request that is answered", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"), "ack='1'");
  const rid = hand.rid;
  const held = hand.next();
  hand.next(`<presence xmlns='jabber:client'/>`);
  equal((await held).body.attr("ack"), String(rid + 1));
  const plain = await session(await serving.port("http"));
  const unasked = plain.next();
  plain.next(`<presence xmlns='jabber:client'/>`);
  equal((await unasked).body.attr("ack"), undefined);
});

Deno.test("§9.2: a client that seems to have missed an answer is told", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"), "ack='1'", 60);
  const rid = hand.rid;
  await hand.next(ping("missed"));
  const told = await hand.next("", `ack='${rid - 1}'`);
  equal(told.body.attr("report"), String(rid));
  match(told.body.attr("time") ?? "", /^\d+$/);
  ok(hasResult(await hand.at(rid, ping("missed")), "missed"));
});

Deno.test("§10: a pause is answered at once and without content, and gives the session more time", async () => {
  await using serving = await webServer(`bosh.inactivity = "1 s"`);
  const hand = await session(await serving.port("http"), "", 60);
  const held = hand.next();
  const pause = hand.next("", "pause='60'");
  for (const answer of await Promise.all([held, pause])) equal(answer.body.elements().length, 0);
  // Longer than the session would have lived.
  const started = performance.now();
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  while (performance.now() - started < 2500) await bob.ping();
  ok(hasResult(await hand.next(ping("back")), "back"));
});

Deno.test("§11: too many requests at a time end the session, one more to end it does not", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const hand = await session(port, "", 60);
  const held = [hand.next(), hand.next()];
  // Both are empty and come close together: that is polling with a request to spare (§11).
  const answers = await Promise.all(held);
  ok(answers.some(({ body }) => body.attr("condition") === "policy-violation"));
  const other = await session(port, "", 60);
  const first = other.next();
  const last = await other.next("", "type='terminate'");
  ok([await first, last].some(({ body }) => body.attr("type") === "terminate"));
  ended(await other.next(), "item-not-found");
});

Deno.test("§12: a session that polls is answered at once, and may not poll too often", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"), "", 0, 0);
  await hand.next(`<presence xmlns='jabber:client'/>`);
  await hand.next();
  const answers = [await hand.next(), await hand.next()];
  ended(answers.find(({ body }) => body.attr("type") === "terminate")!, "policy-violation");
});

Deno.test("§13: the last request may say something, and all that wait are answered", async () => {
  await using serving = await webServer();
  const hand = await session(await serving.port("http"), "", 60);
  using bob = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const held = hand.next();
  const last = hand.next(
    "<message xmlns='jabber:client' to='bob@a.test/desk'><body>bye</body></message>",
    "type='terminate'",
  );
  equal((await held).body.attr("type"), "terminate");
  equal((await last).body.attr("type"), undefined);
  await bob.expect("<message><body>bye</body></message>");
});

Deno.test("§15: with keys, a request that does not know the next one ends the session", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const sha = (text: string) => createHash("sha1").update(text).digest("hex");
  const keys = ["seed"];
  for (let i = 0; i < 8; i++) keys.push(sha(keys.at(-1)!));
  const begin = async (): Promise<BoshHand> => {
    const hand = new BoshHand(port);
    await hand.create(`newkey='${keys[8]}'`, 1);
    return hand;
  };
  const good = await begin();
  const auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>";
  match((await good.next(auth, `key='${keys[7]!.toUpperCase()}'`.toLowerCase())).text, /<failure/);
  match((await good.next(auth, `key='${keys[6]}' newkey='${sha("other")}'`)).text, /<failure/);
  match((await good.next(auth, `key='other'`)).text, /<failure/);
  ended(await good.next(auth, `key='${keys[5]}'`), "item-not-found");
  for (const key of ["", `key='${keys[6]}'`, "key='x'"]) {
    const bad = await begin();
    ended(await bad.next(auth, key), "item-not-found");
    ended(await bad.next(auth, `key='${keys[7]}'`), "item-not-found");
  }
});

Deno.test("§17.1: a client without a version is told errors by HTTP", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const hand = new BoshHand(port);
  const ns = "xmlns='http://jabber.org/protocol/httpbind'";
  const created = await post(port, `<body rid='${hand.rid++}' to='a.test' wait='1' hold='1' ${ns}/>`);
  hand.sid = created.body.attr("sid")!;
  equal(created.body.attr("ver"), undefined);
  equal((await hand.at(hand.rid + 9)).status, 404);
});

Deno.test("§19.1: a session over TLS takes no request without", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const hand = new BoshHand(port, { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" });
  equal((await hand.create("", 1)).body.attr("secure"), "true");
  const plain = new BoshHand(port);
  [plain.sid, plain.rid] = [hand.sid, hand.rid];
  equal((await plain.next()).status, 403);
  equal((await hand.next()).status, 200);
});

Deno.test("§7.1: the answers are called what the client wants, as far as that is a type", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const typeOf = async (content: string) =>
    (await new BoshHand(port).create(content, 1)).headers.get("content-type");
  equal(await typeOf(""), "text/xml; charset=utf-8");
  equal(await typeOf("content='text/plain; charset=utf-8'"), "text/plain; charset=utf-8");
  equal(await typeOf("content='text/xml&#13;&#10;x-evil: 1'"), "text/xml; charset=utf-8");
  equal(await typeOf("content='text/xml; charset=utf-16'"), "text/xml; charset=utf-8");
});

Deno.test("before the login a request is as short as a message over WebSocket", async () => {
  await using serving = await webServer();
  const hand = new BoshHand(await serving.port("http"));
  await hand.create();
  ended(await hand.next(`<x xmlns='y'>${"z".repeat(70_000)}</x>`), "policy-violation");
});

Deno.test("§11: who says more than may be said at a time waits for the answers", async () => {
  const rate = `[limits]\nbytes_per_second = "16 KiB"\nbytes_burst = "16 KiB"`;
  await using serving = await webServer("", rate);
  const hand = await session(await serving.port("http"), "", 60);
  await hand.next("<presence xmlns='jabber:client'/>");
  const text = "x".repeat(30_000);
  const long = `<message xmlns='jabber:client' to='alice@a.test' type='chat'><body>${text}</body></message>`;
  match((await hand.next(long)).text, /x{30000}/);
  // The stream does not read now. Without that, the first of these were answered with nothing for the second's sake.
  const [first, second] = [hand.next(long), hand.next(ping("after"))];
  match((await first).text, /x{30000}/);
  await Promise.all([second, hand.next("", "type='terminate'")]);
});

Deno.test("§11: who does not wait for answers, while the stream does not read, loses its session", async () => {
  const rate = `[limits]\nbytes_per_second = "4 KiB"\nbytes_burst = "16 KiB"`;
  await using serving = await webServer("", rate);
  const port = await serving.port("http");
  const hand = await session(port, "", 60);
  const long = `<message xmlns='jabber:client' to='alice@a.test' type='chat'><body>${
    "x".repeat(400_000)
  }</body></message>`;
  // On one connection, so that they come in their order.
  const requests = Array.from({ length: 16 }, (_, n) => {
    const body = `<body rid='${hand
      .rid++}' sid='${hand.sid}' xmlns='http://jabber.org/protocol/httpbind'>${long}</body>`;
    return `POST /http-bind HTTP/1.1\r\nHost: a.test\r\nConnection: ${n < 15 ? "keep-alive" : "close"}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`;
  });
  const { answer } = await raw({ port }, requests.join(""));
  match(answer.body, /condition="policy-violation"/);
  ended(await hand.next(), "item-not-found");
});
