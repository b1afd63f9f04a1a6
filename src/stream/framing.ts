/**
 * How a stream opens and closes on its transport: tags around everything on TCP (RFC 6120 §4.2), elements of their own on
 * WebSocket (RFC 7395 §3.4), and whether several elements may share one write.
 */
import { escapeAttr } from "../xml/escape.ts";
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
}

export interface Framing {
  open(header: Header): string;
  readonly close: string;
  /** One element a frame where false. */
  readonly joins: boolean;
}

/** The framing of TCP: RFC 6120 §4.2. */
export const streamTags: Framing = {
  open({ from, to, id, lang, ns, versioned }) {
    let text = `<?xml version="1.0"?><stream:stream xmlns="${ns}" xmlns:stream="${STREAMS_NS}"`;
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
