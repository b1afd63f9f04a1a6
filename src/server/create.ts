/** A server inside another program: `createServer({ plugins, config })`, ready when it resolves, over when it is stopped. */
import { createLog, type Log } from "../base/log.ts";
import { describeProblem, type Environment, readSettings } from "../config/mod.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { offerOf } from "./offer.ts";
import { openServer } from "./open.ts";
import { pluginSet } from "./plugin_set.ts";
import { type Ports, portsOpen } from "./ports_open.ts";
import type { Server } from "./server.ts";

export interface CreateOptions {
  /** The plugins there are; `plugins` of this package are those that the executable has. */
  readonly plugins: readonly AnyPlugin[];
  /** What a configuration file would say, as an object: `{ server: { data: "/tmp/x" }, host: { "a.test": {} } }`. */
  readonly config?: Record<string, unknown>;
  /** A configuration file beneath it. */
  readonly file?: string;
  /** Variables that the file's `${env:…}` may name, and `METRONOME__…`; none when left out. */
  readonly env?: Environment;
  /** Where records go; standard error, as the configuration says, when left out. */
  readonly log?: Log;
}

/** A running server. */
export interface Running extends AsyncDisposable {
  readonly server: Server;
  /** The numbers of the open ports by kind, as they were really given. */
  readonly ports: Ports;
  /** Ends all streams in order, then everything else. */
  stop(): Promise<void>;
}

/** Starts a server. Rejects with everything that is wrong with the configuration, or with what stood in the way. */
export async function createServer(options: CreateOptions): Promise<Running> {
  const { plugins, config = {}, file, env = {} } = options;
  const outcome = readSettings({
    ...offerOf(plugins),
    env,
    overrides: config,
    ...(file === undefined ? {} : { path: file }),
  });
  if ("problems" in outcome) throw new Error(outcome.problems.map(describeProblem).join("\n"));
  const { settings } = outcome;
  const { log: level, log_levels: levels, log_format: format, log_file } = settings.server;
  const log = options.log ??
    createLog({ level, levels, format, ...(log_file === undefined ? {} : { file: log_file }) });
  const { server } = await openServer({ settings, plugins: pluginSet(plugins), log });
  const stop = () => server.stop();
  return { server, ports: portsOpen(server), stop, [Symbol.asyncDispose]: stop };
}
