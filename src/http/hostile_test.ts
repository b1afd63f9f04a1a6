import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { Hono } from "hono";
import { connectionOf } from "./connection.ts";
import { createLog } from "../base/log.ts";
import { mountAll } from "./mount.ts";
import { Rig } from "./http_test_rig.ts";

const app = new Hono();
app.get("/", (c) => c.text("hello"));
app.post("/", async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));

const log = createLog({ level: "error", write: (line) => assert.fail(line) });
const whole = mountAll([{ path: "/", app, owner: "test" }], log);

function served() {
  return { hosts: new Map(), fallback: whole };
}

async function raw(rig: Rig, ...parts: string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
  for (const part of parts) await connection.write(new TextEncoder().encode(part));
  return await new Response(connection.readable).text();
}

Deno.test("several requests on one connection, pipelined too", async () => {
  await using rig = await new Rig(served).open();
  const answer = await raw(
    rig,
    "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
  );
  assert.equal(answer.match(/HTTP\/1\.1 200/g)?.length, 3);
  assert.match(answer, /\r\n\r\n3$/);
});

Deno.test("two lengths, or a length and chunks, are refused: no request is smuggled behind another", async () => {
  await using rig = await new Rig(served).open();
  for (
    const headers of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked",
      "Content-Length: 4\r\nContent-Length: 40",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "Transfer-Encoding: chunked\x0b",
      "Content-Length: 0\r\nContent-Length: 0",
      "X: a\nTransfer-Encoding: chunked",
      "X: a\r\n Transfer-Encoding: chunked",
      "Transfer-Encoding : chunked",
      "Content-Length: 4x",
      "Content-Length: +4",
    ]
  ) {
    const answer = await raw(
      rig,
      `POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 (400|501) /, headers);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, headers);
  }
});

Deno.test("headers that are too large get 431, headers that take too long 408", async () => {
  await using rig = await new Rig(served, { headerMs: 200 }).open();
  assert.match(
    await raw(rig, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await raw(rig, "GET / HTTP/1.1\r\nHo"), /^HTTP\/1\.1 408 /);
});

Deno.test("a body that stops coming is cut off with 408", async () => {
  await using rig = await new Rig(served, { stallMs: 50 }).open();
  assert.match(
    await raw(rig, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"),
    /^HTTP\/1\.1 408 /,
  );
});

Deno.test("an idle connection is closed", async () => {
  await using rig = await new Rig(served, { idleMs: 50 }).open();
  assert.match(await raw(rig, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /hello$/);
});

Deno.test("RFC 6455 §4.2: a WebSocket where an app takes it, a plain answer where none does", async () => {
  const sockets = new Hono();
  sockets.get("/ws", (c) => {
    const upgrade = connectionOf(c)?.upgrade;
    if (upgrade === undefined) return c.text("a page");
    if (!upgrade.protocols.includes("xmpp")) return c.text("no such protocol", 400);
    const { socket, rest } = upgrade.accept("xmpp") ?? {};
    // Whoever takes it has what came behind the request, and all that comes then.
    socket?.end(rest ?? new Uint8Array(0));
    return c.body(null);
  });
  await using rig = await new Rig(() => ({ hosts: new Map(), fallback: sockets })).open();
  const handshake = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const version = "Sec-WebSocket-Version: 13\r\n";
  const protocol = "Sec-WebSocket-Protocol: chat, xmpp\r\n";
  // The key and its answer are those of RFC 6455 §1.3.
  assert.match(
    await raw(rig, `${handshake}${key}${version}${protocol}\r\nbehind`),
    /^HTTP\/1\.1 101 [^]*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\nSec-WebSocket-Protocol: xmpp\r\n\r\nbehind$/,
  );
  assert.match(await raw(rig, `${handshake}${key}${version}\r\n`), /^HTTP\/1\.1 400 [^]*no such protocol$/);
  assert.match(await raw(rig, `${handshake}${version}${protocol}\r\n`), /^HTTP\/1\.1 400 /);
  assert.match(
    await raw(rig, `${handshake}${key}Sec-WebSocket-Version: 7\r\n${protocol}\r\n`),
    /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13/,
  );
  assert.match(await raw(rig, "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), /a page$/);
});

Deno.test("RFC 9110 §7.8: another protocol to change to is nobody's here, and the request is one like any other", async () => {
  await using rig = await new Rig(served).open();
  const answer = await raw(
    rig,
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
  );
  assert.match(answer, /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n[^]*\r\n3$/i);
});

Deno.test("what asks for a WebSocket where a long body is gets neither: it would be read as a whole", async () => {
  let given = 0;
  const long = new Hono();
  long.get("/", () =>
    new Response(
      new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(given++ < 10_000 ? 65_536 : 1)) }),
    ));
  await using rig = await new Rig(() => ({ hosts: new Map(), fallback: long })).open();
  const handshake = "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  assert.match(await raw(rig, `GET / HTTP/1.1\r\n${handshake}`), /^HTTP\/1\.1 400 [^]*There is no WebSocket/);
  assert.ok(given < 10, String(given));
  assert.match(await raw(rig, "GET / HTTP/1.1\r\n" + handshake.replace("a", "[")), /^HTTP\/1\.1 400 /);
});

Deno.test("who is refused a WebSocket and keeps its half of the connection open loses it all the same", async () => {
  await using rig = await new Rig(served).open();
  const socket = connect({ host: "127.0.0.1", port: rig.port, allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  socket.resume();
  await once(socket, "end");
  while (rig.http.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.destroy();
});
