/**
 * kill -9 in mid-traffic, again and again on the same data: whatever the server has acknowledged is there after the restart,
 * what it had not may be, nothing else is, and the file is sound. METRONOME_LONG=1 kills it a hundred times.
 */
import { equal } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fromSource, ServerProcess, settings } from "./server_process.ts";
import { Writer } from "./traffic.ts";

const KILLS = Deno.env.get("METRONOME_LONG") === "1" ? 100 : 3;
const WRITERS = 5;
/** Acknowledgements after which it may be killed, at most. */
const MOST = 250;

Deno.test(`killed ${KILLS} times in mid-traffic: all that was acknowledged is there`, async () => {
  const folder = await Deno.makeTempDir({ prefix: "durability-" });
  const data = `${folder}/data`;
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`writer${i}`, `sink${i}`));
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const config = `${folder}/${kill}.toml`;
      await Deno.writeTextFile(
        config,
        settings(data, `durability = "${kill % 2 === 0 ? "normal" : "full"}"`),
      );
      await using server = await ServerProcess.start(fromSource(config));
      const port = server.ports.c2s;
      await Promise.all(writers.map((writer) => kill === 0 ? writer.settle(port) : writer.check(port)));
      await killInTraffic(server, writers);
      await checkFile(folder, data);
    }
    await Deno.writeTextFile(`${folder}/last.toml`, settings(data));
    await using server = await ServerProcess.start(fromSource(`${folder}/last.toml`));
    await Promise.all(writers.map((writer) => writer.check(server.ports.c2s)));
    equal(await server.stop(), 0);
    await checkFile(folder, data);
    const sum = writers.reduce((total, { ledger }) => total + ledger.acknowledgements, 0);
    console.log(`${KILLS} kills, ${sum} acknowledged writes, none lost`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Traffic until the server has acknowledged a random number of times and a random moment has passed. */
async function killInTraffic(server: ServerProcess, writers: readonly Writer[]): Promise<void> {
  let left = 1 + Math.floor(Math.random() * MOST);
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const acknowledged = (): void => {
    if (--left === 0) setTimeout(resolve, Math.random() * 20);
  };
  const traffic = Promise.all(writers.map((writer) => writer.write(server.ports.c2s, acknowledged)));
  await Promise.race([
    enough,
    traffic.then(() => Promise.reject(new Error(`it was gone:\n${server.output}`))),
  ]);
  await server.kill();
  await traffic;
}

/** Looks at a copy, so that mending the file after the kill stays the server's own affair. */
async function checkFile(folder: string, data: string): Promise<void> {
  const copy = await Deno.makeTempDir({ dir: folder });
  for await (const { name } of Deno.readDir(data)) {
    if (/^metronome\.sqlite(-wal)?$/.test(name)) await Deno.copyFile(`${data}/${name}`, `${copy}/${name}`);
  }
  using database = new DatabaseSync(`${copy}/metronome.sqlite`);
  equal(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
}
