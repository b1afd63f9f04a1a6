/**
 * One clock timer for the time-outs of everything. A session's time-out is moved with every stanza and almost never
 * happens, so moving it later only writes a number: the item stays in the slot where it lies, and is put into the
 * right one when that slot comes round. Time-outs come up to one tick late, never early.
 *
 * The ring has 64 slots. What is due further ahead lies in the farthest slot and is looked at once a turn. The
 * wheel sleeps until the next slot that holds anything, and altogether while all are empty.
 */
import type { Clock, Timer } from "./clock.ts";

/** Something with a time-out. The object that waits is the item itself, so waiting allocates nothing. */
export interface Timed {
  /** The wheel's own; starts as 0, which means not armed. Holds the deadline, and the slot as its fraction. */
  due: number;
  /** The time has come. The item is no longer armed and may arm itself again. */
  expire(): void;
}

/** A power of two, so that a slot's number is an exact fraction of a double. */
const SLOTS = 64;

/** Time-outs for many items, to the precision of a tick. */
export class Wheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  /** The moment that deadlines are counted from. */
  readonly #base: number;
  readonly #slots: Set<Timed>[] = [];
  /** The last tick that has been dealt with; all items lie in the 63 that follow. */
  #tick = 0;
  /** The tick the timer is set for; no slot before it holds anything. */
  #wake = Infinity;
  #timer: Timer | undefined;
  #turning = false;
  #stopped = false;

  constructor(clock: Clock, tickMs = 1000) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#base = clock.monotonic();
    for (let i = 0; i < SLOTS; i++) this.#slots.push(new Set());
  }

  /** How many items are armed; walks the ring, so for tests and metrics only. */
  get armed(): number {
    let count = 0;
    for (const slot of this.#slots) count += slot.size;
    return count;
  }

  /** Lets the item expire in `ms` milliseconds from now, instead of when it would have. */
  arm(item: Timed, ms: number): void {
    if (this.#stopped) return;
    const deadline = Math.max(1, Math.ceil(this.#elapsed() + ms));
    if (item.due !== 0) {
      const slot = slotOf(item.due);
      if (Math.ceil(deadline / this.#tickMs) >= this.#tickOf(slot)) {
        item.due = deadline + slot / SLOTS;
        return;
      }
      this.#slots[slot]?.delete(item);
    }
    this.#file(item, deadline);
  }

  /** Calls the item's time-out off; the wheel forgets it. */
  disarm(item: Timed): void {
    if (item.due === 0) return;
    this.#slots[slotOf(item.due)]?.delete(item);
    item.due = 0;
  }

  /** Forgets every item and does nothing from now on. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const slot of this.#slots) {
      for (const item of slot) item.due = 0;
      slot.clear();
    }
  }

  #elapsed(): number {
    return this.#clock.monotonic() - this.#base;
  }

  /** The tick at which a slot comes round next. */
  #tickOf(slot: number): number {
    return this.#tick + 1 + ((slot - this.#tick - 1) & (SLOTS - 1));
  }

  #file(item: Timed, deadline: number): void {
    if (!this.#turning) {
      // While it slept, the ring stood still: bring it up to now, as far as nothing is left behind.
      this.#tick = Math.max(this.#tick, Math.min(Math.floor(this.#elapsed() / this.#tickMs), this.#wake - 1));
    }
    const wanted = Math.ceil(deadline / this.#tickMs);
    const tick = Math.min(Math.max(wanted, this.#tick + 1), this.#tick + SLOTS - 1);
    const slot = tick & (SLOTS - 1);
    item.due = deadline + slot / SLOTS;
    this.#slots[slot]?.add(item);
    if (!this.#turning && tick < this.#wake) this.#sleep(tick);
  }

  #sleep(until: number): void {
    this.#timer?.cancel();
    this.#wake = until;
    this.#timer = until === Infinity
      ? undefined
      : this.#clock.after(Math.max(0, until * this.#tickMs - this.#elapsed()), () => this.#turn());
  }

  /** Deals with every slot whose tick has passed, then sleeps until the next that holds anything. */
  #turn(): void {
    const now = Math.floor(this.#elapsed() / this.#tickMs);
    let failure: { error: unknown } | undefined;
    this.#turning = true;
    while (this.#tick < now && !this.#stopped) {
      const next = this.#next();
      if (next > now) {
        // Nothing lies before `next`, and all that lies there is due later than now.
        this.#tick = now;
        break;
      }
      this.#tick = next;
      failure = this.#open(next) ?? failure;
    }
    this.#turning = false;
    if (!this.#stopped) this.#sleep(this.#next());
    if (failure !== undefined) throw failure.error;
  }

  /** Expires or refiles what lies in a tick's slot. One that throws does not keep the others waiting. */
  #open(tick: number): { error: unknown } | undefined {
    const slot = this.#slots[tick & (SLOTS - 1)];
    if (slot === undefined) return undefined;
    let failure: { error: unknown } | undefined;
    for (const item of slot) {
      slot.delete(item);
      const deadline = Math.floor(item.due);
      if (deadline > tick * this.#tickMs) {
        this.#file(item, deadline);
        continue;
      }
      item.due = 0;
      try {
        item.expire();
      } catch (error) {
        failure = { error };
      }
    }
    return failure;
  }

  /** The next tick whose slot holds anything. */
  #next(): number {
    for (let tick = this.#tick + 1; tick < this.#tick + SLOTS; tick++) {
      if (this.#slots[tick & (SLOTS - 1)]?.size) return tick;
    }
    return Infinity;
  }
}

/** The slot that is written into the fraction of `due`. */
function slotOf(due: number): number {
  return (due - Math.floor(due)) * SLOTS;
}
