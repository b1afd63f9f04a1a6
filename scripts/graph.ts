/** The module graph of the project: every file with what it imports, read from the files themselves. */
import { ALIASES } from "./floors_table.ts";
import { blank, type Import, imports } from "./source.ts";
import { root, sourceFiles } from "./tree.ts";

/** An import, with the file of ours that it means. */
export interface Arrow extends Import {
  /** Undefined for packages and built-in modules. */
  readonly target: string | undefined;
}

/** A file of the project. */
export interface SourceFile {
  readonly path: string;
  /** Its code without comments and the insides of strings. */
  readonly code: string;
  readonly imports: readonly Arrow[];
}

/** Reads them all. */
export function readGraph(): SourceFile[] {
  return sourceFiles().map((path) => readSource(path, Deno.readTextFileSync(root + path)));
}

/** One file, from its text. */
export function readSource(path: string, source: string): SourceFile {
  const code = blank(source);
  const arrows = imports(source, code).map((found) => ({ ...found, target: resolve(path, found.specifier) }));
  return { path, code, imports: arrows };
}

/** Where a specifier leads, if to a file of ours. */
function resolve(from: string, specifier: string): string | undefined {
  const alias = ALIASES[specifier];
  if (alias !== undefined) return alias;
  if (!specifier.startsWith(".")) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
