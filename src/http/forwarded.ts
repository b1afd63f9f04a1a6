/**
 * What proxies say of the client behind them, in `Forwarded` (RFC 7239) or in the `X-Forwarded-…` headers. A proxy is
 * believed where its address is one of ours; the chain is read from its near end, up to the first that is not believed.
 */
import type { CidrList } from "../base/cidr.ts";

/** What is known of the client in the end. */
export interface Seen {
  readonly address: string;
  readonly secure: boolean;
  /** The name and port the client asked for; undefined where no proxy says another than the request does. */
  readonly host: string | undefined;
  /** Some header speaks of a proxy, believed or not. */
  readonly proxied: boolean;
}

/** A header's value, by its name in lower case; repeated headers are joined by commas. */
export type Header = (name: string) => string | undefined;

interface Hop {
  readonly for: string;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

const LEGACY = ["x-forwarded-for", "x-real-ip", "x-forwarded-proto"] as const;

/** The client of a request that came from `peer`, directly or through proxies. */
export function clientOf(header: Header, peer: string, secure: boolean, believed: CidrList): Seen {
  const older = LEGACY.some((name) => header(name) !== undefined);
  const standard = header("forwarded");
  const proxied = older || standard !== undefined || header("via") !== undefined;
  if (!proxied || !believes(believed, peer)) return { address: peer, secure, host: undefined, proxied };
  // Proxies that write the older headers pass the newer one on as the client has written it.
  const hops = standard !== undefined && !older ? forwarded(standard) : legacy(header);
  let seen: Seen = { address: peer, secure, host: undefined, proxied };
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i]!;
    seen = {
      address: hop.for === "" ? seen.address : hop.for,
      secure: hop.proto === undefined ? seen.secure : hop.proto === "https" || hop.proto === "wss",
      host: hop.host ?? seen.host,
      proxied,
    };
    if (!believed.has(hop.for)) break;
  }
  return seen;
}

/** A socket in the file system is only for who may open it. */
function believes(believed: CidrList, peer: string): boolean {
  return peer === "" || believed.has(peer);
}

/** `Forwarded: for=192.0.2.60;proto=https;host=a.test, for="[2001:db8::1]:4711"`. */
function forwarded(text: string): Hop[] {
  return split(text, ",").map((element) => {
    const found = new Map<string, string>();
    for (const pair of split(element, ";")) {
      const at = pair.indexOf("=");
      if (at > 0) found.set(pair.slice(0, at).trim().toLowerCase(), unquoted(pair.slice(at + 1).trim()));
    }
    return {
      for: addressOf(found.get("for") ?? ""),
      proto: found.get("proto")?.toLowerCase(),
      host: found.get("host"),
    };
  });
}

/** The older headers: a list of addresses, and one scheme and one host for the nearest of them. */
function legacy(header: Header): Hop[] {
  const addresses = (header("x-forwarded-for") ?? header("x-real-ip") ?? "").split(",");
  const proto = last(header("x-forwarded-proto"))?.toLowerCase();
  const host = last(header("x-forwarded-host"));
  return addresses.map((address, i) => {
    const nearest = i === addresses.length - 1;
    return {
      for: addressOf(address.trim()),
      proto: nearest ? proto : undefined,
      host: nearest ? host : undefined,
    };
  });
}

function last(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(",") + 1).trim();
}

/** At separators outside of quoted strings. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(text: string): string {
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

/** An address without port and brackets; "" for `unknown`, for names that hide it, and for anything else. */
function addressOf(node: string): string {
  const found =
    /^(?:\[([0-9A-Fa-f:.]+)\](?::\d+)?|(\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?|([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+))$/
      .exec(node);
  return (found?.[1] ?? found?.[2] ?? found?.[3] ?? "").toLowerCase();
}
