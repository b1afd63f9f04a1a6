/** One run of `deno test`: its output passed through, its counts read from the runner's last summary line. */
import type { Suite } from "./suites.ts";
import { root } from "./tree.ts";

/** How a suite went. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** What has to be said about it: why it was skipped, against what it ran. */
  readonly note: string;
}

// deno-lint-ignore no-control-regex -- the runner colours its output with escape sequences
const COLOUR = /\u001b\[[0-9;]*m/g;
const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/gm;

/**
 * Runs a suite's tests. A run that ends badly without a failed test (a type error, a crash, a hang) counts as one. What it
 * prints comes as it is printed, or, where it is quiet, at once in the end.
 */
export async function runSuite(
  suite: Suite,
  env: Record<string, string>,
  note: string,
  filter: readonly string[],
  quiet = false,
): Promise<Outcome> {
  const preload = suite.preload === undefined ? [] : ["--preload", suite.preload];
  const args = [
    "test",
    "-A",
    ...(suite.parallel ? ["--parallel"] : []),
    ...preload,
    ...filter,
    ...suite.paths,
  ];
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let hung = false;
  const limit = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, suite.minutes * 60_000);
  const held: Uint8Array[] = [];
  const keep = { writeSync: (bytes: Uint8Array) => held.push(bytes.slice()) && bytes.length };
  const [output, , status] = await Promise.all([
    passOn(child.stdout, quiet ? keep : Deno.stdout),
    passOn(child.stderr, quiet ? keep : Deno.stderr),
    child.status,
  ]);
  if (quiet) console.log(`\n── ${suite.name}, from its beginning`);
  for (const piece of held) writeAll(piece, Deno.stdout);
  clearTimeout(limit);
  const seconds = (performance.now() - started) / 1000;
  const counts = parseSummary(output);
  const notes = [note];
  let { failed } = counts;
  if (!status.success && failed === 0) {
    failed = 1;
    notes.push(
      hung
        ? `did not end within ${suite.minutes} minutes`
        : `deno test ended with ${status.signal ?? status.code}`,
    );
  }
  return {
    name: suite.name,
    ...counts,
    failed,
    seconds,
    note: notes.filter((text) => text !== "").join("; "),
  };
}

/** The counts of the last summary line in a run's output: a test may print something that looks like one. */
export function parseSummary(output: string): { passed: number; failed: number; skipped: number } {
  const last = [...output.replaceAll(COLOUR, "").matchAll(SUMMARY)].at(-1);
  return { passed: Number(last?.[1] ?? 0), failed: Number(last?.[2] ?? 0), skipped: Number(last?.[3] ?? 0) };
}

interface Writer {
  writeSync(bytes: Uint8Array): number;
}

function writeAll(bytes: Uint8Array, to: Writer): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(to.writeSync(rest));
}

/** Copies a stream as it comes, and gives back its end, where the summary is. */
async function passOn(
  from: ReadableStream<Uint8Array>,
  to: Writer,
): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of from) {
    writeAll(chunk, to);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-20_000);
  }
  return tail;
}
