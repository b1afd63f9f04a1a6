/** The figures of the kernel itself; plugins add their own. */
import type { Metrics } from "../base/metrics.ts";
import type { Host } from "../host/host.ts";
import type { Traffic } from "../stanza/traffic.ts";
import type { Storage } from "../storage/store.ts";
import type { StreamContext } from "../stream/stream.ts";
import type { ServerFederation } from "./federation.ts";
import type { Hosts } from "./hosts.ts";

/** What is looked at. */
interface Observed {
  readonly metrics: Metrics;
  readonly streams: StreamContext;
  readonly hosts: Hosts;
  readonly storage: Storage;
  readonly federation: ServerFederation;
  readonly started: number;
}

export function observe(observed: Observed): void {
  const { metrics, streams, hosts, storage, started } = observed;
  metrics.gauge("metronome_streams", "Open streams, logged in or not.", () => streams.open.size);
  observeFederation(observed);
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
  metrics.readings(
    "metronome_stanzas",
    "Stanzas of clients, sent by them (in) and to them (out).",
    ["host", "direction", "kind"],
    () => traffic(hosts),
    "counter",
  );
  metrics.readings(
    "metronome_storage_slow",
    "Statements and commits that kept everybody waiting for more than 5 ms.",
    [],
    () => [[[], storage.slow]],
    "counter",
  );
  metrics.gauge("metronome_start_time_seconds", "When the server started.", () => started / 1000);
  metrics.gauge("process_resident_memory_bytes", "Memory of the process.", () => Deno.memoryUsage().rss);
}

function observeFederation({ metrics, federation: { remotes } }: Observed): void {
  metrics.readings(
    "metronome_server_streams",
    "Authenticated streams with other servers, by who opened them (in: they).",
    ["direction"],
    () => {
      const opened = (direction: string) =>
        [...remotes.sessions].filter((it) => it.direction === direction).length;
      return [[["in"], opened("in")], [["out"], opened("out")]];
    },
  );
  metrics.readings(
    "metronome_federated_stanzas",
    "Stanzas from other servers (in) and for them (out).",
    ["direction", "kind"],
    () =>
      KINDS.flatMap((kind) => [
        [["in", kind], remotes.received[kind]] as const,
        [["out", kind], remotes.sent[kind]] as const,
      ]),
    "counter",
  );
  metrics.gauge(
    "metronome_federation_waiting",
    "Stanzas that wait for a connection to another server.",
    () => remotes.table.waiting,
  );
}

function* perHost(hosts: Hosts, read: (host: Host) => number) {
  for (const host of hosts.all()) yield [[host.domain], read(host)] as const;
}

const KINDS = ["message", "presence", "iq"] as const satisfies readonly (keyof Traffic)[];

function* traffic(hosts: Hosts) {
  for (const { domain, options, received, sent } of hosts.all()) {
    if (options.kind !== "user") continue;
    for (const kind of KINDS) {
      yield [[domain, "in", kind], received[kind]] as const;
      yield [[domain, "out", kind], sent[kind]] as const;
    }
  }
}
