/**
 * Raw values gathered from where they are written, each remembering that place. Files may not contradict one
 * another; the environment wins over files, the command line over both.
 */
import { emptyTree, isTree, type KeyPath, pathId, setAt, showKey, type Tree, valueAt } from "./key.ts";
import { explainCommand, type Problem } from "./problems.ts";
import { shortValue } from "./toml.ts";

/** Where a value was written. */
export interface Origin {
  readonly kind: "file" | "environment" | "command line" | "default";
  /** The file as it was named, or the variable. */
  readonly source: string;
  readonly line?: number;
  /** The folder relative paths start from; "" is the current one. */
  readonly folder: string;
}

/** The place of what nobody wrote. */
export const DEFAULT_ORIGIN: Origin = { kind: "default", source: "", folder: "" };

/** `metronome.toml:12`, `METRONOME__server__log`, `command line`, `default`. */
export function showOrigin({ kind, source, line }: Origin): string {
  if (kind === "file") return line === undefined ? source : `${source}:${line}`;
  return kind === "environment" ? source : kind;
}

/** The gathered values. Grows while reading; after that only asked. */
export class Sources {
  readonly tree: Tree = emptyTree();
  readonly problems: Problem[] = [];
  readonly #origins = new Map<string, Origin>();

  /** Where the value at a path, or the nearest table around it, was written. */
  originOf(path: KeyPath): Origin {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(pathId(path.slice(0, length)));
      if (origin !== undefined) return origin;
    }
    return DEFAULT_ORIGIN;
  }

  /** Whether somebody wrote a value at this path. */
  has(path: KeyPath): boolean {
    return valueAt(this.tree, path) !== undefined;
  }

  /** Adds what a file says; what another file said already is a problem that names both places. */
  add(tree: Tree, place: (path: KeyPath) => Origin, path: KeyPath = []): void {
    for (const [key, value] of Object.entries(tree)) {
      const here = [...path, key];
      const before = valueAt(this.tree, here);
      if (before !== undefined && !(isTree(before) && isTree(value))) {
        this.#twice(here, value, place(here));
      } else if (isTree(value)) {
        if (before === undefined) this.set(here, emptyTree(), place(here));
        this.add(value, place, here);
      } else {
        this.set(here, value, place(here));
        this.#entries(value, here, place);
      }
    }
  }

  /** Writes one value over whatever is there. */
  set(path: KeyPath, value: unknown, origin: Origin): void {
    if (!isTree(value) || Object.keys(value).length > 0 || !this.has(path)) setAt(this.tree, path, value);
    this.#origins.set(pathId(path), origin);
  }

  /** Writes a tree over what is there, value by value. */
  override(tree: Tree, origin: Origin, path: KeyPath = []): void {
    for (const [key, value] of Object.entries(tree)) {
      const here = [...path, key];
      if (value === undefined) continue;
      if (!isTree(value)) this.set(here, value, origin);
      else {
        if (!isTree(valueAt(this.tree, here))) this.set(here, emptyTree(), origin);
        this.override(value, origin, here);
      }
    }
  }

  /** Takes a value away. */
  remove(path: KeyPath): void {
    const table = valueAt(this.tree, path.slice(0, -1));
    const name = path.at(-1);
    if (isTree(table) && name !== undefined) delete table[name];
  }

  /** Notes a problem with the value at a path. */
  report(path: KeyPath, rule: string, more: Partial<Problem> = {}): void {
    const origin = this.originOf(path);
    this.problems.push({
      severity: "error",
      source: origin.kind === "default" ? "" : origin.kind === "command line" ? origin.kind : origin.source,
      ...(origin.line === undefined ? {} : { line: origin.line }),
      key: showKey(path),
      rule,
      help: explainCommand(path),
      ...more,
    });
  }

  /** Lists of tables have lines of their own inside. */
  #entries(value: unknown, path: KeyPath, place: (path: KeyPath) => Origin): void {
    if (!Array.isArray(value) && !isTree(value)) return;
    const parts = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    for (const part of parts) {
      const here = [...path, part];
      this.#origins.set(pathId(here), place(here));
      this.#entries(valueAt(value, [part]), here, place);
    }
  }

  #twice(path: KeyPath, value: unknown, origin: Origin): void {
    this.problems.push({
      severity: "error",
      source: origin.source,
      ...(origin.line === undefined ? {} : { line: origin.line }),
      key: showKey(path),
      rule: `already set in ${showOrigin(this.originOf(path))}; say it once`,
      ...(isSecretName(path) ? {} : { value: shortValue(value) }),
    });
  }
}

/** Before the schema is known to apply, names that sound secret keep their values to themselves. */
function isSecretName(path: KeyPath): boolean {
  return /password|secret|token|key/i.test(String(path.at(-1) ?? ""));
}
