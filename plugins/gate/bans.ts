/** Who is kept out for a time, and offences on the way to that, which fade. Both are kept in the storage. */
import { defineSlot, DomainMap, type HostScope, Lru, map } from "#plugin";
import type { Ban, Hits, Offence } from "./api.ts";

/** By domain or pattern. */
const stored = map<Ban>("gate.bans");
/** By domain. */
const noted = map<Count>("gate.hits");

/** Domains with offences that are counted at a time, and bans that are kept: strangers make both. */
const COUNTED = 10_000;
const MOST_BANS = 10_000;

interface Count {
  readonly count: number;
  /** When it was right. */
  readonly at: number;
  readonly reason: string;
}

const counted = defineSlot<Lru<string, Count>>("gate.hits");
const banned = defineSlot<DomainMap<Ban>>("gate.bans");

interface Rates {
  readonly hits: number;
  readonly forget: number;
}

export class Bans {
  readonly #store;
  readonly #notes;
  readonly #banned: DomainMap<Ban>;
  readonly #counts: Lru<string, Count>;

  constructor(private readonly host: HostScope<Rates>) {
    this.#store = host.open(stored);
    this.#notes = host.open(noted);
    this.#counts = host.hold(counted, () => {
      const counts = new Lru<string, Count>(COUNTED);
      for (const [domain, count] of this.#notes.entries("")) counts.set(domain, count);
      return counts;
    });
    this.#banned = host.hold(banned, () => {
      const bans = new DomainMap<Ban>();
      for (const [domain, ban] of this.#store.entries("")) bans.set(domain, ban);
      return bans;
    });
  }

  get size(): number {
    return this.#banned.size;
  }

  /** The ban that a domain is under now. */
  of(domain: string): Ban | undefined {
    const ban = this.#banned.find(domain);
    if (ban?.until === undefined || ban.until > this.host.clock.now()) return ban;
    this.lift(ban.domain);
    // There may be one for all that is above it.
    return this.of(domain);
  }

  all(): Ban[] {
    const now = this.host.clock.now();
    return [...this.#banned.values()].filter(({ until }) => until === undefined || until > now);
  }

  /** Keeps a ban; of those that end, the one that ends first makes room. */
  add(ban: Ban): void {
    if (this.#banned.size >= MOST_BANS && this.#banned.at(ban.domain) === undefined) {
      this.expire();
      const ending = this.all().filter(({ until }) => until !== undefined).sort((a, b) =>
        a.until! - b.until!
      );
      if (this.#banned.size >= MOST_BANS && ending[0] !== undefined) this.lift(ending[0].domain);
    }
    this.#banned.set(ban.domain, ban);
    this.#store.set("", ban.domain, ban);
    this.forget(ban.domain);
  }

  lift(domain: string): boolean {
    if (!this.#banned.delete(domain)) return false;
    this.#store.set("", domain, undefined);
    return true;
  }

  /** Removes what is over, and what was counted and is forgotten. */
  expire(): void {
    const now = this.host.clock.now();
    for (const [domain, count] of this.#notes.entries("")) {
      if (!this.#counts.has(domain) || this.#faded(count, now) === 0) this.forget(domain);
    }
    for (const { domain, until } of [...this.#banned.values()]) {
      if (until !== undefined && until <= now) this.lift(domain);
    }
  }

  // --- offences ---------------------------------------------------------------------------------------------------

  /** Counts one; how many there are now that are not wholly forgotten. */
  count(domain: string, { reason }: Offence): number {
    const now = this.host.clock.now();
    const count = this.#faded(this.#counts.get(domain), now) + 1;
    const sum = { count, at: now, reason };
    this.#counts.set(domain, sum);
    this.#notes.set("", domain, sum);
    return Math.ceil(count);
  }

  forget(domain: string): boolean {
    this.#notes.set("", domain, undefined);
    return this.#counts.delete(domain);
  }

  hits(): Hits[] {
    const now = this.host.clock.now();
    const all = [...this.#counts.entries()].map(([domain, it]) => ({
      domain,
      count: Math.ceil(this.#faded(it, now)),
      reason: it.reason,
    }));
    return all.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  }

  /** What is left of a count: as many as would be a ban fade within the time that the options say. */
  #faded(it: Count | undefined, now: number): number {
    if (it === undefined) return 0;
    const { hits, forget } = this.host.config;
    return Math.max(0, it.count - Math.max(0, now - it.at) * hits / forget);
  }
}
