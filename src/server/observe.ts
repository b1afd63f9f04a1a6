/** The figures of the kernel itself; plugins add their own. */
import type { Metrics } from "../base/metrics.ts";
import type { Host } from "../host/host.ts";
import type { StreamContext } from "../stream/stream.ts";
import type { Hosts } from "./hosts.ts";

export function observe(metrics: Metrics, streams: StreamContext, hosts: Hosts, started: number): void {
  metrics.gauge("metronome_streams", "Open client streams, logged in or not.", () => streams.open.size);
  metrics.readings(
    "metronome_sessions",
    "Bound sessions.",
    ["host"],
    () => perHost(hosts, (h) => h.registry.size),
  );
  metrics.readings(
    "metronome_accounts_online",
    "Accounts with a session.",
    ["host"],
    () => perHost(hosts, (h) => h.registry.accounts),
  );
  metrics.gauge("metronome_start_time_seconds", "When the server started.", () => started / 1000);
  metrics.gauge("process_resident_memory_bytes", "Memory of the process.", () => Deno.memoryUsage().rss);
}

function* perHost(hosts: Hosts, read: (host: Host) => number) {
  for (const host of hosts.all()) yield [[host.domain], read(host)] as const;
}
