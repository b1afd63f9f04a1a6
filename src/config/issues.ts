/** What zod found wrong, as problems in the words of the options. */
import type * as z from "zod";
import { isTree, type KeyPath, showKey, valueAt } from "./key.ts";
import { type Option, optionAt } from "./options.ts";
import { nearest } from "./problems.ts";
import type { Sources } from "./sources.ts";
import { shortValue } from "./toml.ts";

/** How the paths of a parsed value lie in the tree of sources. */
export interface Lay {
  /** Where a path of the parsed value was written. */
  readonly place: (path: KeyPath) => KeyPath;
  /** Whether keys may be missing here, because another table can bring them. */
  readonly partial?: boolean;
}

type Issue = z.core.$ZodIssue;

/** Reports every issue of a failed parse. */
export function reportIssues(sources: Sources, root: Option, error: z.ZodError, lay: Lay): void {
  for (const issue of error.issues) reportIssue(sources, root, issue, [], lay);
}

function reportIssue(sources: Sources, root: Option, issue: Issue, prefix: KeyPath, lay: Lay): void {
  const path = [...prefix, ...issue.path.filter((part) => typeof part !== "symbol")];
  const full = lay.place(path);
  const value = valueAt(sources.tree, full);
  if (issue.code === "invalid_union" && isTree(value)) {
    const branch = issue.errors.find((errors) =>
      errors.some((it) => it.path.length > 0 || it.code === "unrecognized_keys")
    );
    for (const it of branch ?? []) reportIssue(sources, root, it, path, lay);
    if (branch !== undefined) return;
  }
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) unknownKey(sources, root, lay.place([...path, key]));
    return;
  }
  // One problem a key: a placeholder that could not be filled leaves a value that is wrong again.
  const key = showKey(full);
  if (sources.problems.some((problem) => problem.key === key && problem.severity === "error")) return;
  const option = optionAt(root, full);
  if (value === undefined) {
    if (lay.partial === true && issue.code !== "custom") return;
    sources.report(full, `is required: expected ${option?.expects ?? "a value"}`);
    return;
  }
  const suggestion = typeof value === "string" ? nearest(value, option?.choices ?? []) : undefined;
  sources.report(full, ruleOf(issue, option), {
    ...(option?.unit === "secret" ? {} : { value: shortValue(value) }),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

/** The walk over known options reports nearly all of these, and better; this is for tables in unions. */
function unknownKey(sources: Sources, root: Option, full: KeyPath): void {
  const key = showKey(full);
  if (sources.problems.some((problem) => problem.key === key)) return;
  const suggestion = nearest(String(full.at(-1)), optionAt(root, full.slice(0, -1))?.members?.keys() ?? []);
  sources.report(full, "unknown key", suggestion === undefined ? {} : { suggestion });
}

function ruleOf(issue: Issue, option: Option | undefined): string {
  if (issue.code === "custom" || issue.code === "invalid_format") return issue.message;
  if (issue.code === "too_small" || issue.code === "too_big") {
    const bound = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    if (issue.origin === "array") return `expected a list with ${bound} entries`;
    if (issue.origin === "string") return issue.message;
  }
  return option === undefined ? issue.message : `expected ${option.expects}`;
}
