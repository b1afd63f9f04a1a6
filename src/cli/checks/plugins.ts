/** All plugins of all hosts, set up for real, on no data and without ports. */
import { createLog } from "../../base/log.ts";
import { describeBroken } from "../../server/broken_plugins.ts";
import { openOffline } from "../../server/open.ts";
import type { Check, Finding } from "./finding.ts";

export const plugins: Check = {
  id: "plugins",
  line: "every plugin of every host can be set up",
  async run({ loaded: { read: { settings }, plugins } }) {
    const findings: Finding[] = plugins.problems.map(({ file, reason }) => ({
      severity: "error",
      text: `${file}: ${reason}`,
      fix: "the server runs without it; repair the file and reload",
    }));
    const log = createLog({ level: "error", write: () => {} });
    try {
      const server = await openOffline({ settings, plugins, log }, true);
      for (const broken of server.hosts.broken) {
        findings.push({ severity: "error", text: describeBroken(broken) });
      }
      await server.stop();
    } catch (error) {
      return [...findings, {
        severity: "error",
        text: error instanceof Error ? error.message : String(error),
      }];
    }
    const on = new Set(Object.values(settings.hosts).flatMap((host) => host.plugins));
    return [...findings, { severity: "ok", text: `${on.size} are on: ${[...on].join(", ")}` }];
  },
};
