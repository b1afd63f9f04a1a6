/**
 * Where keys are in a TOML text: a scan of headers, keys, inline tables and lists of a document that already
 * parsed, since the parser tells positions only of errors. Values are skipped, not read.
 */
import { parse } from "smol-toml";
import { type KeyPath, pathId } from "./key.ts";

/** Line numbers, counted from 1, by path id. */
export type Lines = ReadonlyMap<string, number>;

/** The line of every header and key. The text must be valid TOML; of another, the lines found so far. */
export function findLines(text: string): Lines {
  return new Scan(text).document();
}

const BARE = /[A-Za-z0-9_-]+/y;
const SPACE = /[ \t]*/y;
const SKIP = /(?:[ \t\r\n]|#[^\n]*)*/y;
const SCALAR = /[^,\]}#\r\n]*/y;
const STRING = /"""(?:[^\\]|\\[^])*?"""(?:""?)?|'''[^]*?'''(?:''?)?|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;

class Scan {
  readonly #lines = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #text: string;
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Lines {
    let table: KeyPath = [];
    for (this.#skip(SKIP); this.#at < this.#text.length; this.#skip(SKIP)) {
      const before = this.#at;
      if (this.#take("[[")) table = this.#listHeader();
      else if (this.#take("[")) {
        table = this.#inLists(this.#key());
        this.#mark(table);
        this.#take("]");
      } else this.#pair(table);
      if (this.#at === before) break;
    }
    return this.#lines;
  }

  #pair(table: KeyPath): void {
    const line = this.#here();
    const key = this.#key();
    if (key.length === 0) return;
    const path = [...table, ...key];
    // A dotted key makes the tables on its way; the first to name one gives its line.
    for (let n = table.length + 1; n <= path.length; n++) this.#mark(path.slice(0, n), line);
    this.#skip(SPACE);
    if (!this.#take("=")) return;
    this.#value(path);
  }

  #value(path: KeyPath): void {
    this.#skip(SPACE);
    if (this.#take("{")) this.#inlineTable(path);
    else if (this.#take("[")) this.#list(path);
    else if (this.#skip(STRING) === "") this.#skip(SCALAR);
  }

  #inlineTable(path: KeyPath): void {
    for (this.#skip(SKIP); !this.#take("}"); this.#skip(SKIP)) {
      const before = this.#at;
      this.#pair(path);
      this.#skip(SKIP);
      this.#take(",");
      if (this.#at === before) return;
    }
  }

  #list(path: KeyPath): void {
    this.#skip(SKIP);
    for (let index = 0; !this.#take("]"); index++) {
      const before = this.#at;
      this.#mark([...path, index]);
      this.#value([...path, index]);
      this.#skip(SKIP);
      this.#take(",");
      this.#skip(SKIP);
      if (this.#at === before) return;
    }
  }

  #listHeader(): KeyPath {
    const key = this.#key();
    const list = [...this.#inLists(key.slice(0, -1)), ...key.slice(-1)];
    const index = this.#counts.get(pathId(list)) ?? 0;
    this.#counts.set(pathId(list), index + 1);
    this.#mark(list);
    this.#mark([...list, index]);
    this.#take("]]");
    return [...list, index];
  }

  /** `[a.b]` after `[[a]]` means the last entry of `a`. */
  #inLists(key: readonly string[]): KeyPath {
    const path: (string | number)[] = [];
    for (const part of key) {
      path.push(part);
      const count = this.#counts.get(pathId(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  #key(): string[] {
    const parts: string[] = [];
    do {
      this.#skip(SPACE);
      const bare = this.#skip(BARE);
      const quoted = bare === "" ? this.#skip(STRING) : "";
      if (bare !== "") parts.push(bare);
      else if (quoted !== "") parts.push(unquote(quoted));
      this.#skip(SPACE);
    } while (this.#take("."));
    return parts;
  }

  #mark(path: KeyPath, line = this.#here()): void {
    const id = pathId(path);
    if (!this.#lines.has(id)) this.#lines.set(id, line);
  }

  #here(): number {
    for (; this.#counted < this.#at; this.#counted++) {
      if (this.#text[this.#counted] === "\n") this.#line++;
    }
    return this.#line;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

/** A text that is no valid key is left as it is: its document has a fault that is reported elsewhere. */
function unquote(quoted: string): string {
  try {
    const { k } = parse(`k = ${quoted}`);
    return typeof k === "string" ? k : quoted;
  } catch {
    return quoted;
  }
}
