/** The wrapper of everything in BOSH (XEP-0124 §4): `<body/>` read and written. */
import { type Attrs, CONTENT_NS, decodeUtf8, parseXml, XmlError } from "#plugin";

export const BOSH_NS = "http://jabber.org/protocol/httpbind";
/** XEP-0206: what BOSH needs to know of XMPP. */
export const XBOSH_NS = "urn:xmpp:xbosh";

export interface BoshBody {
  readonly attrs: Attrs;
  /** What is in it, for a stream whose default namespace is the client's. */
  readonly content: string;
}

/** A request's body in pure syntax: a document of whole elements. Throws an XmlError. */
export function readBody(bytes: Uint8Array, largest: number): BoshBody {
  const body = parseXml(bytes, { stanzaBytes: largest, depth: 101, attributes: 100 });
  if (body.name !== "body" || body.ns !== BOSH_NS) throw notBody();
  if (body.text.trim() !== "") throw new XmlError("bad-format", "text stands between elements");
  return { attrs: body.attrs, content: body.elements().length === 0 ? "" : body.inner(CONTENT_NS) };
}

/**
 * A body in script syntax (XEP-0252 §2.2): what is between its tags is a piece of a stream, which may end anywhere, and must not
 * be read by itself.
 */
export function readPiece(text: string): BoshBody {
  const end = endOfTag(text);
  const closed = text.charCodeAt(end - 1) === 47;
  const name = /^<([^\s/>]+)/.exec(text)?.[1] ?? "";
  const rest = text.slice(end + 1);
  // Looked for from the end: the pieces before it are somebody's text, of any length and with any beginnings of tags.
  const close = rest.lastIndexOf("</");
  if (closed ? rest.trim() !== "" : close < 0 || !isEndOf(name, rest.slice(close))) throw notBody();
  const tag = text.slice(0, end + 1);
  const body = parseXml(closed ? tag : `${tag}</${name}>`, {
    stanzaBytes: 10_000,
    depth: 1,
    attributes: 100,
  });
  if (body.name !== "body" || body.ns !== BOSH_NS) throw notBody();
  return { attrs: body.attrs, content: closed ? "" : rest.slice(0, close) };
}

/** The text of a request. Throws an XmlError where it is not UTF-8. */
export function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text.includes("\ufffd")) throw new XmlError("not-well-formed", "the request is not UTF-8");
  return text;
}

/** Whether a text that begins with `</` is the end tag of `name`, and nothing else. */
function isEndOf(name: string, text: string): boolean {
  const tag = text.trimEnd();
  return tag.endsWith(">") && tag.slice(2, -1).trimEnd() === name;
}

function endOfTag(text: string): number {
  let quote = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (quote !== 0) {
      if (char === quote) quote = 0;
    } else if (char === 34 || char === 39) quote = char;
    else if (char === 62) return i;
  }
  throw notBody();
}

function notBody(): XmlError {
  return new XmlError("bad-format", `a request is a <body xmlns='${BOSH_NS}'/>`);
}

/** A response. Attributes that are undefined are left out; `xmpp:` ones have their prefix declared. */
export function writeBody(
  attrs: Readonly<Record<string, string | number | undefined>>,
  content: string,
): string {
  let text = `<body xmlns="${BOSH_NS}"`;
  if (Object.keys(attrs).some((name) => name.startsWith("xmpp:"))) text += ` xmlns:xmpp="${XBOSH_NS}"`;
  for (const [name, value] of Object.entries(attrs)) {
    if (value !== undefined) text += ` ${name}="${escaped(String(value))}"`;
  }
  return content === "" ? text + "/>" : `${text}>${content}</body>`;
}

function escaped(value: string): string {
  return value.replace(/[<&"\t\r\n]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A whole number of an attribute; undefined where it is none, or no number that a client may count to (§14.1). */
export function count(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** `true` and `1` (XML Schema's booleans). */
export function truth(value: string | undefined): boolean {
  return value === "true" || value === "1";
}
