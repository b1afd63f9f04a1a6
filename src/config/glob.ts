/** File names with `*` and `?`, sorted, as `include` wants them. */
import { joinPath } from "./find.ts";

/** Whether the pattern stands for more than one name. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** The files that match, in the order of their names. Folders that are missing match nothing. */
export function expandGlob(pattern: string): string[] {
  const [first, ...parts] = pattern.split("/");
  let found = [first === "" ? "/" : ""];
  for (const part of first === "" ? parts : [first ?? "", ...parts]) {
    if (part === "") continue;
    found = found.flatMap((folder) => isGlob(part) ? matching(folder, part) : [joinPath(folder, part)]);
  }
  return found.filter(exists);
}

function matching(folder: string, pattern: string): string[] {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const test = new RegExp(`^${source}$`, "u");
  // A leading dot must be written out, as in every shell: editors leave hidden copies.
  return names(folder).filter((name) => test.test(name) && (!name.startsWith(".") || pattern.startsWith(".")))
    .sort((a, b) => a < b ? -1 : a > b ? 1 : 0)
    .map((name) => joinPath(folder, name));
}

function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder === "" ? "." : folder)].map((entry) => entry.name);
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
