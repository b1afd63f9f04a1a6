import assert from "node:assert/strict";
import { Hono } from "hono";
import { createLog } from "../base/log.ts";
import type { App, Apps } from "./apps.ts";
import { connectionOf } from "./connection.ts";
import { mountAll } from "./mount.ts";
import { Rig } from "./http_test_rig.ts";
import { requestUnix } from "./unix.ts";

const log = createLog({ level: "error", write: () => {} });

function said(text: string): Apps {
  return { hosts: new Map(), fallback: new Hono().get("/", (c) => c.text(text)) };
}

function listen(apps: () => Apps): Promise<Rig> {
  return new Rig(apps).open();
}

/** The status line and headers, and the body, of raw HTTP/1.1. */
async function raw(server: Rig, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

Deno.test("the Host header chooses the app, and what is served can be replaced at any time", async () => {
  let apps: Apps = {
    hosts: new Map([["a.test", new Hono().get("/", (c) => c.text("I am a"))]]),
    fallback: said("nobody").fallback,
  };
  await using server = await listen(() => apps);
  const ask = (host: string) => raw(server, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  assert.match(await ask("A.test:5280"), /I am a/);
  assert.match(await ask("a.test."), /I am a/);
  assert.match(await ask("b.test"), /nobody/);
  apps = {
    hosts: new Map([["b.test", new Hono().get("/", (c) => c.text("I am b"))]]),
    fallback: said("nobody").fallback,
  };
  assert.match(await ask("a.test"), /nobody/);
  assert.match(await ask("b.test"), /I am b/);
  assert.match(await ask("b.test/x"), /^HTTP\/1.1 400 /);
});

Deno.test("apps learn who asks; a long body is refused before it is read", async () => {
  const who: App = new Hono();
  who.get("/", (c) => c.text(connectionOf(c)?.address ?? ""));
  who.post("/", async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
  const app = mountAll([{ path: "/who", app: who, owner: "test", bodyLimit: 1000 }], log);
  await using server = await listen(() => ({ hosts: new Map(), fallback: app }));
  const head = "Host: a\r\nConnection: close\r\n";
  assert.match(await raw(server, `GET /who HTTP/1.1\r\n${head}\r\n`), /\r\n\r\n127\.0\.0\.1$/);
  assert.match(
    await raw(server, `POST /who HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`),
    /\r\n\r\n5$/,
  );
  assert.match(
    await raw(server, `POST /who HTTP/1.1\r\n${head}Content-Length: 1001\r\n\r\n${"a".repeat(1001)}`),
    /^HTTP\/1.1 413 /,
  );
  const chunk = `400\r\n${"a".repeat(1024)}\r\n`;
  assert.match(
    await raw(server, `POST /who HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`),
    /^HTTP\/1.1 413 /,
  );
});

Deno.test("closing lets a running request end, and cuts off what does not", async () => {
  const { promise: asked, resolve: hasAsked } = Promise.withResolvers<void>();
  const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
  const slow = new Hono().get("/slow", async (c) => {
    hasAsked();
    await release;
    return c.text("done");
  });
  const server = await listen(() => ({ hosts: new Map(), fallback: slow }));
  const { port } = server;
  const response = fetch(`http://127.0.0.1:${port}/slow`, { headers: { connection: "close" } });
  await asked;
  const closed = server.close();
  letGo();
  assert.equal(await (await response).text(), "done");
  await closed;
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);

  const { promise: stuck, resolve: isStuck } = Promise.withResolvers<void>();
  const endless = new Hono().get("/", () => {
    isStuck();
    return new Promise<Response>(() => {});
  });
  const second = await listen(() => ({ hosts: new Map(), fallback: endless }));
  const never = fetch(`http://127.0.0.1:${second.port}/`, { headers: { connection: "close" } });
  await stuck;
  await second.close(10);
  const cut = await never;
  assert.equal(cut.status, 503);
  assert.equal(await cut.text(), "The server is stopping.\n");
});

Deno.test({
  name: "a socket is for its owner only, goes with its server, and is not taken from one that answers",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/control.sock`;
    try {
      const first = await new Rig(() => said("first")).openUnix(path);
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
      assert.equal(await (await requestUnix(path, "/")).text(), "first");
      assert.equal((await requestUnix(path, "/none")).status, 404);
      await using second = new Rig(() => said("second"));
      await assert.rejects(second.openUnix(path), /another server is running/);
      await first.close();
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
      await assert.rejects(requestUnix(path, "/"), Deno.errors.NotFound);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "a socket left behind is taken over, any other file is not",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/control.sock`;
    try {
      // A crashed server: the file is there, nobody listens.
      const crash = `Deno.listen({ transport: "unix", path: ${
        JSON.stringify(path)
      } }); Deno.kill(Deno.pid, "SIGKILL");`;
      await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-config", crash], stderr: "null" })
        .output();
      assert.equal((await Deno.lstat(path)).isSocket, true);
      await assert.rejects(requestUnix(path, "/"), Deno.errors.ConnectionRefused);
      const server = await new Rig(() => said("new")).openUnix(path);
      assert.equal(await (await requestUnix(path, "/")).text(), "new");
      await server.close();
      await Deno.writeTextFile(path, "precious");
      await using other = new Rig(() => said("x"));
      await assert.rejects(other.openUnix(path), /is in the way/);
      assert.equal(await Deno.readTextFile(path), "precious");
      await assert.rejects(other.openUnix(`${folder}/${"x".repeat(120)}`), /longer than/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
