/** One thing that is waited for, and for how long at most. */
import type { Clock } from "../base/clock.ts";

/** How a wait ends when what is waited for does not come. */
export interface Bounds {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error when the time is over. */
  late(): Error;
}

/** Begins something, and says how to stop it. It tells its result by one of the two functions. */
export type Begin<T> = (done: (value: T) => void, failed: (error: unknown) => void) => () => void;

/** Waits within bounds. However it ends, what was begun is stopped and no timer or listener stays. */
export function bounded<T>(bounds: Bounds, begin: Begin<T>): Promise<T> {
  const { clock, timeoutMs, signal } = bounds;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    let over = false;
    const begun: { stop?: () => void } = {};
    const end = (): boolean => {
      if (over) return false;
      over = true;
      timer.cancel();
      signal?.removeEventListener("abort", aborted);
      begun.stop?.();
      return true;
    };
    const aborted = () => void (end() && reject(signal?.reason));
    const timer = clock.after(timeoutMs, () => void (end() && reject(bounds.late())));
    signal?.addEventListener("abort", aborted);
    begun.stop = begin((value) => void (end() && resolve(value)), (error) => void (end() && reject(error)));
    if (over) begun.stop();
  });
}
