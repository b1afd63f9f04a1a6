/**
 * How many connections may be open: in all, and from one address. An IPv6 customer has a whole /64, so that counts as
 * one address (RFC 6177 §2). Shared by the listeners of a server; the numbers may be changed while it runs.
 */
import { addressBytes } from "./cidr.ts";

/** Why a connection is one too many. */
export type Refusal = "total" | "address";

/** Counts open connections. Every `take` that answered `undefined` is given back with `free`. */
export class ConnectionLimits {
  perAddress: number;
  total: number;
  readonly #counts = new Map<string, number>();
  #open = 0;

  constructor(limits: { readonly perAddress?: number; readonly total?: number } = {}) {
    this.perAddress = limits.perAddress ?? Infinity;
    this.total = limits.total ?? Infinity;
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
    if (this.#open >= this.total) return "total";
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.perAddress) return "address";
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

/** What stands for one customer: the address itself for IPv4, the first 64 bits for IPv6. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const bytes = addressBytes(address);
  if (bytes === undefined) return address;
  if (bytes.length === 4) return bytes.join(".");
  let prefix = "";
  for (let i = 0; i < 8; i++) prefix += String.fromCharCode(bytes[i]!);
  return prefix;
}
