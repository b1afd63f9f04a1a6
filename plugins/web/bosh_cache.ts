/** Answers that were given, for a client that asks again because it did not get them (XEP-0124 §14.3). */
interface Given {
  readonly rid: number;
  readonly text: string;
  /** When, by the clock that only counts on. */
  readonly at: number;
}

export class BoshCache {
  #given: Given[] = [];

  constructor(private readonly most: number) {}

  add(rid: number, text: string, at: number): void {
    this.#given.push({ rid, text, at });
    if (this.#given.length > this.most) this.#given.shift();
  }

  find(rid: number): string | undefined {
    return this.#given.find((given) => given.rid === rid)?.text;
  }

  timeOf(rid: number): number | undefined {
    return this.#given.find((given) => given.rid === rid)?.at;
  }

  /** The client has all up to this one. */
  acknowledged(rid: number): void {
    this.#given = this.#given.filter((given) => given.rid > rid);
  }
}
