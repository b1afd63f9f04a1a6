/**
 * Time, the only source of it. Whatever needs to know the hour or to wait is given a `Clock`; no other file of
 * the server calls `Date.now` or `setTimeout`. Tests hand in a clock that they move themselves.
 */

/** Something that will happen once, later, unless it is cancelled. */
export interface Timer {
  /** Calls it off. Harmless when it has happened already. */
  cancel(): void;
}

/** What a part of the server may know about time. */
export interface Clock {
  /** Milliseconds since 1970, for stamps that people and other servers read. May jump when the machine's time is set. */
  now(): number;
  /** Milliseconds since some fixed moment, for measuring and for deadlines. Never goes back. */
  monotonic(): number;
  /** Calls `fn` once, after at least `ms` milliseconds. */
  after(ms: number, fn: () => void): Timer;
}

/** The longest delay that a runtime timer keeps; a longer one would fire at once (2^31 - 1 ms, about 24.8 days). */
const LONGEST = 2_147_483_647;

class SystemTimer implements Timer {
  #handle: ReturnType<typeof setTimeout>;

  constructor(ms: number, fn: () => void) {
    this.#handle = this.#wait(ms, fn);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #wait(ms: number, fn: () => void): ReturnType<typeof setTimeout> {
    if (!(ms > LONGEST)) return setTimeout(fn, ms);
    return setTimeout(() => {
      this.#handle = this.#wait(ms - LONGEST, fn);
    }, LONGEST);
  }
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, fn) => new SystemTimer(ms, fn),
};
