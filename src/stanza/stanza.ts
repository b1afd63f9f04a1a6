/**
 * A stanza: a validated, immutable view of an element (RFC 6120 §8). Its five common attributes are fields; everything
 * else stays in the element it came from, whose serialised content is shared by all copies, so that a stanza sent to
 * many receivers costs one start tag each.
 */
import { Jid } from "../jid/jid.ts";
import type { Attrs, Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { escapeAttr } from "../xml/escape.ts";
import { parseXml } from "../xml/parse.ts";
import { StanzaError } from "./error.ts";
import { type Kind, kindOf } from "./kind.ts";
import { type SharedText, Written } from "./written.ts";

/** What an address names: a domain, an account there, or one of the account's resources. */
export type Reach = "host" | "account" | "resource";

const MESSAGE_TYPES = new Set(["chat", "error", "groupchat", "headline", "normal"]);
const PRESENCE_TYPES = new Set([
  "available",
  "error",
  "probe",
  "subscribe",
  "subscribed",
  "unavailable",
  "unsubscribe",
  "unsubscribed",
]);
const IQ_TYPES = new Set(["get", "set", "result", "error"]);

/** How the text of each kind begins and ends, in as few pieces as can be: every message is joined of them. */
const BEGIN: Record<Kind, string> = { message: "<message", presence: "<presence", iq: "<iq" };
const ALONE: Record<Kind, string> = {
  message: `<message xmlns="${CONTENT_NS}"`,
  presence: `<presence xmlns="${CONTENT_NS}"`,
  iq: `<iq xmlns="${CONTENT_NS}"`,
};
const END: Record<Kind, string> = { message: "</message>", presence: "</presence>", iq: "</iq>" };
/** The types that need no look whether they can stand in an attribute: all that are defined. */
const TYPE_TEXTS: ReadonlyMap<string, string> = new Map(
  [...MESSAGE_TYPES, ...PRESENCE_TYPES, ...IQ_TYPES].map((type) => [type, ` type="${type}"`]),
);

export class Stanza {
  #payload: Element | undefined | null = null;
  /** The text as a document of its own, where an archive wanted it, and that for a stream where it was cut out of that. */
  #whole: string | undefined;
  #onStream: string | undefined;
  /** Shared by all that were addressed from one stanza; written by the first of them that is sent. */
  #shared: SharedText | undefined;
  #written: Written | undefined;

  private constructor(
    readonly kind: Kind,
    /** As on the wire, with the defaults spelled out: "normal" for messages, "available" for presence. */
    readonly type: string,
    readonly id: string | undefined,
    readonly from: Jid | undefined,
    readonly to: Jid | undefined,
    /** Where the children and further attributes come from; its own addresses may be out of date. */
    readonly source: Element,
    /** Further attributes, ready to be written. */
    private readonly rest: string,
  ) {}

  /**
   * Reads a stanza from the wire. Throws the StanzaError that answers it: `jid-malformed` for an address,
   * `bad-request` for what RFC 6120 §8.2.3 forbids.
   */
  static read(source: Element): Stanza {
    const kind = kindOf(source);
    if (kind === undefined) throw new StanzaError("bad-request", `<${source.name}/> is not a stanza`);
    const { attrs } = source;
    const type = attrs.type ?? (kind === "message" ? "normal" : "available");
    const stanza = new Stanza(
      kind,
      type,
      attrs.id,
      address(attrs.from, "from"),
      address(attrs.to, "to"),
      source,
      restOf(attrs),
    );
    if (kind === "iq") stanza.checkIq();
    else if (kind === "presence") {
      if (!PRESENCE_TYPES.has(type) || attrs.type === "available") {
        throw new StanzaError("bad-request", `presence of type "${type}" is not defined`);
      }
    } else if (!MESSAGE_TYPES.has(type)) {
      // RFC 6121 §5.2.2: an unknown type is treated as "normal".
      return new Stanza(kind, "normal", stanza.id, stanza.from, stanza.to, source, stanza.rest);
    }
    return stanza;
  }

  /** Makes a stanza of ours from an element that is known to be right. */
  static of(source: Element, from?: Jid, to?: Jid): Stanza {
    const kind = kindOf(source);
    if (kind === undefined) throw new TypeError(`<${source.name}/> is not a stanza`);
    const { attrs } = source;
    return new Stanza(
      kind,
      attrs.type ?? (kind === "message" ? "normal" : "available"),
      attrs.id,
      from ?? address(attrs.from, "from"),
      to ?? address(attrs.to, "to"),
      source,
      restOf(attrs),
    );
  }

  /** Reads what was written once. */
  static again(written: Written): Stanza {
    const around = parseXml(`<x xmlns="${CONTENT_NS}">${written.text}</x>`);
    const stanza = Stanza.of(around.first()!);
    stanza.#written = written;
    return stanza;
  }

  /** The same with another sender. */
  stamped(from: Jid): Stanza {
    return new Stanza(this.kind, this.type, this.id, from, this.to, this.source, this.rest);
  }

  /** The same for another receiver; the content is shared. */
  addressed(to: Jid | undefined): Stanza {
    const copy = new Stanza(this.kind, this.type, this.id, this.from, to, this.source, this.rest);
    copy.#shared = this.#shared ??= { before: "", after: "" };
    return copy;
  }

  /** Whether both were addressed from one stanza. */
  isCopyOf(other: Stanza): boolean {
    return this.#shared !== undefined && this.#shared === other.#shared;
  }

  /** The same between two others; one copy instead of two. */
  between(from: Jid, to: Jid | undefined): Stanza {
    return new Stanza(this.kind, this.type, this.id, from, to, this.source, this.rest);
  }

  /** The same with another id, as a request that is forwarded needs. */
  identified(id: string | undefined): Stanza {
    return new Stanza(this.kind, this.type, id, this.from, this.to, this.source, this.rest);
  }

  /** The same with a default language, where it has none (RFC 6120 §8.1.5). */
  inLanguage(lang: string): Stanza {
    if (this.source.attrs["xml:lang"] !== undefined) return this;
    return this.containing(this.source.with({ "xml:lang": lang }));
  }

  /** The same with the children and further attributes of another element. */
  containing(source: Element): Stanza {
    const rest = source.attrs === this.source.attrs ? this.rest : restOf(source.attrs);
    return new Stanza(this.kind, this.type, this.id, this.from, this.to, source, rest);
  }

  /** The same with one more child at the end, whose namespace is another one: `text` is how it is written then. */
  with(child: Element, text: string): Stanza {
    const copy = this.containing(this.source.joined(child, text));
    const { kind } = this;
    const end = END[kind];
    const whole = this.#whole;
    if (whole?.endsWith(end)) {
      copy.#onStream = BEGIN[kind] + whole.slice(ALONE[kind].length, -end.length) + text + end;
    }
    return copy;
  }

  /** The first child element: what an iq is about. */
  get payload(): Element | undefined {
    if (this.#payload === null) this.#payload = this.source.first();
    return this.#payload;
  }

  /** An iq that wants an answer. */
  get isRequest(): boolean {
    return this.kind === "iq" && (this.type === "get" || this.type === "set");
  }

  /** An error, to which no error may ever be sent (RFC 6120 §8.3.1). */
  get isError(): boolean {
    return this.type === "error";
  }

  get reach(): Reach {
    const to = this.to;
    return to === undefined || to.local === "" ? "host" : to.resource === "" ? "account" : "resource";
  }

  child(name: string, ns: string): Element | undefined {
    return this.source.child(name, ns);
  }

  /** As an element whose attributes are the true ones. */
  toElement(): Element {
    return this.source.with({
      from: this.from?.toString(),
      to: this.to?.toString(),
      id: this.id,
      type: this.isDefaultType ? undefined : this.type,
    });
  }

  /** As text for a stream whose default namespace is a content namespace, or as a document of its own. */
  toText(standalone = false): string {
    const known = standalone ? this.#whole : this.#onStream ?? this.#written?.text;
    if (known !== undefined) return known;
    if (this.#shared === undefined || standalone) return this.head(standalone) + this.address() + this.tail();
    const { before, after } = this.share(this.#shared);
    return before + this.address() + after;
  }

  /** Works out what copies have in common, unless one of them has. */
  private share(shared: SharedText): SharedText {
    if (shared.after === "") {
      shared.before = this.head(false);
      shared.after = this.tail();
    }
    return shared;
  }

  private address(): string {
    return this.to === undefined ? "" : ` to="${textOf(this.to)}"`;
  }

  private head(standalone: boolean): string {
    const { kind, from } = this;
    const begin = standalone ? ALONE[kind] : BEGIN[kind];
    return from === undefined ? begin : `${begin} from="${textOf(from)}"`;
  }

  private tail(): string {
    let text = this.id === undefined ? "" : ` id="${escapeAttr(this.id)}"`;
    if (!this.isDefaultType) text += TYPE_TEXTS.get(this.type) ?? ` type="${escapeAttr(this.type)}"`;
    const inner = this.source.inner(CONTENT_NS);
    return inner === "" ? `${text}${this.rest}/>` : `${text}${this.rest}>${inner}${END[this.kind]}`;
  }

  /** As a document of its own, for an archive: also kept for what is written of this stanza later. */
  toKeep(): string {
    return this.#whole ??= this.toText(true);
  }

  /** What may be kept for long, in as many queues as like, always the same one; `text`: that of `toText`, where it is known. */
  written(text?: string): Written {
    if (this.#written !== undefined) return this.#written;
    const { kind, type, from, to } = this;
    this.#written = this.#shared === undefined
      ? new Written(kind, type, from, to, text ?? this.toText())
      : new Written(kind, type, from, to, this.address(), this.share(this.#shared));
    return this.#written;
  }

  toString(): string {
    return this.toText(true);
  }

  private get isDefaultType(): boolean {
    return this.kind === "message"
      ? this.type === "normal"
      : this.kind === "presence" && this.type === "available";
  }

  /** RFC 6120 §8.2.3: an id always; one child in a request, at most one in a result. */
  private checkIq(): void {
    if (!IQ_TYPES.has(this.type)) {
      throw new StanzaError("bad-request", "an iq is a get, set, result or error");
    }
    if (this.id === undefined || this.id === "") throw new StanzaError("bad-request", "an iq needs an id");
    if (this.isRequest && this.source.elements().length !== 1) {
      throw new StanzaError("bad-request", `an iq of type ${this.type} has exactly one child element`);
    }
  }
}

/** An address as it stands in an attribute; only a resource can have what must be escaped there (RFC 7622 §3.3.1). */
function textOf(jid: Jid): string {
  return jid.resource === "" ? jid.toString() : escapeAttr(jid.toString());
}

function address(text: string | undefined, which: string): Jid | undefined {
  if (text === undefined) return undefined;
  const jid = Jid.tryParse(text);
  if (jid === undefined) throw new StanzaError("jid-malformed", `the '${which}' address is not a JID`);
  return jid;
}

function restOf(attrs: Attrs): string {
  let rest = "";
  for (const name in attrs) {
    if (name === "from" || name === "to" || name === "id" || name === "type") continue;
    // A foreign attribute on a stanza would need its prefix declared; RFC 6120 §8.1 defines five, so others go.
    if (name !== "xml:lang") continue;
    rest += ` xml:lang="${escapeAttr(attrs[name] ?? "")}"`;
  }
  return rest;
}
