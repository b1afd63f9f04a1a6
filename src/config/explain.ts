/** What an option or a table is, for `config explain KEY`. */
import type { Catalog } from "./catalog.ts";
import { type KeyPath, parseKey, showKey } from "./key.ts";
import { isTable, type Option } from "./options.ts";
import { optionOrTwin } from "./prepare.ts";
import { nearest } from "./problems.ts";
import { fallbackText, sampleOf } from "./samples.ts";
import { tomlValue } from "./toml.ts";

/** A page about the key, or the nearest key there is. */
export type Explanation = { readonly text: string } | {
  readonly unknown: string;
  readonly suggestion?: string;
};

const HOST = "example.org";

/** Explains a key as it would be written: `limits.depth`, `defaults.name`, `host."example.org".name`, or `name`. */
export function explain(key: string, catalog: Catalog): Explanation {
  const parts = key.trim() === "" ? [] : parseKey(key);
  if (parts === undefined) return { unknown: key };
  for (const path of readings(parts, catalog)) {
    const option = optionOrTwin(catalog.root, path);
    if (option !== undefined) return { text: page(path, option) };
  }
  const suggestion = closest(parts, catalog.root);
  return suggestion === undefined ? { unknown: key } : { unknown: key, suggestion };
}

/** The paths a person may mean. `host.name` is the option of hosts, not the host called "name". */
function readings(parts: readonly string[], { root }: Catalog): KeyPath[] {
  const [first, second] = parts;
  const host = root.members?.get("host")?.each?.members;
  if (first === "host" && second !== undefined && host?.has(second)) {
    return [["host", HOST, ...parts.slice(1)]];
  }
  return [parts, ["defaults", ...parts], ["host", HOST, ...parts]];
}

function page(path: KeyPath, option: Option): string {
  const lines = [showKey(path) || "metronome.toml"];
  if (option.doc !== "") lines.push(`  ${option.doc}`);
  lines.push("");
  if (isTable(option)) return [...lines, ...members(path, option)].join("\n");
  const shown = path.filter((part) => typeof part === "string");
  lines.push(`  wants      ${option.expects}`, `  default    ${fallbackText(option)}`);
  lines.push(
    ...example(shown, option).map((line, index) => `  ${index === 0 ? "example  " : "         "}  ${line}`),
  );
  lines.push(`  override   METRONOME__${shown.join("__")}`);
  const name = shown.at(-1) ?? "";
  if (option.unit === "secret" && !name.endsWith("_file")) {
    lines.push(`  or         ${name}_file = "the path of a file that holds it"`);
  }
  if (option.unit === "secret") lines.push("  A secret: it is never printed.");
  return lines.join("\n");
}

function example(path: readonly string[], option: Option): string[] {
  const name = path.at(-1) ?? "";
  const value = name.endsWith("_file") && option.unit === "secret" ? "path/to/it" : sampleOf(option);
  const table = path.slice(0, -1);
  const lines = table.length === 0 ? [] : [`[${showKey(table)}]`];
  lines.push(`${name} = ${tomlValue(value)}`);
  if (path[0] === "defaults") lines.push(`(for one host: [${showKey(["host", HOST, ...table.slice(1)])}])`);
  return lines;
}

function members(path: KeyPath, option: Option): string[] {
  const lines: string[] = [];
  const names = [...option.members?.entries() ?? []];
  const width = Math.max(0, ...names.map(([name]) => name.length));
  for (const [name, member] of names) {
    const value = isTable(member) ? "(a table)" : fallbackText(member);
    lines.push(
      `  ${name.padEnd(width)}  ${value}${
        member.doc === "" ? "" : `\n  ${" ".repeat(width)}  ${member.doc}`
      }`,
    );
  }
  if (option.each !== undefined) {
    const name = path.at(-1) === "host" ? JSON.stringify(HOST) : "NAME";
    lines.push(`  Every key is free: ${[...path, ""].join(".")}${name}, each ${option.each.expects}.`);
    if (option.each.members !== undefined) lines.push("", ...members([...path, HOST], option.each));
  }
  return lines;
}

/** The key with the nearest name: first among its neighbours, then anywhere. */
function closest(parts: readonly string[], root: Option): string | undefined {
  const paths = allPaths(root, []);
  const byKey = nearest(parts.join("."), paths.map((path) => path.join(".")));
  if (byKey !== undefined) return byKey;
  const name = nearest(parts.at(-1) ?? "", new Set(paths.map((path) => path.at(-1) ?? "")));
  return paths.find((path) => path.at(-1) === name)?.join(".");
}

function allPaths(option: Option, path: readonly string[]): string[][] {
  return [...option.members?.entries() ?? []].flatMap(([name, member]) => {
    const here = [...path, name];
    return [here, ...allPaths(member, here)];
  });
}
