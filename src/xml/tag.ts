/**
 * One start tag: read, checked, its names resolved. The result is a frame, the reader's note of an open element.
 * Nothing here remembers anything between tags.
 */
import { FORBIDDEN, IN_VALUE, isSpace, malformed, REFERENCE, SPACING, utf8Length } from "./chars.ts";
import { type Attrs, newAttrs, NO_ATTRS, type Node } from "./element.ts";
import { unescape } from "./entities.ts";
import { XmlError } from "./error.ts";
import type { Limits } from "./limits.ts";
import {
  canonicalNs,
  CONTENT_NS,
  internName,
  internNs,
  isQualifiedName,
  isReservedNs,
  XML_NS,
} from "./names.ts";
import { own } from "./own.ts";
import { declare, find, isBeyond, keptScope, type Scope, STREAM_SCOPE } from "./scope.ts";
import { ODD } from "./traits.ts";

/** An open element. It becomes an `Element` when its end tag comes. */
export class Frame {
  /** The children so far; undefined until there is one. */
  nodes: Node[] | undefined = undefined;
  /** The name as written, which the end tag must repeat. */
  tag = "";
  name = "";
  ns = "";
  attrs: Attrs = NO_ATTRS;
  /** The default namespace inside, a canonical one. */
  defaultNs: string;
  /** The default namespace as the tag itself declares it. */
  declaredNs: string | undefined = undefined;
  scope: Scope | undefined;
  /** Something that means another thing elsewhere: a prefix from outside the stanza, another content namespace. */
  bound = false;
  selfClosing = false;
  /** Where the input goes on. */
  end = 0;

  constructor(readonly parent: Frame | undefined) {
    this.defaultNs = parent === undefined ? "" : parent.defaultNs;
    this.scope = parent === undefined ? undefined : parent.scope;
  }
}

/** The frame of nearly every stream header; all streams share this one. */
const STREAM_FRAME = usualFrame();

function usualFrame(): Frame {
  const frame = new Frame(undefined);
  frame.tag = "stream:stream";
  frame.defaultNs = CONTENT_NS;
  frame.scope = STREAM_SCOPE;
  return Object.freeze(frame);
}

/** The frame of a stream header, without anything cut from the input: it stays as long as the stream. */
export function headerFrame(frame: Frame): Frame {
  const { tag, defaultNs, scope } = frame;
  if (tag === "stream:stream" && defaultNs === CONTENT_NS && scope === STREAM_SCOPE) return STREAM_FRAME;
  const kept = new Frame(undefined);
  kept.tag = own(tag);
  kept.defaultNs = own(defaultNs);
  kept.scope = keptScope(scope);
  return kept;
}

/**
 * Reads the start tag whose "<" stands at `at`; undefined when the input ends before it does. `boundary` is the scope
 * of the stanza around it: prefixes found there or beyond make the frame `bound`. `traits` are those of the text.
 */
export function readTag(
  text: string,
  at: number,
  parent: Frame | undefined,
  boundary: Scope | undefined,
  limits: Limits,
  traits: number,
): Frame | undefined {
  const frame = new Frame(parent);
  const tagStop = nameEnd(text, at + 1);
  let i = Math.abs(tagStop);
  let attrs: Record<string, string> | undefined;
  let count = 0;
  let prefixed = false;
  const less = text.indexOf("<", at + 1);
  for (;;) {
    const gap = i;
    while (isSpace(text.charCodeAt(i))) i++;
    if (i >= text.length) return undefined;
    const c = text.charCodeAt(i);
    if (c === 62) break;
    if (c === 47) {
      if (i + 1 >= text.length) return undefined;
      if (text.charCodeAt(++i) !== 62) throw malformed('a "/" stands in a tag without ending it');
      frame.selfClosing = true;
      break;
    }
    if (gap === i) throw malformed("white space is missing between attributes");
    const found = nameEnd(text, i);
    const stop = Math.abs(found);
    let open = stop;
    while (isSpace(text.charCodeAt(open))) open++;
    if (open >= text.length) return undefined;
    if (text.charCodeAt(open++) !== 61) throw malformed("an attribute has no value");
    while (isSpace(text.charCodeAt(open))) open++;
    if (open >= text.length) return undefined;
    const quote = text.charCodeAt(open++);
    if (quote !== 34 && quote !== 39) throw malformed("an attribute value is not quoted");
    const close = text.indexOf(quote === 34 ? '"' : "'", open);
    if (less >= 0 && (close < 0 || less < close)) {
      throw malformed('a value contains "<"; it must be written &lt;');
    }
    if (close < 0) return undefined;
    if (++count > limits.attributes) throw new XmlError("policy-violation", "a tag has too many attributes");
    const name = nameAt(text, i, stop);
    if (isDeclaration(name)) {
      const value = internNs(text, open, close) ?? valueOf(text, open, close, traits);
      if (name.length === 5) declareDefault(frame, value);
      else declarePrefix(frame, name.slice(6), value);
    } else {
      const value = valueOf(text, open, close, traits);
      if (attrs === undefined) attrs = newAttrs();
      else if (attrs[name] !== undefined) throw malformed("an attribute is given twice");
      attrs[name] = value;
      if (found < 0 && isResolved(name)) prefixed = true;
    }
    i = close + 1;
  }
  frame.end = i + 1;
  checkLength(text, at, frame.end, limits, traits);
  frame.tag = nameAt(text, at + 1, Math.abs(tagStop));
  if (tagStop > 0) {
    frame.name = frame.tag;
    frame.ns = frame.defaultNs;
  } else namePrefixed(frame, frame.tag, boundary);
  if (attrs !== undefined) frame.attrs = prefixed ? resolve(frame, attrs, boundary) : attrs;
  return frame;
}

function checkLength(text: string, at: number, end: number, limits: Limits, traits: number): void {
  const most = limits.tagBytes;
  if (most !== undefined && (end - at) * 3 > most && utf8Length(text, at, end, traits) > most) {
    throw new XmlError("policy-violation", `a start tag is longer than ${most} bytes`, true);
  }
}

/**
 * Where a name stops: at white space or at something that cannot be part of it. Negative when there is a colon in it,
 * which spares the rest a search.
 */
function nameEnd(text: string, start: number): number {
  let colon = false;
  let i = start;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c > 62) continue;
    if (c === 58) colon = true;
    else if (c === 61 || c === 62 || c === 47 || isSpace(c)) break;
    else if (c === 60 || c === 34 || c === 39 || c === 38) {
      throw malformed("a name contains a character that names cannot");
    }
  }
  return colon ? -i : i;
}

function nameAt(text: string, start: number, end: number): string {
  const known = internName(text, start, end);
  if (known !== undefined) return known;
  const name = text.slice(start, end);
  if (isQualifiedName(name)) return name;
  throw malformed("a name is not one that XML allows");
}

/** The value between two quotes: checked, normalised as XML 1.0 §3.3.3 says, its references replaced. */
function valueOf(text: string, start: number, end: number, traits: number): string {
  const value = text.slice(start, end);
  if ((traits & ODD) === 0) return value;
  let found = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c <= 38) found |= IN_VALUE[c]!;
    else if (c >= 0xfffe) found |= FORBIDDEN;
  }
  if (found === 0) return value;
  if ((found & FORBIDDEN) !== 0) throw malformed("an attribute value contains a character that XML forbids");
  const spaced = (found & SPACING) === 0 ? value : value.replace(/\r\n|[\t\n\r]/g, " ");
  return (found & REFERENCE) === 0 ? spaced : unescape(spaced);
}

/** `xmlns` or `xmlns:…`. */
function isDeclaration(name: string): boolean {
  return name === "xmlns" || (name.charCodeAt(0) === 120 && name.startsWith("xmlns:"));
}

/** Whether a prefixed attribute name must be resolved. `xml:` is never declared, and its names stay as they are. */
function isResolved(name: string): boolean {
  return !name.startsWith("xml:");
}

function declareDefault(frame: Frame, uri: string): void {
  if (frame.declaredNs !== undefined) throw malformed("the default namespace is declared twice in one tag");
  if (isReservedNs(uri)) {
    throw new XmlError("bad-namespace-prefix", "a reserved namespace cannot be the default one");
  }
  frame.declaredNs = uri;
  frame.defaultNs = canonicalNs(uri);
  // Passed on as text, another stream's content namespace would mean something else than in our tree.
  if (frame.defaultNs !== uri) frame.bound = true;
  // The same where the declaration only repeats what holds already, and elsewhere would not.
  if (frame.defaultNs === CONTENT_NS && frame.parent?.defaultNs === CONTENT_NS) frame.bound = true;
}

function declarePrefix(frame: Frame, prefix: string, uri: string): void {
  const outside = frame.parent?.scope;
  for (let s = frame.scope; s !== undefined && s !== outside; s = s.outer) {
    if (s.prefix === prefix) throw malformed("a prefix is declared twice in one tag");
  }
  const canonical = canonicalNs(uri);
  if (canonical !== uri) frame.bound = true;
  frame.scope = declare(prefix, canonical, frame.scope);
}

function namePrefixed(frame: Frame, tag: string, boundary: Scope | undefined): void {
  const colon = tag.indexOf(":");
  frame.name = internName(tag, colon + 1, tag.length) ?? tag.slice(colon + 1);
  frame.ns = uriOf(frame, tag.slice(0, colon), boundary);
}

function uriOf(frame: Frame, prefix: string, boundary: Scope | undefined): string {
  if (prefix === "xml") return XML_NS;
  const found = find(prefix, frame.scope);
  if (isBeyond(found, boundary)) frame.bound = true;
  return found.uri;
}

/** Attributes in a namespace get their `{uri}local` names; two that turn out the same are an error (§6.3). */
function resolve(frame: Frame, attrs: Record<string, string>, boundary: Scope | undefined): Attrs {
  const resolved = newAttrs();
  for (const name in attrs) {
    const key = name.indexOf(":") > 0 && isResolved(name) ? expand(frame, name, boundary) : name;
    if (resolved[key] !== undefined) throw malformed("an attribute is given twice, under two prefixes");
    resolved[key] = attrs[name]!;
  }
  return resolved;
}

function expand(frame: Frame, name: string, boundary: Scope | undefined): string {
  const colon = name.indexOf(":");
  return "{" + uriOf(frame, name.slice(0, colon), boundary) + "}" + name.slice(colon + 1);
}
