/**
 * Writes what is generated: `docs/config.md`, `docs/xeps.md` and `config.example.toml`, from the options' schemas and
 * the plugins' own words. With `--check` it writes nothing, and fails when a file is not what would be written. In both
 * cases it fails where a plugin declares an XEP that no test is named after.
 */
import catalog from "../plugins/mod.ts";
import { catalogOf, configReference, exampleToml } from "../src/config/mod.ts";
import type { AnyPlugin } from "../src/plugin/plugin.ts";
import { offerOf } from "../src/server/offer.ts";
import { xepReference } from "./xep_reference.ts";
import { exists, root } from "./tree.ts";
import { withRights } from "./rights_table.ts";
import { testedXeps, unproved } from "./xep_tests.ts";

/** Every generated file with its text. */
function generated(): Record<string, string> {
  const plugins: readonly AnyPlugin[] = catalog;
  const options = catalogOf(offerOf(plugins));
  return {
    "config.example.toml": exampleToml(options),
    "docs/config.md": configReference(options),
    "docs/pubsub.md": withRights(Deno.readTextFileSync(`${root}docs/pubsub.md`)),
    "docs/xeps.md": xepReference(plugins),
  };
}

/** Where two texts first differ, for people. */
function difference(old: string, fresh: string): string {
  const [a, b] = [old.split("\n"), fresh.split("\n")];
  const at = b.findIndex((line, i) => line !== a[i]);
  const line = at < 0 ? b.length : at;
  return `line ${line + 1}: ${JSON.stringify(a[line] ?? "")} should be ${JSON.stringify(b[line] ?? "")}`;
}

async function main(args: readonly string[]): Promise<boolean> {
  let stale = 0;
  for (const [path, text] of Object.entries(generated())) {
    const old = exists(path) ? await Deno.readTextFile(root + path) : undefined;
    if (old === text) continue;
    if (args.includes("--check")) {
      console.log(
        `${path}: ${old === undefined ? "is missing" : difference(old, text)}; run: deno task docs`,
      );
      stale++;
    } else {
      await Deno.mkdir(`${root}docs`, { recursive: true });
      await Deno.writeTextFile(root + path, text);
      console.log(`wrote ${path}`);
    }
  }
  const claims = unproved(catalog as readonly AnyPlugin[], testedXeps());
  for (const claim of claims) console.log(claim);
  return stale === 0 && claims.length === 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1);
