/**
 * The framing of WebSocket (RFC 7395 §3.3): no tags around everything, but frames, each with one whole element. `<open/>` and
 * `<close/>` stand for the header's tags, and are read and written as those here; the rest of the house knows one XML stream.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { escapeAttr } from "../xml/escape.ts";
import { malformed } from "../xml/chars.ts";
import { XmlError } from "../xml/error.ts";
import type { Limits } from "../xml/limits.ts";
import { parseXml } from "../xml/parse.ts";
import { clientHeader, type Framing } from "./framing.ts";

const FRAMING_NS = "urn:ietf:params:xml:ns:xmpp-framing";

/** What `<open/>` and `<close/>` may be; they are read before anybody has said who they are. */
const LIMITS: Limits = { stanzaBytes: 10_000, depth: 10, attributes: 20 };

const CLOSE = encodeUtf8("</stream:stream>");
const NOTHING = new Uint8Array(0);

const SLASH = 47;
const COLON = 58;
const LESS = 60;
const QUESTION = 63;

/** The framing of one endpoint. `elsewhere` is where clients shall go when their stream is closed (RFC 7395 §3.6.1). */
export function frames(elsewhere: () => string | undefined = () => undefined): Framing {
  return {
    open({ from, to, id, lang, versioned }) {
      let text = `<open xmlns="${FRAMING_NS}"`;
      if (id !== undefined) text += ` id="${escapeAttr(id)}"`;
      if (from !== undefined) text += ` from="${escapeAttr(from)}"`;
      if (to !== undefined) text += ` to="${escapeAttr(to)}"`;
      if (versioned) text += ' version="1.0"';
      if (lang !== undefined) text += ` xml:lang="${escapeAttr(lang)}"`;
      return text + "/>";
    },
    get close() {
      const uri = elsewhere();
      return `<close xmlns="${FRAMING_NS}"${
        uri === undefined ? "" : ` see-other-uri="${escapeAttr(uri)}"`
      }/>`;
    },
    joins: false,
    frame: read,
  };
}

function read(chunk: Uint8Array): Uint8Array {
  const start = beginning(chunk);
  const frame = start === 0 ? chunk : chunk.subarray(start);
  if (frame.length === 0) return NOTHING;
  if (frame[0] !== LESS) throw new XmlError("bad-format", "a frame begins with '<'");
  if (frame[1] === SLASH) throw malformed("an end tag ends nothing");
  return mayFrame(frame) ? translated(frame) : frame;
}

/** Where the element begins: after an XML declaration, which RFC 7395 §3.3.3 does not recommend, and white space alone. */
function beginning(chunk: Uint8Array): number {
  if (chunk[0] === LESS && chunk[1] !== QUESTION) return 0;
  const [all] = /^(<\?xml[ \t\r\n][^<>]{0,100}\?>)?[ \t\r\n]*/.exec(decodeUtf8(chunk.subarray(0, 200))) ??
    [""];
  // Space before an element is a mistake; a frame of nothing else is a sign of life from clients that know TCP only.
  return all.startsWith("<") || all.length === chunk.length ? all.length : 0;
}

/** Whether its name begins as `open` and `close` do, or has a prefix, which may stand for anything. */
function mayFrame(frame: Uint8Array): boolean {
  const first = frame[1];
  if (first === 0x6f || first === 0x63) return true;
  for (let i = 2; i < frame.length && i < 40; i++) {
    const char = frame[i]!;
    if (char === COLON) return true;
    if (char <= 32 || char === SLASH || char === 62) return false;
  }
  return false;
}

function translated(frame: Uint8Array): Uint8Array {
  const { ns, name, attrs } = parseXml(frame, LIMITS);
  if (ns !== FRAMING_NS) return frame;
  if (name === "open") return encodeUtf8(clientHeader(attrs));
  return name === "close" ? CLOSE : frame;
}
