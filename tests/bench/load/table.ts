/** The table of results: servers side by side, the median of the rounds, the extremes, the ratio to the first. */
import type { Row } from "./rows.ts";

type Metric = readonly [name: string, value: unknown];

/** A Markdown table of all rows; `order` says which server comes first. */
export function table(rows: readonly Row[], order: readonly string[]): string {
  const place = (name: string) => order.includes(name) ? order.indexOf(name) : order.length;
  const names = [...new Set(rows.map((row) => String(row.server)))].sort((a, b) => place(a) - place(b));
  const first = names[0];
  if (first === undefined) return "no results";
  const cells = collect(rows);
  const lines = [[`median [min..max], xRATIO to ${first}`, ...names]];
  for (const [metric, values] of cells) {
    const base = values.get(first);
    lines.push([metric, ...names.map((name) => cell(values.get(name), name === first ? undefined : base))]);
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const row = (line: string[]) => `| ${line.map((text, i) => text.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [row(lines[0]!), rule, ...lines.slice(1).map(row)].join("\n");
}

/** metric → server → the values of all rounds, metrics in the order in which they were first seen. */
function collect(rows: readonly Row[]): Map<string, Map<string, number[]>> {
  const cells = new Map<string, Map<string, number[]>>();
  for (const row of rows) {
    for (const [metric, value] of metrics(row)) {
      if (typeof value !== "number" || !isFinite(value)) continue;
      const servers = cells.get(metric) ?? new Map<string, number[]>();
      cells.set(metric, servers);
      const server = String(row.server);
      servers.set(server, [...(servers.get(server) ?? []), value]);
    }
  }
  return cells;
}

function metrics(row: Row): Metric[] {
  if (row.failed) return [[`${row.step}: FAILED`, 1]];
  if (row.stalled) return [[`${row.step}: STALLED`, 1]];
  switch (row.scenario) {
    case "start":
      return row.mam ? [] : [["start: ms to the first stream", row.start_ms]];
    case "usage":
      return [["rest: RSS MiB", row.rss_mb], ["rest: CPU %", row.idle_cpu_pct]];
    case "idle":
      return idle(`${row.step}-${row.sessions}`, row);
    case "churn":
      return [
        [`${row.step}: RSS MiB after round ${row.pass}`, row.rss_mb],
        ...troubles(String(row.step), row),
      ];
    default:
      return work(row);
  }
}

function idle(key: string, row: Row): Metric[] {
  return [
    [`${key}: RSS MiB`, row.rss_mb],
    [`${key}: KiB per session`, row.kib_per_session],
    [`${key}: KiB per further session`, row.kib_per_further_session],
    [`${key}: CPU us per login`, row.cpu_us_per_op],
    [`${key}: CPU % at rest`, row.idle_cpu_pct],
    ...troubles(key, row),
  ];
}

function work(row: Row): Metric[] {
  const joins = row.scenario === "muc_join";
  if (joins && row.step === "muc-50-one") return [];
  const key = row.step === "mam" ? String(row.scenario) : joins ? `${row.step} joining` : String(row.step);
  // Below saturation the rate is the generator's own; there the latency tells.
  const paced = row.mode === "open" || row.step === "muc-50-one";
  const latency = row.lat_ms as Record<string, number> | undefined;
  const result = row.unit === "page";
  const out: Metric[] = paced ? [] : [[`${key}: ${row.unit}/s`, row.ops_per_s]];
  out.push([
    `${key}: CPU us per ${result ? "result" : row.unit}`,
    result ? Number(row.srv_cpu_s) * 1e6 / Number(row.results) : row.cpu_us_per_op,
  ]);
  if (paced && latency) out.push([`${key}: p50 ms`, latency.p50], [`${key}: p99 ms`, latency.p99]);
  if (row.undelivered) out.push([`${key}: undelivered`, row.undelivered]);
  return [...out, ...troubles(key, row)];
}

function troubles(key: string, row: Row): Metric[] {
  const count = Number(row.errors) + Number(row.lost);
  return count ? [[`${key}: ERRORS`, count]] : [];
}

function cell(values: readonly number[] | undefined, base: readonly number[] | undefined): string {
  if (!values) return "-";
  const middle = median(values);
  const ratio = base && median(base) > 0 ? ` x${(middle / median(base)).toFixed(2)}` : "";
  return `${digits(middle)} [${digits(Math.min(...values))}..${digits(Math.max(...values))}]${ratio}`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const digits = (value: number) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
