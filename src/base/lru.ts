/** A cache with a limit: when it is full, what has not been used for longest goes. */

/** The newest of so many parts of the entries is in no particular order. */
const PARTS = 8;

interface Entry<V> {
  value: V;
  /** How many entries had been put in place when this one was. */
  moved: number;
}

/**
 * At most `limit` entries, in the order of their last use, or nearly: what is among the newest eighth stays where it is,
 * so that a cache that nothing new comes into costs no more than a Map.
 */
export class Lru<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #limit: number;
  readonly #slack: number;
  #moves = 0;

  constructor(limit: number) {
    if (!(limit >= 1)) throw new RangeError(`an Lru needs a limit of at least 1, got ${limit}`);
    this.#limit = limit;
    this.#slack = Math.floor(limit / PARTS);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value under the key, which counts as a use of it. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#moves - entry.moved > this.#slack) {
      // A Map keeps the order of insertion: the last used is the last inserted.
      this.#entries.delete(key);
      this.#put(key, entry);
    }
    return entry.value;
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
    this.#put(key, { value, moved: 0 });
  }

  #put(key: K, entry: Entry<V>): void {
    entry.moved = ++this.#moves;
    this.#entries.set(key, entry);
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The entries, longest unused first. */
  *entries(): IterableIterator<[K, V]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }
}
