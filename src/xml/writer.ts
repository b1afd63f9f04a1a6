/**
 * Elements to text, namespace-correct for any tree. Elements carry no prefix of their own: each is written with the
 * default namespace and declares it only where it differs from its surroundings. Attributes in a namespace get
 * generated prefixes, declared on the same tag. The content namespaces count as one (see `CONTENT_NS`), so nothing
 * in a stream ever declares them at stanza level.
 */
import { escapeAttr, escapeText } from "./escape.ts";
import { canonicalNs, CONTENT_NS, STREAM_NS, XML_NS } from "./names.ts";
import type { Tree } from "./tree.ts";

/**
 * One element as it stands in a context whose default namespace is `defaultNs`: a content namespace inside a stream,
 * "" for a document of its own (a file, an RFC 7395 frame).
 */
export function write(element: Tree, defaultNs = ""): string {
  const context = canonicalNs(defaultNs);
  return element.ns === STREAM_NS ? writeStreamElement(element, context) : writeElement(element, context);
}

/** The start tag alone, in a context whose default namespace is `defaultNs`; `end` closes it. */
export function startTag(element: Tree, defaultNs = "", end: ">" | "/>" = ">"): string {
  return openTag(element, canonicalNs(defaultNs)) + end;
}

/** The text of some children in a context whose default namespace is `context`, a canonical one. */
export function writeNodes(nodes: readonly (Tree | string)[], context: string): string {
  let out = "";
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    out += typeof node === "string" ? escapeText(node) : writeElement(node, context);
  }
  return out;
}

function writeElement(element: Tree, context: string): string {
  // This namespace can be nobody's default (Namespaces in XML §3).
  if (element.ns === XML_NS) return writePrefixed(element, "xml:" + element.name, "", context);
  const inner = element.inner(element.ns);
  const open = openTag(element, context);
  return inner === "" ? open + "/>" : open + ">" + inner + "</" + element.name + ">";
}

function openTag(element: Tree, context: string): string {
  let out = "<" + element.name;
  if (element.ns !== context) out += ' xmlns="' + escapeAttr(element.ns) + '"';
  return out + writeAttributes(element);
}

function writeAttributes(element: Tree): string {
  let out = "";
  let prefixes = 0;
  const attrs = element.attrs;
  for (const key in attrs) {
    const value = '="' + escapeAttr(attrs[key]!) + '"';
    if (key.charCodeAt(0) !== 123) {
      out += " " + key + value;
      continue;
    }
    // "{uri}local": a prefix of its own for each, which is legal even when two share a namespace.
    const end = key.lastIndexOf("}");
    const prefix = "n" + prefixes++;
    out += " xmlns:" + prefix + '="' + escapeAttr(key.slice(1, end)) + '" ' + prefix + ":" +
      key.slice(end + 1) + value;
  }
  return out;
}

/**
 * `<stream:features/>` and `<stream:error/>`: clients look for the literal prefix (RFC 6120 §4.8.5). Inside a stream the
 * header has declared it; elsewhere (RFC 7395 §3.3.1) the element must.
 */
function writeStreamElement(element: Tree, context: string): string {
  const declared = context === CONTENT_NS ? "" : ' xmlns:stream="' + STREAM_NS + '"';
  return writePrefixed(element, "stream:" + element.name, declared, context);
}

/** An element by a prefix leaves the default namespace as it was: its children stand in the outer context. */
function writePrefixed(element: Tree, tag: string, declared: string, context: string): string {
  const inner = element.inner(context);
  const open = "<" + tag + declared + writeAttributes(element);
  return inner === "" ? open + "/>" : open + ">" + inner + "</" + tag + ">";
}
