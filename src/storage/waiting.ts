/**
 * Entries that are in no leaf yet, in the order in which they came. There are many of them, and each of them lives for
 * a while: so they lie in flat arrays, which the garbage collector need not look at, and those of one owner are a chain,
 * from the last to the first.
 */
import type { Entry } from "./leaves.ts";

const FIRST = 1_024;
const END = -1;

/** The entries of one shelf here. */
export interface Chain {
  /** Undefined once they were taken. */
  home: Waiting | undefined;
  /** Where the last one is. */
  last: number;
}

/** An owner's archive, with its chain, so that it is not looked for with every entry. */
export class Shelf {
  chain: Chain | undefined;

  constructor(readonly id: number) {}
}

export class Waiting {
  #at = new Float64Array(FIRST);
  #seq = new Float64Array(FIRST);
  /** Where the owner's entry before is. */
  #before = new Int32Array(FIRST);
  readonly #peers: string[] = [];
  readonly #chains = new Map<number, Chain>();
  #least = Infinity;

  /** Entries that were added since it was cleared, whether they were taken or not. */
  get size(): number {
    return this.#peers.length;
  }

  /** The least number among these; infinite where there are none. */
  get least(): number {
    return this.#least;
  }

  /** The shelves that have entries here. */
  get shelves(): ReadonlyMap<number, unknown> {
    return this.#chains;
  }

  add(shelf: Shelf, at: number, seq: number, peer: string): void {
    let chain = shelf.chain;
    if (chain?.home !== this) chain = shelf.chain = this.#chain(shelf.id);
    const place = this.#peers.length;
    if (place === this.#at.length) this.#grow();
    this.#at[place] = at;
    this.#seq[place] = seq;
    this.#before[place] = chain.last;
    this.#peers.push(peer);
    chain.last = place;
    if (seq < this.#least) this.#least = seq;
  }

  /** Takes the entries of a shelf, in the order in which they came. */
  take(shelf: number): Entry[] {
    const entries: Entry[] = [];
    const chain = this.#chains.get(shelf);
    if (chain === undefined) return entries;
    for (let place = chain.last; place !== END; place = this.#before[place]!) {
      entries.push({ at: this.#at[place]!, seq: this.#seq[place]!, peer: this.#peers[place]! });
    }
    this.#chains.delete(shelf);
    chain.home = undefined;
    return entries.reverse();
  }

  clear(): void {
    this.#peers.length = 0;
    for (const chain of this.#chains.values()) chain.home = undefined;
    this.#chains.clear();
    this.#least = Infinity;
  }

  #chain(shelf: number): Chain {
    let chain = this.#chains.get(shelf);
    if (chain === undefined) this.#chains.set(shelf, chain = { home: this, last: END });
    return chain;
  }

  #grow(): void {
    const size = 2 * this.#at.length;
    this.#at = grown(this.#at, new Float64Array(size));
    this.#seq = grown(this.#seq, new Float64Array(size));
    this.#before = grown(this.#before, new Int32Array(size));
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
