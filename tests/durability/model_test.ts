/**
 * Two people with two devices each, over TLS, with all that apps use to lose nothing: their connections break, the server is
 * killed and stopped, and everybody comes back in any order. At the end both devices of a person show the same history, that
 * of their archive, in its order, once, and all that was ever acknowledged to anybody is in it.
 *
 * METRONOME_LONG=1 plays it many times and for longer, METRONOME_SEED=n plays the one of that seed.
 */
import { equal } from "node:assert/strict";
import { makeCertificate } from "../interop/certificate.ts";
import { RawClient } from "./client.ts";
import type { Where } from "./managed_device.ts";
import { Device } from "./model_device.ts";
import { World } from "./model_world.ts";
import { Scratch } from "./scratch.ts";
import { fromSource, ServerProcess } from "./server_process.ts";

const LONG = Deno.env.get("METRONOME_LONG") === "1";
const GAMES = LONG ? 20 : 2;
const STEPS = LONG ? 250 : 80;
const SEED = Deno.env.get("METRONOME_SEED");
const PEOPLE = ["alice", "bob"] as const;

/** One server and everybody who speaks to it. */
class Game {
  readonly devices: readonly Device[];
  #server: ServerProcess | undefined;
  #where: Where | undefined;

  constructor(
    readonly world: World,
    private readonly scratch: Scratch,
    private readonly config: string,
    private readonly authority: string,
  ) {
    const where = (): Where => this.#where!;
    this.devices = PEOPLE.flatMap((local) =>
      ["phone", "desk"].map((resource) => new Device(world, where, local, resource))
    );
  }

  async start(): Promise<void> {
    this.#server = await ServerProcess.start(fromSource(this.config));
    this.#where = { port: this.#server.ports.c2sTls, authority: this.authority };
  }

  async begin(): Promise<void> {
    await this.start();
    for (const name of PEOPLE) {
      using client = await this.#connect();
      await client.register(name, "secret");
    }
    for (const device of this.devices) await device.attempt("comes", () => device.comeBack());
  }

  async step(): Promise<void> {
    const { world } = this;
    const what = world.random(100);
    if (what < 4) return await this.#kill();
    if (what < 5) return await this.#stop();
    if (what < 6) return await this.#wait();
    if (what < 20) return void await Promise.all(this.#here.map((device) => this.#talk(device)));
    const device = world.pick(this.devices);
    if (!device.isHere) {
      // Sometimes several at once.
      const others = this.devices.filter((it) => it === device || (!it.isHere && world.random(2) === 0));
      await Promise.all(others.map((it) => it.attempt("comes", () => it.comeBack())));
    } else if (what < 50) await this.#talk(device);
    else if (what < 70) await device.attempt("listens", () => device.listen());
    else if (what < 88) device.cut(world.random(3) > 0);
    else if (what < 92) device.restart();
    else if (what < 95) await device.attempt("leaves", () => device.leave());
    else await device.attempt("looks or not", () => device.state());
  }

  /** Everybody is there and has heard everything; then it is compared. */
  async end(): Promise<void> {
    for (let round = 0; !this.devices.every((device) => device.isHere && device.isSettled); round++) {
      if (round === 20) this.world.fail("it does not come to rest");
      for (const device of this.devices) {
        if (!device.isHere) await device.attempt("comes", () => device.comeBack());
        if (device.isHere) await device.attempt("listens", () => device.listen());
      }
    }
    for (const device of this.devices) {
      if (!await device.attempt("listens", () => device.listen())) {
        this.world.fail(`${device.name} was cut off`);
      }
    }
    for (const local of PEOPLE) {
      using client = await this.#connect();
      await client.plain(local, "secret");
      await client.bind("judge");
      const archive = await this.world.archive(client);
      this.world.checkArchive(local, archive);
      for (const device of this.devices) {
        if (device.local === local) this.world.checkHistory(device.name, device.history, archive);
      }
    }
    for (const device of this.devices) device.restart();
    equal(await this.#server!.stop(), 0);
    this.scratch.checkFile();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.devices) device.restart();
    await this.#server?.[Symbol.asyncDispose]();
  }

  get #here(): Device[] {
    return this.devices.filter((device) => device.isHere);
  }

  async #connect(): Promise<RawClient> {
    return await RawClient.connectTls(this.#where!.port, this.authority);
  }

  /** Some messages to the other person or to oneself, to all devices or to one; then it may listen. */
  async #talk(device: Device): Promise<void> {
    const { world } = this;
    await device.attempt("talks", async () => {
      for (let left = 1 + world.random(5); left > 0; left--) {
        const to = world.random(10) === 0 ? device.local : PEOPLE.find((name) => name !== device.local)!;
        const other = world.pick(this.devices.filter((it) => it.local === to && it !== device));
        const isForOne = to !== device.local && world.random(3) === 0;
        await device.say(to, isForOne ? `${to}@localhost/${other.resource}` : `${to}@localhost`);
      }
      if (world.random(2) === 0) await device.listen();
    });
  }

  /** kill -9 while everybody talks or comes back. */
  async #kill(): Promise<void> {
    const { world } = this;
    world.note("kill -9");
    world.counts.kills++;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, world.random(80));
    const traffic = Promise.all(this.devices.map(async (device) => {
      if (!device.isHere) return void await device.attempt("comes", () => device.comeBack());
      while (device.isHere) await this.#talk(device);
    }));
    await over;
    await this.#server!.kill();
    await traffic;
    for (const device of this.#here) device.cut(true);
    this.scratch.checkFile();
    await this.start();
    world.note("started again");
  }

  async #stop(): Promise<void> {
    this.world.note("stopped in order");
    this.world.counts.stops++;
    equal(await this.#server!.stop(), 0);
    for (const device of this.#here) device.cut(true);
    await this.start();
  }

  /** Sessions that nobody resumes in time end meanwhile. */
  async #wait(): Promise<void> {
    this.world.note("two seconds pass");
    await new Promise((resolve) => setTimeout(resolve, 2200));
  }
}

async function play(seed: number): Promise<World> {
  const world = new World(seed);
  await using scratch = new Scratch();
  const { ca, cert, key } = await makeCertificate(scratch.folder);
  const config = scratch.config("", `certificate = { cert = "${cert}", key = "${key}" }`);
  await using game = new Game(world, scratch, config, await Deno.readTextFile(ca));
  await game.begin();
  for (let step = 0; step < STEPS; step++) await game.step();
  await game.end();
  return world;
}

Deno.test("the devices of a person have one history, whatever breaks", async () => {
  const sums: Record<string, number> = {};
  const seeds = SEED === undefined
    ? Array.from({ length: GAMES }, () => Math.floor(Math.random() * 2 ** 32))
    : [Number(SEED)];
  for (const seed of seeds) {
    const { said, counts } = await play(seed);
    for (const [what, count] of Object.entries({ messages: said.size, ...counts })) {
      sums[what] = (sums[what] ?? 0) + count;
    }
    if (LONG) console.log(`seed ${seed}: ${said.size} messages`);
  }
  console.log(
    `${seeds.length} games: ${Object.entries(sums).map(([what, count]) => `${count} ${what}`).join(", ")}`,
  );
});
