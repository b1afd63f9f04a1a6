/** The configuration of nginx (1.18 and later): one file for `conf.d` or `sites-enabled`. */
import { type Backend, type SentFiles, type Site, WELL_KNOWN } from "./sites.ts";

export interface NginxOptions {
  /** Where nginx listens for TLS. */
  readonly listen: readonly string[];
  /** Path of the certificate and of its key; NAME stands for the name of a site. */
  readonly certificate: string;
  readonly key: string;
}

export function nginxConfig(sites: readonly Site[], backend: Backend, options: NginxOptions): string {
  const server = "socket" in backend ? `unix:${backend.socket}` : backend.address;
  return [
    `upstream metronome {`,
    `    server ${server};`,
    `    keepalive 32;`,
    `}`,
    "",
    "# WebSockets ask for an upgrade; other connections to metronome are used again.",
    "map $http_upgrade $metronome_connection {",
    '    "" "";',
    "    default upgrade;",
    "}",
    ...sites.flatMap((site) => ["", ...serverOf(site, options)]),
  ].join("\n");
}

function serverOf(site: Site, { listen, certificate, key }: NginxOptions): string[] {
  const places = [
    ...site.prefixes.map((prefix) => location(`${prefix}/`)),
    ...(site.discovery && !site.prefixes.includes("") ? WELL_KNOWN.map((path) => location(`= ${path}`)) : []),
    ...site.files.map(sent),
  ];
  return [
    "server {",
    ...listen.map((at) => `    listen ${at} ssl;`),
    `    server_name ${site.name};`,
    `    ssl_certificate ${certificate.replaceAll("NAME", site.name)};`,
    `    ssl_certificate_key ${key.replaceAll("NAME", site.name)};`,
    "",
    `    client_max_body_size ${site.largest};`,
    "    proxy_http_version 1.1;",
    "    proxy_set_header Host $http_host;",
    "    proxy_set_header Upgrade $http_upgrade;",
    "    proxy_set_header Connection $metronome_connection;",
    "    proxy_set_header X-Forwarded-For $remote_addr;",
    "    proxy_set_header X-Forwarded-Host $http_host;",
    "    proxy_set_header X-Forwarded-Proto $scheme;",
    '    proxy_set_header Forwarded "";',
    "    # Answers and uploads pass through as they come; BOSH and WebSockets may be silent for minutes.",
    "    proxy_buffering off;",
    "    proxy_request_buffering off;",
    "    proxy_read_timeout 1h;",
    "    proxy_send_timeout 1h;",
    ...places.flatMap((lines) => ["", ...lines.map((line) => `    ${line}`)]),
    "}",
  ];
}

function location(place: string): string[] {
  return [`location ${place} {`, "    proxy_pass http://metronome;", "}"];
}

function sent({ place, folder }: SentFiles): string[] {
  return [
    "# Files that metronome lets nginx send: nginx must be able to read the folder.",
    `location ${place}/ {`,
    "    internal;",
    `    alias ${folder}/;`,
    "}",
  ];
}
