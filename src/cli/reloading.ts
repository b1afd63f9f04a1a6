/** What a reload is in a running process: its configuration and plugin files read anew, then everything or nothing. */
import { describeProblem } from "../config/mod.ts";
import { ReloadRefused, type ReloadReport } from "../server/control.ts";
import type { Server } from "../server/server.ts";
import type { SdNotify } from "../transport/sd_notify.ts";
import type { Configuration, Loaded } from "./load.ts";

/** Makes the function that reloads this server, or only rehearses it. It rejects, and logs, when nothing was changed. */
export function reloading(
  server: Server,
  configuration: Configuration,
  manager: SdNotify,
): (rehearsal: boolean) => Promise<ReloadReport> {
  const log = server.log.child("reload");
  return async (rehearsal) => {
    if (!rehearsal) await manager.reloading();
    try {
      const loaded = await configuration.load();
      refuseBroken(loaded, server);
      const plan = await server.reload(loaded.read!.settings, loaded.plugins, rehearsal);
      const report = { ...plan, rehearsal, problems: server.problems };
      if (!rehearsal) log.info("reloaded", { ...plan, problems: report.problems });
      return report;
    } catch (error) {
      const refused = error instanceof ReloadRefused
        ? error
        : new ReloadRefused(error instanceof Error ? error.message : String(error));
      if (!rehearsal) log.error("reload refused; everything stays as it was", { reason: refused.message });
      throw refused;
    } finally {
      if (!rehearsal) await manager.ready("serving");
    }
  };
}

/** A configuration with problems, or a plugin file that has become unusable, changes nothing. */
function refuseBroken({ read, problems, plugins }: Loaded, server: Server): void {
  if (read === undefined) throw new ReloadRefused(problems.map(describeProblem).join("\n"), problems);
  const known = server.hosts.plugins.problems;
  const fresh = plugins.problems.find(({ file, reason }) =>
    !known.some((it) => it.file === file && it.reason === reason)
  );
  if (fresh !== undefined) throw new ReloadRefused(`${fresh.file}: ${fresh.reason}`);
}
