/**
 * Durations as people write them ("90 days", "5 min", "1h30m"), kept as whole milliseconds.
 * A bare number is refused: nobody remembers whether it was seconds. A month is 30 days, a year 365.
 */

const UNITS: ReadonlyMap<string, number> = new Map(
  ([
    [1, "ms", "millisecond", "milliseconds"],
    [1_000, "s", "sec", "secs", "second", "seconds"],
    [60_000, "m", "min", "mins", "minute", "minutes"],
    [3_600_000, "h", "hour", "hours"],
    [86_400_000, "d", "day", "days"],
    [604_800_000, "w", "week", "weeks"],
    [2_592_000_000, "month", "months"],
    [31_536_000_000, "y", "year", "years"],
  ] as [number, ...string[]][]).flatMap(([ms, ...names]) => names.map((name) => [name, ms] as const)),
);

/** The pattern editors check a duration with. */
export const DURATION_PATTERN = `^\\s*(\\d+(\\.\\d+)?\\s*(${[...UNITS.keys()].join("|")})\\s*)+$`;

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const part = /\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gy;
  let total = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const unit = UNITS.get(match[2] ?? "");
    if (unit === undefined) return undefined;
    total += Number(match[1]) * unit;
    end = part.lastIndex;
  }
  if (end === 0 || end !== text.length) return undefined;
  const ms = Math.round(total);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

const SHOWN: readonly [ms: number, one: string, many: string][] = [
  [86_400_000, "day", "days"],
  [3_600_000, "h", "h"],
  [60_000, "min", "min"],
  [1_000, "s", "s"],
  [1, "ms", "ms"],
];

/** The shortest exact text: parseDuration gives the same number back. */
export function formatDuration(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, one, many] of SHOWN) {
    const count = Math.floor(rest / unit);
    if (count === 0) continue;
    parts.push(`${count} ${count === 1 ? one : many}`);
    rest -= count * unit;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}
