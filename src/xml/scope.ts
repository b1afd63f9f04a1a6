/**
 * Which prefix means which namespace: a list from the innermost declaration outwards. Tags that declare nothing share
 * their parent's list, so most elements cost none. The default namespace is kept apart, by the frame.
 */
import { XmlError } from "./error.ts";
import { STREAM_NS, XML_NS, XMLNS_NS } from "./names.ts";

import { own } from "./own.ts";

/** One declaration, and those around it. */
export interface Scope {
  readonly prefix: string;
  readonly uri: string;
  readonly outer: Scope | undefined;
}

/** What nearly every stream header declares; all streams share this one. */
export const STREAM_SCOPE: Scope = Object.freeze({ prefix: "stream", uri: STREAM_NS, outer: undefined });

/** Adds a declaration, after the rules of Namespaces in XML §3 for the reserved prefixes. */
export function declare(prefix: string, uri: string, scope: Scope | undefined): Scope {
  if (prefix === "xmlns" || uri === "" || uri === XMLNS_NS || (prefix === "xml") !== (uri === XML_NS)) {
    throw new XmlError(
      "bad-namespace-prefix",
      "a reserved prefix or namespace was declared, or a prefix undeclared",
    );
  }
  if (scope === undefined && prefix === "stream" && uri === STREAM_NS) return STREAM_SCOPE;
  return { prefix, uri, outer: scope };
}

/** The declaration in force. */
export function find(prefix: string, scope: Scope | undefined): Scope {
  for (let s = scope; s !== undefined; s = s.outer) if (s.prefix === prefix) return s;
  throw new XmlError("bad-namespace-prefix", "a prefix is used that was not declared");
}

/** Whether a declaration is `boundary` or lies outside it. */
export function isBeyond(found: Scope, boundary: Scope | undefined): boolean {
  for (let s = boundary; s !== undefined; s = s.outer) if (s === found) return true;
  return false;
}

/** The same declarations without anything cut from the input. */
export function keptScope(scope: Scope | undefined): Scope | undefined {
  if (scope === undefined || scope === STREAM_SCOPE) return scope;
  return { prefix: own(scope.prefix), uri: own(scope.uri), outer: keptScope(scope.outer) };
}
