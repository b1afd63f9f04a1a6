/**
 * The bundle that is being filled: pieces of text from the beginning, since whatever else lived until it is
 * written would be copied by the garbage collector before (bundles.ts says what the text is).
 */

/** Divides the fields of an item, and the items. Neither can occur in stored text (storable.ts). */
export const FIELD = "\u00012";
export const ITEM = "\u00013";
/** In the place of an owner's id: the same as that of the owner before. */
export const SAME = "\u00014";

/** Characters that an item has besides its value, or an owner besides the address, more or less. */
const OVERHEAD = 24;

export class Draft {
  /** The number of its first item, and how many there are. */
  seq = 0;
  items = 0;
  /** Its characters. */
  size = 0;
  readonly #parts: string[] = [];
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

  /** Begins an item. */
  begin(at: number, value: string): void {
    if (at !== this.#at || this.#time === "") {
      this.#at = at;
      this.#time = String(at);
    }
    this.#value = value;
    this.#shelves.length = 0;
    if (this.items++ > 0) this.#parts.push(ITEM);
    this.#parts.push(this.#time, FIELD, value);
    this.size += value.length + OVERHEAD;
  }

  /** Gives the last item to an owner. */
  give(shelf: number, id: string, peer: string, resource: string): void {
    const isSame = this.#shelves.length > 0 && id === this.#id;
    this.#parts.push(FIELD, String(shelf), FIELD, isSame ? SAME : id, FIELD, peer, FIELD, resource);
    this.size += peer.length + resource.length + OVERHEAD;
    this.#shelves.push(shelf);
    this.#id = id;
  }

  get text(): string {
    return this.#parts.join("");
  }

  clear(): void {
    this.items = 0;
    this.size = 0;
    this.#parts.length = 0;
    this.#value = "";
    this.#shelves.length = 0;
  }
}
