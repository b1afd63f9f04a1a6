/**
 * The server's own options, and the settings a start works with. Options are spelled in TypeScript as in the
 * file, so that a search for one finds both. Everything here is data: reading is in read.ts.
 */
import * as z from "zod";
import type { Address } from "./address.ts";
import {
  address,
  byteRate,
  cidr,
  domain,
  duration,
  jid,
  nameServer,
  path,
  rate,
  secret,
  size,
  text,
  webAddress,
} from "./schema.ts";

/** What the configuration must know of a plugin. */
export interface PluginSchema {
  readonly name: string;
  readonly config: z.ZodType;
  /** One sentence for the reference. */
  readonly doc?: string;
  /** Whether hosts have it when the configuration lists nothing. */
  readonly standard?: boolean;
  /** The kinds of host it can run on: "user" (when absent), "component" for all others, or a kind by its name. */
  readonly hosts?: readonly string[];
  /** Whether a host can belong to it: `kind = "its name"`. */
  readonly owns?: boolean;
}

/** A service that every user host brings without being asked. */
export interface ServiceSchema {
  readonly name: string;
  /** The label before the host's name, or "@" for the host itself. */
  readonly at: string;
  readonly doc: string;
}

/** The services people expect of a host; a start passes those it has plugins for. */
export const SERVICES: readonly ServiceSchema[] = [
  { name: "muc", at: "muc", doc: "Chat rooms." },
  { name: "pubsub", at: "pubsub", doc: "Publish-subscribe nodes." },
  { name: "comments", at: "comments", doc: "Comments on posts." },
  { name: "upload", at: "@", doc: "File upload." },
];

interface ListenerKind {
  readonly at: readonly string[];
  readonly doc: string;
  /** Closed unless the configuration opens it. */
  readonly off?: true;
}

/** The kinds of listener, with where they listen unless told otherwise. */
export const LISTENERS: Readonly<Record<string, ListenerKind>> = {
  "c2s": { at: ["[::]:5222"], doc: "Clients, with STARTTLS." },
  "c2s-tls": { at: ["[::]:5223"], doc: "Clients, with TLS from the first byte." },
  "s2s": { at: ["[::]:5269"], doc: "Other servers, with STARTTLS." },
  "s2s-tls": { at: ["[::]:5270"], doc: "Other servers, with TLS from the first byte." },
  "component": { at: ["127.0.0.1:5347"], doc: "External components; open where a host is one." },
  "component-tls": {
    at: ["127.0.0.1:5348"],
    doc: "External components, with TLS from the first byte; open where a host is one.",
    off: true,
  },
  "http": { at: ["127.0.0.1:5280"], doc: "HTTP without TLS: health, metrics, and what plugins serve." },
  "https": { at: ["[::]:5281"], doc: "HTTP with TLS." },
};

const level = z.enum(["debug", "info", "warn", "error"]);

/** `[server]`: the process. */
export const serverSchema = z.strictObject({
  data: path().optional().meta({ example: "/var/lib/metronome" }).describe(
    "The folder of everything the server keeps. Without it: $STATE_DIRECTORY, /var/lib/metronome for a " +
      "configuration in /etc, $XDG_DATA_HOME/metronome for one in $XDG_CONFIG_HOME, else `data` beside the file.",
  ),
  run: path().optional().meta({ example: "/run/metronome" }).describe(
    "The folder of the control socket. Without it: $RUNTIME_DIRECTORY, /run/metronome for a configuration in " +
      "/etc, else `run` in the data folder.",
  ),
  pidfile: path().optional().meta({ example: "/run/metronome/metronome.pid" }).describe(
    "A file that holds the process id while the server runs.",
  ),
  log: level.default("info").describe("The least severe level that is logged."),
  log_file: path().optional().meta({ example: "/var/log/metronome/metronome.log" }).describe(
    "A file to log to; without it, standard error. SIGUSR2 opens it again after it has been moved away.",
  ),
  log_format: z.enum(["text", "json"]).default("text").describe("Lines for people or for programs."),
  log_levels: z.record(z.string(), level).default({}).describe("Levels of single subsystems, by name."),
  admins: z.array(jid()).default([]).describe("Operators: administrators of every host and of the server."),
  durability: z.enum(["normal", "full"]).default("normal").describe(
    "What a commit survives: `normal` the end of the process, `full` also the loss of power, for more writing.",
  ),
  stop_timeout: duration().prefault("20 s").describe("How long a graceful stop may take."),
  plugin_files: z.array(path()).default([]).describe("Plugins from disk: files with a default export."),
}).prefault({});

/** One `[listen.KIND]`. */
export function listenSchema(kind: string): z.ZodType<ListenSettings> {
  const known = LISTENERS[kind];
  return z.strictObject({
    enabled: z.boolean().default(known?.off !== true).describe("Whether to listen at all."),
    at: z.array(address()).min(1).prefault([...known?.at ?? []]).describe("Where to listen."),
    proxy: z.array(cidr()).default([]).describe(
      "Peers that speak the PROXY protocol (version 1 or 2) and are believed.",
    ),
  }).prefault({}).describe(known?.doc ?? "");
}

/** `[tls]`. */
export const tlsSchema = z.strictObject({
  certs_dir: path().optional().meta({ example: "/etc/metronome/certs" }).describe(
    "Where certificates are looked for by the name of the host. Without it: `certs` in the data folder.",
  ),
  minimum: z.enum(["1.2", "1.3"]).default("1.2").describe("The oldest version of TLS that is spoken."),
  roots: z.array(path()).min(1).optional().meta({ example: ["/etc/ssl/certs/ca-certificates.crt"] }).describe(
    "PEM files of the authorities that are believed about other servers. Without it, the system's.",
  ),
  dane: z.boolean().default(true).describe(
    "Whether certificates that other servers name in DNS count (RFC 7673). Only what a trusted resolver has " +
      "validated does.",
  ),
  posh: z.boolean().default(false).describe(
    "Whether certificates that other domains name on their web servers count (RFC 7711).",
  ),
}).prefault({});

const count = z.number().int().min(0);

/** RFC 6120 §13.12: no server may take less than 10,000 bytes. */
function stanzaSize(): ReturnType<typeof size> {
  return size().refine((bytes) => bytes >= 10_000, {
    error: 'expected a size of at least "10 KB" (RFC 6120 §13.12)',
  });
}

/** `[limits]`: what one peer may cost. */
export const limitsSchema = z.strictObject({
  connections: count.default(100_000).describe(
    "Connections at a time in all; with more, new ones are told so and closed. 0 is no limit.",
  ),
  connections_per_address: count.default(100).describe(
    "Connections at a time from one address (IPv6: one /64); 0 is no limit.",
  ),
  handshake_timeout: duration().prefault("15 s").describe("How long a TLS handshake may take."),
  authentication_timeout: duration().prefault("60 s").describe(
    "How long a connection may take until it is logged in.",
  ),
  bytes_per_second: byteRate().prefault("128 KiB").describe(
    'Bytes a second read from one connection; the rest waits. 0 or "off" is no limit.',
  ),
  bytes_burst: size().prefault("1 MiB").describe("Bytes that may come at once before that rate holds."),
  stanzas_per_second: rate().prefault(50).describe(
    'Stanzas a second read from one session; the rest waits. 0 or "off" is no limit.',
  ),
  stanzas_burst: count.min(1).default(500).describe("Stanzas that may come at once before that rate holds."),
  server_bytes_per_second: byteRate().prefault("4 MiB").describe(
    "The same for a stream of another server, which speaks for many.",
  ),
  server_stanzas_per_second: rate().prefault(2000).describe(
    "Stanzas a second read from a stream of another server; the rest waits.",
  ),
  component_bytes_per_second: byteRate().prefault("4 MiB").describe(
    "The same for an external component, which speaks for many.",
  ),
  component_stanzas_per_second: rate().prefault(2000).describe(
    "Stanzas a second read from an external component; the rest waits.",
  ),
  stanza_size: stanzaSize().prefault("512 KiB").describe("The largest stanza of a session."),
  stanza_size_unauthenticated: stanzaSize().prefault("16 KiB").describe(
    "The largest element before the login.",
  ),
  depth: count.min(10).default(100).describe("How deep elements may nest."),
  attributes: count.min(10).default(100).describe("How many attributes an element may have."),
  send_queue: size().prefault("4 MiB").describe(
    "Bytes that may wait for a peer that does not read; then it is closed.",
  ),
  sessions_per_account: count.min(1).default(20).describe("Sessions of one account at a time."),
  ping_after: duration({ off: 0 }).prefault("15 min").describe(
    "After how much silence a client is asked whether it is there.",
  ),
  ping_timeout: duration().prefault("2 min").describe("How long it may take to answer; then it is closed."),
}).prefault({});

/** `[dns]`: how other servers are found. */
export const dnsSchema = z.strictObject({
  servers: z.array(nameServer()).default([]).meta({ example: ["127.0.0.1", "[::1]:5353"] }).describe(
    "The name servers to ask, in order; without any, those of /etc/resolv.conf.",
  ),
  trust: z.enum(["local", "all", "none"]).default("local").describe(
    "Which of them are believed when they say that DNSSEC proves an answer: those on this machine (and those of an " +
      "/etc/resolv.conf with `options trust-ad`), all, or none.",
  ),
  timeout: duration().prefault("2 s").describe(
    "How long a name server may take; then the next one is asked.",
  ),
  attempts: count.min(1).max(10).default(2).describe("How often each of them is asked."),
  ipv6: z.boolean().default(true).describe("Whether other servers are reached over IPv6 where they can be."),
  private_addresses: z.boolean().default(true).describe(
    "Whether other servers may be at addresses of this machine and of private networks.",
  ),
  cache_entries: count.min(1).default(10_000).describe("How many answers are remembered."),
  cache_longest: duration().prefault("1 day").describe(
    "For how long an answer is remembered at most, whatever it says.",
  ),
}).prefault({});

/** `[metrics]`: who may read `/metrics`. */
export const metricsSchema = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether there is a `/metrics` at all."),
  loopback: z.boolean().default(true).describe(
    "Whether this machine may read without a token. A proxy on it that does not say for whom it asks is this machine too.",
  ),
  token: secret().optional().describe("What others must send as `Authorization: Bearer`."),
}).prefault({});

/** `[http]`: how HTTP is served, on whatever ports. */
export const httpSchema = z.strictObject({
  socket: path().optional().meta({ example: "/run/metronome/http.sock" }).describe(
    "A socket in the file system that speaks HTTP too, for a proxy of the server's group on this machine.",
  ),
  trusted_proxies: z.array(cidr()).prefault(["127.0.0.1", "::1"]).describe(
    "Proxies that are believed when they say whom they speak for (`Forwarded`, `X-Forwarded-For`, `-Proto`, `-Host`). " +
      "They must not pass on what their clients say of that: where both forms are there, the one with `X-` counts.",
  ),
  header_size: size().prefault("16 KiB").describe("The line and the headers of a request."),
  header_timeout: duration().prefault("10 s").describe("How long they may take."),
  idle_timeout: duration().prefault("75 s").describe("How long a connection may wait for its next request."),
  stall_timeout: duration().prefault("60 s").describe("How long a body may make no progress, in or out."),
  requests_per_second: rate().prefault(100).describe(
    'Requests a second from one address (IPv6: one /64); what is more gets 429. 0 or "off" is no limit.',
  ),
  requests_burst: count.min(1).default(500).describe(
    "Requests that may come at once before that rate holds.",
  ),
}).prefault({});

const certificate = z.union([
  path(),
  z.strictObject({ cert: path(), key: path() }),
]);

/** What a host and `[defaults]` have in common, beside plugins and services. */
export const hostOptions = {
  name: text().optional().meta({ example: "Our chat" }).describe("What people see as the name of the host."),
  admins: z.array(jid()).default([]).describe("Administrators of the host."),
  certificate: certificate.optional().meta({ example: "certs/example.org" }).describe(
    'The certificate: a path without its ending, a folder, or { cert = "…", key = "…" }. ' +
      "Without it, `tls.certs_dir` is searched, then the parent's is used where it fits.",
  ),
  tls_required: z.boolean().default(true).describe("Whether clients must use TLS before they log in."),
  plain_without_tls: z.boolean().default(false).describe(
    "Whether SASL PLAIN is offered without TLS: for tests and trusted networks only.",
  ),
  client_certificates: z.boolean().default(false).describe(
    "Whether clients are asked for a certificate, and SASL EXTERNAL is offered to those that show one of " +
      "`client_authorities`.",
  ),
  client_authorities: path().optional().meta({ example: "certs/clients.pem" }).describe(
    "PEM file of the authorities that sign client certificates.",
  ),
  http_url: webAddress().optional().meta({ example: "https://chat.example.org" }).describe(
    "The address under which the world reaches this host's HTTP, with a path before ours if a proxy adds one. " +
      "Without it, it is made of the host's name and the HTTPS port; services use that of their host.",
  ),
  authentication: z.enum(["internal", "anonymous"]).default("internal").describe(
    "Who knows the accounts: this server, or nobody (every login gets a new name).",
  ),
  mechanisms: z.array(text()).optional().meta({ example: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] }).describe(
    "The SASL mechanisms offered; without it, all that are safe.",
  ),
  scram_iterations: z.number().int().min(4096).max(10_000_000).default(10_000).describe(
    "The cost of a stored password.",
  ),
  resource_conflict: z.enum(["replace", "refuse", "rename"]).default("replace").describe(
    "When a session binds a resource in use: end the old one, refuse the new one, or give it another name.",
  ),
} as const;

/** What only a host has. */
export const hostOnlyOptions = {
  enabled: z.boolean().default(true).describe("Whether the host is served."),
  kind: text().optional().describe(
    'Whose host it is: "user" (people), or the service or plugin that owns it.',
  ),
  parent: domain().optional().describe(
    "The user host it belongs to. Without it: the host with the longest name that this one ends in.",
  ),
} as const;

/** A listener that is switched on. */
export interface ListenSettings {
  readonly enabled: boolean;
  readonly at: readonly Address[];
  readonly proxy: readonly string[];
}

type Deep<T> = T extends readonly (infer E)[] ? readonly Deep<E>[]
  : T extends Record<string, unknown> ? { readonly [K in keyof T]: Deep<T[K]> }
  : T;

/** A path without its ending or a folder, or both files. */
export type CertificatePaths = string | { readonly cert: string; readonly key: string };

/** One host, complete: its own lines over the defaults. */
export interface HostSettings extends Deep<z.infer<z.ZodObject<typeof hostOptions>>> {
  readonly domain: string;
  /** "user", or the name of the service or plugin that owns the host. */
  readonly kind: string;
  /** The user host it belongs to; undefined for user hosts and for components without one. */
  readonly parent: string | undefined;
  /** Whether no line names it: it came with its parent. */
  readonly derived: boolean;
  /** The plugins that are on, in the order of the list. */
  readonly plugins: readonly string[];
  /** The parsed, frozen table of each of them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Where this host's services are: name to domain (its own domain for "@"); those switched off are absent. */
  readonly services: Readonly<Record<string, string>>;
}

/** Everything a start needs, deep-frozen. */
export interface Settings {
  readonly server: Deep<z.infer<typeof serverSchema>> & { readonly data: string; readonly run: string };
  /** The listeners that are on, by kind. */
  readonly listen: Readonly<Record<string, ListenSettings>>;
  readonly tls: Deep<z.infer<typeof tlsSchema>> & { readonly certs_dir: string };
  readonly limits: Deep<z.infer<typeof limitsSchema>>;
  readonly dns: Deep<z.infer<typeof dnsSchema>>;
  readonly metrics: z.infer<typeof metricsSchema>;
  readonly http: Deep<z.infer<typeof httpSchema>>;
  /** The enabled hosts by domain, services of hosts included. */
  readonly hosts: Readonly<Record<string, HostSettings>>;
}
