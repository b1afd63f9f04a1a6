/**
 * kill -9 in mid-traffic, again and again on the same data: whatever the server has acknowledged is there after the restart,
 * what it had not may be, nothing else is, and the file is sound. METRONOME_LONG=1 kills it a hundred times.
 */
import { equal } from "node:assert/strict";
import { Scratch } from "./scratch.ts";
import { fromSource, ServerProcess } from "./server_process.ts";
import { Writer } from "./traffic.ts";

const KILLS = Deno.env.get("METRONOME_LONG") === "1" ? 100 : 3;
const WRITERS = 5;
/** Acknowledgements after which it may be killed, at most. */
const MOST = 250;

Deno.test(`killed ${KILLS} times in mid-traffic: all that was acknowledged is there`, async () => {
  await using scratch = new Scratch();
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`writer${i}`, `sink${i}`));
  for (let kill = 0; kill < KILLS; kill++) {
    const config = scratch.config(`durability = "${kill % 2 === 0 ? "normal" : "full"}"`);
    await using server = await ServerProcess.start(fromSource(config));
    const port = server.ports.c2s;
    await Promise.all(writers.map((writer) => kill === 0 ? writer.settle(port) : writer.check(port)));
    await killInTraffic(server, writers);
    scratch.checkFile();
  }
  await using server = await ServerProcess.start(fromSource(scratch.config()));
  await Promise.all(writers.map((writer) => writer.check(server.ports.c2s)));
  equal(await server.stop(), 0);
  scratch.checkFile();
  const sum = writers.reduce((total, { ledger }) => total + ledger.acknowledgements, 0);
  console.log(`${KILLS} kills, ${sum} acknowledged writes, none lost`);
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
