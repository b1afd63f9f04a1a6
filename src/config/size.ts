/** Sizes as people write them ("10 MiB", "512 KB"), kept as bytes. KiB counts in 1024, KB in 1000. */

const UNITS: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

/** The pattern editors check a size with. */
export const SIZE_PATTERN = "^\\s*\\d+(\\.\\d+)?\\s*([KMGTkmgt][iI]?)?[Bb]\\s*$";

const BY_LOWER: ReadonlyMap<string, number> = new Map(
  [...UNITS].map(([name, bytes]) => [name.toLowerCase(), bytes]),
);

/** Bytes, or undefined when the text is no size. Upper and lower case are one. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  if (match === null) return undefined;
  const unit = BY_LOWER.get((match[2] ?? "").toLowerCase());
  if (unit === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The largest unit that is exact: parseSize gives the same number back. */
export function formatSize(bytes: number): string {
  let best: [string, number] = ["B", 1];
  for (const [name, unit] of UNITS) {
    if (bytes >= unit && bytes % unit === 0 && unit > best[1]) best = [name, unit];
  }
  return `${bytes / best[1]} ${best[0]}`;
}
