/**
 * What waits to be written. Text is appended to a stream, and one flush at the end of the tick joins it into one write a
 * connection: the greatest single saving there is (a system call costs as much as parsing a stanza).
 */

/** Something with text to write; lies in the flusher's list at most once a tick. */
export interface Flushable {
  flush(): void;
}

/** Flushes everything that was written to, once, when the current callback of the event loop is done. */
export class Flusher {
  #touched: Flushable[] = [];
  #spare: Flushable[] = [];
  readonly #run = (): void => this.flush();

  touch(item: Flushable): void {
    if (this.#touched.length === 0) queueMicrotask(this.#run);
    this.#touched.push(item);
  }

  /** At once, as a stop or a test wants it. */
  flush(): void {
    const now = this.#touched;
    if (now.length === 0) return;
    this.#touched = this.#spare;
    this.#spare = now;
    let failure: { error: unknown } | undefined;
    for (let i = 0; i < now.length; i++) {
      try {
        now[i]!.flush();
      } catch (error) {
        // The others must be written all the same: they would never be touched again.
        failure = { error };
      }
    }
    now.length = 0;
    if (failure !== undefined) throw failure.error;
  }
}
