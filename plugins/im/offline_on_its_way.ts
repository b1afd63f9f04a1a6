/**
 * Which kept messages are on their way to a device: they stay in the queue until it has acknowledged them, and no other
 * device gets them meanwhile. This outlives a reload, as the sessions do.
 */
import { defineSlot } from "#plugin";
import type { Deposit } from "../stream/api.ts";
import type { Kept, OfflineQueue } from "./offline_queue.ts";

export const onItsWay = defineSlot<OnItsWay>("offline.on_its_way");

export class OnItsWay {
  readonly #numbers = new Map<string, Set<number>>();

  constructor(public queue: OfflineQueue) {}

  has(local: string, { number }: Kept): boolean {
    return this.#numbers.get(local)?.has(number) === true;
  }

  /** Messages that wait for a device. */
  waiting(local: string): number {
    return this.queue.count(local) - (this.#numbers.get(local)?.size ?? 0);
  }

  /** A message is being handed to a session, or is in the queue of one. */
  goes(local: string, message: Kept): Deposit {
    let numbers = this.#numbers.get(local);
    if (numbers === undefined) this.#numbers.set(local, numbers = new Set());
    numbers.add(message.number);
    return {
      remove: () => {
        this.stays(local, message);
        this.queue.remove(local, [message]);
      },
    };
  }

  /** It is not on its way after all. */
  stays(local: string, { number }: Kept): void {
    const numbers = this.#numbers.get(local);
    if (numbers?.delete(number) === true && numbers.size === 0) this.#numbers.delete(local);
  }
}
