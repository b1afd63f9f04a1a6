/**
 * How many connections may be open: in all, and from one address. An IPv6 customer has a whole /64, so that counts as
 * one address (RFC 6177 §2). Shared by the listeners of a server; the numbers may be changed while it runs.
 */
import { networkOf } from "../base/cidr.ts";

/** Why a connection is one too many. */
export type Refusal = "total" | "address";

interface Limits {
  readonly perAddress?: number;
  readonly total?: number;
}

/** What a listener asks before it lets somebody in. */
export interface Counting {
  take(address: string): Refusal | undefined;
  free(address: string): void;
}

/** Counts open connections. Every `take` that answered `undefined` is given back with `free`. */
export class ConnectionLimits implements Counting {
  #perAddress = Infinity;
  #total = Infinity;
  readonly #counts = new Map<string, number>();
  #open = 0;

  constructor(limits: Limits = {}) {
    this.change(limits);
  }

  /** Other numbers from now on; nobody who is here is closed for it. What is left out is no limit. */
  change({ perAddress = Infinity, total = Infinity }: Limits): void {
    this.#perAddress = perAddress;
    this.#total = total;
  }

  /** The same count, in which some addresses speak for many: those are counted in all only. */
  exempting(manifold: (address: string) => boolean): Counting {
    return {
      take: (address) => {
        if (!manifold(address)) return this.take(address);
        if (this.#open >= this.#total) return "total";
        this.#open += 1;
        return undefined;
      },
      free: (address) => {
        if (manifold(address)) this.#open -= 1;
        else this.free(address);
      },
    };
  }

  /** Connections counted now. */
  get open(): number {
    return this.#open;
  }

  /** Connections counted now from the same address, or the same /64. */
  openFrom(address: string): number {
    return this.#counts.get(networkOf(address)) ?? 0;
  }

  /** Counts one connection more, unless that is too many. */
  take(address: string): Refusal | undefined {
    if (this.#open >= this.#total) return "total";
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#perAddress) return "address";
    this.#counts.set(key, count + 1);
    this.#open += 1;
    return undefined;
  }

  /** One connection less. */
  free(address: string): void {
    const key = networkOf(address);
    const count = this.#counts.get(key);
    if (count === undefined) return;
    this.#open -= 1;
    if (count === 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }
}
