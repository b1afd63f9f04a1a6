/** `start`: reads the configuration, runs the server in the foreground, and follows the system's signals. */
import { createLog } from "../base/log.ts";
import { VERSION } from "../base/version.ts";
import { defaultSettings, describeProblem, findConfig, type Outcome, readSettings } from "../config/mod.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { openServer } from "../server/open.ts";
import { pluginSet } from "../server/plugin_set.ts";
import { offerOf } from "../server/offer.ts";

export interface StartOptions {
  readonly config?: string;
  readonly host?: string;
  readonly register?: boolean;
  readonly data?: string;
}

export async function start(plugins: readonly AnyPlugin[], options: StartOptions): Promise<number> {
  const env = Deno.env.toObject();
  const outcome = settingsFor(plugins, options, env);
  if ("problems" in outcome) {
    for (const problem of outcome.problems) console.error(describeProblem(problem));
    return 2;
  }
  const { settings } = outcome;
  const { log: level, log_levels: levels, log_format: format } = settings.server;
  const log = createLog({ level, levels, format, journal: env.JOURNAL_STREAM !== undefined });
  try {
    const { server } = await openServer({ settings, plugins: pluginSet(plugins), log });
    log.info(`Hello and welcome to Metronome version ${VERSION}`, {
      hosts: Object.keys(settings.hosts).join(","),
      ports: server.listeners.all.map((open) => `${open.kind}:${open.port}`).join(","),
    });
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, resolve);
    });
    await server.stop();
    return 0;
  } catch (error) {
    log.flush();
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function settingsFor(
  plugins: readonly AnyPlugin[],
  { config, host, register, data }: StartOptions,
  env: Record<string, string>,
): Outcome {
  const offer = offerOf(plugins);
  const found = host === undefined ? findConfig(env, config) : undefined;
  if (found !== undefined) return readSettings({ ...offer, env, path: found.path });
  return defaultSettings({
    ...offer,
    env,
    ...(host === undefined ? {} : { host }),
    ...(register === undefined ? {} : { register }),
    ...(data === undefined ? {} : { data }),
  });
}
