/**
 * What a room sends to its occupants, in order: at once while it is little, else in slices between which everything else
 * gets its turn. What comes later waits behind it.
 */
import { stepAside } from "#plugin";

/** Receivers that are served at once (ARCHITECTURE: fan-out), and in a turn where they are more: about a millisecond's work. */
const AT_ONCE = 200;
const SLICE = 100;

interface Job {
  readonly count: number;
  readonly each: (at: number) => void;
  next: number;
}

export class Outgoing {
  /** `failed` is told of what `each` throws, which is a bug. */
  constructor(private readonly failed: (error: unknown) => void) {}

  readonly #jobs: Job[] = [];
  #running: Promise<void> | undefined;

  /** Whether something waits. */
  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Resolves when everything so far has gone out; undefined where it has. */
  get settled(): Promise<void> | undefined {
    return this.#running;
  }

  /** Calls `each` for 0 … count - 1. */
  run(count: number, each: (at: number) => void): void {
    let next = 0;
    if (this.#running === undefined) {
      const first = count <= AT_ONCE ? count : SLICE;
      for (; next < first; next++) each(next);
      if (next === count) return;
    }
    this.#jobs.push({ count, each, next });
    this.#running ??= this.#slices();
  }

  async #slices(): Promise<void> {
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      await stepAside();
      this.#slice();
    }
    this.#running = undefined;
  }

  #slice(): void {
    let left = SLICE;
    for (let job = this.#jobs[0]; job !== undefined && left > 0; job = this.#jobs[0]) {
      const end = Math.min(job.count, job.next + left);
      left -= end - job.next;
      while (job.next < end) this.#one(job);
      if (job.next < job.count) return;
      this.#jobs.shift();
    }
  }

  #one(job: Job): void {
    try {
      job.each(job.next);
    } catch (error) {
      this.failed(error);
    }
    job.next++;
  }
}
