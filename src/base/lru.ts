/** A cache with a limit: when it is full, what has not been used for longest goes. */

/** At most `limit` entries, in the order of their last use. */
export class Lru<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  /** Used last of all: it is asked for again and again, and is where it belongs. */
  #newest: K | undefined;

  constructor(limit: number) {
    if (!(limit >= 1)) throw new RangeError(`an Lru needs a limit of at least 1, got ${limit}`);
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value under the key, which counts as a use of it. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    if (key === this.#newest) return value;
    // A Map keeps the order of insertion: the last used is the last inserted.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    return value;
  }

  /** Whether the key is there; no use of it. */
  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Keeps a value, and drops the longest unused one if there are too many. */
  set(key: K, value: V): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#limit) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, value);
    this.#newest = key;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = undefined;
  }

  /** The entries, longest unused first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }
}
