/** The configuration of Apache (2.4.47 and later) with mod_ssl, mod_headers, mod_proxy and mod_proxy_http. */
import { type Backend, type Site, WELL_KNOWN } from "./sites.ts";

export interface ApacheOptions {
  readonly certificate: string;
  readonly key: string;
}

export function apacheConfig(
  sites: readonly Site[],
  backend: Backend,
  { certificate, key }: ApacheOptions,
): string {
  const to = "socket" in backend ? `unix:${backend.socket}|http://localhost` : `http://${backend.address}`;
  return [
    "# a2enmod ssl headers proxy proxy_http",
    ...sites.flatMap((site) => {
      const places = [
        ...site.prefixes.map((prefix) => `${prefix}/`),
        ...(site.discovery && !site.prefixes.includes("") ? WELL_KNOWN : []),
      ];
      return [
        "<VirtualHost *:443>",
        `    ServerName ${site.name}`,
        "    SSLEngine on",
        `    SSLCertificateFile ${certificate.replaceAll("NAME", site.name)}`,
        `    SSLCertificateKeyFile ${key.replaceAll("NAME", site.name)}`,
        "    ProxyPreserveHost On",
        "    ProxyTimeout 3600",
        '    RequestHeader set X-Forwarded-Proto "https"',
        "    RequestHeader unset Forwarded",
        `    LimitRequestBody ${site.largest}`,
        "    AllowEncodedSlashes NoDecode",
        ...places.map((place) =>
          `    ProxyPass "${place}" "${to}${place}" upgrade=websocket flushpackets=on nocanon`
        ),
        "</VirtualHost>",
        "",
      ];
    }),
  ].join("\n").trimEnd();
}
