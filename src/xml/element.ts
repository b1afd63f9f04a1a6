/**
 * The tree every stanza is: immutable elements that share what did not change.
 *
 * A stanza that came off a stream remembers the text of its children, where that means the same elsewhere; an element
 * that was copied keeps what was once written. Copies made by `with()` share it, so one stanza for two hundred receivers
 * is serialised once.
 */
import { canonicalNs, isAttributeKey, isName } from "./names.ts";
import { own } from "./own.ts";
import { write, writeNodes } from "./writer.ts";

/** A child: an element, or the text between elements. */
export type Node = Element | string;

/** Attributes by name; in a namespace: `{uri}local`; `xml:lang` stays `xml:lang`. Nothing is inherited. */
export type Attrs = Readonly<Record<string, string>>;

/**
 * The text of an element's children, shared by its copies. It is filled in by the reader or by whoever writes first.
 */
export interface Content {
  /** Written for a context whose default namespace is `ns`. */
  text: string | undefined;
  ns: string;
  /** Reads the children from the text, where they were not made yet (prepared.ts). */
  readonly read?: (text: string, ns: string) => readonly Node[];
}

const EMPTY: readonly Node[] = Object.freeze([]);

/**
 * A record without a prototype worth the name: `constructor` and `__proto__` are ordinary keys in it. A constructor
 * whose prototype is empty does what `Object.create(null)` does and keeps V8's fast shapes.
 */
const Bare = function () {} as unknown as { new (): Record<string, string>; prototype: unknown };
Bare.prototype = Object.freeze(Object.create(null));

/** An empty attribute record to fill before it becomes part of an element. */
export function newAttrs(): Record<string, string> {
  return new Bare();
}

/** The attributes of an element that has none. */
export const NO_ATTRS: Attrs = Object.freeze(newAttrs());

/** One element. Never changed after it was made; the `with…` methods return new ones. */
export class Element {
  readonly name: string;
  readonly ns: string;
  readonly attrs: Attrs;
  private nodes: readonly Node[] | undefined;
  private content: Content | undefined;

  /** For the reader; everybody else calls `el()`. Without `nodes`, the content can say what they are. */
  constructor(
    name: string,
    ns: string,
    attrs: Attrs,
    nodes: readonly Node[] | undefined,
    content?: Content,
  ) {
    this.name = name;
    this.ns = ns;
    this.attrs = attrs;
    this.nodes = nodes;
    this.content = content;
  }

  /** Child elements and texts in document order. */
  get children(): readonly Node[] {
    return this.nodes ?? this.unfold();
  }

  private unfold(): readonly Node[] {
    const { read, text = "", ns = "" } = this.content ?? {};
    this.nodes = read?.(text, ns) ?? EMPTY;
    return this.nodes;
  }

  attr(name: string): string | undefined {
    return this.attrs[name];
  }

  /** The first child element. */
  first(): Element | undefined {
    const nodes = this.children;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      if (typeof node !== "string") return node;
    }
    return undefined;
  }

  /** The first child of this name, in the element's own namespace unless another is given. */
  child(name: string, ns: string = this.ns): Element | undefined {
    const nodes = this.children;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      if (typeof node !== "string" && node.name === name && node.ns === ns) return node;
    }
    return undefined;
  }

  has(name: string, ns: string = this.ns): boolean {
    return this.child(name, ns) !== undefined;
  }

  /** All child elements. */
  elements(): Element[] {
    return this.children.filter((node) => typeof node !== "string");
  }

  /** All child elements of one namespace. */
  elementsOf(ns: string): Element[] {
    return this.elements().filter((child) => child.ns === ns);
  }

  /** The text directly inside, without that of child elements. */
  get text(): string {
    let out = "";
    for (const node of this.children) if (typeof node === "string") out += node;
    return out;
  }

  /** The text of the first such child; undefined when there is none. */
  childText(name: string, ns: string = this.ns): string | undefined {
    return this.child(name, ns)?.text;
  }

  /** The same element with some attributes set, or removed where the value is undefined. */
  with(attrs: Readonly<Record<string, string | undefined>>): Element {
    const next = newAttrs();
    for (const key in this.attrs) {
      if (attrs[key] !== undefined || !Object.hasOwn(attrs, key)) next[key] = this.attrs[key]!;
    }
    merge(next, attrs);
    return new Element(this.name, this.ns, next, this.nodes, this.shared());
  }

  /** The content as an object that copies can share, so that what one of them works out serves all. */
  private shared(): Content | undefined {
    if (this.content === undefined && this.nodes !== undefined && this.nodes.length > 0) {
      this.content = { text: undefined, ns: "" };
    }
    return this.content;
  }

  /** The same element with other children. */
  withChildren(children: readonly (Node | undefined)[]): Element {
    return new Element(this.name, this.ns, this.attrs, compact(children));
  }

  /** The same element with more children at the end; text that is known of the others is not written again. */
  plus(...nodes: readonly (Node | undefined)[]): Element {
    const more = compact(nodes);
    const { text, ns = "" } = this.content ?? {};
    const content = text === undefined ? undefined : { text: text + writeNodes(more, ns), ns };
    return new Element(this.name, this.ns, this.attrs, [...this.children, ...more], content);
  }

  /** The same with one more child at the end, whose namespace is another one: `text` is how it is written then. */
  joined(child: Element, text: string): Element {
    const { text: known, ns = "" } = this.content ?? {};
    const content = known === undefined ? undefined : { text: known + text, ns };
    const { children } = this;
    // Most messages have one; a spread makes room for more to come.
    const nodes = children.length === 1 ? [children[0]!, child] : [...children, child];
    return new Element(this.name, this.ns, this.attrs, nodes, content);
  }

  /** The same element without the child elements that match. */
  without(test: (child: Element) => boolean): Element {
    return this.withChildren(this.children.filter((node) => typeof node === "string" || !test(node)));
  }

  /** The children as text, for a context whose default namespace is `defaultNs`. */
  inner(defaultNs: string): string {
    const ns = canonicalNs(defaultNs);
    const content = this.content;
    if (content?.text !== undefined && content.ns === ns) return content.text;
    const nodes = this.children;
    if (nodes.length === 0) return "";
    const text = writeNodes(nodes, ns);
    // What was never copied is rarely written twice: not worth an object for every element of a tree.
    if (content !== undefined) {
      content.text = text;
      content.ns = ns;
    }
    return text;
  }

  /** The element as a document of its own. */
  toString(): string {
    return write(this);
  }

  /** A deep copy none of whose strings keeps a received chunk alive; what is stored or queued must be one. */
  detached(): Element {
    const attrs = newAttrs();
    for (const key in this.attrs) attrs[own(key)] = own(this.attrs[key]!);
    const nodes = this.children.map((node) => typeof node === "string" ? own(node) : node.detached());
    return new Element(own(this.name), own(this.ns), attrs, nodes);
  }
}

function merge(into: Record<string, string>, attrs: Readonly<Record<string, string | undefined>>): void {
  for (const key in attrs) {
    const value = attrs[key];
    if (value === undefined) continue;
    if (!isAttributeKey(key)) {
      throw new TypeError(`"${key}" cannot name an attribute; a namespace is written {uri}local`);
    }
    into[key] = value;
  }
}

function compact(children: readonly (Node | undefined)[]): readonly Node[] {
  return children.filter((node) => node !== undefined && node !== "") as Node[];
}

/**
 * Makes an element. Attributes and children that are undefined are left out; a name that XML does not allow is a
 * mistake of the caller and throws.
 */
export function el(
  name: string,
  ns: string,
  attrs?: Readonly<Record<string, string | undefined>>,
  children?: readonly (Node | undefined)[] | Node,
): Element {
  if (!isName(name)) {
    throw new TypeError(`"${name}" cannot name an element; give a local name, the namespace apart`);
  }
  let record = NO_ATTRS;
  if (attrs !== undefined) {
    const next = newAttrs();
    merge(next, attrs);
    record = next;
  }
  const nodes = children === undefined
    ? EMPTY
    : compact(typeof children === "string" || children instanceof Element ? [children] : children);
  return new Element(name, canonicalNs(ns), record, nodes);
}
