/**
 * Bytes in, whole top-level elements out: the reader of one XMPP stream, or of one document.
 *
 * It knows XML 1.0 with namespaces as far as RFC 6120 §11 allows it: no comment, processing instruction, DTD or
 * foreign entity (§11.1), UTF-8 only (§11.6). It is synchronous and holds no more than the unfinished element and at
 * most one unfinished token; between stanzas it holds nothing. Every violation is an `XmlError` that names the stream
 * error, and after one the reader is done for.
 *
 * Choices where the RFC leaves one: bytes that are not UTF-8 are `not-well-formed`, because RFC 6120 §4.9.3.22 keeps
 * `unsupported-encoding` for an encoding that was chosen, and bad bytes chose none. Text between stanzas is well-formed
 * XML that a stream cannot process: `bad-format` (§4.9.3.1). A second header, in a stream that was not restarted, has no
 * place in its document: `not-well-formed`. CDATA sections are not among what §11.1 forbids.
 */
import { isSpace, malformed, utf8Length } from "./chars.ts";
import { checkDeclaration, LONGEST_DECLARATION } from "./declaration.ts";
import { decode, joined, validLength, wholeLength } from "./decoder.ts";
import { type Content, Element, type Node } from "./element.ts";
import { XmlError } from "./error.ts";
import { Hold } from "./hold.ts";
import type { Limits } from "./limits.ts";
import { STREAM_NS } from "./names.ts";
import { own, ownCopy } from "./own.ts";
import { Pile } from "./pile.ts";
import type { Scope } from "./scope.ts";
import { type Frame, headerFrame, readTag } from "./tag.ts";
import { ODD, traitsOf, WIDE } from "./traits.ts";
import { literalText, textAt } from "./text.ts";

export type { Limits } from "./limits.ts";

/** What `next()` returns once the peer has closed its stream. */
export const STREAM_CLOSE: unique symbol = Symbol("the peer closed its stream");

const CDATA = "<![CDATA[";
const NO_NODES: readonly Node[] = Object.freeze([]);

/** Where the reader stands: nothing came; a byte order mark or white space; the declaration; the root; its end. */
const FRESH = 0;
const STARTED = 1;
const DECLARED = 2;
const OPEN = 3;
const CLOSED = 4;

/** The reader of one connection. `feed()` takes bytes, `next()` gives elements until it has none. */
export class XmlReader {
  /** In force from the next token on. */
  limits: Limits;
  /** The stream header, detached; undefined before it came. */
  header: Element | undefined = undefined;
  /** The default namespace the header declared, as it was spelled. */
  contentNs = "";

  /** The beginning of a character whose end has not come, at most three bytes. */
  private tail: Uint8Array | undefined = undefined;
  /** Set once bytes came that are not UTF-8: nothing after them is read. */
  private broken = false;
  private text = "";
  private pos = 0;
  /** What `text` may hold (traits.ts). */
  private traits = 0;
  private hold: Hold | undefined = undefined;

  private frame: Frame | undefined = undefined;
  private depth = 0;
  private state = FRESH;
  private failed: XmlError | undefined = undefined;

  /** Bytes of the current stanza before `text[counted]`. */
  private size = 0;
  private counted = 0;

  /** Whether the current stanza's content can be passed on as it came. */
  private passable = false;
  /** Its text before `text[innerStart]`, when it began in an earlier chunk. */
  private source: Pile | undefined = undefined;
  private innerStart = 0;
  private boundary: Scope | undefined = undefined;

  /** `base` is how many elements are open around a whole one: 1 in a stream, 0 where it is a document of its own. */
  constructor(limits: Limits, private readonly base: 0 | 1 = 1) {
    this.limits = limits;
  }

  /** Takes what was received. The bytes are not kept, the caller may overwrite them. */
  feed(chunk: Uint8Array): void {
    if (this.failed !== undefined || this.broken || this.state === CLOSED) return;
    const bytes = this.tail === undefined ? chunk : joined(this.tail, chunk);
    let whole = wholeLength(bytes);
    this.tail = whole < bytes.length ? bytes.slice(whole) : undefined;
    let piece = decode(bytes, whole);
    if (piece === undefined) {
      this.broken = true;
      this.tail = undefined;
      whole = validLength(bytes);
      piece = decode(bytes, whole) ?? "";
    }
    const traits = traitsOf(piece, bytes, whole);
    if (this.hold !== undefined) this.resume(piece, traits);
    else if (this.pos >= this.text.length) this.replace(piece, traits);
    else this.append(piece, traits);
  }

  /** The next whole element, the end of the stream, or undefined when more bytes are needed. */
  next(): Element | typeof STREAM_CLOSE | undefined {
    if (this.failed !== undefined) throw this.failed;
    try {
      return this.advance();
    } catch (error) {
      if (error instanceof XmlError) this.fail(error);
      throw error;
    }
  }

  /**
   * A new stream begins on the same connection (RFC 6120 §4.3.3). `discard` throws away what was received but not read:
   * after STARTTLS nothing that came in the clear may be taken for protected (§5.4.3.3); after SASL it is kept.
   */
  restart(discard: boolean): void {
    const kept = discard ? "" : this.hold?.text ?? this.text.slice(this.pos);
    if (discard) {
      this.tail = undefined;
      this.broken = false;
    }
    this.forget();
    this.replace(kept, WIDE | ODD);
    this.state = FRESH;
    this.header = undefined;
    this.contentNs = "";
  }

  /** Whether nothing is unfinished: between stanzas, with nothing but white space received. */
  get idle(): boolean {
    return this.depth <= this.base && this.hold === undefined && this.pos >= this.text.length &&
      this.tail === undefined;
  }

  private fail(error: XmlError): void {
    this.forget();
    this.failed = error;
  }

  private forget(): void {
    this.text = "";
    this.pos =
      this.size =
      this.counted =
      this.depth =
      this.innerStart =
        0;
    this.hold =
      this.frame =
      this.source =
      this.boundary =
        undefined;
  }

  private replace(piece: string, traits: number): void {
    this.text = piece;
    this.pos = this.counted = this.innerStart = 0;
    this.traits = traits;
  }

  /** More input before the last was read to its end. */
  private append(piece: string, traits: number): void {
    const { text, pos, counted } = this;
    if (pos > counted) this.size += utf8Length(text, counted, pos, this.traits);
    this.text = [this.rest(), piece].join("");
    this.pos = 0;
    this.counted = Math.max(0, counted - pos);
    this.traits |= traits;
  }

  private resume(piece: string, traits: number): void {
    const hold = this.hold!;
    const held = hold.length;
    if (!hold.add(piece, traits)) {
      this.size += utf8Length(piece, 0, piece.length, traits);
      return;
    }
    this.hold = undefined;
    this.replace(hold.text, hold.traits);
    this.counted = held;
  }

  private advance(): Element | typeof STREAM_CLOSE | undefined {
    while (this.hold === undefined && this.pos < this.text.length) {
      const at = this.pos;
      const found = this.text.charCodeAt(at) === 60 ? this.markup(at) : this.characters(at);
      if (found !== undefined) return found;
      if (this.pos === at) break;
    }
    return this.starve();
  }

  /** Nothing more can be read: keep what is unfinished, and see whether that is already too much. */
  private starve(): undefined {
    const text = this.text;
    if (this.hold === undefined && text !== "") {
      const unfinished = this.pos < text.length;
      if (this.depth > this.base || unfinished) {
        this.size += utf8Length(text, this.counted, text.length, this.traits);
        const traits = this.traits;
        const rest = this.rest();
        if (unfinished) this.hold = new Hold(rest.length * 4 < text.length ? ownCopy(rest) : rest, traits);
      } else this.size = 0;
      this.replace("", 0);
    }
    if (this.depth > this.base || this.hold !== undefined) {
      this.checkSize(this.size + (this.tail?.length ?? 0));
    }
    if (this.hold !== undefined) this.checkHold(this.hold);
    if (this.broken) throw malformed("the bytes received are not UTF-8");
    return undefined;
  }

  /** Cuts off what was read and returns the rest; what was read of a stanza's content goes to its source text. */
  private rest(): string {
    const { text, pos } = this;
    if (this.depth > this.base && this.passable) {
      (this.source ??= new Pile()).add(text.slice(this.innerStart, pos));
    }
    this.innerStart = 0;
    return text.slice(pos);
  }

  private checkSize(size: number): void {
    if (size > this.limits.stanzaBytes) {
      throw new XmlError(
        "policy-violation",
        `an element is larger than ${this.limits.stanzaBytes} bytes`,
        true,
      );
    }
  }

  private checkHold(hold: Hold): void {
    const most = this.limits.tagBytes;
    if (most !== undefined && hold.isTag && hold.length > most) {
      throw new XmlError("policy-violation", `a start tag is longer than ${most} bytes`, true);
    }
  }

  /** At a "<". Returns an element that is whole; leaves `pos` alone when the token is not. */
  private markup(at: number): Element | typeof STREAM_CLOSE | undefined {
    if (this.depth <= this.base) {
      this.counted = at;
      this.size = 0;
    }
    switch (this.text.charCodeAt(at + 1)) {
      case 47:
        return this.endTag(at);
      case 33:
        return this.section(at);
      case 63:
        return this.declaration(at);
      default:
        return at + 1 < this.text.length ? this.startTag(at) : undefined;
    }
  }

  private startTag(at: number): Element | undefined {
    const parent = this.frame;
    const frame = readTag(this.text, at, parent, this.boundary, this.limits, this.traits);
    if (frame === undefined) return undefined;
    const depth = ++this.depth;
    this.pos = frame.end;
    if (depth <= this.base) return this.open(frame);
    if (depth - this.base > this.limits.depth) {
      throw new XmlError("policy-violation", `elements are nested more than ${this.limits.depth} deep`);
    }
    if (depth === this.base + 1) {
      // It would swallow everything that follows.
      if (this.base === 1 && frame.name === "stream" && frame.ns === STREAM_NS) {
        throw malformed("a stream is opened within a stream");
      }
      this.begin(frame);
    } else if (frame.bound) {
      this.passable = false;
      this.source = undefined;
    }
    if (frame.selfClosing) return this.close(frame, frame.end);
    this.frame = frame;
    return undefined;
  }

  /** The stream header. */
  private open(frame: Frame): Element {
    if (frame.selfClosing) throw new XmlError("bad-format", "a stream was opened and closed with one tag");
    this.checkSize(this.sizeAt(frame.end));
    this.state = OPEN;
    this.frame = headerFrame(frame);
    this.contentNs = own(frame.declaredNs ?? "");
    this.header = new Element(frame.name, frame.ns, frame.attrs, NO_NODES).detached();
    return this.header;
  }

  /** The start of a top-level element. */
  private begin(frame: Frame): void {
    if (this.base === 0 && this.state === OPEN) throw malformed("a document has more than one root element");
    this.state = OPEN;
    this.passable = true;
    this.source = undefined;
    this.innerStart = frame.end;
    this.boundary = frame.scope;
  }

  private endTag(at: number): Element | typeof STREAM_CLOSE | undefined {
    const text = this.text;
    const frame = this.frame;
    if (frame === undefined) throw malformed("an end tag ends nothing");
    const tag = frame.tag;
    const length = tag.length;
    let i = at + 2;
    let k = 0;
    while (k < length && text.charCodeAt(i) === tag.charCodeAt(k)) i++, k++;
    if (k === length) { while (isSpace(text.charCodeAt(i))) i++; }
    if (i >= text.length) return undefined;
    if (k < length || text.charCodeAt(i) !== 62) throw malformed("an end tag does not match its start tag");
    this.pos = i + 1;
    if (this.depth === 1 && this.base === 1) return this.shut();
    return this.close(frame, at);
  }

  private shut(): typeof STREAM_CLOSE {
    this.forget();
    this.state = CLOSED;
    return STREAM_CLOSE;
  }

  /** An element is whole; its content ends at `innerEnd`. */
  private close(frame: Frame, innerEnd: number): Element | undefined {
    this.depth--;
    const parent = frame.parent;
    this.frame = parent;
    const nodes = frame.nodes ?? NO_NODES;
    if (this.depth === this.base) return this.finish(frame, nodes, innerEnd);
    const element = new Element(frame.name, frame.ns, frame.attrs, nodes);
    if (parent!.nodes === undefined) parent!.nodes = [element];
    else parent!.nodes.push(element);
    return undefined;
  }

  /** A top-level element is whole. */
  private finish(frame: Frame, nodes: readonly Node[], innerEnd: number): Element {
    this.checkSize(this.sizeAt(this.pos));
    let content: Content | undefined;
    if (this.passable && frame.nodes !== undefined) {
      const last = this.text.slice(this.innerStart, innerEnd);
      content = { text: this.source === undefined ? last : this.source.all() + last, ns: frame.defaultNs };
    }
    this.source = undefined;
    this.boundary = undefined;
    this.size = 0;
    return new Element(frame.name, frame.ns, frame.attrs, nodes, content);
  }

  /** Bytes of the current element up to `end`; not counted one by one while they cannot be too many. */
  private sizeAt(end: number): number {
    const most = this.size + (end - this.counted) * 3;
    if (most <= this.limits.stanzaBytes) return most;
    return this.size + utf8Length(this.text, this.counted, end, this.traits);
  }

  /** Text, up to the next "<". */
  private characters(at: number): undefined {
    if (this.depth <= this.base) return this.between(at);
    const end = this.text.indexOf("<", at);
    if (end < 0) return undefined;
    this.add(textAt(this.text, at, end, this.traits));
    this.pos = end;
    return undefined;
  }

  private add(piece: string): void {
    const frame = this.frame!;
    const nodes = frame.nodes;
    if (nodes === undefined) {
      frame.nodes = [piece];
      return;
    }
    const last = nodes[nodes.length - 1];
    // Text and CDATA side by side are one text.
    if (typeof last === "string") nodes[nodes.length - 1] = last + piece;
    else nodes.push(piece);
  }

  /** Outside of top-level elements: white space keeps connections alive (RFC 6120 §4.6.1), nothing else may stand. */
  private between(at: number): undefined {
    const text = this.text;
    let i = at;
    // One byte order mark may begin a stream; RFC 6120 §11.6 asks us to bear it.
    if (this.state === FRESH) {
      this.state = STARTED;
      if (text.charCodeAt(i) === 0xfeff) i++;
    }
    while (isSpace(text.charCodeAt(i))) i++;
    this.pos = i;
    if (i >= text.length || text.charCodeAt(i) === 60) return undefined;
    if (this.depth === 0) throw malformed("text stands outside of the root element");
    throw new XmlError("bad-format", "text stands between stanzas");
  }

  private section(at: number): undefined {
    const text = this.text;
    if (!text.startsWith(CDATA, at)) {
      if (text.length - at < CDATA.length && CDATA.startsWith(text.slice(at))) return undefined;
      throw new XmlError("restricted-xml", "comments and document types are not allowed in XMPP");
    }
    if (this.depth <= this.base) {
      throw this.depth === 0
        ? malformed("text stands outside of the root element")
        : new XmlError("bad-format", "text stands between stanzas");
    }
    const start = at + CDATA.length;
    const end = text.indexOf("]]>", start);
    if (end < 0) return undefined;
    if (end > start) this.add(literalText(text.slice(start, end)));
    this.pos = end + 3;
    return undefined;
  }

  /** `<?xml … ?>`, which only a beginning may have. */
  private declaration(at: number): undefined {
    const text = this.text;
    const end = text.indexOf("?>", at);
    if (this.state > STARTED) {
      throw new XmlError("restricted-xml", "processing instructions are not allowed in XMPP");
    }
    if (end < 0 && text.length - at <= LONGEST_DECLARATION) return undefined;
    checkDeclaration(text.slice(at, end < 0 ? at + LONGEST_DECLARATION : end + 2));
    this.state = DECLARED;
    this.pos = end + 2;
    return undefined;
  }
}
