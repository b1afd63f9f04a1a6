/**
 * A bounded map for lookups that happen for every stanza. It forgets by generations: what was not asked for
 * while the young generation filled up once is dropped with the old one. A hit in the young generation is one
 * Map lookup and moves nothing, where a strict least-recently-used order would delete and insert on every
 * hit.
 */

/** At most twice `size` entries by text. */
export class JidCache<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    return value !== undefined ? value : this.#aged(key);
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** How many entries both generations hold. */
  get count(): number {
    return this.#young.size + this.#old.size;
  }

  #aged(key: string): V | undefined {
    const value = this.#old.get(key);
    // The key given may be a slice of a network chunk: the one that is kept is the old generation's.
    if (value !== undefined) this.#promote(key, value);
    return value;
  }

  #promote(key: string, value: V): void {
    this.#old.delete(key);
    this.set(key.length < 13 ? key : (" " + key).slice(1), value);
  }
}
