/**
 * The one test command: every suite there is, in one table, and as the last line `N passed, N failed`.
 *
 *     deno task test [SUITE …] [--long] [--filter TEXT]
 *
 * `--long` sets METRONOME_LONG=1: tests that repeat themselves do it more often. Where CI is set, what had to be
 * skipped counts as failed.
 */
import { meet } from "./needs.ts";
import { allSuites, type Suite } from "./suites.ts";
import { type Outcome, runSuite } from "./test_run.ts";

/** Runs what is asked for; true when something ran and nothing failed. */
async function main(args: readonly string[]): Promise<boolean> {
  const known = allSuites();
  const at = args.indexOf("--filter");
  const filter = at < 0 ? [] : [`--filter=${args[at + 1] ?? ""}`];
  const wanted = args.filter((arg, i) => !arg.startsWith("--") && (at < 0 || i !== at + 1));
  const unknown = wanted.filter((name) => !known.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    console.error(`no suite ${unknown.join(", ")}: there are ${known.map((suite) => suite.name).join(", ")}`);
    return false;
  }
  const long: Record<string, string> = args.includes("--long") ? { METRONOME_LONG: "1" } : {};
  const chosen = known.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  // What only computes runs beside what mostly waits for other processes; a lane's suites follow one another.
  const lanes = [chosen.filter(({ parallel }) => parallel), chosen.filter(({ parallel }) => !parallel)];
  const quiet = lanes.every((lane) => lane.length > 0);
  const outcomes = new Map<Suite, Outcome>();
  await Promise.all(lanes.map(async (lane, i) => {
    for (const suite of lane) outcomes.set(suite, await attempt(suite, long, filter, quiet && i > 0));
  }));
  return report(chosen.map((suite) => outcomes.get(suite)!));
}

/** One suite, from what it needs to its outcome. A quiet one prints everything at its end. */
async function attempt(
  suite: Suite,
  long: Record<string, string>,
  filter: readonly string[],
  quiet: boolean,
): Promise<Outcome> {
  console.log(`\n── ${suite.name}`);
  const strict = (Deno.env.get("CI") ?? "") !== "";
  const notes: string[] = [];
  let unmet = 0;
  for (const need of suite.needs ?? []) {
    const why = await meet(need);
    if (why === undefined) continue;
    console.log(`skipped: ${suite.name} with ${need.name} (${why})`);
    notes.push(`skipped: ${why}`);
    unmet++;
  }
  let env = long;
  if (suite.prepare !== undefined) {
    try {
      const prepared = await suite.prepare();
      env = { ...long, ...prepared.env };
      notes.push(prepared.note);
      console.log(prepared.note);
    } catch (error) {
      const note = `could not be prepared: ${error instanceof Error ? error.message : error}`;
      console.log(note);
      return { name: suite.name, passed: 0, failed: 1, skipped: 0, seconds: 0, note };
    }
  }
  const outcome = await runSuite(suite, env, notes.join("; "), filter, quiet);
  if (unmet === 0) return outcome;
  // The tests that miss something ignore themselves; that there were any is what counts here.
  return strict
    ? { ...outcome, failed: outcome.failed + unmet }
    : { ...outcome, skipped: Math.max(outcome.skipped, unmet) };
}

function report(outcomes: readonly Outcome[]): boolean {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const [passed, failed, skipped] = [sum((o) => o.passed), sum((o) => o.failed), sum((o) => o.skipped)];
  console.log(
    `\n${"suite".padEnd(16)}${"passed".padStart(8)}${"failed".padStart(8)}${"skipped".padStart(9)}${
      "seconds".padStart(9)
    }`,
  );
  for (const { name, passed, failed, skipped, seconds, note } of outcomes) {
    const row = [
      name.padEnd(16),
      String(passed).padStart(8),
      String(failed).padStart(8),
      String(skipped).padStart(9),
    ];
    console.log(`${row.join("")}${seconds.toFixed(1).padStart(9)}${note === "" ? "" : `  ${note}`}`);
  }
  if (passed + failed === 0) console.log("\nno test ran");
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed === 0 && passed > 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1);
