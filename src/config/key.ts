/** Paths of keys in a tree of values, and trees themselves: what TOML, the environment and the command line give. */

/** Names of keys, and indexes of list entries. */
export type KeyPath = readonly (string | number)[];

/** A table of raw values. */
export interface Tree {
  [key: string]: unknown;
}

/** A table without a prototype, so that a key named `__proto__` is only a key. */
export function emptyTree(): Tree {
  return Object.create(null) as Tree;
}

/** Whether the value is a table, not a list, date or scalar. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const proto = Object.getPrototypeOf(value) as unknown;
  return proto === null || proto === Object.prototype;
}

/** The path as it would be written: `host."example.org".plugins[0]`. */
export function showKey(path: KeyPath): string {
  let shown = "";
  for (const part of path) {
    if (typeof part === "number") shown += `[${part}]`;
    else shown += (shown === "" ? "" : ".") + showPart(part);
  }
  return shown;
}

/** One key as it would be written: bare where TOML allows, else quoted. */
export function showPart(part: string): string {
  return /^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part);
}

/** One string for a path, to key maps with. */
export function pathId(path: KeyPath): string {
  return JSON.stringify(path);
}

/** The value at a path; undefined where there is none. */
export function valueAt(tree: unknown, path: KeyPath): unknown {
  let value: unknown = tree;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === "number") value = value[part] as unknown;
    else if (isTree(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** Writes a value, making tables on the way. A value in the way that is no table and no list is replaced. */
export function setAt(tree: Tree, path: KeyPath, value: unknown): void {
  let table = tree;
  for (const part of path.slice(0, -1)) {
    const next = table[part];
    // The entries of a list are there already, under their index.
    if (isTree(next) || Array.isArray(next)) table = next as Tree;
    else table = (table[part] = emptyTree()) as Tree;
  }
  const name = path.at(-1);
  if (name !== undefined) table[name] = value;
}

/** `over` laid over `under`: tables merge key by key, everything else is replaced. Neither is changed. */
export function mergeTrees(under: Tree, over: Tree): Tree {
  const merged = Object.assign(emptyTree(), under);
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isTree(below) && isTree(value) ? mergeTrees(below, value) : value;
  }
  return merged;
}

/** Reads a dotted key: bare parts, quoted parts, `[0]`; undefined when it is none. */
export function parseKey(text: string): string[] | undefined {
  const part = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s."'[\]]+))\s*(?:\[\d*\])?\s*(\.|$)/y;
  const parts: string[] = [];
  for (;;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    parts.push(match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? match[3] ?? "");
    if (match[4] === "") return parts;
  }
}
