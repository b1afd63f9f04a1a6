/** Addresses of listeners ("[::]:5222") and networks of trusted peers ("10.0.0.0/8"), checked as text. */

/** Where to listen. Port 0 lets the system choose. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** Whether the text is an IPv4 or IPv6 address, without brackets or zone; the version, or 0. */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (IPV4.test(text)) return 4;
  if (!text.includes(":") || !/^[0-9a-fA-F:.]+$/.test(text)) return 0;
  try {
    return new URL(`http://[${text}]/`).hostname === "" ? 0 : 6;
  } catch {
    return 0;
  }
}

/** `[::]:5222`, `127.0.0.1:5222` or `name:5222`; undefined when it is none of them. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  if (match === null) return undefined;
  const [, v6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (v6 !== undefined && ipVersion(v6) !== 6) return undefined;
  if (name !== undefined && /^[\d.]+$/.test(name) && ipVersion(name) !== 4) return undefined;
  return { hostname: v6 ?? name ?? "", port };
}

/** A name server: an IP address, with a port unless it is 53; undefined when it is none. */
export function parseNameServer(text: string): Address | undefined {
  const hostname = text.trim().replace(/^\[(.*)\]$/, "$1");
  if (ipVersion(hostname) !== 0) return { hostname, port: 53 };
  const address = parseAddress(text);
  return address === undefined || ipVersion(address.hostname) === 0 || address.port === 0
    ? undefined
    : address;
}

/** The text parseAddress reads. */
export function formatAddress({ hostname, port }: Address): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Whether the text is an address or a network in prefix notation. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf("/");
  const version = ipVersion(slash < 0 ? text : text.slice(0, slash));
  if (version === 0) return false;
  if (slash < 0) return true;
  const bits = text.slice(slash + 1);
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
