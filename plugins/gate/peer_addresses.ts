/**
 * From which addresses domains elsewhere were seen. A connection is refused before anything is said where all that ever came
 * from its address is a domain or few that no host of this server lets in. An address that serves many is never refused:
 * others would pay for what one has done.
 */
import { defineSlot, type HostScope, Lru } from "#plugin";
import { gate } from "./api.ts";

/** Addresses, and domains of each, that are remembered. */
const ADDRESSES = 10_000;
const DOMAINS = 100;

const seen = defineSlot<Lru<string, Set<string>>>("gate.addresses");

export class PeerAddresses {
  readonly #seen: Lru<string, Set<string>>;

  constructor(private readonly host: HostScope<{ readonly domains_per_address: number }>) {
    this.#seen = host.hold(seen, () => new Lru(ADDRESSES));
  }

  /** A domain has proved itself on a connection with this address. */
  note(address: string, domain: string): undefined {
    const domains = this.#seen.get(address);
    if (domains === undefined) this.#seen.set(address, new Set([domain]));
    else if (domains.size < DOMAINS) domains.add(domain);
  }

  refuses(address: string): boolean {
    const domains = this.#seen.get(address);
    if (domains === undefined || domains.size > this.host.config.domains_per_address) return false;
    // A host that lets one of them in must be reachable for it: what is connected here may be for any host.
    for (const domain of domains) {
      for (const it of this.host.everywhere(gate)) if (it.refuses(domain) === undefined) return false;
    }
    return true;
  }
}
