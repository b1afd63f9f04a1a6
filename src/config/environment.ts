/**
 * Overrides from the environment: `METRONOME__limits__depth=50`. Parts are separated by two underscores, upper
 * and lower case are one, and `_` also stands for `-` (and for `.` in the names of hosts that files mention).
 */
import type { Environment } from "./find.ts";
import { isTree, type KeyPath, showKey, valueAt } from "./key.ts";
import { type Option, optionAt } from "./options.ts";
import { explainCommand, nearest } from "./problems.ts";
import type { Sources } from "./sources.ts";
import { parseValue } from "./toml.ts";

const PREFIX = "METRONOME__";

/** Adds what the variables say. Unknown names are problems. */
export function addEnvironment(sources: Sources, env: Environment, root: Option): void {
  for (const [name, text] of Object.entries(env).sort()) {
    if (!name.startsWith(PREFIX) || text === undefined) continue;
    const path = resolve(sources, root, name);
    if (path === undefined) continue;
    const option = optionAt(root, path);
    const value = option === undefined ? text : valueFor(option, text);
    sources.override(nested(path, value), { kind: "environment", source: name, folder: "" });
  }
}

function nested(path: KeyPath, value: unknown): Record<string, unknown> {
  const [first, ...rest] = path;
  return { [String(first)]: rest.length === 0 ? value : nested(rest, value) };
}

function resolve(sources: Sources, root: Option, name: string): KeyPath | undefined {
  const path: string[] = [];
  let option: Option | undefined = root;
  for (const part of name.slice(PREFIX.length).split("__")) {
    const members: ReadonlyMap<string, Option> | undefined = option?.members;
    const written = option?.each === undefined ? [] : Object.keys(tableAt(sources, path));
    const known: string[] = [...members?.keys() ?? [], ...written];
    const found: string | undefined = known.find((it) => it === part) ?? known.find((it) =>
      plain(it) === plain(part)
    ) ??
      secretTwin(members, part);
    if (found === undefined && option?.each === undefined) {
      unknown(sources, name, path, part, known);
      return undefined;
    }
    path.push(found ?? part);
    option = members?.get(found ?? part) ?? option?.each;
  }
  return path;
}

function unknown(
  sources: Sources,
  name: string,
  path: readonly string[],
  part: string,
  known: string[],
): void {
  const suggestion = nearest(part, known);
  sources.problems.push({
    severity: "error",
    source: name,
    key: showKey([...path, part]),
    rule: "unknown key",
    ...(suggestion === undefined ? {} : { suggestion }),
    help: explainCommand(path),
  });
}

function tableAt(sources: Sources, path: KeyPath): Record<string, unknown> {
  const table = valueAt(sources.tree, path);
  return isTree(table) ? table : {};
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-.]/g, "_");
}

/** `token_file` where `token` is a secret. */
function secretTwin(members: ReadonlyMap<string, Option> | undefined, part: string): string | undefined {
  for (const [key, option] of members ?? []) {
    if (option.unit === "secret" && plain(`${key}_file`) === plain(part)) return `${key}_file`;
  }
  return undefined;
}

/** The text as a TOML value where the option wants more than text, a comma-separated list where it wants a list. */
function valueFor(option: Option, text: string): unknown {
  const value = parseValue(text);
  const wantsText = option.unit !== undefined && option.unit !== "rate" && option.unit !== "byte-rate" ||
    option.expects === "a text" || (option.choices?.includes(text) ?? false);
  if (option.items !== undefined && !Array.isArray(value) && !isTree(value)) {
    return text.trim() === "" ? [] : text.split(",").map((entry) => entry.trim());
  }
  // A quoted text is what it quotes; `1.2` stays a text where texts are wanted.
  if (value === undefined || (wantsText && typeof value !== "string" && !isTree(value))) return text;
  return value;
}
