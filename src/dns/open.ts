/** Opens the resolver that the configuration describes. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { NameServer } from "./asking.ts";
import { BuiltIn } from "./built_in.ts";
import { CachingResolver } from "./caching.ts";
import { parseHosts } from "./hosts_file.ts";
import { NameServers } from "./name_servers.ts";
import { parseResolvConf } from "./resolv_conf.ts";
import type { Resolver } from "./resolver.ts";
import type { Source } from "./source.ts";

/** What may be said about DNS: the section `[dns]` of the configuration. */
export interface DnsOptions {
  /** Whom to ask, in order; those of the machine when empty. */
  readonly servers: readonly { readonly hostname: string; readonly port: number }[];
  /** Which servers are believed about DNSSEC. */
  readonly trust: "local" | "all" | "none";
  /** How long one server may take to answer once, in milliseconds. */
  readonly timeout: number;
  readonly attempts: number;
  readonly cache_entries: number;
  /** In milliseconds. */
  readonly cache_longest: number;
  readonly ipv6: boolean;
}

/** What else is needed. */
export interface DnsGround {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the machine says what it knows. */
  readonly files?: { readonly resolvConf: string; readonly hosts: string };
}

const FILES = { resolvConf: "/etc/resolv.conf", hosts: "/etc/hosts" };
const PORT = 53;

/** The resolver, and whom it asks, in words. */
export function openResolver(options: DnsOptions, ground: DnsGround): Resolver & { readonly asks: string } {
  const { clock, log, files = FILES } = ground;
  const servers = nameServers(options, files.resolvConf);
  const source: Source = servers.length > 0
    ? new NameServers({ servers, timeoutMs: options.timeout, attempts: options.attempts, clock })
    : new BuiltIn(clock, options.timeout * options.attempts);
  const asks = servers.length > 0
    ? servers.map(({ address, port }) => port === PORT ? address : `${address} port ${port}`).join(", ")
    : "the runtime's own resolver";
  log.debug("names are asked for", { of: asks });
  const resolver = new CachingResolver({
    source,
    clock,
    entries: options.cache_entries,
    longestMs: options.cache_longest,
    ipv6: options.ipv6,
    hosts: parseHosts(read(files.hosts)),
  });
  return Object.assign(resolver, { asks });
}

function nameServers({ servers, trust }: DnsOptions, resolvConf: string): NameServer[] {
  const believed = (address: string, vouched: boolean) =>
    trust === "all" || (trust === "local" && (vouched || isLoopback(address)));
  if (servers.length > 0) {
    return servers.map(({ hostname, port }) => ({
      address: hostname,
      port,
      trusted: believed(hostname, false),
    }));
  }
  const { addresses, trustAd } = parseResolvConf(read(resolvConf));
  return addresses.map((address) => ({ address, port: PORT, trusted: believed(address, trustAd) }));
}

/** Nobody stands between us and a server on this machine (RFC 4035 §4.9.3 wants a secure channel). */
function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address);
}

/** The text of a file of the machine; nothing where there is none, as on other systems. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
