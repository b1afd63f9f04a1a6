/**
 * All standard plugins together, and two people with two devices each who do everything in any order. Whatever they do:
 * every message that was taken reaches its account, no session gets one twice, nothing comes from somebody who is blocked,
 * nobody is told that a message is lost which is not, a push goes out only to a device that is away, and every device that
 * is looked at knows who is there.
 *
 * METRONOME_LONG=1 does it for longer, METRONOME_SEED=n in another order.
 */
import { equal } from "node:assert/strict";
import type { AnyPlugin } from "#plugin";
import { type TestServer, testServer } from "#testing";
import { archive } from "../../plugins/archive/archive.ts";
import catalog from "../../plugins/mod.ts";
import { Device } from "./everything_device.ts";
import { World } from "./everything_world.ts";
import { PushService, SERVICE } from "./push_service.ts";

const STEPS = Deno.env.get("METRONOME_LONG") === "1" ? 20_000 : 200;
const SEED = Number(Deno.env.get("METRONOME_SEED") ?? 20261125);
const TRAIL = 60;
const CARBONS = "urn:xmpp:carbons:2";
const BLOCKING = "urn:xmpp:blocking";

const standard = (catalog as readonly AnyPlugin[]).filter((plugin) => plugin.standard === true);
const without = standard.filter((plugin) => plugin.name !== "archive");

class Play {
  readonly trail: string[] = [];
  readonly world = new World((id) => {
    const at = id === undefined ? -1 : this.trail.findIndex((line) => line.startsWith(`   ${id} to `));
    const lines = at < 0 ? this.trail.slice(-TRAIL) : this.trail.slice(Math.max(0, at - TRAIL), at + TRAIL);
    return `seed ${SEED}\n${lines.join("\n")}`;
  });
  readonly devices: readonly Device[];
  readonly service: PushService;
  #seed: number;

  constructor(readonly server: TestServer, seed: number, readonly archived: boolean) {
    this.#seed = seed >>> 0;
    this.service = new PushService(server);
    this.devices = ["alice", "bob"].flatMap((local) =>
      ["phone", "desk"].map((resource) => new Device(server, this.world, local, resource))
    );
  }

  random(n: number): number {
    this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) >>> 0;
    return Math.floor(this.#seed / 4294967296 * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  /** They become contacts, and their phones are to be woken. */
  async begin(): Promise<void> {
    for (const device of this.devices) {
      await device.login(true);
      await device.presence(0);
    }
    const [alice, , bob] = this.devices as [Device, Device, Device];
    for (const [one, other] of [[alice, bob], [bob, alice]] as const) {
      await one.send(`<presence type='subscribe' to='${other.account}'/>`);
      await other.send(`<presence type='subscribed' to='${one.account}'/>`);
      await one.send(
        `<iq type='set' id='push'><enable xmlns='urn:xmpp:push:0' jid='${SERVICE}' node='${one.local}'/></iq>`,
      );
    }
    await this.#listen();
  }

  async step(): Promise<void> {
    const device = this.pick(this.devices);
    const what = device.state === "gone"
      ? "login"
      : device.state === "cut"
      ? this.pick(["resume", "resume", "login", "wait"] as const)
      : this.pick(HERE);
    this.trail.push(`${device.full} (${device.state}) ${what}`);
    await this[what](device);
    await this.#listen();
    this.#checkPresence();
  }

  // --- what a device may do ---------------------------------------------------------------------------------------

  async login(device: Device): Promise<void> {
    await device.login(this.random(4) > 0);
    if (this.archived && this.random(2) === 0) await device.catchUp();
    if (this.random(2) === 0) await device.send(`<iq type='set' id='c'><enable xmlns='${CARBONS}'/></iq>`);
    if (this.random(5) > 0) await device.presence(this.pick([0, 0, 5, -1]));
  }

  async resume(device: Device): Promise<void> {
    if (!await device.resume()) this.trail.push("   it was too late");
  }

  async send(device: Device): Promise<void> {
    const other = this.pick(this.devices.filter(({ local }) => local !== device.local));
    const to = this.random(12) === 0 ? device : other;
    const address = this.random(3) === 0 && to !== device ? to.full : to.account;
    const id = this.world.says(device.local, to.local);
    this.trail.push(`   ${id} to ${address}${this.world.messages.get(id)!.forbidden ? ", in vain" : ""}`);
    // The one that has enabled it, whoever else is there.
    const woken = this.devices.find(({ local }) => local === to.local)!;
    const listens = woken.state === "here" && woken.available && !woken.shy;
    await device.send(
      `<message to='${address}' id='${id}'${this.pick([" type='chat'", ""])}><body>${id}</body></message>`,
    );
    const pushed = await this.service.count();
    if (pushed > 0 && listens) this.world.fail(`a push for ${id}, to a device that is there`);
  }

  noise(device: Device): Promise<void> {
    const { account } = this.pick(this.devices);
    return device.send(
      `<message to='${account}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
    );
  }

  presence(device: Device): Promise<void> {
    return device.presence(this.pick([0, 0, 5, -1, undefined]));
  }

  async cut(device: Device): Promise<void> {
    await device.cut(this.random(4));
  }

  close(device: Device): Promise<void> {
    return device.close();
  }

  acknowledge(device: Device): Promise<void> {
    return device.acknowledge();
  }

  carbons(device: Device): Promise<void> {
    const what = this.pick(["enable", "disable"]);
    return device.send(`<iq type='set' id='c'><${what} xmlns='${CARBONS}'/></iq>`);
  }

  async state(device: Device): Promise<void> {
    device.active = this.random(2) === 0;
    await device.send(`<${device.active ? "active" : "inactive"} xmlns='urn:xmpp:csi:0'/>`);
  }

  async block(device: Device): Promise<void> {
    const { local } = device;
    const name = this.world.blockers.has(local) ? "unblock" : "block";
    const other = local === "alice" ? "bob" : "alice";
    if (name === "block") this.world.blocks(local);
    await device.send(
      `<iq type='set' id='b'><${name} xmlns='${BLOCKING}'><item jid='${other}@a.test'/></${name}></iq>`,
    );
    if (name === "unblock") this.world.blockers.delete(local);
  }

  async wait(): Promise<void> {
    const seconds = this.random(10) === 0 ? 700 : this.random(40);
    this.trail.push(`   ${seconds} s`);
    // Whoever is there answers in time; a test of those who do not is in stream_management_test.ts.
    for (const device of this.devices) if (device.state === "here") await device.acknowledge();
    await this.server.clock.advance(seconds * 1000);
  }

  // --- what must be true ------------------------------------------------------------------------------------------

  async #listen(): Promise<void> {
    for (const device of this.devices) device.read();
    await this.service.count();
  }

  #checkPresence(): void {
    for (const device of this.devices) {
      if (device.state !== "here" || !device.available || !device.active) continue;
      const there = ["alice", "bob"].filter((local) => local === device.local || !this.world.apart)
        .flatMap((local) => [...this.server.host.registry.of(local)])
        .filter(({ presence, jid }) => presence !== undefined && jid!.toString() !== device.full)
        .map(({ jid }) => jid!.toString());
      const seen = [...device.view].sort().join(" ");
      if (seen !== there.sort().join(" ")) this.world.fail(`${device.full} sees [${seen}], not [${there}]`);
    }
  }

  /** Everybody goes, and comes back with one new device that has no archive. */
  async end(): Promise<void> {
    for (const device of this.devices) {
      if (device.state === "gone") await this.login(device);
      if (device.state === "cut") await device.resume();
    }
    for (const device of this.devices) {
      if (device.state === "here" && this.world.blockers.has(device.local)) await this.block(device);
    }
    for (const device of this.devices) if (device.state === "here") await device.cut(this.random(3));
    await this.server.clock.advance("20 min");
    for (const local of ["alice", "bob"]) {
      const last = new Device(this.server, this.world, local, "last");
      await last.login(false);
      await last.presence(0);
      last.read();
      for (const id of this.world.due) {
        if (this.world.messages.get(id)!.to === local) this.world.fail(`${local} never got ${id}`, id);
      }
      if (this.archived) await last.catchUp();
      await last.close();
    }
    if (this.archived) this.world.checkArchives();
    equal(this.server.host.registry.size, 0);
  }
}

const HERE = [
  ...Array<"send">(10).fill("send"),
  "noise",
  "presence",
  "presence",
  "cut",
  "cut",
  "close",
  "acknowledge",
  "acknowledge",
  "carbons",
  "state",
  "state",
  "block",
  "wait",
] as const;

for (
  const [name, plugins, archived] of [
    ["with an archive", [...without, archive as AnyPlugin], true],
    ["without an archive", without, false],
  ] as const
) {
  Deno.test(`everything at once, ${name}: nothing lost, doubled, leaked or refused`, async () => {
    await using server = await testServer({ plugins });
    const play = new Play(server, SEED, archived);
    await play.begin();
    for (let step = 0; step < STEPS; step++) await play.step();
    await play.end();
  });
}
