/** The latest messages of a room, kept for those who enter (XEP-0045 §7.2.13). */
import type { Stanza } from "#plugin";
import type { History, Spoken } from "./api.ts";

export class Chronicle implements History {
  #items: Spoken[] = [];

  get items(): readonly Spoken[] {
    return this.#items;
  }

  /** Where a room is loaded. */
  fill(items: readonly Spoken[]): void {
    this.#items = [...items];
  }

  add(item: Spoken, most: number): void {
    if (most === 0) this.#items.length = 0;
    else {
      this.#items.push(item);
      if (this.#items.length > most) this.#items.splice(0, this.#items.length - most);
    }
  }

  replace(which: (message: Stanza) => boolean, by: Stanza | undefined): boolean {
    const at = this.#items.findIndex(({ stanza }) => which(stanza));
    if (at < 0) return false;
    if (by === undefined) this.#items.splice(at, 1);
    else this.#items[at] = { at: this.#items[at]!.at, stanza: by };
    return true;
  }
}
