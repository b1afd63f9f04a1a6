/**
 * What happens to raw values before schemas see them: files of secrets are read, relative paths are taken from
 * the folder of the file that says them, and keys that nothing knows are reported.
 */
import { joinPath } from "./find.ts";
import { isTree, type KeyPath, type Tree, valueAt } from "./key.ts";
import { type Option, optionAt } from "./options.ts";
import { readText, UNREAD } from "./placeholders.ts";
import { explainCommand, nearest } from "./problems.ts";
import { LISTENERS } from "./settings.ts";
import type { Sources } from "./sources.ts";
import { shortValue } from "./toml.ts";

/** Prepares the whole tree in place. With `secrets` false, files of secrets are not read. */
export function prepare(sources: Sources, root: Option, secrets = true): void {
  table(sources, root, sources.tree, [], secrets);
}

function table(sources: Sources, option: Option, tree: Tree, path: KeyPath, secrets: boolean): void {
  if (option.members !== undefined) secretFiles(sources, option.members, tree, path, secrets);
  for (const [key, value] of Object.entries(tree)) {
    const member = option.members?.get(key) ?? option.each;
    if (member !== undefined) one(sources, member, value, [...path, key], secrets);
    else if (option.members !== undefined) unknown(sources, option, path, key, value);
  }
}

function one(sources: Sources, option: Option, value: unknown, path: KeyPath, secrets: boolean): void {
  if (isTree(value)) {
    if (option.members !== undefined || option.each !== undefined) {
      table(sources, option, value, path, secrets);
    }
  } else if (Array.isArray(value)) {
    for (const index of value.keys()) {
      if (option.items !== undefined) one(sources, option.items, value[index], [...path, index], secrets);
    }
  } else if (option.unit === "path" && typeof value === "string") {
    const holder = valueAt(sources.tree, path.slice(0, -1)) as Tree;
    if (value !== "") holder[String(path.at(-1))] = joinPath(sources.originOf(path).folder, value);
  }
}

function unknown(sources: Sources, option: Option, path: KeyPath, key: string, value: unknown): void {
  const full = [...path, key];
  const names = [...option.members?.keys() ?? []];
  const isLater = path[0] === "listen" && Object.hasOwn(LISTENERS, key);
  const suggestion = isLater ? undefined : nearest(key, names);
  sources.report(full, isLater ? "this version does not serve this kind of listener" : "unknown key", {
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(isTree(value) || suggestion !== undefined || /password|secret|token/i.test(key)
      ? {}
      : { value: shortValue(value) }),
    help: explainCommand(path),
  });
}

/** Every secret `x` may be given as `x_file`. */
function secretFiles(
  sources: Sources,
  members: ReadonlyMap<string, Option>,
  tree: Tree,
  path: KeyPath,
  secrets: boolean,
): void {
  for (const [key, option] of members) {
    const twin = `${key}_file`;
    if (option.unit !== "secret" || members.has(twin) || !Object.hasOwn(tree, twin)) continue;
    const here = [...path, twin];
    const file = tree[twin];
    const origin = sources.originOf(here);
    if (Object.hasOwn(tree, key)) sources.report(here, `${key} is given too; give one of them`);
    else if (typeof file !== "string" || file === "") {
      sources.report(here, "expected the path of a file", { value: shortValue(file) });
    } else {
      const full = joinPath(origin.folder, file);
      const text = secrets ? readText(full) : UNREAD;
      if (typeof text !== "string") sources.report(here, text.fault);
      else if (secrets) warnIfOpen(sources, here, full);
      sources.set([...path, key], typeof text === "string" ? text : UNREAD, origin);
    }
    sources.remove(here);
  }
}

function warnIfOpen(sources: Sources, path: KeyPath, file: string): void {
  const mode = Deno.statSync(file).mode ?? 0;
  if ((mode & 0o004) === 0) return;
  sources.report(path, `everybody on this machine can read "${file}"`, {
    severity: "warning",
    help: `chmod o-rwx ${file}`,
  });
}

/** The option at a path, the `_file` form of a secret included. */
export function optionOrTwin(root: Option, path: KeyPath): Option | undefined {
  const last = path.at(-1);
  const direct = optionAt(root, path);
  if (direct !== undefined || typeof last !== "string" || !last.endsWith("_file")) return direct;
  const secret = optionAt(root, [...path.slice(0, -1), last.slice(0, -5)]);
  return secret?.unit === "secret" ? secret : undefined;
}
