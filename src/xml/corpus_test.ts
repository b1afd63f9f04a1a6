/** No test itself: stanzas, the trees they are (told apart from the reader), and how the other tests feed them. */
import { el, Element, type Node } from "./element.ts";
import { XmlError } from "./error.ts";
import type { Limits } from "./limits.ts";
import { CONTENT_NS } from "./names.ts";
import { STREAM_CLOSE, XmlReader } from "./reader.ts";

export const HEADER = "<?xml version='1.0'?><stream:stream to='a.test' version='1.0' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>";

export const LIMITS: Limits = { stanzaBytes: 20_000, depth: 16, attributes: 16 };

const encoder = new TextEncoder();

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** A tree as plain data, so that a comparison does not look at what an element remembers. */
export function plain(node: Node): unknown {
  if (typeof node === "string") return node;
  return { name: node.name, ns: node.ns, attrs: { ...node.attrs }, children: node.children.map(plain) };
}

/** What one reader made of its input: elements, then perhaps the end or an error. */
export interface Outcome {
  elements: Element[];
  closed: boolean;
  error: XmlError | undefined;
}

/** Feeds the pieces one after the other and destroys each after it was fed. */
export function readAll(pieces: Iterable<Uint8Array>, reader = new XmlReader(LIMITS)): Outcome {
  const outcome: Outcome = { elements: [], closed: false, error: undefined };
  try {
    for (const piece of pieces) {
      const copy = piece.slice();
      reader.feed(copy);
      copy.fill(0);
      for (let got = reader.next(); got !== undefined; got = reader.next()) {
        if (got === STREAM_CLOSE) outcome.closed = true;
        else outcome.elements.push(got);
      }
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    outcome.error = error;
  }
  return outcome;
}

/** The stanzas of a stream that is opened for them. */
export function stanzas(text: string): Element[] {
  const { elements, error } = readAll([bytes(HEADER + text)]);
  if (error !== undefined) throw error;
  return elements.slice(1);
}

/** Source texts as they come after `HEADER`, each with the tree it is. */
export const CORPUS: readonly (readonly [string, Element])[] = [
  [
    "<message to='b@a.test' id='1' type='chat'><body>Hello</body></message>",
    el("message", CONTENT_NS, { to: "b@a.test", id: "1", type: "chat" }, el("body", CONTENT_NS, {}, "Hello")),
  ],
  [
    '<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:n" ver="x="/></presence>',
    el("presence", CONTENT_NS, {}, [
      el("c", "http://jabber.org/protocol/caps", { hash: "sha-1", node: "urn:n", ver: "x=" }),
    ]),
  ],
  [
    "<iq type='get' id='é&quot;'><q xmlns='urn:q' xmlns:p='urn:p' p:a='1' a='2'><p:in/><in xmlns=''/></q></iq>",
    el("iq", CONTENT_NS, { type: "get", id: 'é"' }, [
      el("q", "urn:q", { "{urn:p}a": "1", a: "2" }, [el("in", "urn:p"), el("in", "")]),
    ]),
  ],
  [
    "<message xml:lang='en'>a<b/>&lt;&#x1F600;&#65;&amp;&gt;&apos;<![CDATA[<&]]]]><![CDATA[>]]>z 🎵</message>",
    el("message", CONTENT_NS, { "xml:lang": "en" }, ["a", el("b", CONTENT_NS), "<😀A&>'<&]]>z 🎵"]),
  ],
  [
    "<m:message xmlns:m='jabber:client' m:x='1' \n x = \"2\"\t><m:body >\r\n1\r2\n</m:body\n></m:message >",
    el("message", CONTENT_NS, { "{jabber:client}x": "1", x: "2" }, [el("body", CONTENT_NS, {}, "\n1\n2\n")]),
  ],
  [
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
    el("features", "http://etherx.jabber.org/streams", {}, [
      el("starttls", "urn:ietf:params:xml:ns:xmpp-tls", {}, [
        el("required", "urn:ietf:params:xml:ns:xmpp-tls"),
      ]),
    ]),
  ],
  [
    "<message><stream:x/><f xmlns='urn:xmpp:forward:0'><message xmlns='jabber:server' to='x'/></f></message>",
    el("message", CONTENT_NS, {}, [
      el("x", "http://etherx.jabber.org/streams"),
      el("f", "urn:xmpp:forward:0", {}, [el("message", CONTENT_NS, { to: "x" })]),
    ]),
  ],
  [
    "<iq __proto__='1' constructor='2' toString='a&#9;b\tc\r\nd'><hasOwnProperty valueOf=''/><日本 語='é'/></iq>",
    el(
      "iq",
      CONTENT_NS,
      Object.fromEntries([["__proto__", "1"], ["constructor", "2"], ["toString", "a\tb c d"]]),
      [
        el("hasOwnProperty", CONTENT_NS, { valueOf: "" }),
        el("日本", CONTENT_NS, { "語": "é" }),
      ],
    ),
  ],
];
