/** Time by hand: it stands still until a test moves it. */
import type { Clock, Timer } from "../base/clock.ts";
import { parseDuration } from "../config/mod.ts";

interface Waiting {
  readonly at: number;
  readonly fn: () => void;
}

export class ManualClock implements Clock {
  #time: number;
  readonly #waiting = new Set<Waiting>();
  /** Runs after every timer, so that what it started is done before the next one. */
  settle: () => Promise<void> = () => Promise.resolve();

  /** Starts at a round hour, so that stamps in tests are readable. */
  constructor(start = Date.UTC(2026, 0, 1, 12)) {
    this.#time = start;
  }

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time;
  }

  after(ms: number, fn: () => void): Timer {
    const waiting = { at: this.#time + Math.max(0, ms), fn };
    this.#waiting.add(waiting);
    return { cancel: () => void this.#waiting.delete(waiting) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Lets time pass: milliseconds, or a duration as the configuration spells it ("5 minutes"). */
  async advance(by: number | string): Promise<void> {
    const ms = typeof by === "number" ? by : parseDuration(by);
    if (ms === undefined || !Number.isFinite(ms)) throw new TypeError(`"${by}" is not a duration`);
    const end = this.#time + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.delete(next);
      this.#time = Math.max(this.#time, next.at);
      next.fn();
      await this.settle();
    }
    this.#time = end;
    await this.settle();
  }

  #next(end: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.at <= end && (first === undefined || waiting.at < first.at)) first = waiting;
    }
    return first;
  }
}
