/** One piece of work that several wait for; it is given up when nobody waits any more. */

/** Work begun once, with a signal that says when to give it up. */
export class Shared<T> {
  readonly #stop = new AbortController();
  readonly #result: Promise<T>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#stop.signal);
    // Whoever waits hears of a failure; if nobody does any more it concerns nobody.
    this.#result.catch(() => {});
  }

  /** Nobody waits for it any more. */
  get abandoned(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Fails for everybody. */
  fail(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Waits for the result, or until the signal says not to. */
  async wait(signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    let leave: (() => void) | undefined;
    try {
      if (signal === undefined) return await this.#result;
      const left = new Promise<never>((_, reject) => {
        leave = () => reject(signal.reason);
        signal.addEventListener("abort", leave);
      });
      return await Promise.race([this.#result, left]);
    } finally {
      if (leave !== undefined) signal?.removeEventListener("abort", leave);
      if (--this.#waiting === 0) this.#stop.abort(signal?.reason);
    }
  }
}
