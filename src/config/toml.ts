/** TOML text to a tree with the lines of its keys, and values back to text. */
import { parse, TomlDate, TomlError } from "smol-toml";
import { isTree, showPart, type Tree } from "./key.ts";
import { findLines, type Lines } from "./lines.ts";
import { formatAddress } from "./address.ts";

/** A document: its values, and where they are. */
export interface Document {
  readonly tree: Tree;
  readonly lines: Lines;
}

/** What is wrong with the text itself. */
export interface SyntaxFault {
  readonly line: number;
  readonly message: string;
}

/** Reads a whole document. */
export function parseToml(text: string): Document | { readonly fault: SyntaxFault } {
  try {
    const clean = text.startsWith("\ufeff") ? text.slice(1) : text;
    return { tree: parse(clean) as Tree, lines: findLines(clean) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    return { fault: { line: error.line, message: `not valid TOML: ${message}` } };
  }
}

/** Reads one value as TOML would; undefined when the text is none. */
export function parseValue(text: string): unknown {
  try {
    const { value, ...others } = parse(`value = ${text}`);
    return Object.keys(others).length === 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value as TOML, on one line. */
export function tomlValue(value: unknown): string {
  if (typeof value === "string") return tomlString(value);
  if (typeof value === "number") {
    return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : String(value);
  }
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  if (value instanceof TomlDate) return value.toISOString();
  if (isTree(value)) {
    if (typeof value.hostname === "string" && typeof value.port === "number") {
      return tomlString(formatAddress({ hostname: value.hostname, port: value.port }));
    }
    const pairs = Object.entries(value).map(([key, inner]) => `${showPart(key)} = ${tomlValue(inner)}`);
    return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
  }
  return String(value);
}

/** JSON's escapes are a subset of TOML's basic strings; only DEL is not escaped by JSON. */
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

/** The value for a message: as TOML, cut to a readable length. */
export function shortValue(value: unknown): string {
  const shown = tomlValue(value);
  return shown.length <= 80 ? shown : `${shown.slice(0, 77)}...`;
}
