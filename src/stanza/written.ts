/**
 * A stanza as it was written: what is kept until somebody has acknowledged it, or can be reached. A tree is a dozen objects
 * and keeps the chunk alive that it came in; this is one piece of text, which the garbage collector copies and never walks.
 * What can be told without looking into it is beside it; for the rest it is read again (`Stanza.again`).
 *
 * Copies for many receivers share what they have in common, here, too. Queues that hold the same stanza hold the same object,
 * and queues that hold copies of it objects of the same `content`: that is how they know.
 */
import type { Jid } from "../jid/jid.ts";
import { flat } from "../xml/own.ts";
import type { Kind } from "./kind.ts";

/** The text of a stanza before and after its receiver's address, for copies that differ in nothing else. */
export interface SharedText {
  before: string;
  after: string;
}

export class Written {
  /** All of it, or what stands between the shared parts. */
  readonly #text: string;

  /** `text`: for a stream whose default namespace is a content namespace; with `shared` what stands between its parts. */
  constructor(
    readonly kind: Kind,
    readonly type: string,
    readonly from: Jid | undefined,
    readonly to: Jid | undefined,
    text: string,
    private readonly shared?: SharedText,
  ) {
    this.#text = flat(text);
    if (shared === undefined) return;
    shared.before = flat(shared.before);
    shared.after = flat(shared.after);
  }

  get text(): string {
    const { shared } = this;
    return shared === undefined ? this.#text : shared.before + this.#text + shared.after;
  }

  get length(): number {
    const { shared } = this;
    return this.#text.length + (shared === undefined ? 0 : shared.before.length + shared.after.length);
  }

  /** There may be others of its content. */
  get isCopy(): boolean {
    return this.shared !== undefined;
  }

  /** The same for all copies that were addressed from one stanza. */
  get content(): object {
    return this.shared ?? this;
  }
}
