/** What this floor's tests share: a temporary folder, a log that is kept, a clock that is moved by hand. */
import type { Clock, Timer } from "../base/clock.ts";
import { createLog, type Log } from "../base/log.ts";
import { Database, type DatabaseSettings } from "./database.ts";

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  #now = Date.UTC(2026, 0, 2, 3, 4, 5);
  #mono = 0;
  readonly #timers = new Set<{ due: number; fn: () => void }>();

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#mono;
  }

  after(ms: number, fn: () => void): Timer {
    const timer = { due: this.#mono + ms, fn };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const end = this.#mono + ms;
    for (;;) {
      const next = [...this.#timers].filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#mono = Math.max(this.#mono, next.due);
      next.fn();
    }
    this.#mono = end;
    this.#now += ms;
  }
}

/** A log that keeps its lines. */
export function keptLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level: "debug", write: (line) => void lines.push(line) }), lines };
}

/** A folder of one test. */
export interface Scratch {
  readonly folder: string;
  readonly file: string;
  readonly clock: HandClock;
  readonly lines: string[];
  readonly log: Log;
  open(settings?: Partial<DatabaseSettings>): Database;
}

/** Runs a test with a folder of its own, and closes what it opened. */
export async function scratch(test: (s: Scratch) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "metronome-storage-" });
  const clock = new HandClock();
  const { log, lines } = keptLog();
  const opened: Database[] = [];
  const file = `${folder}/data/metronome.db`;
  const open = (settings: Partial<DatabaseSettings> = {}) => {
    const database = Database.open({ path: file, durability: "normal", clock, log, ...settings });
    opened.push(database);
    return database;
  };
  try {
    await test({ folder, file, clock, lines, log, open });
  } finally {
    for (const database of opened) await database.close().catch(() => {});
    Deno.removeSync(folder, { recursive: true });
  }
}
