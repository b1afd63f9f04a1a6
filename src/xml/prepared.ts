/** Elements whose content is known as text only, such as what an archive gives back: it is sent without being read. */
import { type Attrs, Element, type Node } from "./element.ts";
import { escapeAttr } from "./escape.ts";
import { parseXml } from "./parse.ts";

/**
 * An element with this text inside, which must be well-formed where `ns` is the default namespace and no prefix is
 * declared. Its children are read when somebody asks for them, and then they are as real as any.
 */
export function prepared(name: string, ns: string, attrs: Attrs, inner: string): Element {
  return new Element(name, ns, attrs, undefined, { text: inner, ns, read });
}

function read(text: string, ns: string): readonly Node[] {
  return parseXml(`<x xmlns="${escapeAttr(ns)}">${text}</x>`).children;
}
