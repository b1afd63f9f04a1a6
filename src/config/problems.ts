/**
 * What is wrong with a configuration, one record each, and how it reads:
 * `file:line: key: rule, got value. Did you mean "x"? (metronome config explain key)`.
 */
import { KeyPath, showKey } from "./key.ts";

/** Something wrong, or with severity "warning" something odd. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** A file as it was named, an environment variable, or "command line"; "" when nothing said it. */
  readonly source: string;
  readonly line?: number;
  /** The dotted key, as it would be written in the file; "" for the file as a whole. */
  readonly key: string;
  /** What was found, as TOML, short; absent for secrets and missing keys. */
  readonly value?: string;
  readonly rule: string;
  /** The nearest valid spelling. */
  readonly suggestion?: string;
  /** The command that tells more. */
  readonly help?: string;
}

/** The one line a person reads. */
export function describeProblem(problem: Problem): string {
  const { source, line, key, value, rule, suggestion, help } = problem;
  const place = source === "" ? "" : line === undefined ? `${source}: ` : `${source}:${line}: `;
  const name = key === "" ? "" : `${key}: `;
  const got = value === undefined ? "" : `, got ${value}`;
  const mean = suggestion === undefined ? "" : `. Did you mean "${suggestion}"?`;
  return `${place}${name}${rule}${got}${mean}${help === undefined ? "" : ` (${help})`}`;
}

/** The command that explains a key; hosts are explained under `defaults` where both have it. */
export function explainCommand(path: KeyPath): string {
  const [first, , ...rest] = path;
  const hostOnly = rest[0] === "kind" || rest[0] === "parent" || rest[0] === "enabled";
  const shown = first !== "host" || path.length < 2
    ? path
    : rest.length === 0 || hostOnly
    ? ["host", ...rest]
    : ["defaults", ...rest];
  const key = showKey(shown.filter((part) => typeof part === "string"));
  return `metronome config explain${key === "" ? "" : ` ${key.includes('"') ? `'${key}'` : key}`}`;
}

/** The candidate that needs the fewest edits, when they are few enough for a slip of the fingers. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** Edit distance in which two swapped neighbours count once (optimal string alignment). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(before, j - 2) + 1);
      }
      row.push(cost);
    }
    [before, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
