/** Draws the floors as they are: each folder with the lower ones it really uses. */
import { ENTRY_FLOOR, FLOORS, PLUGINS_FLOOR } from "./floors_table.ts";
import { placeOf } from "./floors_rules.ts";
import type { SourceFile } from "./graph.ts";
import { isTest } from "./tree.ts";

/** A table in Markdown, highest floor first. */
export function draw(files: readonly SourceFile[]): string {
  const rows = ["| floor | folder | files | imports |", "|---:|---|---:|---|"];
  const production = files.filter((file) => !isTest(file.path) && !file.path.startsWith("scripts/"));
  rows.push(row(ENTRY_FLOOR, "mod.ts", production.filter((file) => placeOf(file.path).part === "entry")));
  const families = new Set(
    production.filter((f) => f.path.startsWith("plugins/")).map((f) => placeOf(f.path).folder),
  );
  for (const family of [...families].sort()) {
    const own = production.filter((f) => f.path.startsWith("plugins/") && placeOf(f.path).folder === family);
    rows.push(row(PLUGINS_FLOOR, family === "" ? "plugins/mod.ts" : `plugins/${family}`, own));
  }
  for (let floor = FLOORS.length - 1; floor >= 0; floor--) {
    for (const folder of FLOORS[floor] ?? []) {
      rows.push(row(floor, folder, production.filter((file) => file.path.startsWith(`src/${folder}/`))));
    }
  }
  return rows.filter((line) => line !== "").join("\n") + "\n";
}

function row(floor: number, name: string, files: readonly SourceFile[]): string {
  if (files.length === 0) return "";
  const targets = new Map<string, number>();
  for (const target of files.flatMap((file) => file.imports.flatMap((arrow) => arrow.target ?? []))) {
    const { part, folder, floor: height } = placeOf(target);
    const label = part === "src" ? folder : folder === "" ? part : `${part}/${folder}`;
    if (label !== name) targets.set(label, height);
  }
  const sorted = [...targets].sort(([a, x], [b, y]) => y - x || a.localeCompare(b)).map(([label]) => label);
  return `| ${floor} | ${name} | ${files.length} | ${sorted.join(" · ")} |`;
}
