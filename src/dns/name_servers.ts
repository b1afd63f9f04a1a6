/**
 * A stub resolver (RFC 1034 §5.3.1): asks name servers that do the real work. One that does not answer, or that cannot,
 * is followed by the next; the one that answered last is asked first. Aliases are followed in what a server sent, and
 * asked for where it did not send them.
 */
import type { Clock } from "../base/clock.ts";
import { type Asking, type NameServer, where } from "./asking.ts";
import { Gate } from "./gate.ts";
import type { Reply } from "./packet.ts";
import { DnsError, type DnsFault } from "./resolver.ts";
import type { Data, Found, Kind, Source } from "./source.ts";
import { askTcp } from "./tcp.ts";
import { askUdp } from "./udp.ts";

/** What a stub resolver is given. */
export interface NameServersGround {
  /** At least one. */
  readonly servers: readonly NameServer[];
  /** How long one server may take to answer once. */
  readonly timeoutMs: number;
  /** How often each is asked. */
  readonly attempts: number;
  readonly clock: Clock;
}

/** Aliases of aliases, all in all. */
const MOST_ALIASES = 8;

/** Questions at a time. */
const MOST_UNDER_WAY = 256;

/** Nobody has more servers or addresses; whoever says so is not believed beyond. */
const MOST_RECORDS = 64;

const FORMAT_ERROR = 1;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;
const NOT_IMPLEMENTED = 4;
const REFUSED = 5;

/** See the top of the file. */
export class NameServers implements Source {
  readonly #ground: NameServersGround;
  readonly #gate = new Gate(MOST_UNDER_WAY);
  /** The place of the server that is asked first. */
  #first = 0;

  constructor(ground: NameServersGround) {
    if (ground.servers.length === 0) throw new RangeError("a stub resolver needs a name server");
    this.#ground = ground;
  }

  async ask<K extends Kind>(kind: K, name: string, signal: AbortSignal): Promise<Found<K>> {
    const trail = new Trail(kind, name);
    for (;;) {
      const { reply, server } = await this.#question(kind, trail.name, signal);
      const found = trail.follow(reply, server.trusted);
      if (found !== undefined) return found;
    }
  }

  /** Asks one server after the other. */
  async #question(
    kind: Kind,
    name: string,
    signal: AbortSignal,
  ): Promise<{ reply: Reply; server: NameServer }> {
    const { servers, attempts, timeoutMs, clock } = this.#ground;
    let fault: DnsError | undefined;
    const first = this.#first;
    for (let i = 0; i < attempts * servers.length; i++) {
      const place = (first + i) % servers.length;
      const server = servers[place]!;
      try {
        const asking = { server, kind, name, edns: true, timeoutMs, clock, signal };
        const reply = await this.#gate.pass(signal, () => askOnce(asking));
        const failed = failure(reply, server, kind, name);
        if (failed === undefined) {
          this.#first = place;
          return { reply, server };
        }
        fault = failed;
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        // That a server said something tells more than that another one was silent.
        if (fault === undefined || fault.kind === "timeout") fault = error;
      }
    }
    throw fault ?? new DnsError("timeout", name, `DNS: nobody was asked for ${kind} ${name}`);
  }
}

/** One server, by whichever way it takes to have a whole answer from it. */
async function askOnce(asking: Asking): Promise<Reply> {
  const short = await askUdp(asking);
  const reply = short === "distrusted" || short.truncated ? await askTcp(asking) : short;
  const old = reply.code === FORMAT_ERROR || reply.code === NOT_IMPLEMENTED;
  // RFC 6891 §6.2.2: a server that does not know EDNS is asked without.
  return old && asking.edns ? await askOnce({ ...asking, edns: false }) : reply;
}

const FAULTS: Readonly<Record<number, readonly [DnsFault, string]>> = {
  [FORMAT_ERROR]: ["malformed", "it did not understand the question (FORMERR)"],
  [SERVER_FAILURE]: [
    "servfail",
    "it could not find out (SERVFAIL): the domain's own name servers or DNSSEC are broken",
  ],
  [NOT_IMPLEMENTED]: ["refused", "it does not answer such questions (NOTIMP)"],
  [REFUSED]: ["refused", "it refuses to answer (REFUSED)"],
};

function failure({ code }: Reply, server: NameServer, kind: Kind, name: string): DnsError | undefined {
  if (code === 0 || code === NO_SUCH_NAME) return undefined;
  const [fault, why] = FAULTS[code] ?? ["servfail", `response code ${code}`] as const;
  return new DnsError(fault, name, `DNS: no answer from ${where(server)} for ${kind} ${name}: ${why}`);
}

/** The way from the name that was asked for to the records, over aliases (RFC 1034 §3.6.2). */
class Trail<K extends Kind> {
  readonly #kind: K;
  readonly #asked: string;
  /** The name whose records are wanted now. */
  name: string;
  #aliases = 0;
  #authentic = true;
  #ttl = Infinity;

  constructor(kind: K, name: string) {
    this.#kind = kind;
    this.#asked = this.name = name;
  }

  /** Goes as far as a reply leads; the end of the way, or undefined when the present name is to be asked for. */
  follow(reply: Reply, trusted: boolean): Found<K> | undefined {
    this.#authentic &&= trusted && reply.authentic;
    const before = this.#aliases;
    for (;;) {
      const records = this.#own(reply);
      if (records.length > 0) return { records, authentic: this.#authentic, ttlMs: this.#ttl * 1000 };
      const alias = reply.records.find((it) => it.kind === "CNAME" && it.owner === this.name);
      if (alias?.kind !== "CNAME") break;
      if (++this.#aliases > MOST_ALIASES) {
        throw new DnsError(
          "malformed",
          this.#asked,
          `DNS: the aliases of ${this.#asked} go round, or are more than ${MOST_ALIASES}`,
        );
      }
      this.#ttl = Math.min(this.#ttl, alias.ttl);
      this.name = alias.data;
    }
    // Aliases that lead nowhere, without a word about why: the server does not follow them itself.
    const onward = this.#aliases > before && reply.code === 0 && reply.absentFor === undefined;
    if (onward) return undefined;
    const ttl = Math.min(this.#ttl, reply.absentFor ?? Infinity);
    const ttlMs = reply.absentFor === undefined ? undefined : ttl * 1000;
    return { records: [], authentic: this.#authentic, ttlMs };
  }

  #own(reply: Reply): Data[K][] {
    const own: Data[K][] = [];
    for (const record of reply.records) {
      if (record.kind !== this.#kind || record.owner !== this.name || own.length >= MOST_RECORDS) continue;
      this.#ttl = Math.min(this.#ttl, record.ttl);
      own.push(record.data as Data[K]);
    }
    return own;
  }
}
