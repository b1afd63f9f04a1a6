/** The spelling of OpenMetrics 1.0: numbers, label sets, help texts, the lines of a histogram. Pure functions. */

/** A number as OpenMetrics writes it. */
export function formatNumber(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** `{host="a.test",kind="c2s"}`, or nothing when there are no labels. */
export function formatLabels(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return "";
  return `{${names.map((name, i) => `${name}="${escapeLabel(values[i] ?? "")}"`).join(",")}}`;
}

/** The lines of one histogram: buckets count all that is at most their bound, the last one everything. */
export function histogramLines(
  name: string,
  labels: readonly string[],
  values: readonly string[],
  histogram: {
    readonly bounds: readonly number[];
    readonly counts: readonly number[];
    readonly sum: number;
    readonly count: number;
  },
): string {
  const names = [...labels, "le"];
  let text = "";
  let below = 0;
  histogram.bounds.forEach((bound, i) => {
    below += histogram.counts[i] ?? 0;
    text += `${name}_bucket${formatLabels(names, [...values, formatNumber(bound)])} ${below}\n`;
  });
  text += `${name}_bucket${formatLabels(names, [...values, "+Inf"])} ${histogram.count}\n`;
  const own = formatLabels(labels, values);
  return `${text}${name}_sum${own} ${formatNumber(histogram.sum)}\n${name}_count${own} ${histogram.count}\n`;
}

/** A help text on one line. */
export function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
