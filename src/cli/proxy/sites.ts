/** What a web server in front has to know: the names and paths under which the world finds us, and where we are. */
import { formatAddress, type Settings } from "../../config/mod.ts";
import { partsOf, webAddress } from "../../server/web_address.ts";
import { EXIT, Failure } from "../command.ts";

/** Files that the web server sends itself. */
export interface SentFiles {
  /** Where we tell it to look: `/metronome-upload`. */
  readonly place: string;
  readonly folder: string;
}

/** Everything of one name. */
export interface Site {
  readonly name: string;
  /** Paths that are ours: "" is all of it, "/xmpp" what is below that. */
  readonly prefixes: readonly string[];
  /** Whether `/.well-known/host-meta` is asked for here while all else of ours is elsewhere. */
  readonly discovery: boolean;
  /** Bytes of the largest body that may come. */
  readonly largest: number;
  readonly files: readonly SentFiles[];
}

/** What is asked for at the root of a domain, whatever the address of the rest (XEP-0156 §3, RFC 7711 §3). */
export const WELL_KNOWN = [
  "/.well-known/host-meta",
  "/.well-known/host-meta.json",
  "/.well-known/posh/xmpp-client.json",
  "/.well-known/posh/xmpp-server.json",
] as const;

/** Where the proxy finds us: a socket in the file system, or an address. */
export type Backend = { readonly socket: string } | { readonly address: string };

export function backendOf(settings: Settings): Backend {
  const { socket } = settings.http;
  if (socket !== undefined) return { socket };
  const at = settings.listen["http"]?.at[0];
  if (at === undefined) {
    throw new Failure(
      EXIT.usage,
      'nothing of ours speaks HTTP without TLS: set http.socket, or listen.http.at = ["127.0.0.1:5280"]',
    );
  }
  const anywhere = at.hostname === "::" || at.hostname === "0.0.0.0";
  return { address: anywhere ? `127.0.0.1:${at.port}` : formatAddress(at) };
}

/** All sites; those of one host where one is named. */
export function sitesOf(settings: Settings, only: string | undefined): Site[] {
  const sites = new Map<string, Site>();
  const hosts = Object.values(settings.hosts).filter(({ kind, domain }) =>
    kind === "user" && (only === undefined || domain === only)
  );
  if (hosts.length === 0) {
    throw new Failure(
      EXIT.usage,
      only === undefined ? "there are no hosts" : `${only} is no host of people here`,
    );
  }
  for (const { domain } of hosts) {
    const [name, prefix] = partsOf(webAddress(settings, domain));
    const uploads = uploadsOf(settings, domain);
    add(sites, {
      name,
      prefixes: [prefix],
      discovery: false,
      largest: Math.max(DEFAULT_LARGEST, ...uploads.map(({ largest }) => largest)),
      files: uploads.flatMap(({ files }) => files),
    });
    if (name !== domain || prefix !== "") {
      add(sites, { name: domain, prefixes: [], discovery: true, largest: DEFAULT_LARGEST, files: [] });
    }
  }
  return [...sites.values()];
}

/** Hosts whose links would name a port of ours instead of the proxy's. */
export function withoutAddress(settings: Settings, only: string | undefined): string[] {
  return Object.values(settings.hosts)
    .filter(({ kind, domain, http_url }) =>
      kind === "user" && http_url === undefined && (only === undefined || domain === only)
    )
    .map(({ domain }) => domain);
}

/** What every body may have. */
const DEFAULT_LARGEST = 1_048_576;

function add(sites: Map<string, Site>, site: Site): void {
  const before = sites.get(site.name);
  if (before === undefined) {
    sites.set(site.name, site);
    return;
  }
  const places = new Set(before.files.map(({ place }) => place));
  sites.set(site.name, {
    name: site.name,
    prefixes: [...new Set([...before.prefixes, ...site.prefixes])],
    discovery: before.discovery || site.discovery,
    largest: Math.max(before.largest, site.largest),
    files: [...before.files, ...site.files.filter(({ place }) => !places.has(place))],
  });
}

interface Uploads {
  readonly largest: number;
  readonly files: readonly SentFiles[];
}

/** What the host and its services keep of files. */
function uploadsOf(settings: Settings, domain: string): Uploads[] {
  return Object.values(settings.hosts).filter((host) => host.domain === domain || host.parent === domain)
    .flatMap((host) => {
      const table = host.config["upload"];
      if (!isTable(table)) return [];
      const { largest, folder, sendfile, sendfile_prefix: place } = table;
      const root = typeof folder === "string" ? folder : `${settings.server.data}/upload`;
      const files = sendfile === "x-accel-redirect" && typeof place === "string"
        ? [{ place, folder: `${root}/${host.domain}` }]
        : [];
      return [{ largest: typeof largest === "number" ? largest : DEFAULT_LARGEST, files }];
    });
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
