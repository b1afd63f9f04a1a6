/**
 * Files of a folder, and nothing else: no names that begin with a dot, no way up, and links only where they lead to a file
 * that would be served at its own place.
 */

/** What is at a path below a folder. */
export type Place = { readonly file: string } | "folder" | undefined;

export class StaticFolder {
  constructor(private readonly path: string) {}

  /** `names` are the parts of the path, decoded. */
  async find(names: readonly string[]): Promise<Place> {
    if (!names.every(isServed)) return undefined;
    const root = await real(this.path);
    const path = root && await real([root, ...names].join("/"));
    if (root === undefined || path === undefined) return undefined;
    // Where links lead in the end.
    if (path !== root && !path.startsWith(root.endsWith("/") ? root : `${root}/`)) return undefined;
    if (!path.slice(root.length).split("/").filter((name) => name !== "").every(isServed)) return undefined;
    const { isFile, isDirectory } = await Deno.stat(path);
    return isFile ? { file: path } : isDirectory ? "folder" : undefined;
  }
}

function isServed(name: string): boolean {
  return name !== "" && !name.startsWith(".") && !/[/\\\0]/.test(name);
}

/** The path without links; undefined where nothing is, or nothing that we may see. */
async function real(path: string): Promise<string | undefined> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP", "ENAMETOOLONG"].includes(code)) return undefined;
    throw error;
  }
}
