/** `status`: whether a server is running, and how it is. */
import type { Status } from "../server/status.ts";
import { formatDuration } from "../config/mod.ts";
import { type Command, EXIT, say } from "./command.ts";
import { Configuration } from "./load.ts";
import { needRunning } from "./reach.ts";

export const status: Command = {
  name: "status",
  group: "Serving",
  line: "Say whether a server is running, and how it is",
  page: "Exit code 0 when a server is running, 3 when none is.",
  examples: [["metronome status --json", "everything, for a script"]],
  configured: true,
  async run(call) {
    const now = await (await needRunning(new Configuration(call).runFolder)).status();
    say(call, now, describeStatus(now));
    return EXIT.ok;
  },
};

function describeStatus(now: Status): string {
  const ports = Object.entries(now.ports).map(([kind, numbers]) => `${kind} ${numbers.join(", ")}`);
  const hosts = now.hosts.map(({ domain, kind, online, sessions }) =>
    kind === "user" ? `${domain}: ${online} online with ${sessions} sessions` : `${domain} (${kind})`
  );
  const rows: [string, readonly string[]][] = [
    ["ports", [ports.join(" · ") || "none"]],
    ["connections", [`${now.connections}, ${now.sessions} logged in`]],
    ["federation", [federation(now.federation)]],
    ["memory", [`${Math.round(now.memory / 2 ** 20)} MiB`]],
    ["data", [now.data]],
    ["hosts", hosts],
    ["problems", now.problems.length === 0 ? ["none"] : now.problems],
  ];
  return [
    `Metronome ${now.version} is running (process ${now.pid}, up ${readable(now.uptime)})`,
    ...rows.flatMap(([name, lines]) =>
      lines.map((line, i) => `  ${(i === 0 ? name : "").padEnd(13)}${line}`)
    ),
  ].join("\n");
}

function federation({ streams, pairs, waiting }: Status["federation"]): string {
  const domains = new Set(pairs.map(({ remote }) => remote)).size;
  const stanzas = waiting.reduce((sum, it) => sum + it.stanzas, 0);
  const open = `${domains} domains on ${streams} streams`;
  return stanzas === 0 ? open : `${open}; ${stanzas} stanzas wait for ${waiting.length} connections`;
}

/** The two largest units are enough to know. */
function readable(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return formatDuration(minutes * 60_000);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}
