/**
 * Opening a port. An address is written as in the configuration: `[::]:5222` (IPv6, and IPv4 with it), `0.0.0.0:5222`,
 * `localhost:5222`; port 0 lets the system choose. What cannot be opened is explained: what, where, what to do.
 */
import type { Server } from "node:net";

/** An open port. */
export interface Listener {
  /** Where it really listens: with port 0, the port that was chosen. */
  readonly address: { readonly hostname: string; readonly port: number };
  /** Connections that are open now. */
  readonly connections: number;
  /** Accepts no more; the connections stay. */
  close(): Promise<void>;
}

/** A host and a port of an `at` entry; throws an Error that shows how it is written. */
export function parseAddress(at: string): { hostname: string; port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(at.trim());
  const hostname = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (hostname === undefined || port > 65_535) {
    throw new Error(
      `"${at}" is not an address to listen on: write "[::]:5222", "0.0.0.0:5222" or "localhost:5222"`,
    );
  }
  return { hostname, port };
}

/** Lets a server of `node:net` listen; resolves when it does, rejects with an explanation. */
export function openPort(server: Server, at: string): Promise<{ hostname: string; port: number }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = parseAddress(at);
    const refused = (error: NodeJS.ErrnoException) => reject(explained(error, at, hostname));
    server.once("error", refused);
    server.listen({ host: hostname, port, ipv6Only: false, backlog: 1024 }, () => {
      server.removeListener("error", refused);
      const bound = server.address();
      if (bound === null || typeof bound === "string") resolve({ hostname, port });
      else resolve({ hostname: bound.address, port: bound.port });
    });
  });
}

function explained(error: NodeJS.ErrnoException, at: string, hostname: string): Error {
  const why = reason(error.code, hostname);
  return new Error(`cannot listen on ${at}: ${why ?? error.message}`, { cause: error });
}

function reason(code: string | undefined, hostname: string): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return "another program has this port. Is the server running already? Stop it, or choose another port in [listen]";
    case "EACCES":
      return "not permitted. Ports below 1024 need root, or the capability CAP_NET_BIND_SERVICE; or choose a higher port";
    case "EADDRNOTAVAIL":
    case "EINVAL": // what the runtime makes of it for IPv4
      return `this machine has no address ${hostname}. ${familyHint(hostname)}`;
    case "EAFNOSUPPORT":
      return `this machine does not speak ${hostname.includes(":") ? "IPv6" : "IPv4"}. ${
        familyHint(hostname)
      }`;
    case "ENOTFOUND":
      return `the name ${hostname} has no address. Write an IP address, or put the name into /etc/hosts`;
    default:
      return undefined;
  }
}

function familyHint(hostname: string): string {
  return hostname.includes(":")
    ? 'Without IPv6 write "0.0.0.0" for the host'
    : 'Write "[::]" or "0.0.0.0" for any address';
}
