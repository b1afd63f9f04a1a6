/**
 * How a stream opens and closes on its transport: tags around everything on TCP (RFC 6120 §4.2), elements of their own on
 * WebSocket (RFC 7395 §3.4), and whether several elements may share one write.
 */
import { escapeAttr } from "../xml/escape.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { STREAMS_NS } from "./error.ts";

export interface Header {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly id?: string | undefined;
  readonly lang?: string | undefined;
  /** The default namespace: `jabber:client`, `jabber:server`, … */
  readonly ns: string;
  /** False for peers before XMPP 1.0 (RFC 6120 §4.7.5). */
  readonly versioned: boolean;
  /** Declares the prefix `db`: how support for dialback is announced (XEP-0220 §2.4.1). */
  readonly dialback?: boolean;
}

export interface Framing {
  open(header: Header): string;
  readonly close: string;
  /** Whether several elements may share one write. Where not, each of them stands alone, with no header's tag around it. */
  readonly joins: boolean;
  /**
   * There where every chunk that comes in is one frame, with exactly one element in it: gives what the reader of a stream
   * of tags understands. Throws an XmlError.
   */
  frame?(chunk: Uint8Array): Uint8Array;
}

/** The framing of TCP: RFC 6120 §4.2. */
export const streamTags: Framing = {
  open({ from, to, id, lang, ns, versioned, dialback }) {
    let text = `<?xml version="1.0"?><stream:stream xmlns="${ns}" xmlns:stream="${STREAMS_NS}"`;
    if (dialback === true) text += ' xmlns:db="jabber:server:dialback"';
    if (id !== undefined) text += ` id="${escapeAttr(id)}"`;
    if (from !== undefined) text += ` from="${escapeAttr(from)}"`;
    if (to !== undefined) text += ` to="${escapeAttr(to)}"`;
    if (versioned) text += ' version="1.0"';
    if (lang !== undefined) text += ` xml:lang="${escapeAttr(lang)}"`;
    return text + ">";
  },
  close: "</stream:stream>",
  joins: true,
};

/** A client's header as it would stand on TCP, with these attributes: how other transports open the one stream there is. */
export function clientHeader(attrs: Readonly<Record<string, string | undefined>>): string {
  let text = `<stream:stream xmlns="${CONTENT_NS}" xmlns:stream="${STREAMS_NS}"`;
  for (const name of ["to", "from", "version", "xml:lang"]) {
    const value = attrs[name];
    if (value !== undefined) text += ` ${name}="${escapeAttr(value)}"`;
  }
  return text + ">";
}

const CONTENT = ` xmlns="${CONTENT_NS}"`;
const STREAMS = ` xmlns:stream="${STREAMS_NS}"`;

/** An element as it was written for a stream of tags, with the declarations that the header has there (RFC 7395 §3.3.3). */
export function standalone(text: string): string {
  if (text.startsWith("<message")) return declaring(text, 8, CONTENT);
  if (text.startsWith("<iq")) return declaring(text, 3, CONTENT);
  if (text.startsWith("<presence")) return declaring(text, 9, CONTENT);
  return text.startsWith("<stream:") ? declaring(text, text.search(/[\s/>]/), STREAMS) : text;
}

function declaring(text: string, at: number, declaration: string): string {
  // Where the peer's header never came, or was none, the element was written with it.
  return text.startsWith(declaration, at) ? text : text.slice(0, at) + declaration + text.slice(at);
}
