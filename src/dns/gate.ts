/** How much goes on at a time: the rest waits for its turn. Every question under way has a socket. */

/** Lets so many in at once, in the order in which they came. */
export class Gate {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Does it when its turn has come; never when the signal is given before. */
  async pass<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#most) await this.#turn(signal);
    else this.#inside++;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const gaveUp = () => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener("abort", gaveUp);
        resolve();
      };
      signal.addEventListener("abort", gaveUp);
      this.#waiting.add(enter);
    });
  }

  /** Whoever waits for longest takes the place of the one who leaves. */
  #leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      return next();
    }
    this.#inside--;
  }
}
