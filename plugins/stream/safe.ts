/** One message in storage that is in the queues of one or several sessions. What one of their clients has got is not lost. */
import type { Deposit } from "./api.ts";

export class Safe {
  #holders = 0;
  #empty = false;
  #left = false;

  constructor(private readonly deposit: Deposit) {}

  get isEmpty(): boolean {
    return this.#empty;
  }

  /** A session has it in its queue. */
  hold(): this {
    this.#holders++;
    return this;
  }

  /** It need not be kept any more. */
  empty(): void {
    if (this.#empty) return;
    this.#empty = true;
    this.deposit.remove();
  }

  /** A session has it no more, and it is not lost by that. */
  leave(): void {
    if (--this.#holders > 0 || this.#empty) return;
    this.#left = true;
    this.empty();
  }

  /** It was emptied because another session has what lay there: what that does not get is at stake again. */
  get isLeft(): boolean {
    return this.#left;
  }
}
