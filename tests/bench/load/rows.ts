/** Results as JSON lines: one row a step, as xload printed it, with the server's name and the round. */

/** One line of results; the fields are xload's, see README.md. */
export type Row = Record<string, unknown>;

/** Appends rows to the file of results and shows a line of progress for each. */
export async function save(file: string, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const line = JSON.stringify({ ...row, at: new Date().toISOString() });
    await Deno.writeTextFile(file, line + "\n", { append: true });
    console.error(`   ${row.server} ${row.step}/${row.scenario}: ${summary(row)}`);
  }
}

/** Reads files of results, in order. */
export async function readRows(files: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const file of files) {
    for (const line of (await Deno.readTextFile(file)).split("\n")) {
      if (line) rows.push(JSON.parse(line) as Row);
    }
  }
  return rows;
}

function summary(row: Row): string {
  if (row.failed) return "FAILED";
  if (row.scenario === "start") return `${row.start_ms} ms, rss ${Number(row.rss_mb).toFixed(1)} MiB`;
  const latency = row.lat_ms as { p50: number; p99: number } | undefined;
  return [
    row.ops_per_s === undefined ? "" : `${row.ops_per_s}/s ${row.cpu_us_per_op} us/op`,
    latency ? `p50 ${latency.p50} p99 ${latency.p99} ms` : "",
    row.gen_cores === undefined ? "" : `gen ${row.gen_cores}`,
    `rss ${row.rss_mb} MiB errors ${row.errors}`,
  ].filter(Boolean).join(" ");
}
