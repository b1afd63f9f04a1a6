/** The figures of the kernel itself; plugins add their own. */
import type { Server } from "./server.ts";

export function observe(server: Server): void {
  const { metrics } = server;
  metrics.gauge(
    "metronome_streams",
    "Open client streams, logged in or not.",
    () => server.streams.open.size,
  );
  metrics.readings(
    "metronome_sessions",
    "Bound sessions.",
    ["host"],
    () => perHost(server, (h) => h.registry.size),
  );
  metrics.readings(
    "metronome_accounts_online",
    "Accounts with a session.",
    ["host"],
    () => perHost(server, (h) => h.registry.accounts),
  );
  metrics.gauge("metronome_start_time_seconds", "When the server started.", () => server.started / 1000);
  metrics.gauge("process_resident_memory_bytes", "Memory of the process.", () => Deno.memoryUsage().rss);
}

function* perHost(server: Server, read: (host: ReturnType<Server["hosts"]["get"]> & object) => number) {
  for (const host of server.hosts.all()) yield [[host.domain], read(host)] as const;
}
