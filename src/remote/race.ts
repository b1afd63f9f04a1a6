/**
 * One of several ways, whichever leads there first (RFC 8305 §5): each gets a head start of a moment, or the next begins
 * at once when it fails. What is not needed any more is stopped.
 */
import type { Clock } from "../base/clock.ts";
import { bounded } from "../dns/bounded.ts";

/** A way. It may say that it has got halfway: then it is given more time before the next begins. */
export type Way<T> = (signal: AbortSignal, halfway: () => void) => Promise<T>;

/** How they are tried. */
export interface RaceOptions<T> {
  readonly clock: Clock;
  /** The head start. */
  readonly headStartMs: number;
  /** The head start of one that has got halfway. */
  readonly patienceMs: number;
  /** All in all. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Undoes what came of a way after another had won. */
  discard(result: T): void;
  /** The error when none leads there: what became of each, undefined for those that were still on their way. */
  lost(failures: readonly unknown[]): Error;
}

/** The result of the first way that leads there. */
export function race<T>(ways: readonly Way<T>[], options: RaceOptions<T>): Promise<T> {
  const { clock, timeoutMs, signal } = options;
  const failures: unknown[] = new Array(ways.length).fill(undefined);
  const late = () => options.lost(failures);
  return bounded<T>({ clock, timeoutMs, signal, late }, (done, failed) => {
    const run = new Run(ways, options, failures, done, failed);
    run.next();
    return () => run.stop();
  });
}

class Run<T> {
  readonly #stops: AbortController[] = [];
  #over = false;
  #running = 0;
  #timer: { cancel(): void } | undefined;

  constructor(
    readonly ways: readonly Way<T>[],
    readonly options: RaceOptions<T>,
    readonly failures: unknown[],
    readonly done: (result: T) => void,
    readonly failed: (error: unknown) => void,
  ) {}

  /** Begins the next way, or ends the race when there is none and nobody is on his way. */
  next(): void {
    this.#timer?.cancel();
    if (this.#over) return;
    const place = this.#stops.length;
    const way = this.ways[place];
    if (way === undefined) {
      if (this.#running === 0) this.failed(this.options.lost(this.failures));
      return;
    }
    const stop = new AbortController();
    this.#stops.push(stop);
    this.#running++;
    this.#wait(this.options.headStartMs);
    way(stop.signal, () => this.#halfway(place)).then(
      (result) => this.#arrived(place, result),
      (error: unknown) => this.#fell(place, error),
    );
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
    for (const stop of this.#stops) stop.abort(new Error("not needed any more"));
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.options.clock.after(ms, () => this.next());
  }

  #halfway(place: number): void {
    if (!this.#over && place === this.#stops.length - 1) this.#wait(this.options.patienceMs);
  }

  #arrived(place: number, result: T): void {
    this.#running--;
    if (this.#over) return this.options.discard(result);
    // The winner's own signal stays silent: what it made listens to it no more, but need not know.
    this.#stops.splice(place, 1);
    this.done(result);
  }

  #fell(place: number, error: unknown): void {
    this.#running--;
    this.failures[place] = error;
    this.next();
  }
}
