/** The address under which the world reaches a host over HTTP, for links: as the configuration says, or as the ports are. */
import type { Settings } from "../config/mod.ts";

/** Without a slash at its end. */
export function webAddress(settings: Settings, domain: string): string {
  let host = settings.hosts[domain];
  // A service is reached by the name of the host it belongs to: there is a certificate for that one.
  while (host !== undefined && host.http_url === undefined && host.parent !== undefined) {
    host = settings.hosts[host.parent];
  }
  if (host?.http_url !== undefined) return host.http_url;
  const name = host?.domain ?? domain;
  const secure = settings.listen.https?.at[0]?.port;
  if (secure !== undefined) return `https://${name}${secure === 443 ? "" : `:${secure}`}`;
  const plain = settings.listen.http?.at[0]?.port ?? 80;
  return `http://${name}${plain === 80 ? "" : `:${plain}`}`;
}

/** The name and the path of an address: `["chat.example.org", "/xmpp"]`; the path is "" where there is none. */
export function partsOf(address: string): readonly [name: string, path: string] {
  const { hostname, pathname } = new URL(address);
  return [hostname, pathname === "/" ? "" : pathname];
}
