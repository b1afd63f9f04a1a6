/**
 * Everything that is checked without running the server: formatting, lint, types, the arrows between floors, sizes,
 * and whether the generated documents are up to date. The last line says how many of them were well.
 */
import { deno } from "./deno_run.ts";
import { exists } from "./tree.ts";

const FOLDERS = ["mod.ts", "src", "plugins", "scripts", "tests"].filter(exists);

/** How much of one check's complaints is printed. */
const MOST_LINES = 60;

const CHECKS: Readonly<Record<string, readonly string[]>> = {
  fmt: ["fmt", "--check"],
  lint: ["lint", "--quiet", ...FOLDERS],
  types: ["check", "--quiet", ...FOLDERS],
  floors: ["run", "-A", "scripts/floors.ts"],
  sizes: ["run", "-A", "scripts/sizes.ts"],
  docs: ["run", "-A", "scripts/docs.ts", "--check"],
};

/** Runs them all; true when none complains. */
async function main(): Promise<boolean> {
  let wrong = 0;
  for (const [name, args] of Object.entries(CHECKS)) {
    const started = performance.now();
    const { ok, output } = await deno(args);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (!ok) wrong++;
    if (!ok || name === "floors" || name === "sizes") console.log(shorten(output.trimEnd()));
    console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  }
  console.log(`${Object.keys(CHECKS).length - wrong} checks ok, ${wrong} failed`);
  return wrong === 0;
}

/** The beginning of a long complaint. */
function shorten(output: string): string {
  const lines = output.split("\n");
  const rest = lines.length - MOST_LINES;
  return rest <= 0 ? output : [...lines.slice(0, MOST_LINES), `… and ${rest} more lines`].join("\n");
}

if (import.meta.main) Deno.exit(await main() ? 0 : 1);
