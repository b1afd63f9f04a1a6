/** What tests of DNS have in common: a resolver on scripted name servers, and replies that lie. */
import { createLog } from "../base/log.ts";
import type { Clock } from "../base/clock.ts";
import { ManualClock } from "../testing/clock.ts";
import type { DnsServer } from "./dns_test_server.ts";
import { CachingResolver } from "./caching.ts";
import { NameServers } from "./name_servers.ts";
import type { Found, Kind, Source } from "./source.ts";

export const silent = createLog({ level: "error", write: () => {} });

/** A resolver on these servers. Its time stands still unless the clock is moved. */
export function resolverOn(
  servers: readonly DnsServer[],
  options: { clock?: Clock; trusted?: boolean; attempts?: number; ipv6?: boolean; entries?: number } = {},
): CachingResolver {
  const { clock = new ManualClock(), trusted = true, attempts = 2, ipv6 = true, entries = 1000 } = options;
  const source = new NameServers({
    servers: servers.map(({ server: { hostname, port } }) => ({ address: hostname, port, trusted })),
    timeoutMs: 2_000,
    attempts,
    clock,
  });
  return new CachingResolver({ source, clock, entries, longestMs: 86_400_000, ipv6 });
}

/** A source that is answered by hand. */
export class HandSource implements Source {
  readonly asked: { readonly kind: Kind; readonly name: string; readonly signal: AbortSignal }[] = [];
  readonly #answers: { resolve(found: unknown): void; reject(error: unknown): void }[] = [];

  ask<K extends Kind>(kind: K, name: string, signal: AbortSignal): Promise<Found<K>> {
    this.asked.push({ kind, name, signal });
    return new Promise((resolve, reject) => {
      this.#answers.push({ resolve: resolve as (found: unknown) => void, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  answer(place: number, found: Partial<Found<Kind>>): void {
    this.#answers[place]!.resolve({ records: [], authentic: false, ttlMs: 60_000, ...found });
  }

  fail(place: number, error: unknown): void {
    this.#answers[place]!.reject(error);
  }
}

/** The reply with another id. */
export function otherId(reply: Uint8Array): Uint8Array {
  const copy = reply.slice();
  copy[0] = (copy[0]! + 1) & 255;
  return copy;
}

/** The reply to a question about another name: the first letter of it is changed. */
export function otherName(reply: Uint8Array): Uint8Array {
  const copy = reply.slice();
  copy[13] = copy[13] === 0x71 ? 0x72 : 0x71;
  return copy;
}

/** The reply to a question that was spelled otherwise: the case of its first letter is changed. */
export function otherCase(reply: Uint8Array): Uint8Array {
  const copy = reply.slice();
  copy[13] = copy[13]! ^ 0x20;
  return copy;
}
