/**
 * Whether what is claimed is proved: each XEP that a plugin declares is named by at least one test below `tests/`, which
 * speaks to the server from outside.
 */
import type { AnyPlugin } from "../src/plugin/plugin.ts";
import { root, sourceFiles } from "./tree.ts";

/** The name of a test as it stands in the source, up to the end of its line: `Deno.test("…"` or `name: "…"` in it. */
const NAME = /\bDeno\.test\(\s*(?:\{\s*(?:[\w]+:\s*[^,"'`]+,\s*)*name:\s*)?(["'`])(.*)/g;

/** The names of the tests in a source. */
export function testNames(source: string): string[] {
  return [...source.matchAll(NAME)].map(([, quote, rest]) => {
    const end = rest!.indexOf(quote!);
    return end < 0 ? rest! : rest!.slice(0, end);
  });
}

/** The XEPs that tests below `tests/` are named after. */
export function testedXeps(): Set<number> {
  const found = new Set<number>();
  for (const path of sourceFiles()) {
    if (!path.startsWith("tests/") || !path.endsWith("_test.ts")) continue;
    for (const name of testNames(Deno.readTextFileSync(root + path))) {
      for (const [, number] of name.matchAll(/XEP-(\d{4})/g)) found.add(Number(number));
    }
  }
  return found;
}

/** A sentence for each claim without a test. */
export function unproved(plugins: readonly AnyPlugin[], tested: ReadonlySet<number>): string[] {
  const claims = new Map<number, string[]>();
  for (const { name, xeps = [] } of plugins) {
    for (const [number] of xeps) claims.set(number, [...claims.get(number) ?? [], name]);
  }
  return [...claims].filter(([number]) => !tested.has(number)).sort(([a], [b]) => a - b).map((
    [number, names],
  ) =>
    `XEP-${String(number).padStart(4, "0")} is declared by ${
      names.join(", ")
    }, and no test below tests/ is named after it`
  );
}
