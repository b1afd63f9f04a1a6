/**
 * Failed logins are counted by network (an IPv6 customer has a whole /64) and by account. Once there are many, answers to
 * failures are held back, and so is every new attempt from that network: hanging up and coming back gains nothing. A few
 * typing errors cost nothing.
 */
import { Lru } from "../base/lru.ts";
import { Bucket } from "../base/throttle.ts";
import { networkOf } from "../base/cidr.ts";

/** Failures that cost nothing, and how many a second come back. */
const FREE = 10;
const PER_SECOND = 0.2;
const LONGEST_MS = 15_000;
const REMEMBERED = 10_000;

export class LoginBrake {
  readonly #addresses = new Lru<string, Bucket>(REMEMBERED);
  readonly #accounts = new Lru<string, Bucket>(REMEMBERED);

  /** Counts a failure; how many milliseconds its answer is to be held back. */
  failed(address: string, account: string | undefined, now: number): number {
    const first = take(this.#addresses, networkOf(address), now);
    const second = account === undefined ? 0 : take(this.#accounts, account, now);
    return Math.min(LONGEST_MS, Math.max(first, second));
  }

  /** How many milliseconds a new attempt from an address has to wait. */
  wait(address: string, now: number): number {
    return Math.min(LONGEST_MS, this.#addresses.get(networkOf(address))?.take(0, now) ?? 0);
  }
}

function take(buckets: Lru<string, Bucket>, key: string, now: number): number {
  let bucket = buckets.get(key);
  if (bucket === undefined) buckets.set(key, bucket = new Bucket(PER_SECOND, FREE));
  return bucket.take(1, now);
}
