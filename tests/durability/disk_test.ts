/** A disk that is full, or that cannot be written: errors to whoever asks, and nothing that was acknowledged is lost. */
import { equal, match, ok } from "node:assert/strict";
import { RawClient, Refused } from "./client.ts";
import { Scratch } from "./scratch.ts";
import { fromSource, run, ServerProcess } from "./server_process.ts";
import { SmallDisk, whyNoDisk } from "./small_disk.ts";

const PRIVATE = "jabber:iq:private";
const OWN = "urn:test:durability";
/** Larger than a page of SQLite many times over, so that a few megabytes are full soon. */
const LARGE = "x".repeat(40_000);

const why = whyNoDisk();
if (why !== undefined) console.error(`there is no disk that could be full: its tests are skipped (${why})`);

Deno.test({
  name: "a full disk: writes are refused with an error, the server lives, and goes on once there is room",
  ignore: why !== undefined,
  async fn() {
    await using scratch = new Scratch();
    using disk = new SmallDisk(scratch.data, 3);
    await using server = await ServerProcess.start(fromSource(scratch.config()));
    using alice = await loggedIn(server, "alice");
    let kept = 0;
    let refused: unknown;
    for (let n = 1; n <= 500 && refused === undefined; n++) {
      await write(alice, n).then(() => kept = n, (error) => refused = error);
    }
    ok(refused instanceof Refused, `500 writes of ${LARGE.length} bytes fit on the disk`);
    checkRefusal(refused);

    // What needs no room goes on, for this session and for others; what was acknowledged can be read.
    equal(await read(alice, kept), `${kept} ${LARGE}`);
    await alice.iq("get", "<ping xmlns='urn:xmpp:ping'/>", "localhost");
    using second = await RawClient.connect(server.ports.c2s);
    await second.plain("alice", "secret");
    await second.bind("other");
    equal(await read(second, 1), `1 ${LARGE}`);

    disk.resize(32);
    await write(second, 1000);
    equal(await server.stop(), 0);
    match(server.output, /"fault":"full"/);
    scratch.checkFile();

    await using again = await ServerProcess.start(fromSource(scratch.config()));
    using back = await RawClient.connect(again.ports.c2s);
    await back.plain("alice", "secret");
    await back.bind("desk");
    for (const n of [1, kept, 1000]) equal(await read(back, n), `${n} ${LARGE}`);
    equal(await again.stop(), 0);
  },
});

Deno.test({
  name: "a full disk: killed while it is full, all that was acknowledged is there",
  ignore: why !== undefined,
  async fn() {
    await using scratch = new Scratch();
    using disk = new SmallDisk(scratch.data, 3);
    let kept = 0;
    {
      await using server = await ServerProcess.start(fromSource(scratch.config()));
      using alice = await loggedIn(server, "alice");
      for (let full = false; !full;) {
        await write(alice, kept + 1).then(() => kept++, (error) => {
          checkRefusal(error);
          full = true;
        });
      }
      await server.kill();
    }
    disk.resize(32);
    scratch.checkFile();
    await using server = await ServerProcess.start(fromSource(scratch.config()));
    using alice = await RawClient.connect(server.ports.c2s);
    await alice.plain("alice", "secret");
    await alice.bind("desk");
    for (let n = 1; n <= kept; n++) equal(await read(alice, n), `${n} ${LARGE}`);
    equal(await server.stop(), 0);
  },
});

Deno.test({
  name: "storage that cannot be written: the start fails and says so",
  ignore: Deno.uid() === 0 && why !== undefined,
  async fn() {
    await using scratch = new Scratch();
    using disk = Deno.uid() === 0 ? new SmallDisk(scratch.data, 3) : undefined;
    if (disk !== undefined) disk.makeReadOnly();
    else Deno.mkdirSync(scratch.data, { mode: 0o500 });
    const { code, stderr } = await run(fromSource(scratch.config()));
    equal(code, 1, stderr);
    match(stderr, /cannot write ".*": .*; the data folder must belong to the user that runs the server/);
    equal(stderr.includes("    at "), false, `a stack trace is not for people:\n${stderr}`);
  },
});

async function loggedIn(server: ServerProcess, name: string): Promise<RawClient> {
  const client = await RawClient.connect(server.ports.c2s);
  await client.register(name, "secret");
  await client.plain(name, "secret");
  await client.bind("desk");
  return client;
}

/** What a client is told: it was not its fault, and it may try again. */
function checkRefusal(error: unknown): void {
  if (!(error instanceof Refused)) throw error;
  ok(["internal-server-error", "resource-constraint"].includes(error.condition), error.condition);
  equal(error.kind, "wait");
}

/** Each number has an element of its own, so that all of them are kept. */
async function write(client: RawClient, n: number): Promise<void> {
  await client.iq("set", `<query xmlns='${PRIVATE}'><x xmlns='${OWN}:${n}'>${n} ${LARGE}</x></query>`);
}

async function read(client: RawClient, n: number): Promise<string | undefined> {
  const result = await client.iq("get", `<query xmlns='${PRIVATE}'><x xmlns='${OWN}:${n}'/></query>`);
  return result.first()?.child("x", `${OWN}:${n}`)?.text;
}
