/** What is held for one device: of each sender's presence the last, all messages, and everything in its order. */
import type { Stanza } from "#plugin";

interface Held {
  readonly stanza: Stanza;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
}

export class HeldStanzas {
  /** Presence by its sender, messages by a number. A Map keeps the order. */
  readonly #held = new Map<string | number, Held>();
  #messages = 0;

  get size(): number {
    return this.#held.size;
  }

  /** A newer presence takes the place of an older one, but comes after everything that was said in between. */
  add(stanza: Stanza, at: number): void {
    const key = stanza.kind === "presence" ? String(stanza.from) : this.#messages++;
    this.#held.delete(key);
    this.#held.set(key, { stanza, at });
  }

  /** What was told to an available device is not true any more when it is available the next time. */
  dropPresence(): void {
    for (const key of this.#held.keys()) if (typeof key === "string") this.#held.delete(key);
  }

  /** Everything, oldest first; it is held no more. */
  take(): Held[] {
    const all = [...this.#held.values()];
    this.#held.clear();
    return all;
  }
}
