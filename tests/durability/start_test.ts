/** Data that a server must not touch: a newer program's, another program's, or one that another server is using. */
import { equal, match } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { RawClient } from "./client.ts";
import { Scratch } from "./scratch.ts";
import { fromSource, run, ServerProcess } from "./server_process.ts";

Deno.test("a newer schema is refused, and left as it is", async () => {
  await using scratch = new Scratch();
  await using server = await ServerProcess.start(fromSource(scratch.config()));
  equal(await server.stop(), 0);
  const path = `${scratch.data}/metronome.sqlite`;
  {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
  }
  const before = await Deno.readFile(path);
  const { code, stderr } = await run(fromSource(scratch.config()));
  equal(code, 1, stderr);
  match(stderr, /has schema version 99, this program knows versions up to \d+; run the newer program/);
  equal((await Deno.readFile(path)).toHex() === before.toHex(), true, "the file was changed");
});

Deno.test("an SQLite file of another program is refused, and left as it is", async () => {
  await using scratch = new Scratch();
  await Deno.mkdir(scratch.data);
  const path = `${scratch.data}/metronome.sqlite`;
  {
    using database = new DatabaseSync(path);
    database.exec("CREATE TABLE theirs (x)");
  }
  const before = await Deno.readFile(path);
  const { code, stderr } = await run(fromSource(scratch.config()));
  equal(code, 1, stderr);
  match(stderr, /is an SQLite file of another program; give the server a data folder of its own/);
  equal((await Deno.readFile(path)).toHex() === before.toHex(), true, "the file was changed");
});

Deno.test("a second server on the same data is refused, and the first one goes on", async () => {
  await using scratch = new Scratch();
  await using first = await ServerProcess.start(fromSource(scratch.config()));
  const { code, stderr } = await run(fromSource(scratch.config()));
  equal(code, 1, stderr);
  match(stderr, new RegExp(`is in use by another server \\(process ${first.pid}\\); stop that one first`));
  using client = await RawClient.connect(first.ports.c2s);
  await client.register("alice", "secret");
  await client.plain("alice", "secret");
  await client.bind("desk");
  equal(await first.stop(), 0);
});

Deno.test("a killed server leaves no lock behind", async () => {
  await using scratch = new Scratch();
  {
    await using killed = await ServerProcess.start(fromSource(scratch.config()));
    await killed.kill();
  }
  await using next = await ServerProcess.start(fromSource(scratch.config()));
  equal(await next.stop(), 0);
});
