/**
 * What services tell, in order, and not before what it tells of is safe: an event of something that a failed commit took
 * back is never sent. To many receivers it goes in slices between which everything else gets its turn.
 */
import { type HostScope, type Jid, type Stanza, stepAside } from "#plugin";

/** Receivers that are served before everything else gets its turn (ARCHITECTURE: fan-out). */
const SLICE = 256;

/** One event, for some. */
export interface Announcement {
  readonly stanza: Stanza;
  readonly to: readonly Jid[];
}

interface Entry {
  ready: boolean;
  announcements: readonly Announcement[];
}

export class Outbox {
  /** In order; those behind one that is not ready wait. */
  readonly #entries: Entry[] = [];
  readonly #going: Announcement[] = [];
  #next = 0;
  #running: Promise<void> | undefined;

  constructor(private readonly host: HostScope<unknown>) {}

  /** Whether something waits. */
  get busy(): boolean {
    return this.#running !== undefined || this.#entries.length > 0;
  }

  /** Tells it when everything since `before` (`host.writes` of then) is safe; where it could not be made so, `lost` is called. */
  put(before: number, announcements: readonly Announcement[], lost: () => void): void {
    const { host } = this;
    const wrote = host.writes !== before;
    if (!wrote && announcements.length === 0) return;
    const entry: Entry = { ready: !wrote, announcements };
    this.#entries.push(entry);
    if (!wrote) this.#drain();
    else {
      host.flush(before).catch(() => {
        entry.announcements = [];
        lost();
      }).then(() => {
        entry.ready = true;
        this.#drain();
      });
    }
  }

  #drain(): void {
    const entries = this.#entries;
    while (entries[0]?.ready === true) for (const one of entries.shift()!.announcements) this.#send(one);
  }

  #send(announcement: Announcement): void {
    if (announcement.to.length === 0) return;
    if (this.#running === undefined) {
      const { stanza, to } = announcement;
      const first = Math.min(to.length, SLICE);
      for (let i = 0; i < first; i++) this.host.send(stanza.addressed(to[i]!));
      if (first === to.length) return;
      this.#next = first;
    }
    this.#going.push(announcement);
    if (this.#running === undefined) {
      this.#running = this.#slices();
      this.host.spawn(() => this.#running ?? Promise.resolve());
    }
  }

  async #slices(): Promise<void> {
    const { host } = this;
    const going = this.#going;
    try {
      while (going.length > 0) {
        await stepAside();
        for (let left = SLICE; left > 0 && going.length > 0;) {
          const { stanza, to } = going[0]!;
          const end = Math.min(to.length, this.#next + left);
          left -= end - this.#next;
          while (this.#next < end) host.send(stanza.addressed(to[this.#next++]!));
          if (end < to.length) break;
          going.shift();
          this.#next = 0;
        }
      }
    } finally {
      this.#running = undefined;
    }
  }
}
