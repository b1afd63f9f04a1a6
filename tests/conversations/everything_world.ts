/** What the everything test knows to be true: who said what to whom, who blocks whom, and what must become of it. */

interface Said {
  readonly from: string;
  readonly to: string;
  /** Somebody had blocked the other when it was said: its receiver must never get it. */
  readonly forbidden: boolean;
  /** It was the sender: its other devices and its archive must not get it either. */
  readonly withheld: boolean;
  /** Its receiver blocked its sender before it came: it may be lost, and refused. */
  excused: boolean;
  heard: boolean;
}

export class World {
  readonly messages = new Map<string, Said>();
  readonly blockers = new Set<string>();
  /** Said and neither heard nor excused yet. */
  readonly #due = new Set<string>();
  readonly #last = new Map<string, string>();
  readonly #archives = new Map<string, Map<string, number>>();

  /** `trail`: what was done last, or after a message was said. */
  constructor(private readonly trail: (id?: string) => string) {}

  fail(what: string, id?: string): never {
    throw new Error(`${what}\n${this.trail(id)}`);
  }

  /** Whether one of two people has blocked the other. */
  get apart(): boolean {
    return this.blockers.size > 0;
  }

  says(from: string, to: string): string {
    const id = `m${this.messages.size}`;
    const forbidden = from !== to && this.apart;
    const withheld = forbidden && this.blockers.has(from);
    this.messages.set(id, { from, to, forbidden, withheld, excused: false, heard: false });
    if (!forbidden) this.#due.add(id);
    return id;
  }

  blocks(local: string): void {
    this.blockers.add(local);
    for (const id of this.#due) {
      const said = this.messages.get(id)!;
      if (said.to !== local || said.from === local) continue;
      said.excused = true;
      this.#due.delete(id);
    }
  }

  arrived(id: string, local: string): void {
    const said = this.messages.get(id);
    if (said === undefined) this.fail(`${local} got ${id}, which nobody has said`);
    if (said.withheld || (said.forbidden && local === said.to)) {
      this.fail(`${local} got ${id}, which was said in vain`);
    }
    if (local !== said.from && local !== said.to) this.fail(`${local} got ${id}, which is not theirs`);
    if (local !== said.to) return;
    said.heard = true;
    this.#due.delete(id);
  }

  refused(id: string | undefined, sender: string): void {
    if (id === undefined) return;
    const said = this.messages.get(id);
    if (said === undefined) this.fail(`${sender} got an error for ${id}, which nobody has said`);
    if (!said.forbidden && !said.excused) this.fail(`${sender} got an error for ${id}, which is not lost`);
  }

  /** What has been said, and must still come. */
  get due(): readonly string[] {
    return [...this.#due];
  }

  // --- archives ---------------------------------------------------------------------------------------------------

  /** Where the next page begins. */
  after(local: string): string {
    const last = this.#last.get(local);
    return last === undefined ? "" : `<after>${last}</after>`;
  }

  fetched(local: string, last: string | undefined): void {
    if (last !== undefined) this.#last.set(local, last);
  }

  inArchive(local: string, id: string | undefined): void {
    if (id?.startsWith("m") !== true) return;
    const kept = this.#archives.get(local) ?? new Map<string, number>();
    this.#archives.set(local, kept);
    kept.set(id, (kept.get(id) ?? 0) + 1);
    if (kept.get(id)! > 1) this.fail(`the archive of ${local} has ${id} twice`);
    const said = this.messages.get(id);
    if (said?.to === local) this.arrived(id, local);
  }

  /** Every message that was taken is in the archives of both, once, and no other. */
  checkArchives(): void {
    for (const [id, { from, to, forbidden, withheld }] of this.messages) {
      for (const local of new Set([from, to])) {
        const kept = this.#archives.get(local)?.has(id) === true;
        if (kept === (local === to ? forbidden : withheld)) {
          this.fail(`${id} of ${from} to ${to} is ${kept ? "" : "not "}in the archive of ${local}`);
        }
      }
    }
  }
}
