/** The latest reports as a command for admins (XEP-0050). */
import { buildForm, type Field, formatDateTime } from "#plugin";
import type { Command } from "../admin/api.ts";
import type { AbuseReport, Reports } from "./api.ts";
import { reasonOf } from "./report_message.ts";

/** How many are shown. */
const SHOWN = 100;

const HEAD: readonly Field[] = [
  { var: "at", label: "When", values: [] },
  { var: "reported", type: "jid-single", label: "Reported", values: [] },
  { var: "reason", label: "Reason", values: [] },
  { var: "reporter", type: "jid-single", label: "By", values: [] },
  { var: "text", type: "text-multi", label: "What they say", values: [] },
];

export function listCommand(reports: Reports): Command {
  return {
    node: "abuse-reports",
    name: "Abuse reports",
    role: "admin",
    run: () => {
      const latest = reports.latest(SHOWN);
      if (latest.length === 0) return { info: "Nobody has reported anything." };
      const form = buildForm({
        type: "result",
        title: "Abuse reports",
        fields: [],
        reported: HEAD,
        items: latest.map(row),
      });
      return { payload: form };
    },
  };
}

function row(report: AbuseReport): Field[] {
  return [
    { var: "at", values: [formatDateTime(report.at)] },
    { var: "reported", values: [report.reported.toString()] },
    { var: "reason", values: [reasonOf(report)] },
    { var: "reporter", values: [report.reporter.toString()] },
    { var: "text", values: report.texts.flatMap(({ text }) => text.split("\n")) },
  ];
}
