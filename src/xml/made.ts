/**
 * Elements that are the same again and again, kept by what they were made of: what a stream is offered is made once for
 * each kind of stream, and its text once, too.
 */
import type { Element } from "./element.ts";

/** So many different ones are kept; with more, the one made longest ago goes. */
const KEPT = 16;

interface Kept {
  readonly parts: readonly unknown[];
  readonly element: Element;
}

/** A few elements, each with the parts it was made of. */
export class Made {
  readonly #kept: Kept[] = [];

  /** The element that was made of these very parts (compared by identity); made where there is none. */
  from(parts: readonly unknown[], make: () => Element): Element {
    for (const { parts: known, element } of this.#kept) if (isSame(known, parts)) return element;
    // A copy keeps what is once written of its content.
    const element = make().with({});
    if (this.#kept.length >= KEPT) this.#kept.shift();
    this.#kept.push({ parts, element });
    return element;
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
