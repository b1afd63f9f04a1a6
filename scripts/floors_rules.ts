/** The rules of the house, each a function from the graph to complaints: `path:line: what is wrong, and what to do`. */
import { BANS, EMPTY_NAMES, ENTRY_FLOOR, FLOORS, PLUGINS_FLOOR } from "./floors_table.ts";
import type { Arrow, SourceFile } from "./graph.ts";
import { findCycles } from "./cycles.ts";
import { isTest } from "./tree.ts";

/** Everything that is wrong with these files. */
export function checkAll(files: readonly SourceFile[]): string[] {
  const complaints: string[] = [];
  for (const file of files) {
    complaints.push(...checkArrows(file), ...checkBans(file), ...checkShape(file), ...checkName(file.path));
  }
  complaints.push(...checkExistence(files));
  for (const cycle of findCycles(files)) {
    complaints.push(`${cycle[0]}: imports itself in a circle: ${cycle.join(" → ")}`);
  }
  return complaints;
}

/** Where a file stands: `folder` of src, family of plugins, or the part of the root it belongs to. */
interface Place {
  readonly part: "src" | "plugins" | "entry" | "scripts" | "tests";
  readonly folder: string;
  readonly floor: number;
}

/** The place of a path; floor -1 marks a folder of src that is on no floor. */
export function placeOf(path: string): Place {
  const [part, folder = ""] = path.split("/");
  if (part === "src") return { part, folder, floor: FLOORS.findIndex((floor) => floor.includes(folder)) };
  // The catalog is the family of its own that knows them all.
  if (part === "plugins") return { part, folder: folder === "mod.ts" ? "" : folder, floor: PLUGINS_FLOOR };
  if (part === "scripts" || part === "tests") return { part, folder, floor: ENTRY_FLOOR + 1 };
  return { part: "entry", folder: "", floor: ENTRY_FLOOR };
}

function checkArrows(file: SourceFile): string[] {
  const from = placeOf(file.path);
  if (from.floor < 0) {
    return [`${file.path}: the folder src/${from.folder} is on no floor; see scripts/floors_table.ts`];
  }
  const complaints: string[] = [];
  for (const arrow of file.imports) {
    if (arrow.target === undefined) continue;
    const wrong = from.part === "plugins"
      ? wrongForPlugin(file, from, arrow)
      : wrongForFloor(file, from, arrow.target);
    if (wrong !== undefined) complaints.push(`${file.path}:${arrow.line}: imports ${arrow.target}: ${wrong}`);
  }
  return complaints;
}

function wrongForFloor(file: SourceFile, from: Place, target: string): string | undefined {
  const to = placeOf(target);
  const test = isTest(file.path);
  if (isTest(target) && !test) return "tests are imported by tests only";
  // Tests may use the scripted server; nothing imports a test, so that closes no circle.
  if (
    to.part === "src" && to.folder === "testing" && from.folder !== "testing" && from.part !== "tests" &&
    !test
  ) {
    if (from.part !== "entry") return "production code may not use src/testing";
  }
  if (from.part === "scripts" || from.part === "tests") {
    return to.part === "tests" && from.part === "scripts" ? "scripts may not import tests" : undefined;
  }
  if (to.part === from.part && to.folder === from.folder) return undefined;
  if (test && to.part === "src" && to.folder === "testing") return undefined;
  if (to.floor < 0) return "that folder is on no floor";
  if (to.floor < from.floor) return undefined;
  return to.part === "src" && from.part === "src" && to.floor === from.floor
    ? `${from.folder} and ${to.folder} stand side by side; neighbours do not know one another`
    : `that is above floor ${from.floor}; declare what is needed here and be given it`;
}

function wrongForPlugin(file: SourceFile, from: Place, arrow: Arrow): string | undefined {
  const target = arrow.target ?? "";
  const to = placeOf(target);
  const test = isTest(file.path);
  if (isTest(target) && !test) return "tests are imported by tests only";
  if (from.folder === "") return to.part === "plugins" ? undefined : "the catalog imports plugins only";
  if (arrow.specifier === "#plugin" || (test && arrow.specifier === "#testing")) return undefined;
  if (to.part === "plugins" && (to.folder === from.folder || /^plugins\/[^/]+\/api\.ts$/.test(target))) {
    return undefined;
  }
  return to.part === "plugins"
    ? `another family is known by its api.ts only`
    : `a plugin imports #plugin, its own family and the api.ts of others`;
}

function checkBans(file: SourceFile): string[] {
  if (isTest(file.path) || file.path.startsWith("scripts/")) return [];
  const complaints: string[] = [];
  const below = (prefixes: readonly string[] = []) => prefixes.some((prefix) => file.path.startsWith(prefix));
  for (const ban of BANS) {
    if (below(ban.allowed) || (ban.within !== undefined && !below(ban.within))) continue;
    const where = ban.allowed.length === 0 ? "" : ` outside ${ban.allowed.join(", ")}`;
    if (ban.code !== undefined) {
      file.code.split("\n").forEach((line, i) => {
        if (ban.code?.test(line)) complaints.push(`${file.path}:${i + 1}: uses ${ban.what}${where}`);
      });
    }
    for (const { specifier, target, line, typeOnly } of file.imports) {
      if (!ban.module?.test(target ?? specifier) || (typeOnly && below(ban.typesAllowed))) continue;
      complaints.push(`${file.path}:${line}: imports ${ban.what}${where}`);
    }
  }
  return complaints;
}

/** What no module may be: changeable at its top level, imported for its effect, an api.ts with behaviour. */
function checkShape(file: SourceFile): string[] {
  const complaints: string[] = [];
  const product = !isTest(file.path) && !file.path.startsWith("scripts/");
  file.code.split("\n").forEach((line, i) => {
    // The formatter sees to it that only the top level begins in the first column.
    if (/^(export\s+)?(let|var)\b/.test(line)) {
      complaints.push(`${file.path}:${i + 1}: a module has no changeable state; give it to an object`);
    }
    if (
      isApi(file.path) &&
      /^(export\s+)?(default\s+)?(async\s+)?(function|class|abstract\s+class)\b/.test(line)
    ) {
      complaints.push(`${file.path}:${i + 1}: an api.ts holds types and define…() values, no behaviour`);
    }
  });
  for (const { names, dynamic, specifier, line, typeOnly } of file.imports) {
    if (product && names === "" && !dynamic) {
      complaints.push(`${file.path}:${line}: imports ${specifier} for its effect`);
    }
    if (isApi(file.path) && !typeOnly && !(specifier === "#plugin" && onlyDefines(names))) {
      complaints.push(`${file.path}:${line}: an api.ts may import types, and define…() from #plugin`);
    }
  }
  return complaints;
}

function isApi(path: string): boolean {
  return /^plugins\/[^/]+\/api\.ts$/.test(path);
}

function onlyDefines(names: string): boolean {
  const each = names.replace(/[{}]/g, "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  return names.startsWith("{") && each.every((name) => /^(type\s|define[A-Z])/.test(name));
}

function checkName(path: string): string[] {
  const complaints: string[] = [];
  for (const part of path.split("/")) {
    const name = part.replace(/\.ts$/, "");
    if (EMPTY_NAMES.test(name)) complaints.push(`${path}: "${name}" says nothing; name it for what it holds`);
    if (!/^[a-z0-9_]+$/.test(name)) complaints.push(`${path}: names of files and folders are snake_case`);
  }
  return complaints;
}

/** An import of a file that is not there would be found by the type check too, but a wrong case only on some machines. */
function checkExistence(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map((file) => file.path));
  const complaints: string[] = [];
  for (const file of files) {
    for (const { target, line } of file.imports) {
      if (target?.endsWith(".ts") && !known.has(target) && !target.startsWith("tests/bench/load/")) {
        complaints.push(`${file.path}:${line}: imports ${target}, which is not there`);
      }
    }
  }
  return complaints;
}
