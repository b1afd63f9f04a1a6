/** The ports that a server really has. */
import type { Server } from "./server.ts";

/** Numbers by kind: `{ c2s: [5222], "c2s-tls": [5223], http: [5280] }`. */
export type Ports = Readonly<Record<string, readonly number[]>>;

export function portsOpen(server: Server): Ports {
  const ports: Record<string, number[]> = {};
  for (const { kind, port } of server.listeners.all) (ports[kind] ??= []).push(port);
  return ports;
}
