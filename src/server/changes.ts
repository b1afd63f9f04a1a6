/** What differs between two configurations beside hosts and ports, key by key, for reports that are honest. */
import { sameConfig, type Settings } from "../config/mod.ts";

/** Keys whose values changed. */
export interface Changes {
  /** In force from now on; limits for connections that begin from now on. */
  readonly applied: readonly string[];
  /** In force after a restart only. */
  readonly restart: readonly string[];
}

/** What is read once, when the process starts. */
const RESTART: ReadonlySet<string> = new Set([
  "server.data",
  "server.run",
  "server.pidfile",
  "server.durability",
  "server.log_file",
  "server.log_format",
  "http.header_size",
  "http.header_timeout",
  "http.idle_timeout",
  "http.stall_timeout",
  "http.requests_per_second",
  "http.requests_burst",
]);

/** What reports of hosts and plugins tell in more detail. */
const ELSEWHERE: ReadonlySet<string> = new Set(["plugins", "config", "domain", "derived"]);

export function changesBetween(before: Settings, after: Settings): Changes {
  const keys: string[] = [];
  for (const section of ["server", "tls", "limits", "dns", "http", "metrics"] as const) {
    keys.push(...differing(before[section], after[section]).map((key) => `${section}.${key}`));
  }
  for (const [domain, host] of Object.entries(after.hosts)) {
    const old = before.hosts[domain];
    if (old === undefined) continue;
    keys.push(
      ...differing(old, host).filter((key) => !ELSEWHERE.has(key)).map((key) => `host."${domain}".${key}`),
    );
  }
  return {
    applied: keys.filter((key) => !RESTART.has(key)),
    restart: keys.filter((key) => RESTART.has(key)),
  };
}

function differing(a: object, b: object): string[] {
  const [before, after] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !sameConfig(before[key], after[key]));
}
