/**
 * A small internet for one test: an authority, a name server, and servers that find each other through it and believe the
 * authority. All of it is on this machine and gone afterwards.
 */
import { Authority, type Shown } from "./certificates.ts";
import { DnsServer } from "./dns_server.ts";
import { Peer, type PeerKind, type PeerOptions, type PeerPorts } from "./peers/peer.ts";
import { freePorts } from "./peers/process.ts";

/** How a server of the world is to be, beside what the world knows. */
export interface Settled extends Partial<Omit<PeerOptions, "certificate">> {
  readonly shows?: Shown;
  /** How others find it: by STARTTLS, by direct TLS, or both. Default: STARTTLS. */
  readonly way?: Way;
}

export type Way = "starttls" | "direct" | "both";

export class World implements AsyncDisposable {
  readonly authority = new Authority();
  readonly #servers: Peer[] = [];

  private constructor(readonly dns: DnsServer) {
    // Programs whose resolver is the system's know this name, whatever name server they are told to ask.
    dns.set("A localhost", ["127.0.0.1"]);
  }

  static async make(): Promise<World> {
    return new World(await DnsServer.start());
  }

  /** Starts a server of a domain and lets the others find it. */
  async settle(kind: PeerKind, domain: string, settled: Settled = {}): Promise<Peer> {
    const { shows, way = "starttls", ...options } = settled;
    const [c2s, s2s, s2sTls] = freePorts(3) as [number, number, number];
    const ports = { c2s, s2s, s2sTls };
    this.publish(domain, way, ports);
    const peer = await Peer.start(kind, ports, {
      domain,
      certificate: this.authority.issue(domain, shows),
      authorities: this.authority.root.cert,
      dns: this.dns.server,
      ...options,
    });
    this.#servers.push(peer);
    return peer;
  }

  /** Where the server of a domain is to be found. "." says that there is none of that kind. */
  publish(domain: string, way: Way, { s2s, s2sTls }: Pick<PeerPorts, "s2s" | "s2sTls">): void {
    const at = (port: number) => [{ priority: 0, weight: 0, port, target: "localhost" }];
    const plain = `SRV _xmpp-server._tcp.${domain}`;
    const direct = `SRV _xmpps-server._tcp.${domain}`;
    if (way === "direct") this.dns.remove(plain);
    else this.dns.set(plain, at(s2s));
    if (way === "starttls") this.dns.remove(direct);
    else this.dns.set(direct, at(s2sTls));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
    await this.dns[Symbol.asyncDispose]();
  }
}

/** Connections between servers that are open now: those to a port that one of them listens on for servers. */
export async function connectionsBetween(...peers: readonly Peer[]): Promise<number> {
  const ports = new Set(peers.flatMap(({ ports }) => [ports.s2s, ports.s2sTls]));
  let count = 0;
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await Deno.readTextFile(table).catch(() => "")).split("\n").slice(1);
    for (const line of lines) {
      const [, local, , state] = line.trim().split(/\s+/);
      const port = Number.parseInt(local?.split(":").at(-1) ?? "", 16);
      // 01 is ESTABLISHED; each connection has one end at the port that it was made to.
      if (state === "01" && ports.has(port)) count++;
    }
  }
  return count;
}
