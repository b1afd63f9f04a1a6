/**
 * A server with everything real: its data in a file, its ports open, its certificates read. Or the same house without
 * doors, for commands that change accounts while no server runs.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Settings } from "../config/mod.ts";
import { Database } from "../storage/database.ts";
import { ConnectionLimits } from "../transport/connection_limits.ts";
import { ServerCertificates } from "./certificates.ts";
import type { PluginSet } from "./plugin_set.ts";
import { openElsewhere } from "./elsewhere.ts";
import { connectionLimits } from "./limits.ts";
import { portsOf } from "./ports.ts";
import { type CertificateSource, Server } from "./server.ts";

export interface OpenOptions {
  readonly settings: Settings;
  readonly plugins: PluginSet;
  readonly log: Log;
  readonly clock?: Clock;
}

export interface Opened {
  readonly server: Server;
  readonly certificates: ServerCertificates;
}

/** Starts a server. Rejects, having undone everything, with an error that says what to do. */
export async function openServer(
  { settings, plugins, log, clock = systemClock }: OpenOptions,
): Promise<Opened> {
  const storage = openStorage(settings, log, clock);
  const certificates = new ServerCertificates(clock, log);
  const connections = new ConnectionLimits(connectionLimits(settings.limits));
  const server = await Server.start(settings, {
    plugins,
    log,
    storage,
    certificates,
    clock,
    connections,
    elsewhere: openElsewhere,
    openPort: (server) => portsOf(server, certificates, connections),
  });
  return { server, certificates };
}

/** Sets all hosts up, and lets nobody in: no ports, no certificates. With `scratch`, on no data either. */
export async function openOffline(
  { settings, plugins, log, clock = systemClock }: OpenOptions,
  scratch = false,
): Promise<Server> {
  const certificates: CertificateSource = {
    choose: () => undefined,
    refresh: () => Promise.resolve({ commit() {} }),
    close() {},
  };
  return await Server.start({ ...settings, listen: {} }, {
    plugins,
    log,
    storage: scratch
      ? Database.open({ path: ":memory:", durability: "normal", clock, log })
      : openStorage(settings, log, clock),
    certificates,
    clock,
    openPort: () => () => Promise.reject(new Error("this server has no ports")),
  });
}

/** The file of a server's data. */
export function databasePath(settings: Settings): string {
  return `${settings.server.data}/metronome.sqlite`;
}

function openStorage(settings: Settings, log: Log, clock: Clock): Database {
  return Database.open({
    path: databasePath(settings),
    durability: settings.server.durability,
    clock,
    log: log.child("storage"),
  });
}
