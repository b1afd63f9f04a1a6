/** FEATURES K11: folders of files over HTTP, from outside. */
import { deepEqual, equal, match } from "node:assert/strict";
import { PLAIN, Serving } from "../server/rig.ts";

/** A folder with a small site, and a server that serves it. */
async function site(more = "", path = "/chat", host = "") {
  const folder = await Deno.makeTempDir();
  const root = `${folder}/site`;
  await Deno.mkdir(`${root}/dist/.hidden`, { recursive: true });
  const files: Record<string, string> = {
    "site/index.html": "<title>client</title>",
    "site/dist/app.js": "0123456789",
    "site/dist/style.css": "body {}",
    "site/dist/has space.txt": "space",
    "site/dist/%2e%2e": "a strange name",
    "site/.env": "SECRET=1",
    "site/dist/.hidden/x.js": "hidden",
    "secret.txt": "outside",
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  await Deno.symlink("../secret.txt", `${root}/out.txt`);
  await Deno.symlink("..", `${root}/up`);
  await Deno.symlink("dist/app.js", `${root}/in.js`);
  await Deno.symlink(".env", `${root}/env.txt`);
  await Deno.symlink("loop", `${root}/loop`);
  const serving = await Serving.start(`${PLAIN}
[host."a.test"]
${host}
plugins = { add = ["static_files"] }
static_files.folders = [{ path = "${path}", folder = "${root}" ${more} }]
`);
  const port = await serving.port("http");
  return {
    port,
    serving,
    get: (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, { redirect: "manual", ...init }),
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function read(response: Promise<Response>): Promise<[number, string | null, string]> {
  const { status, headers } = await response;
  return [status, headers.get("content-type"), await (await response).text()];
}

/** The status of a request as it is written, past what a client would mend. */
async function raw(port: number, path: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(
    new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`),
  );
  return await new Response(connection.readable).text();
}

Deno.test("files with their types, the page of a folder, and the slash that it needs", async () => {
  await using it = await site();
  deepEqual(await read(it.get("/chat/")), [200, "text/html; charset=utf-8", "<title>client</title>"]);
  deepEqual(await read(it.get("/chat/dist/app.js")), [200, "text/javascript; charset=utf-8", "0123456789"]);
  deepEqual(await read(it.get("/chat/dist/has%20space.txt")), [200, "text/plain; charset=utf-8", "space"]);
  deepEqual(await read(it.get("/chat/in.js")), [200, "text/javascript; charset=utf-8", "0123456789"]);
  const moved = await it.get("/chat?x=1");
  deepEqual([moved.status, moved.headers.get("location")], [301, "./chat/?x=1"]);
  equal((await it.get("/chat/dist/")).status, 404, "nothing is listed");
  equal((await it.get("/chat/dist/app.js/")).status, 404);
  equal((await it.get("/chat/nothing.js", { headers: { accept: "text/html" } })).status, 404);
});

Deno.test("RFC 9110: HEAD, ETag, ranges, and no other method", async () => {
  await using it = await site(", max_age = '1 h'");
  const whole = await it.get("/chat/dist/app.js");
  equal(await whole.text(), "0123456789");
  equal(whole.headers.get("cache-control"), "public, max-age=3600");
  equal(whole.headers.get("x-content-type-options"), "nosniff");
  const head = await it.get("/chat/dist/app.js", { method: "HEAD" });
  deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "10", ""]);
  const etag = whole.headers.get("etag")!;
  equal((await it.get("/chat/dist/app.js", { headers: { "if-none-match": etag } })).status, 304);
  const part = await it.get("/chat/dist/app.js", { headers: { range: "bytes=2-4" } });
  deepEqual([part.status, await part.text()], [206, "234"]);
  for (const method of ["POST", "PUT", "DELETE"]) {
    const refused = await it.get("/chat/dist/app.js", { method, body: "x" });
    deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD"]);
    await refused.body?.cancel();
  }
});

Deno.test("AC-2.15-2: no way out of the folder, however it is written, and nothing hidden in it", async () => {
  await using it = await site(", fallback = 'index.html'");
  for (
    const path of [
      "/chat/../secret.txt",
      "/chat/%2e%2e/secret.txt",
      "/chat/%2E%2E/secret.txt",
      "/chat/.%2e/secret.txt",
      "/chat/dist/../../secret.txt",
      "/chat/dist/%2e%2e/%2e%2e/secret.txt",
      "/chat/..%2fsecret.txt",
      "/chat/..%2Fsecret.txt",
      "/chat/%2e%2e%2fsecret.txt",
      "/chat/dist/..%2f..%2fsecret.txt",
      "/chat/..%5csecret.txt",
      "/chat/..\\secret.txt",
      "/chat/%252e%252e/secret.txt",
      "/chat/%252e%252e%252fsecret.txt",
      "/chat/%c0%ae%c0%ae/secret.txt",
      "/chat/..;/secret.txt",
      "/chat//etc/passwd",
      "/chat/%2fetc/passwd",
      "/chat/index.html%00.js",
      "/chat/.env",
      "/chat/%2eenv",
      "/chat/dist/.hidden/x.js",
      "/chat/out.txt",
      "/chat/up/secret.txt",
      "/chat/env.txt",
      "/chat/loop",
      `/chat/${"a".repeat(400)}`,
    ]
  ) match(await raw(it.port, path), /^HTTP\/1\.1 40[04] /, path);
  deepEqual((await read(it.get("/chat/dist/%252e%252e")))[2], "a strange name", "decoded once, and no more");
});

Deno.test("a client that makes up its addresses gets its page for all of them", async () => {
  await using it = await site(", fallback = 'index.html'");
  const page = { headers: { accept: "text/html,application/xhtml+xml;q=0.9" } };
  deepEqual((await read(it.get("/chat/rooms/42", page)))[0], 200);
  deepEqual((await read(it.get("/chat/rooms/42/", page)))[2], "<title>client</title>");
  equal((await it.get("/chat/dist/gone.js", { headers: { accept: "*/*" } })).status, 404);
  match(await (await it.get("/chat/gone.js", { headers: { accept: "application/json" } })).text(), /"error"/);
});

Deno.test("at the root it takes the place of our page, and of nothing else", async () => {
  await using it = await site("", "/");
  deepEqual(await read(it.get("/")), [200, "text/html; charset=utf-8", "<title>client</title>"]);
  deepEqual((await read(it.get("/dist/style.css")))[1], "text/css; charset=utf-8");
  equal((await it.get("/healthz")).status, 200);
  equal((await it.get("/favicon.ico")).headers.get("content-type"), "image/x-icon");
  match(await (await it.get("/.well-known/host-meta")).text(), /XRD/);
});

Deno.test("behind a prefix the same is served", async () => {
  await using it = await site("", "/chat", "http_url = 'https://example.org/xmpp'");
  for (const prefix of ["", "/xmpp"]) {
    deepEqual((await read(it.get(`${prefix}/chat/`)))[2], "<title>client</title>");
    equal((await it.get(`${prefix}/chat`)).headers.get("location"), "./chat/");
  }
});

Deno.test("two that want one path are told at the reload, and nothing changes", async () => {
  await using it = await site();
  const reloaded = await it.serving.reload(`${PLAIN}
[host."a.test"]
plugins = { add = ["static_files"] }
static_files.folders = [{ path = "/upload", folder = "/tmp" }]
`);
  equal(reloaded.code, 1);
  match(reloaded.err, /upload and static_files|static_files and upload/);
  equal((await it.get("/chat/")).status, 200);
});
