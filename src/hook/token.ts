/**
 * Typed names for what plugins share: events, services, and slots on sessions. A token is an exported value; to find its
 * users is to find its references.
 */

/** Any of them, where only its identity matters. */
export interface Token {
  readonly label: string;
}

/** Something that has happened. */
export interface Event<E> {
  readonly label: string;
  readonly of?: (e: E) => void;
}

/** Something that one plugin provides for others. */
export interface Service<T> {
  readonly label: string;
  readonly of?: (t: T) => T;
}

/** A place for a plugin's own state, on a session or kept across a reload. */
export interface Slot<T> {
  readonly label: string;
  readonly of?: (t: T) => T;
}

export function defineEvent<E>(label: string): Event<E> {
  return Object.freeze({ label });
}

export function defineService<T>(label: string): Service<T> {
  return Object.freeze({ label });
}

export function defineSlot<T>(label: string): Slot<T> {
  return Object.freeze({ label });
}

/** The few slots that one session really uses: a flat list, made at the first `set`, searched by identity. */
export class Slots {
  readonly #pairs: unknown[] = [];

  get<T>(slot: Slot<T>): T | undefined {
    const at = this.#pairs.indexOf(slot);
    return at < 0 ? undefined : this.#pairs[at + 1] as T;
  }

  set<T>(slot: Slot<T>, value: T | undefined): void {
    const at = this.#pairs.indexOf(slot);
    if (at < 0) {
      if (value !== undefined) this.#pairs.push(slot, value);
    } else if (value === undefined) this.#pairs.splice(at, 2);
    else this.#pairs[at + 1] = value;
  }

  get empty(): boolean {
    return this.#pairs.length === 0;
  }
}
