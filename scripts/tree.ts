/** The TypeScript files of the project, as paths relative to its root with `/` between the parts. */

/** The root of the project, with a slash at its end. */
export const root = new URL("../", import.meta.url).pathname;

/** The folders that hold our code; `mod.ts` lies in the root itself. */
const FOLDERS = ["src", "plugins", "scripts", "tests"];
/** Kept as it came from elsewhere, or made by tools. */
const FOREIGN = /^(tests\/bench\/load|node_modules|dist)(\/|$)/;

/** Every TypeScript file of ours, sorted. */
export function sourceFiles(): string[] {
  const found: string[] = [];
  if (exists("mod.ts")) found.push("mod.ts");
  for (const folder of FOLDERS) if (exists(folder)) collect(folder, found);
  return found.sort();
}

/** Whether a file only tests, or is made for tests: nothing of the product may import it. */
export function isTest(path: string): boolean {
  return path.startsWith("tests/") || /_test(?:_[a-z]+)*\.ts$/.test(path);
}

/** Whether there is something at a path below the root. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(root + path);
    return true;
  } catch {
    return false;
  }
}

function collect(folder: string, found: string[]): void {
  if (FOREIGN.test(folder)) return;
  for (const entry of Deno.readDirSync(root + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) collect(path, found);
    else if (entry.name.endsWith(".ts") && !FOREIGN.test(path)) found.push(path);
  }
}
