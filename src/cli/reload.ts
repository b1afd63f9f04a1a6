/** `reload`: the running server takes on its configuration anew, all of it or nothing. */
import type { ReloadReport } from "../server/control.ts";
import { type Command, EXIT, isGiven, say } from "./command.ts";
import { Configuration } from "./load.ts";
import { needRunning } from "./reach.ts";

export const reload: Command = {
  name: "reload",
  group: "Serving",
  line: "Let the running server read its configuration and certificates again",
  page:
    "The server changes over to the new configuration as a whole, or stays as it is and says why. Sessions live on: only " +
    "those of hosts that are gone end. Certificates and changed plugin files are read again too.",
  examples: [
    ["metronome reload --dry-run", "what a reload would do, and whether it would work"],
    ["metronome reload", "the same for real"],
    ["kill -HUP PID", "likewise; what came of it is in the server's log"],
  ],
  options: [{ flags: "--dry-run", line: "change nothing, only say what would be changed" }],
  configured: true,
  async run(call) {
    // The server itself reads its file and says what is wrong with it.
    const server = await needRunning(new Configuration(call).runFolder);
    const report = await server.reload(isGiven(call, "dryRun"));
    say(call, report, describeReload(report));
    return EXIT.ok;
  },
};

/** A report for people. */
export function describeReload(report: ReloadReport): string {
  const { hosts, listeners, applied, restart, problems, rehearsal } = report;
  const rows: [string, string][] = [];
  for (const domain of hosts.raise) rows.push([`host ${domain}`, "added"]);
  for (const domain of hosts.lower) rows.push([`host ${domain}`, "removed"]);
  for (const [domain, { start, restart: again, stop }] of Object.entries(hosts.refit)) {
    for (const name of start) rows.push([`plugin ${name}`, `switched on for ${domain}`]);
    for (const name of again) rows.push([`plugin ${name}`, `set up again for ${domain}`]);
    for (const name of stop) rows.push([`plugin ${name}`, `switched off for ${domain}`]);
  }
  for (const port of listeners.open) rows.push([`port ${port}`, "opened"]);
  for (const port of listeners.close) rows.push([`port ${port}`, "closed; its connections stay"]);
  for (const key of applied) rows.push([key, key.startsWith("limits.") ? "for new connections" : "changed"]);
  for (const key of restart) rows.push([key, "NEEDS A RESTART"]);
  const width = Math.max(0, ...rows.map(([what]) => what.length)) + 2;
  const lines = rows.map(([what, how]) => `  ${what.padEnd(width)}${how}`);
  for (const problem of problems) lines.push(`  problem: ${problem}`);
  const title = rehearsal ? "A reload would change" : "Reloaded";
  if (rows.length > 0) return [`${title}:`, ...lines].join("\n");
  return [
    `${title}${rehearsal ? "" : ":"} nothing; certificates ${rehearsal ? "would be" : "were"} read again.`,
    ...lines,
  ]
    .join("\n");
}
