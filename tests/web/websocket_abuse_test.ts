/** RFC 6455: what a hostile or broken client may send below XMPP; nobody else may feel it. */
import { deepEqual, equal, match } from "node:assert/strict";
import { decodeUtf8 } from "../../src/base/bytes.ts";
import { WireClient } from "../server/wire_client.ts";
import { frame, RawWebSocket, UPGRADE } from "./raw_web_socket.ts";
import { PASSWORD, webServer } from "./world.ts";

const OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a.test' version='1.0'/>";
const TEXT = 0x81;
const BINARY = 0x82;

Deno.test("BUG-37, RFC 6455 §4.1: a list of protocols is read as browsers send it", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  for (
    const list of [
      "xmpp",
      "xmpp, other",
      "other , xmpp",
      "other,\txmpp ",
      "other\r\nSec-WebSocket-Protocol: xmpp",
    ]
  ) {
    const { it, answer } = await RawWebSocket.request(port, `${UPGRADE}Sec-WebSocket-Protocol: ${list}`);
    match(answer, /^HTTP\/1\.1 101 /, list);
    match(answer, /\r\nSec-WebSocket-Protocol: xmpp(\r\n|$)/i, list);
    it[Symbol.dispose]();
  }
});

Deno.test("handshakes that are none are refused in words of HTTP", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  const protocol = "Sec-WebSocket-Protocol: xmpp";
  for (
    const [headers, status] of [
      [UPGRADE + "Sec-WebSocket-Protocol: xmpp2", 501],
      [UPGRADE.replace("13", "7") + protocol, 426],
      [UPGRADE.replace("AAAAAAAAAAAAAAAAAAAAAA==", "short") + protocol, 400],
      // RFC 9110 §7.8: what is not spoken is not heard.
      [UPGRADE.replace("Upgrade: websocket", "Upgrade: h2c") + protocol, 200],
    ] as const
  ) {
    const { it, answer } = await RawWebSocket.request(port, headers);
    equal(Number(answer.split(" ")[1]), status, headers);
    it[Symbol.dispose]();
  }
});

Deno.test("RFC 6455 §5: frames that break the rules close their connection with the code for it, and no other", async () => {
  await using serving = await webServer();
  const port = await serving.port("http");
  using witness = await WireClient.login(await serving.port("c2s"), "bob", PASSWORD);
  const long = "x".repeat(126);
  for (
    const [what, code, ...frames] of [
      ["a frame that is not masked (§5.1)", 1002, frame(TEXT, OPEN, false)],
      ["binary (RFC 7395 §3.2)", 1003, frame(BINARY, OPEN)],
      ["reserved bits (§5.2)", 1002, frame(0xc1, OPEN)],
      ["an opcode that does not exist (§5.2)", 1002, frame(0x83, OPEN)],
      ["a continuation of nothing (§5.4)", 1002, frame(0x80, OPEN)],
      ["a message within a message (§5.4)", 1002, frame(0x01, "<o"), frame(TEXT, OPEN)],
      ["a ping in fragments (§5.5)", 1002, frame(0x09, "x")],
      ["a ping that is too long (§5.5)", 1002, frame(0x89, long)],
      ["text that is not UTF-8 (§8.1)", 1007, frame(TEXT, Uint8Array.of(0x3c, 0xc3, 0x28))],
      ["a character that does not exist", 1007, frame(TEXT, Uint8Array.of(0x3c, 0xed, 0xa0, 0x80))],
      ["a close code that may not be sent (§7.4.1)", 1002, frame(0x88, Uint8Array.of(0x03, 0xed))],
      ["a close frame of one byte (§5.5.1)", 1002, frame(0x88, Uint8Array.of(3))],
      [
        "a length of more than any stanza (§5.2)",
        1009,
        Uint8Array.of(TEXT, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4),
      ],
      [
        "a length that no number holds (§5.2)",
        1009,
        Uint8Array.of(TEXT, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4),
      ],
    ] as const
  ) {
    using raw = await RawWebSocket.open(port);
    raw.send(...frames);
    equal(await raw.closeCode(), code, what);
    await witness.ping();
  }
});

Deno.test("before the login an element may be as long as on TCP, whatever its fragments", async () => {
  await using serving = await webServer();
  using raw = await RawWebSocket.open(await serving.port("http"));
  raw.send(frame(TEXT, OPEN));
  raw.send(frame(0x01, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"));
  for (let i = 0; i < 20; i++) raw.send(frame(0x00, "A".repeat(1000)));
  raw.send(frame(0x80, "</auth>"));
  const texts: string[] = [];
  for (let it = await raw.next(); it !== undefined && it.opcode !== 8; it = await raw.next()) {
    texts.push(decodeUtf8(it.payload));
  }
  match(texts.at(-2) ?? "", /^<stream:error.*policy-violation/);
  match(texts.at(-1) ?? "", /^<close/);
});

Deno.test("RFC 6455 §5.5.2: a ping is answered with what it said, between the fragments of a message too", async () => {
  await using serving = await webServer();
  using raw = await RawWebSocket.open(await serving.port("http"));
  raw.send(frame(0x01, OPEN.slice(0, 20)), frame(0x89, "are you there"), frame(0x80, OPEN.slice(20)));
  const pong = await raw.next();
  equal(pong?.opcode, 10);
  equal(decodeUtf8(pong!.payload), "are you there");
  match(decodeUtf8((await raw.next())!.payload), /^<open /);
  // RFC 6455 §5.5.1: a close is answered with a close.
  raw.send(frame(0x88, Uint8Array.of(3, 0xe8)));
  equal(await raw.closeCode(), 1000);
  deepEqual(await raw.next(), undefined);
});

Deno.test("connections that say nothing, or half of something, are closed when their time is over", async () => {
  await using serving = await webServer("", `[limits]\nauthentication_timeout = "1 s"`);
  const port = await serving.port("http");
  const silent = await RawWebSocket.open(port);
  const half = await RawWebSocket.open(port);
  half.send(frame(0x01, "<open"));
  for (const raw of [silent, half]) {
    equal(await raw.closeCode(), 1000);
    raw[Symbol.dispose]();
  }
});
