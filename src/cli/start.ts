/** `start`: runs the server in the foreground, and follows the system's signals and the control socket. */
import { fstatSync } from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { createLog, type Log } from "../base/log.ts";
import { VERSION } from "../base/version.ts";
import { describeProblem, type Settings } from "../config/mod.ts";
import { listenForControl } from "../server/control.ts";
import { openServer } from "../server/open.ts";
import type { Server } from "../server/server.ts";
import { type Status, statusOf } from "../server/status.ts";
import { SdNotify } from "../transport/sd_notify.ts";
import { banner, lanAddresses } from "./banner.ts";
import { type Call, type Command, EXIT, type ExitCode, isGiven } from "./command.ts";
import { catchFaults } from "./faults.ts";
import { Configuration, type Loaded, type Read } from "./load.ts";
import { writePidfile } from "./pidfile.ts";
import { reloading } from "./reloading.ts";
import { followSignals } from "./signals.ts";

export const start: Command = {
  name: "start",
  group: "Serving",
  line: "Run the server in the foreground",
  page:
    "Without a configuration it serves the host localhost, with its data in the folder ./data and a certificate of its own " +
    "making; accounts can be made by clients on this machine. It stops in order on Ctrl-C or SIGTERM, at once on the second; " +
    "SIGHUP reloads. Exit code 2 when the configuration is wrong, 1 when something else stands in the way.",
  examples: [
    ["metronome start", "a server for this machine, to look around"],
    [
      "metronome start --host 192.168.1.7 --register",
      "for a phone on the same network: the address is this machine's",
    ],
    ["metronome start --host example.org --data /srv/chat", "a real name, with its data elsewhere"],
    ["metronome start --config metronome.toml", "what the file says"],
    [
      "metronome start --set server.log=debug --set listen.http.enabled=false",
      "lines of the configuration, without a file",
    ],
  ],
  options: [{ flags: "--quiet", line: "no overview on standard output, only the log" }],
  configured: true,
  run: serve,
};

async function serve(call: Call): Promise<ExitCode> {
  const configuration = new Configuration(call);
  const loaded = await configuration.need();
  const { settings, warnings } = loaded.read;
  const log = logOf(call, settings);
  for (const warning of warnings) log.warn("configuration", { problem: describeProblem(warning) });
  for (const { file, reason } of loaded.plugins.problems) {
    log.error("a plugin file is left out", { file, reason });
  }
  try {
    return await run(call, configuration, loaded, log);
  } finally {
    log.flush();
  }
}

async function run(
  call: Call,
  configuration: Configuration,
  loaded: Loaded & { readonly read: Read },
  log: Log,
): Promise<ExitCode> {
  const { settings } = loaded.read;
  const { server, certificates } = await openServer({ settings, plugins: loaded.plugins, log });
  const manager = new SdNotify(call.terminal.env.NOTIFY_SOCKET);
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const reload = reloading(server, configuration, manager);
  let signalled = false;
  const onStopSignal = (): void => {
    if (signalled) Deno.exit(EXIT.failed);
    signalled = true;
    ask();
  };
  using _faults = catchFaults(log, server.metrics);
  let control, pidfile;
  try {
    control = await listenForControl({
      server,
      certificates,
      reload,
      stop: () => systemClock.after(0, ask),
    });
    pidfile = writePidfile(settings.server.pidfile);
  } catch (error) {
    await control?.close();
    await server.stop();
    throw error;
  }
  using _signals = followSignals({
    stop: onStopSignal,
    reload: () => void reload(false).catch(() => {}),
    reopen: () => log.reopen(),
  });
  announce(call, loaded, log, statusOf(server, certificates));
  await manager.ready(`serving ${Object.keys(settings.hosts).join(", ")}`);
  await asked;
  await manager.stopping();
  const stopped = await stopWithin(server, log);
  await control.close();
  pidfile[Symbol.dispose]();
  return stopped ? EXIT.ok : EXIT.failed;
}

function logOf(call: Call, settings: Settings): Log {
  const { log: level, log_levels: levels, log_format: format, log_file: file } = settings.server;
  return createLog({
    level,
    levels,
    format,
    // A file is nobody's stream: its lines have no priorities in front.
    ...(file === undefined ? { journal: isJournal(call) } : { file }),
  });
}

/**
 * Whether standard error is read by the journal (systemd.exec(5)): $JOURNAL_STREAM names its device and inode. That it is
 * set proves nothing: everything that was started from a service inherits it, a desktop's terminals included.
 */
function isJournal({ terminal: { env } }: Call): boolean {
  if (env.JOURNAL_STREAM === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2, { bigint: true });
    return env.JOURNAL_STREAM === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Says to people and programs that the server serves, and where. The record `ready` is what programs wait for. */
function announce(call: Call, loaded: Loaded & { readonly read: Read }, log: Log, status: Status): void {
  const { settings } = loaded.read;
  log.info(`Hello and welcome to Metronome version ${VERSION}`);
  const json = settings.server.log_format === "json";
  log.info("ready", json ? readyRecord(status) : readyLine(status));
  log.flush();
  if (isGiven(call, "quiet") || isJournal(call) || json) return;
  const around = { addresses: lanAddresses(Deno.networkInterfaces()), config: loaded.path };
  call.terminal.out(banner({ ...status, data: resolve(status.data) }, settings, around));
}

/** What programs that start a server wait for; the ports are those it really got where port 0 was asked for. */
function readyRecord(status: Status): Record<string, unknown> {
  return {
    hosts: status.hosts.map(({ domain }) => domain),
    ports: status.ports,
    mechanisms: mechanismsOf(status),
    certificates: Object.fromEntries(status.certificates.map(({ host, sha256 }) => [host, sha256])),
    data: resolve(status.data),
    problems: status.problems,
  };
}

function readyLine(status: Status): Record<string, unknown> {
  return {
    hosts: status.hosts.map(({ domain }) => domain).join(","),
    ports: Object.entries(status.ports).map(([kind, ports]) => `${kind}:${ports.join("+")}`).join(","),
    mechanisms: mechanismsOf(status).join(","),
    data: resolve(status.data),
  };
}

function mechanismsOf({ hosts }: Status): string[] {
  return [...new Set(hosts.flatMap(({ mechanisms }) => mechanisms))];
}

/** Stops in order; false when that took longer than it may. */
function stopWithin(server: Server, log: Log): Promise<boolean> {
  const timeout = server.settings.server.stop_timeout;
  log.info("stopping");
  return new Promise((resolve) => {
    const timer = systemClock.after(timeout, () => {
      log.error("the stop took too long and is cut short", { after: `${timeout} ms` });
      resolve(false);
    });
    server.stop().then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
