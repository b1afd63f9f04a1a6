/**
 * A stanza as it was written: what is kept until somebody has acknowledged it. A tree is a dozen objects and keeps the chunk
 * alive that it came in; this is one piece of text, which the garbage collector copies and never walks. Whoever has to look
 * into it reads it again (`Stanza.again`).
 *
 * Queues that hold the same stanza hold the same object: that is how they know.
 */
import type { Kind } from "./kind.ts";

export class Written {
  readonly kind: Kind;

  /** `text`: for a stream whose default namespace is a content namespace. */
  constructor(readonly text: string) {
    // Looking at a character makes V8 write what was joined of pieces into one; the pieces, and their chunk, are free then.
    const initial = text[1];
    this.kind = initial === "m" ? "message" : initial === "p" ? "presence" : "iq";
  }
}
