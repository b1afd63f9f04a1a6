/**
 * An unfinished token: what came of a tag, a text or a CDATA section before the input ran out. It remembers how far it
 * has looked for the end, so that a token fed byte by byte is looked at once, and joined once.
 */
import { Pile } from "./pile.ts";

/** How the end of a token is recognised. */
type Kind = "text" | "tag" | "cdata" | "short";

/** Waits for the end of one token. */
export class Hold {
  private readonly pile = new Pile();
  private readonly kind: Kind;
  /** In a tag: the open quote, or 0. In a CDATA section: how many "]" came last. */
  private state = 0;

  /** `start` is the token as far as it came; `traits` what may be in it (traits.ts). */
  constructor(start: string, public traits: number) {
    this.kind = kindOf(start);
    this.add(start, traits);
  }

  get length(): number {
    return this.pile.length;
  }

  get isTag(): boolean {
    return this.kind === "tag";
  }

  get text(): string {
    return this.pile.all();
  }

  /** Takes more input; true when the token's end may be in it. */
  add(piece: string, traits: number): boolean {
    this.pile.add(piece);
    this.traits |= traits;
    switch (this.kind) {
      case "text":
        return piece.indexOf("<") >= 0;
      case "tag":
        return this.tagEnds(piece);
      case "cdata":
        return this.sectionEnds(piece);
      case "short":
        return true;
    }
  }

  private tagEnds(piece: string): boolean {
    let quote = this.state;
    for (let i = 0; i < piece.length; i++) {
      const c = piece.charCodeAt(i);
      if (quote !== 0) {
        // A "<" can stand nowhere in a tag: let the reader say so at once.
        if (c === 60) return true;
        if (c === quote) quote = 0;
      } else if (c === 34 || c === 39) quote = c;
      else if (c === 62) return true;
    }
    this.state = quote;
    return false;
  }

  private sectionEnds(piece: string): boolean {
    let brackets = this.state;
    for (let i = 0; i < piece.length; i++) {
      const c = piece.charCodeAt(i);
      if (c === 93) brackets++;
      else if (c === 62 && brackets >= 2) return true;
      else brackets = 0;
    }
    this.state = brackets;
    return false;
  }
}

function kindOf(start: string): Kind {
  if (start.charCodeAt(0) !== 60) return "text";
  const c = start.charCodeAt(1);
  if (c === 33 && start.length >= 9) return "cdata";
  // "<", "<!", "<![CD" and an XML declaration are short and looked at again each time.
  return start.length === 1 || c === 33 || c === 63 ? "short" : "tag";
}
