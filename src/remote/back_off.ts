/** How long a domain that could not be reached is left alone: longer each time, and never for all domains at once. */
import type { StanzaError } from "../stanza/error.ts";

export class BackOff {
  /** Until when nothing is tried, by the monotonic clock. */
  #until = 0;
  #times = 0;
  /** Why it was not reached: what comes meanwhile is answered the same. */
  failure: StanzaError | undefined;

  /** Whether it is left alone now. */
  holds(now: number): boolean {
    return now < this.#until;
  }

  /** It could not be reached, once more. A quarter of jitter keeps many domains of one dead server apart. */
  failed(failure: StanzaError, now: number, first: number, most: number, random: number): void {
    this.failure = failure;
    const wait = Math.min(first * 2 ** Math.min(this.#times++, 20), most);
    this.#until = now + wait * (0.75 + random / 2);
  }

  /** It was reached, or has reached us. */
  reset(): void {
    this.#until = this.#times = 0;
    this.failure = undefined;
  }
}
