/** How many requests one address may make: a burst, and so many a second after it. An IPv6 customer's /64 is one address. */
import { networkOf } from "../base/cidr.ts";
import type { Clock } from "../base/clock.ts";
import { Lru } from "../base/lru.ts";
import { Bucket } from "../base/throttle.ts";

/** More addresses at a time than this, and the longest quiet one is forgotten. */
const ADDRESSES = 10_000;

export class RequestRates {
  readonly #buckets = new Lru<string, Bucket>(ADDRESSES);

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly clock: Clock,
  ) {}

  /** Counts a request; the milliseconds after which it would be welcome, 0 for now. */
  wait(address: string): number {
    const key = networkOf(address);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, bucket = new Bucket(this.perSecond, this.burst));
    return bucket.tryTake(1, this.clock.monotonic()) ? 0 : Math.ceil(1000 / this.perSecond);
  }
}
