import { equal } from "node:assert/strict";
import { createServer } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { serverName } from "./client_hello.ts";

/** What a real client sends first. */
function realHello(servername: string): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk: Uint8Array) => {
        socket.destroy();
        server.close();
        resolve(new Uint8Array(chunk));
      });
    }).listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      const options = servername === "" ? {} : { servername };
      connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }).on("error", () => {});
    });
  });
}

Deno.test("hello: the name, whole and cut anywhere", async () => {
  const hello = await realHello("Bar.Example");
  equal(serverName(hello), "bar.example");
  for (let cut = 0; cut < hello.length; cut++) equal(serverName(hello.subarray(0, cut)), undefined);
  equal(serverName(await realHello("")), "");
});

Deno.test("hello: split into several records", async () => {
  const hello = await realHello("bar.example");
  const body = hello.subarray(5);
  const records: number[] = [];
  for (let at = 0; at < body.length; at += 50) {
    const part = body.subarray(at, at + 50);
    records.push(22, 3, 1, 0, part.length, ...part);
  }
  equal(serverName(Uint8Array.from(records)), "bar.example");
  equal(serverName(Uint8Array.from(records.slice(0, -1))), undefined);
});

Deno.test("hello: anything else has no name, and nothing breaks it", async () => {
  const hello = await realHello("bar.example");
  equal(serverName(new TextEncoder().encode("<?xml version='1.0'?>")), "");
  equal(serverName(Uint8Array.of(22, 3, 1, 0, 0)), "");
  equal(serverName(Uint8Array.of(22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff)), "");
  fc.assert(fc.property(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }), (at, value) => {
    const changed = hello.slice();
    changed[at] = value;
    const name = serverName(changed);
    equal(typeof name === "string" || name === undefined, true);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    serverName(bytes);
  }));
});
