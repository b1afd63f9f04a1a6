/** The latest messages of a room, kept for those who enter (XEP-0045 §7.2.13). */
import { CONTENT_NS, type Stanza } from "#plugin";
import type { History, Spoken } from "./api.ts";

/** Characters of them, at most: people could fill the memory with large messages in many rooms. */
const MOST_TEXT = 1_000_000;

export class Chronicle implements History {
  #items: Spoken[] = [];
  #text = 0;

  get items(): readonly Spoken[] {
    return this.#items;
  }

  /** Where a room is loaded. */
  fill(items: readonly Spoken[]): void {
    this.#items = [...items];
    this.#text = items.reduce((sum, item) => sum + lengthOf(item), 0);
    this.#trim(items.length);
  }

  add(item: Spoken, most: number): void {
    this.#items.push(item);
    this.#text += lengthOf(item);
    this.#trim(most);
  }

  /** The oldest go first. */
  #trim(most: number): void {
    let gone = 0;
    for (const item of this.#items) {
      if (this.#items.length - gone <= most && this.#text <= MOST_TEXT) break;
      this.#text -= lengthOf(item);
      gone++;
    }
    if (gone > 0) this.#items.splice(0, gone);
  }

  replace(which: (message: Stanza) => boolean, by: Stanza | undefined): boolean {
    const at = this.#items.findIndex(({ stanza }) => which(stanza));
    if (at < 0) return false;
    const before = this.#items[at]!;
    this.#text -= lengthOf(before);
    if (by === undefined) this.#items.splice(at, 1);
    else this.#text += lengthOf(this.#items[at] = { at: before.at, stanza: by });
    return true;
  }
}

function lengthOf({ stanza }: Spoken): number {
  return stanza.source.inner(CONTENT_NS).length;
}
