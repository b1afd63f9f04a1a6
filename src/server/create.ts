/** A server with everything real: its data in a file, its ports open, its certificates read. */
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Settings } from "../config/mod.ts";
import type { AnyPlugin } from "../plugin/plugin.ts";
import { Database } from "../storage/database.ts";
import { ConnectionLimits } from "../transport/connection_limits.ts";
import { ServerCertificates } from "./certificates.ts";
import { portsOf } from "./ports.ts";
import { Server } from "./server.ts";

export interface CreateOptions {
  readonly settings: Settings;
  readonly plugins: readonly AnyPlugin[];
  readonly log: Log;
  readonly clock?: Clock;
}

export interface Created {
  readonly server: Server;
  readonly certificates: ServerCertificates;
}

/** Starts a server. Rejects, having undone everything, with an error that says what to do. */
export async function createServer(
  { settings, plugins, log, clock = systemClock }: CreateOptions,
): Promise<Created> {
  const storage = Database.open({
    path: `${settings.server.data}/metronome.sqlite`,
    durability: settings.server.durability,
    clock,
    log: log.child("storage"),
  });
  const certificates = new ServerCertificates(clock, log);
  const perAddress = settings.limits.connections_per_address;
  const limits = new ConnectionLimits(perAddress === 0 ? {} : { perAddress });
  const server = await Server.start(settings, {
    plugins,
    log,
    storage,
    certificates,
    clock,
    openPort: (server) => portsOf(server, certificates, limits),
  });
  return { server, certificates };
}
