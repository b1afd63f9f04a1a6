/**
 * A token bucket: so many a second on the long run, and a burst on top. It may be overdrawn, because what has
 * arrived has arrived: the answer is how long to stop reading, not whether to throw something away.
 */

/** Tokens that come back at `rate` a second, up to `burst`. A rate of Infinity never makes anybody wait. */
export class Bucket {
  #tokens: number;
  #at = -Infinity;

  constructor(public rate: number, public burst: number) {
    this.#tokens = burst;
  }

  /** Takes `n` tokens, overdrawing if need be; the milliseconds to wait until the account is level again (0 = go on). */
  take(n: number, now: number): number {
    this.#refill(now);
    this.#tokens -= n;
    if (this.#tokens >= 0 || this.rate === Infinity) return 0;
    return Math.ceil(-this.#tokens / this.rate * 1000);
  }

  /** Takes `n` tokens if they are there; else takes none and says false. For what can be refused, such as a login. */
  tryTake(n: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < n) return false;
    this.#tokens -= n;
    return true;
  }

  /** Whether nothing has been taken of late: such a bucket may be forgotten, a new one would be the same. */
  full(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.burst;
  }

  #refill(now: number): void {
    // A clock that went back gives nothing and takes nothing.
    if (now > this.#at) {
      if (this.#at !== -Infinity) {
        this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) * this.rate / 1000);
      }
      this.#at = now;
    }
  }
}
