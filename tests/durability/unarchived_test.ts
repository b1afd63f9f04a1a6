/**
 * The same without an archive, where a message that was acknowledged is in the storage for those who are away or in the hands
 * of a session: somebody speaks, somebody listens, both are cut off, begin anew and come back, and the server is killed. All
 * that was acknowledged to the speaker reaches the listener; once, but for what was said again or not acknowledged.
 *
 * A listener whose connection is dead without anybody knowing is left out: what is written to it until the server finds out,
 * and has committed what follows from that, is lost with a server that is killed before (docs/durability.md).
 *
 * METRONOME_LONG=1 plays it many times and for longer, METRONOME_SEED=n plays the one of that seed.
 */
import { equal } from "node:assert/strict";
import type { Element } from "../../src/xml/element.ts";
import { makeCertificate } from "../interop/certificate.ts";
import { RawClient } from "./client.ts";
import { ManagedDevice } from "./managed_device.ts";
import { World } from "./model_world.ts";
import { Scratch } from "./scratch.ts";
import { fromSource, ServerProcess } from "./server_process.ts";

const CARBONS = "urn:xmpp:carbons:2";
const LONG = Deno.env.get("METRONOME_LONG") === "1";
const GAMES = LONG ? 10 : 1;
const STEPS = LONG ? 250 : 80;
const SEED = Deno.env.get("METRONOME_SEED");

class Speaker extends ManagedDevice {
  readonly #unsaid = new Map<string, string>();
  /** What was said more than once, because nobody had acknowledged it. */
  readonly again = new Set<string>();

  get isSettled(): boolean {
    return this.#unsaid.size === 0;
  }

  async say(address: string): Promise<void> {
    const id = this.world.says(this.local, "bob");
    this.world.note(`${this.name} says ${id} to ${address}`);
    const xml = `<message to='${address}' type='chat' id='${id}'><body>${id}</body></message>`;
    this.#unsaid.set(id, xml);
    await this.send(xml, id);
  }

  protected override fresh(): void {}

  protected override async begun(): Promise<void> {
    for (const [id, xml] of this.#unsaid) {
      this.again.add(id);
      await this.send(xml, id);
    }
  }

  protected override async resumed(): Promise<void> {}

  protected override message(message: Element): void {
    this.world.fail(`${this.name} got ${message}`, message.attr("id"));
  }

  protected override acknowledged(id: string, by: string): void {
    this.world.note(`${this.name} knows ${id} is safe by ${by}`);
    this.#unsaid.delete(id);
    this.world.acknowledged.add(id);
  }
}

class Listener extends ManagedDevice {
  readonly heard = new Set<string>();
  readonly #session = new Set<string>();

  constructor(private readonly speaker: Speaker, ...rest: ConstructorParameters<typeof ManagedDevice>) {
    super(...rest);
  }

  /** Reads as long as there is anything to read. */
  async hearOut(): Promise<void> {
    await this.client!.expect(() => false);
  }

  protected override fresh(): void {
    this.#session.clear();
  }

  protected override async begun(): Promise<void> {
    await this.send("<presence/>");
  }

  protected override async resumed(): Promise<void> {}

  protected override message(message: Element): void {
    // What is for another session of the app, which may not know that it is over, comes as a copy.
    const inner = message.child("received", CARBONS)?.first()?.child("message", "jabber:client") ?? message;
    const id = inner.attr("id") ?? "";
    this.world.note(`${this.name} got ${id}`);
    if (this.#session.has(id) && !this.speaker.again.has(id)) {
      this.world.fail(`${this.name} got ${id} twice in one session: ${message}`, id);
    }
    this.#session.add(id);
    this.heard.add(id);
  }

  protected override acknowledged(): void {}
}

async function play(seed: number): Promise<World> {
  const world = new World(seed);
  await using scratch = new Scratch();
  const { ca, cert, key } = await makeCertificate(scratch.folder);
  const authority = await Deno.readTextFile(ca);
  const host = `plugins = { remove = ["archive"] }\ncertificate = { cert = "${cert}", key = "${key}" }\n` +
    `[host.localhost.stream_management]\nresume_timeout = "3 s"`;
  const start = () => ServerProcess.start(fromSource(scratch.config("", host)));
  let server = await start();
  let probes = 0;
  const where = () => ({ port: server.ports.c2sTls, authority });
  const connect = () => RawClient.connectTls(server.ports.c2sTls, authority);
  const speaker = new Speaker(world, where, "alice", "desk");
  const listener = new Listener(speaker, world, where, "bob", "phone");

  const talk = () =>
    speaker.attempt("talks", async () => {
      for (let left = 1 + world.random(5); left > 0; left--) {
        await speaker.say(world.pick(["bob@localhost", "bob@localhost/phone"]));
      }
      if (world.random(2) === 0) await speaker.listen();
    });
  const kill = async (): Promise<void> => {
    world.note("kill -9");
    world.counts.kills++;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, world.random(80));
    const speaking = (async () => {
      while (speaker.isHere) await talk();
    })();
    const listening = listener.isHere
      ? listener.attempt("hears it out", () => listener.hearOut())
      : undefined;
    await over;
    await server.kill();
    await Promise.all([speaking, listening]);
    scratch.checkFile();
    server = await start();
  };
  const step = async (): Promise<void> => {
    const what = world.random(100);
    if (what < 6) return await kill();
    if (what < 8) return void await new Promise((resolve) => setTimeout(resolve, 2200));
    const device = world.pick([speaker, listener]);
    if (!device.isHere) await device.attempt("comes", () => device.comeBack());
    else if (what < 60) {
      await (device === speaker ? talk() : listener.attempt("listens", () => listener.listen()));
    } else if (what < 70) await device.attempt("listens", () => device.listen());
    else if (what < 90) device.cut(true);
    else if (what < 95) device.restart();
    else await device.attempt("leaves", () => device.leave());
    // The server has noticed who was cut off, and committed what it did for that: it has acknowledged something since.
    using probe = await connect();
    await probe.plain("carol", "secret");
    await probe.bind("probe");
    await probe.iq(
      "set",
      `<query xmlns='jabber:iq:private'><x xmlns='urn:test:probe'>${++probes}</x></query>`,
    );
  };

  try {
    for (const name of ["alice", "bob", "carol"]) {
      using client = await connect();
      await client.register(name, "secret");
    }
    for (let n = 0; n < STEPS; n++) await step();
    for (let round = 0; !speaker.isSettled || !speaker.isHere || !listener.isHere; round++) {
      if (round === 20) world.fail("it does not come to rest");
      for (const device of [speaker, listener]) {
        if (!device.isHere) await device.attempt("comes", () => device.comeBack());
        if (device.isHere) await device.attempt("listens", () => device.listen());
      }
    }
    // What is in the queue of a session that the app has forgotten comes when that is given up.
    const missing = () => [...world.acknowledged].find((id) => !listener.heard.has(id));
    for (let round = 0; round < 30 && (round === 0 || missing() !== undefined); round++) {
      if (!await listener.attempt("listens", () => listener.listen())) world.fail("the listener was cut off");
      if (missing() !== undefined) await new Promise((resolve) => setTimeout(resolve, 300));
    }
    if (missing() !== undefined) world.fail(`${missing()} was acknowledged, and never came`, missing());
    for (const device of [speaker, listener]) device.restart();
    equal(await server.stop(), 0);
    return world;
  } finally {
    for (const device of [speaker, listener]) device.restart();
    await server[Symbol.asyncDispose]();
  }
}

Deno.test("without an archive: all that was acknowledged reaches who it is for, whatever breaks", async () => {
  const sums: Record<string, number> = {};
  const seeds = SEED === undefined
    ? Array.from({ length: GAMES }, () => Math.floor(Math.random() * 2 ** 32))
    : [Number(SEED)];
  for (const seed of seeds) {
    const { acknowledged, counts } = await play(seed);
    for (const [what, count] of Object.entries({ messages: acknowledged.size, ...counts })) {
      sums[what] = (sums[what] ?? 0) + count;
    }
    if (LONG) console.log(`seed ${seed}: ${acknowledged.size} messages`);
  }
  console.log(`${seeds.length} games: ${Object.entries(sums).map(([what, n]) => `${n} ${what}`).join(", ")}`);
});
