/** What plugins keep about something in memory, by their own tokens; made when first used. */
import type { Slot } from "#plugin";

export class SlotMap {
  #values: Map<Slot<never>, unknown> | undefined;

  get<T>(slot: Slot<T>): T | undefined {
    return this.#values?.get(slot as unknown as Slot<never>) as T | undefined;
  }

  set<T>(slot: Slot<T>, value: T | undefined): void {
    const key = slot as unknown as Slot<never>;
    if (value !== undefined) (this.#values ??= new Map()).set(key, value);
    else if (this.#values?.delete(key) === true && this.#values.size === 0) this.#values = undefined;
  }
}
