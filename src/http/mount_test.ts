import assert from "node:assert/strict";
import { Hono } from "hono";
import { createLog } from "../base/log.ts";
import { landingApp } from "./landing.ts";
import { type Mount, mountAll } from "./mount.ts";

function mounted(mounts: readonly Mount[]) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", write: (line) => lines.push(line) });
  return { app: mountAll(mounts, log), lines };
}

/** An app that answers what it was sent, with a name in front. */
function echo(name: string) {
  return new Hono().get("/", (c) => c.text(name)).post(
    "/say",
    async (c) => c.text(name + await c.req.text()),
  );
}

/** A body that comes in pieces, without a length. */
function pieces(count: number, size: number): ReadableStream<Uint8Array> {
  return ReadableStream.from((function* () {
    for (let i = 0; i < count; i++) yield new Uint8Array(size).fill(97);
  })());
}

Deno.test("every app answers below its path, the longer path first", async () => {
  const { app } = mounted([
    { path: "/", app: echo("root"), owner: "r" },
    { path: "/a", app: echo("a"), owner: "a" },
    { path: "/a/b", app: echo("ab"), owner: "ab" },
  ]);
  for (const [path, text] of [["/", "root"], ["/a", "a"], ["/a/b", "ab"]] as const) {
    assert.equal(await (await app.request(path)).text(), text);
  }
  assert.equal(await (await app.request("/a/b/say", { method: "POST", body: "!" })).text(), "ab!");
  assert.equal((await app.request("/c")).status, 404);
  assert.equal((await app.request("/a/say")).status, 404);
});

Deno.test("an app that throws answers 500 without a word of why, and the log has it", async () => {
  const { app, lines } = mounted([{
    path: "/x",
    owner: "x",
    app: new Hono().get("/", () => {
      throw new Error("inner thing");
    }),
  }]);
  const response = await app.request("/x");
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /inner thing/);
  assert.match(lines.join(), /error request failed method=GET path=\/x error="Error: inner thing/);
});

Deno.test("paths that are none, or wanted twice, are refused by name", () => {
  for (const path of ["", "x", "/x/", "//", "/:id", "/*", "/a b"]) {
    assert.throws(
      () => mounted([{ path, app: echo(""), owner: "upload" }]),
      /upload wants to serve HTTP at/,
      path,
    );
  }
  const twice = ["bosh", "websocket"].map((owner) => ({ path: "/x", app: echo(""), owner }));
  assert.throws(() => mounted(twice), /websocket and bosh both want/);
});

Deno.test("a body of the limit passes, one byte more does not, with and without a declared length", async () => {
  const { app } = mounted([{ path: "/x", app: echo(""), owner: "x", bodyLimit: 100 }]);
  const chunked = { "transfer-encoding": "chunked" };
  const post = (body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = chunked) =>
    app.request("/x/say", { method: "POST", body, headers });
  for (const [count, size] of [[1, 100], [10, 10]] as const) {
    const response = await post(pieces(count, size));
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "a".repeat(100));
  }
  assert.equal((await post("a".repeat(100), { "content-length": "100" })).status, 200);
  assert.equal((await post("a".repeat(101), { "content-length": "101" })).status, 413);
  assert.equal((await post(pieces(101, 1))).status, 413);
  assert.equal((await post(pieces(1, 101))).status, 413);
});

Deno.test("the landing page names the host and cannot be made to say anything else", async () => {
  const { app } = mounted([{
    path: "/",
    app: landingApp({ domain: "a<b>.test", registration: true }),
    owner: "l",
  }]);
  const response = await app.request("/");
  const text = await response.text();
  assert.match(text, /you@a&lt;b&gt;\.test/);
  assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
});
