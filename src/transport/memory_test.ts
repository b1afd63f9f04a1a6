import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { memoryPair } from "./memory.ts";
import { contextFor, Recorder } from "./test_rig.ts";

Deno.test("memory: text both ways, never within the call that writes it", async () => {
  const [client, server] = memoryPair();
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  client.write("before there is a sink ");
  server.attach(there);
  client.write("ü");
  equal(there.text, "");
  await there.says("before there is a sink ü");
  server.write("back");
  await here.says("back");
  deepEqual(server.peer, client.local);
});

Deno.test("memory: what was written is read before the end; closed is told once to both", async () => {
  const [client, server] = memoryPair();
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  server.attach(there);
  client.write("last words");
  client.end();
  client.write("too late");
  await there.gone();
  await here.gone();
  equal(there.text, "last words");
  client.destroy();
  server.destroy();
  server.end();
  equal(here.closes + there.closes, 2);
});

Deno.test("memory: destroy loses what is queued and tells its own side the error", async () => {
  const [client, server] = memoryPair();
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  server.attach(there);
  server.write("lost");
  client.destroy(new Error("enough"));
  await there.gone();
  await here.gone();
  equal(here.text, "");
  equal(here.error?.message, "enough");
  equal(there.error, undefined);
});

Deno.test("memory: a paused side fills the queue, and drained is told when it reads again", async () => {
  const [client, server] = memoryPair({ highWater: 10 });
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  server.attach(there);
  server.pause();
  equal(client.write("12345"), true);
  equal(client.write("1234567"), false);
  equal(client.queued, 12);
  await Promise.resolve();
  equal(there.text, "");
  equal(here.drains, 0);
  server.resume();
  await here.until(() => here.drains === 1);
  equal(client.queued, 0);
});

Deno.test("memory: pretended TLS throws away what came in the clear", async () => {
  const context = contextFor("a.test");
  const [client, server] = memoryPair();
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  server.attach(there);
  client.write("<injected/>");
  await server.startTls("<proceed/>", context);
  client.write("<clean/>");
  await there.says("<clean/>");
  equal(there.text, "<clean/>");
  equal(here.text, "<proceed/>");
  deepEqual(server.tls?.bindings.get("tls-server-end-point"), context.endPoint);
  await rejects(server.startTls("", context), /already/);
  ok(memoryPair({ secure: true })[0].tls !== undefined);
});

Deno.test("memory: a sink that throws closes the connection with its error", async () => {
  const [client, server] = memoryPair();
  const there = new Recorder(server, () => {
    throw new Error("broken sink");
  });
  server.attach(there);
  client.write("a");
  await there.gone();
  equal(there.error?.message, "broken sink");
});

Deno.test("memory: a sink that comes after the end is told of it", async () => {
  const [client, server] = memoryPair();
  server.destroy();
  const [here, there] = [new Recorder(), new Recorder()];
  client.attach(here);
  await here.gone();
  server.attach(there);
  await there.gone();
});
