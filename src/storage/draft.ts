/**
 * The bundle that is being filled, item by item: each is begun, then given to its owners. It is text from the beginning,
 * joined by the runtime when it is written: an array of pieces costs three times as much (bundles.ts says what the text is).
 */

/** Divides the fields of an item, and the items. Neither can occur in stored text (storable.ts). */
export const FIELD = "\u00012";
export const ITEM = "\u00013";
/** In the place of an owner's id: the same as that of the owner before. */
export const SAME = "\u00014";

export class Draft {
  /** The number of its first item, and how many there are. */
  seq = 0;
  items = 0;
  text = "";
  /** The last item, and who has it. */
  #at = 0;
  #time = "";
  #value = "";
  #id = "";
  readonly #shelves: number[] = [];

  /** Whether this is the last item, for another owner. */
  isLast(at: number, shelf: number, value: string): boolean {
    return this.items > 0 && at === this.#at && value === this.#value && !this.#shelves.includes(shelf);
  }

  /** Begins an item, whose number follows that of the one before. */
  begin(seq: number, at: number, value: string): void {
    if (this.items === 0) this.seq = seq;
    if (at !== this.#at || this.#time === "") {
      this.#at = at;
      this.#time = String(at);
    }
    this.#value = value;
    this.#shelves.length = 0;
    this.text += (this.items++ > 0 ? ITEM + this.#time : this.#time) + FIELD + value;
  }

  /** Gives the last item to an owner. */
  give(shelf: number, id: string, peer: string, resource: string): void {
    const isSame = this.#shelves.length > 0 && id === this.#id;
    this.text += FIELD + shelf + FIELD + (isSame ? SAME : id) + FIELD + peer + FIELD + resource;
    this.#shelves.push(shelf);
    this.#id = id;
  }

  clear(): void {
    this.items = 0;
    this.text = "";
    this.#value = "";
    this.#shelves.length = 0;
  }
}
