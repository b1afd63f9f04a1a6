/** Reports as they are kept: with the account that reported, so that they go with it; so many for each, and so long. */
import { type HostScope, Jid, randomId, tables } from "#plugin";
import type { AbuseReport, Reports } from "./api.ts";
import type { Said } from "./report.ts";

export const reportTables = tables("reports", {
  reports: {
    columns: { id: "text", at: "integer", reported: "text", said: "json" },
    key: ["id"],
    indexes: { by_time: ["at"] },
    across: { of_all_by_time: ["at"] },
  },
});

type Opened = ReturnType<typeof reportTables.bind>;

/** Rows that are looked for at a time when the old ones go. */
const SLICE = 200;

export class ReportStore implements Reports {
  readonly #rows: Opened["reports"];

  constructor(private readonly host: HostScope<unknown>) {
    this.#rows = host.open(reportTables).reports;
  }

  /** Keeps a report, and forgets the oldest of the account's where it has `most` already. */
  add(reporter: Jid, reported: Jid, said: Said, most: number): AbuseReport {
    const owner = reporter.local;
    const row = { id: randomId(9), at: this.host.clock.now(), reported: reported.toString(), said };
    this.host.atomic(() => {
      const over = this.#rows.count(owner) - most + 1;
      if (over > 0) this.#rows.deleteRange(owner, { index: "by_time", limit: over });
      this.#rows.insert(owner, row);
    });
    return reportOf(reporter, reported, row);
  }

  /** How many an account has made since a moment, counted up to `most`. */
  since(local: string, from: number, most: number): number {
    return this.#rows.count(local, { index: "by_time", bounds: { from }, limit: most });
  }

  latest(limit: number, before?: number): AbuseReport[] {
    const bounds = before === undefined ? {} : { bounds: { before } };
    return this.#rows.across("of_all_by_time", { ...bounds, reverse: true, limit }).flatMap((row) => {
      const reported = Jid.tryParse(row.reported);
      return reported === undefined ? [] : [reportOf(Jid.of(row.owner, this.host.domain), reported, row)];
    });
  }

  remove(reporter: string, id: string): boolean {
    return this.#rows.delete(reporter, { id });
  }

  /** Forgets some of those from before a moment; true while there may be more. */
  expire(before: number): boolean {
    const old = this.#rows.across("of_all_by_time", { bounds: { before }, limit: SLICE });
    for (const { owner, id } of old) this.#rows.delete(owner, { id });
    return old.length === SLICE;
  }
}

function reportOf(
  reporter: Jid,
  reported: Jid,
  row: { readonly id: string; readonly at: number; readonly said: unknown },
): AbuseReport {
  const { origin, thirdParties, ...said } = row.said as Said;
  return { id: row.id, at: row.at, reporter, reported, ...said, mayTell: { origin, thirdParties } };
}
