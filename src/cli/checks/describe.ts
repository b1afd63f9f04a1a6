/** Findings as people read them: the name of what was examined, how bad it is, and what to do. */
import type { Finding, Severity } from "./finding.ts";

/** A finding, and which check or stage it is of. */
export interface Found extends Finding {
  readonly check: string;
}

/** How many findings are of a severity. */
export function countOf(found: readonly Found[], severity: Severity): number {
  return found.filter((it) => it.severity === severity).length;
}

/** A line each, and a sum. */
export function describeFindings(found: readonly Found[]): string {
  const lines = found.flatMap(({ check, severity, text, fix }, i) => {
    const name = found[i - 1]?.check === check ? "" : check;
    const first = `  ${name.padEnd(14)}${severity.padEnd(9)}${text}`;
    return fix === undefined ? [first] : [first, `${" ".repeat(25)}→ ${fix}`];
  });
  const [errors, warnings] = [countOf(found, "error"), countOf(found, "warning")];
  const sum = errors + warnings === 0
    ? "All is well."
    : `${plural(errors, "error")}, ${plural(warnings, "warning")}.`;
  return [...lines, sum].join("\n");
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
