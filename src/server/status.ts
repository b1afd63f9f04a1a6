/** What a running server says of itself: for the banner, the log's `ready` record and `metronome status`. */
import { createHash } from "node:crypto";
import { VERSION } from "../base/version.ts";
import type { PeerPair } from "../host/federation.ts";
import type { Host } from "../host/host.ts";
import { type Ports, portsOpen } from "./ports_open.ts";
import type { Server } from "./server.ts";
import type { ServerCertificates } from "./certificates.ts";

export interface HostStatus {
  readonly domain: string;
  /** "user", or the service it is. */
  readonly kind: string;
  readonly parent?: string;
  readonly sessions: number;
  /** Accounts with a session. */
  readonly online: number;
  readonly plugins: readonly string[];
  /** What is offered on a connection with TLS; none for services. */
  readonly mechanisms: readonly string[];
}

export interface CertificateStatus {
  readonly host: string;
  /** Of the certificate as DER, as clients show it. */
  readonly sha256: string;
  readonly selfSigned: boolean;
  /** The file, where the server made it itself. */
  readonly file?: string;
  /** ISO 8601. */
  readonly expires: string;
}

export interface Status {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly started: string;
  /** Seconds. */
  readonly uptime: number;
  readonly ports: Ports;
  /** Where it listens, as configured. */
  readonly listeners: readonly { readonly kind: string; readonly at: string; readonly port: number }[];
  readonly connections: number;
  readonly sessions: number;
  /** Resident bytes. */
  readonly memory: number;
  readonly data: string;
  readonly hosts: readonly HostStatus[];
  readonly certificates: readonly CertificateStatus[];
  readonly federation: FederationStatus;
  /** What is not as it should be; none means ready. */
  readonly problems: readonly string[];
}

/** The servers elsewhere. */
export interface FederationStatus {
  /** Authenticated streams; one may serve several pairs of domains. */
  readonly streams: number;
  readonly pairs: readonly PeerPair[];
  /** What waits for a connection. */
  readonly waiting: readonly { readonly local: string; readonly remote: string; readonly stanzas: number }[];
}

export function statusOf(server: Server, certificates?: ServerCertificates): Status {
  const hosts = [...server.hosts.all()].map((host) => hostStatus(server, host));
  return {
    version: VERSION,
    pid: Deno.pid,
    started: new Date(server.started).toISOString(),
    uptime: Math.round((server.clock.now() - server.started) / 1000),
    ports: portsOpen(server),
    listeners: server.listeners.all.map(({ kind, at, port }) => ({ kind, at, port })),
    connections: server.connections,
    sessions: hosts.reduce((sum, host) => sum + host.sessions, 0),
    memory: Deno.memoryUsage().rss,
    data: server.settings.server.data,
    hosts,
    certificates: certificates === undefined
      ? []
      : hosts.flatMap(({ domain }) => certificateStatus(domain, certificates)),
    federation: server.federation.status(),
    problems: server.problems,
  };
}

export function hostStatus(server: Server, host: Host): HostStatus {
  const { domain, options, registry } = host;
  return {
    domain,
    kind: options.kind,
    ...(options.parent === undefined ? {} : { parent: options.parent }),
    sessions: registry.size,
    online: registry.accounts,
    plugins: server.hosts.pluginsOf(domain),
    mechanisms: options.kind === "user" ? host.offered({ secure: true, bindings: bindingsOf(host) }) : [],
  };
}

/** The bindings of a connection with TLS to this host, without a value. */
function bindingsOf(host: Host): Map<"tls-server-end-point", Uint8Array> {
  const bound = host.tlsContext()?.endPoint;
  return new Map(bound === undefined ? [] : [["tls-server-end-point", bound]]);
}

function certificateStatus(host: string, certificates: ServerCertificates): CertificateStatus[] {
  const context = certificates.choose(host);
  if (context === undefined) return [];
  const file = certificates.selfMade.get(host);
  return [{
    host,
    sha256: fingerprint(context.leaf),
    selfSigned: context.selfSigned,
    ...(file === undefined ? {} : { file }),
    expires: new Date(context.notAfter).toISOString(),
  }];
}

/** `AB:CD:…`, as clients and OpenSSL show it. */
function fingerprint(der: Uint8Array): string {
  const hex = createHash("sha256").update(der).digest("hex").toUpperCase();
  return hex.match(/../g)!.join(":");
}
