/**
 * The resolver that the server uses: remembers answers for as long as they hold, absence and failures too (RFC 2308,
 * RFC 9520), and asks once for what several want at the same time. Its memory is bounded by a number of answers.
 */
import type { Clock } from "../base/clock.ts";
import { Lru } from "../base/lru.ts";
import { type LocalAddresses, loopbackOf } from "./hosts_file.ts";
import { dnsName } from "./name.ts";
import {
  type Addresses,
  type Answer,
  DnsError,
  type Resolver,
  type SrvRecord,
  type TlsaRecord,
} from "./resolver.ts";
import { Shared } from "./shared.ts";
import type { Found, Kind, Source } from "./source.ts";

/** What a caching resolver is given. */
export interface CachingGround {
  readonly source: Source;
  readonly clock: Clock;
  /** How many answers are remembered. */
  readonly entries: number;
  /** An answer is not believed for longer, whatever it says. */
  readonly longestMs: number;
  /** Whether hosts have IPv6 addresses for us. */
  readonly ipv6: boolean;
  /** Names that are not asked for. */
  readonly hosts?: ReadonlyMap<string, LocalAddresses>;
}

/** What a question had for an answer. */
interface Remembered {
  readonly until: number;
  readonly found: Found<Kind> | DnsError;
}

/** Answers that hold for less time are kept this long: it also bounds how often a failing name is asked for. */
const SHORTEST_MS = 5_000;

/** Absence is not believed for longer, so that a domain that comes into being is soon found. */
const LONGEST_ABSENT_MS = 15 * 60_000;

/** What is assumed where nobody says how long it holds: by the runtime's own resolver. */
const UNSAID_MS = 30_000;

/** RFC 8305 §3 has both kinds of address asked for at once; the slower one is waited for so long at most. */
const SECOND_FAMILY_MS = 1_000;

/** See the top of the file. */
export class CachingResolver implements Resolver {
  readonly #ground: CachingGround;
  readonly #cache: Lru<string, Remembered>;
  readonly #underWay = new Map<string, Shared<Found<Kind>>>();
  #closed = false;

  constructor(ground: CachingGround) {
    this.#ground = ground;
    this.#cache = new Lru(Math.max(1, ground.entries));
  }

  async srv(name: string, signal?: AbortSignal): Promise<Answer<SrvRecord>> {
    return await this.#ask("SRV", name, signal);
  }

  async tlsa(port: number, name: string, signal?: AbortSignal): Promise<Answer<TlsaRecord>> {
    return await this.#ask("TLSA", `_${port}._tcp.${name}`, signal);
  }

  async addresses(name: string, signal?: AbortSignal): Promise<Addresses> {
    const local = this.#local(name);
    if (local !== undefined) {
      return { v6: this.#ground.ipv6 ? local.v6 : [], v4: local.v4, authentic: false };
    }
    const v4 = this.#ask("A", name, signal);
    if (!this.#ground.ipv6) {
      const { records, authentic } = await v4;
      return { v6: [], v4: records, authentic };
    }
    return await this.#bothFamilies(this.#ask("AAAA", name, signal), v4);
  }

  close(): void {
    this.#closed = true;
    this.#cache.clear();
    for (const [key, shared] of this.#underWay) {
      shared.fail(
        new DnsError("closed", key, `DNS: ${key} is not asked for any more: the resolver was closed`),
      );
    }
    this.#underWay.clear();
  }

  #local(name: string): LocalAddresses | undefined {
    const known = dnsName(name);
    return known === undefined ? undefined : this.#ground.hosts?.get(known) ?? loopbackOf(known);
  }

  /** One kind of address is enough; the other is waited for a little longer. */
  async #bothFamilies(v6: Promise<Found<"AAAA">>, v4: Promise<Found<"A">>): Promise<Addresses> {
    const [six, four] = [settled(v6), settled(v4)];
    const first = await Promise.race([six, four]);
    if (first.found !== undefined && first.found.records.length > 0) await this.#aLittle(six, four);
    else await Promise.all([six, four]);
    const [had6, had4] = [six.now, four.now];
    const error = had6?.error ?? had4?.error;
    const addresses = { v6: had6?.found?.records ?? [], v4: had4?.found?.records ?? [] };
    // What one of them could not say matters only where the other said nothing.
    if (error !== undefined && addresses.v6.length + addresses.v4.length === 0) throw error.cause;
    const authentic = had6?.found?.authentic === true && had4?.found?.authentic === true;
    return { ...addresses, authentic };
  }

  #aLittle(...both: Promise<unknown>[]): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ground.clock.after(SECOND_FAMILY_MS, resolve);
      void Promise.all(both).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  async #ask<K extends Kind>(kind: K, written: string, signal?: AbortSignal): Promise<Found<K>> {
    signal?.throwIfAborted();
    const name = dnsName(written);
    if (name === undefined || name === "." || this.#closed) throw unaskable(written, this.#closed);
    // RFC 6761 §6.3: below "localhost" there are addresses, which are known, and nothing else.
    if (loopbackOf(name) !== undefined) return { records: [], authentic: false, ttlMs: undefined };
    const key = `${kind} ${name}`;
    const known = this.#cache.get(key);
    if (known !== undefined && known.until > this.#ground.clock.monotonic()) {
      if (known.found instanceof DnsError) throw known.found;
      return known.found as Found<K>;
    }
    let shared = this.#underWay.get(key);
    if (shared === undefined || shared.abandoned) {
      shared = this.#begin(kind, name, key);
    }
    return await shared.wait(signal) as Found<K>;
  }

  #begin(kind: Kind, name: string, key: string): Shared<Found<Kind>> {
    const begun: Shared<Found<Kind>> = new Shared(async (stop) => {
      try {
        const found = await this.#ground.source.ask(kind, name, stop);
        this.#remember(key, found, this.#holds(found), stop);
        return found;
      } catch (error) {
        if (error instanceof DnsError) this.#remember(key, error, SHORTEST_MS, stop);
        throw error;
      } finally {
        if (this.#underWay.get(key) === begun) this.#underWay.delete(key);
      }
    });
    this.#underWay.set(key, begun);
    return begun;
  }

  #remember(key: string, found: Found<Kind> | DnsError, ms: number, stop: AbortSignal): void {
    if (this.#closed || stop.aborted) return;
    this.#cache.set(key, { found, until: this.#ground.clock.monotonic() + ms });
  }

  #holds({ records, ttlMs }: Found<Kind>): number {
    const longest = records.length > 0
      ? this.#ground.longestMs
      : Math.min(LONGEST_ABSENT_MS, this.#ground.longestMs);
    return Math.max(SHORTEST_MS, Math.min(ttlMs ?? UNSAID_MS, longest));
  }
}

interface Settled<K extends Kind> {
  readonly found?: Found<K>;
  readonly error?: { readonly cause: unknown };
}

/** A promise that does not fail, and that can be looked into. */
function settled<K extends Kind>(promise: Promise<Found<K>>): Promise<Settled<K>> & { now?: Settled<K> } {
  const watched: Promise<Settled<K>> & { now?: Settled<K> } = promise.then(
    (found) => (watched.now = { found }),
    (cause: unknown) => (watched.now = { error: { cause } }),
  );
  return watched;
}

function unaskable(name: string, closed: boolean): DnsError {
  if (closed) return new DnsError("closed", name, `DNS: ${name} is not asked for: the resolver was closed`);
  const why = "a name has labels of 1 to 63 letters, digits, hyphens and underscores, 253 in all";
  return new DnsError("no-such-name", name, `DNS: ${JSON.stringify(name)} cannot be asked for: ${why}`);
}
