/** Key derivations, a few at a time: they run beside the server's own thread, but the machine has only so many cores. */
import { StanzaError } from "#plugin";

const AT_ONCE = 4;
/** About ten seconds of work for one core: whoever comes later would give up before it is done. */
const MOST_WAITING = 1000;

export class Derivations {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Runs one when it is its turn. Rejects with a StanzaError where too many wait already. */
  async run<T>(derive: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= MOST_WAITING) {
        throw new StanzaError("resource-constraint", "too many logins at once, try again later");
      }
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    this.#running++;
    try {
      return await derive();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }
}
