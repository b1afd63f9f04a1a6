/** Reads the configuration file and those it includes. */
import { folderOf, joinPath } from "./find.ts";
import { expandGlob, isGlob } from "./glob.ts";
import { emptyTree, type KeyPath, pathId, type Tree } from "./key.ts";
import type { Origin, Sources } from "./sources.ts";
import { type Document, parseToml } from "./toml.ts";

/** Adds the file and, in sorted order, what it includes. False when any of them could not be read. */
export function addFiles(sources: Sources, path: string): boolean {
  return new Reading(sources).file(path, [], undefined);
}

class Reading {
  readonly #seen = new Set<string>();
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  file(path: string, chain: readonly string[], asked: Origin | undefined): boolean {
    const id = realPath(path);
    if (chain.includes(id)) {
      return this.#fault(asked?.source ?? path, asked?.line, `includes itself, through "${path}"`);
    }
    // A file that two others include is read once: its values contradict nobody.
    if (this.#seen.has(id)) return true;
    this.#seen.add(id);
    const document = this.#read(path, asked);
    if (document === undefined) return false;
    const place = (key: KeyPath): Origin => {
      const line = document.lines.get(pathId(key));
      return { kind: "file", source: path, folder: folderOf(path), ...(line === undefined ? {} : { line }) };
    };
    const { include, ...rest } = document.tree;
    this.#sources.add(Object.assign(emptyTree(), rest) as Tree, place);
    return this.#includes(include, path, [...chain, id], place);
  }

  #includes(
    include: unknown,
    path: string,
    chain: readonly string[],
    place: (key: KeyPath) => Origin,
  ): boolean {
    if (include === undefined) return true;
    const patterns = typeof include === "string" ? [include] : include;
    const origin = place(["include"]);
    if (!Array.isArray(patterns) || !patterns.every((it) => typeof it === "string" && it !== "")) {
      return this.#fault(path, origin.line, 'include: expected a list of files such as ["conf.d/*.toml"]');
    }
    let fine = true;
    for (const [index, pattern] of (patterns as string[]).entries()) {
      const full = joinPath(folderOf(path), pattern);
      const asked = place(["include", index]);
      const where = asked.line === undefined ? origin : asked;
      for (const file of isGlob(full) ? expandGlob(full) : [full]) {
        fine = this.file(file, chain, where) && fine;
      }
    }
    return fine;
  }

  #read(path: string, asked: Origin | undefined): Document | undefined {
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(path));
    } catch (error) {
      const rule = `${asked === undefined ? "" : `include: "${path}" `}${whyUnreadable(error)}`;
      this.#fault(asked?.source ?? path, asked?.line, rule);
      return undefined;
    }
    const document = parseToml(text);
    if (!("fault" in document)) return document;
    this.#fault(path, document.fault.line, document.fault.message);
    return undefined;
  }

  #fault(source: string, line: number | undefined, rule: string): false {
    this.#sources.problems.push({
      severity: "error",
      source,
      ...(line === undefined ? {} : { line }),
      key: "",
      rule,
    });
    return false;
  }
}

/** The reason a file could not be read, for people. */
export function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "may not be read by this user";
  if (error instanceof Deno.errors.IsADirectory) return "is a folder, not a file";
  if (error instanceof TypeError) return "is not UTF-8 text";
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
