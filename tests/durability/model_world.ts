/** What is known to be true in the model test: who said what, what was acknowledged, and how it came to that. */
import type { RawClient } from "./client.ts";
import type { History } from "./history.ts";

const MAM = "urn:xmpp:mam:2";
const RSM = "http://jabber.org/protocol/rsm";
const TRAIL = 80;

export class World {
  /** Messages by id: from whom and to whom. */
  readonly said = new Map<string, { readonly from: string; readonly to: string }>();
  readonly acknowledged = new Set<string>();
  readonly trail: string[] = [];
  /** What happened, for the record. */
  readonly counts = { cuts: 0, resumed: 0, anew: 0, kills: 0, stops: 0, pages: 0 };
  #seed: number;

  constructor(readonly seed: number) {
    this.#seed = seed >>> 0;
  }

  /** A number below n; the same ones for the same seed. */
  random(n: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) >>> 0;
    let t = this.#seed;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  note(what: string): void {
    this.trail.push(what);
  }

  /** `id`: the message that it is about, whose story is told. */
  fail(what: string, id?: string): never {
    const isAbout = (line: string): boolean => id !== undefined && line.split(" ").includes(id);
    const at = this.trail.findIndex(isAbout);
    const around = at < 0 ? [] : this.trail.slice(Math.max(0, at - TRAIL / 2), at + TRAIL);
    const parts = [
      `${what}\nseed ${this.seed}; all of ${id}:`,
      ...this.trail.filter(isAbout),
      "around that:",
      ...around,
      "the last:",
      ...this.trail.slice(-TRAIL),
    ];
    throw new Error(parts.join("\n"));
  }

  says(from: string, to: string): string {
    const id = `m${this.said.size}`;
    this.said.set(id, { from, to });
    return id;
  }

  /** The archive of an account as it is, oldest first: the senders' ids with the archive's names. */
  async archive(client: RawClient): Promise<[id: string, name: string][]> {
    const found: [string, string][] = [];
    for (let after = "";;) {
      const fin = await client.iq(
        "set",
        `<query xmlns='${MAM}'><set xmlns='${RSM}'><max>200</max>${after}</set></query>`,
      );
      for (const message of client.inbox.splice(0)) {
        const result = message.child("result", MAM);
        const kept = result?.first()?.child("message", "jabber:client");
        if (kept !== undefined) found.push([kept.attr("id") ?? "", result!.attr("id")!]);
      }
      const end = fin.child("fin", MAM)!;
      if (end.attr("complete") === "true") return found;
      after = `<after>${end.child("set", RSM)!.childText("last")}</after>`;
    }
  }

  /** An archive has what its person said and was said to, once. */
  checkArchive(local: string, archive: readonly (readonly [string, string])[]): void {
    const ids = new Set<string>();
    for (const [id] of archive) {
      if (ids.has(id)) this.fail(`the archive of ${local} has ${id} twice`, id);
      ids.add(id);
      const said = this.said.get(id);
      if (said === undefined) this.fail(`the archive of ${local} has ${id}, which nobody said`);
      if (said.from !== local && said.to !== local) {
        this.fail(`the archive of ${local} has ${id} of others`, id);
      }
    }
    for (const [id, { from, to }] of this.said) {
      if (!this.acknowledged.has(id)) this.fail(`${id} was never acknowledged`, id);
      if ((from === local || to === local) && !ids.has(id)) {
        this.fail(`${id} was acknowledged and is not in the archive of ${local}`, id);
      }
    }
  }

  /** A device has all of its archive, once, and in its order. */
  checkHistory(device: string, history: History, archive: readonly (readonly [string, string])[]): void {
    const inArchive = new Map(archive);
    for (const [id] of archive) if (!history.has(id)) this.fail(`${device} never got ${id}`, id);
    for (const id of history.ids) {
      if (!inArchive.has(id)) this.fail(`${device} has ${id}, which is not in its archive`, id);
    }
    const names = new Set(history.names);
    const inOrder = archive.map(([, name]) => name).filter((name) => names.has(name));
    const own = history.names;
    const at = inOrder.findIndex((name, i) => own[i] !== name);
    if (at >= 0 || own.length !== inOrder.length) {
      const id = archive.find(([, name]) => name === (inOrder[at] ?? own.at(-1)))?.[0];
      this.fail(`${device} has another order than its archive, from ${id} on`, id);
    }
  }
}
