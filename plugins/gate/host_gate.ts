/** The gate of a user host, and that of its services, which is the same one. */
import {
  type DomainMap,
  domainsOf,
  formatDateTime,
  type HostScope,
  type Jid,
  readDomainPattern,
} from "#plugin";
import { type Ban, domainBanned, type Gate, gate, type Hits, type Offence } from "./api.ts";
import type { Bans } from "./bans.ts";
import type { BlockLists } from "./block_lists.ts";
import type { GateOptions } from "./gate_options.ts";

/** Who can end streams with domains elsewhere. */
export interface Peers {
  pairs(): readonly { readonly remote: string }[];
  close(remote: string, reason: string): number;
}

export class HostGate implements Gate {
  readonly #block: DomainMap<true>;
  readonly #allow: DomainMap<true>;

  constructor(
    private readonly host: HostScope<GateOptions>,
    private readonly bansKept: Bans,
    private readonly lists: BlockLists,
    private readonly peers: () => readonly Peers[],
  ) {
    this.#block = domainsOf(host.config.block);
    this.#allow = domainsOf(host.config.allow);
  }

  refuses(domain: string): string | undefined {
    if (this.#allow.size > 0 && this.#allow.covers(domain)) return undefined;
    if (this.host.config.protect) return `${this.host.domain} talks to chosen servers only`;
    if (this.#block.size > 0 && this.#block.covers(domain)) {
      return `${this.host.domain} does not talk to ${domain}`;
    }
    const ban = this.bansKept.size === 0 ? undefined : this.bansKept.of(domain);
    return ban === undefined ? undefined : `${domain} is banned from ${this.host.domain}${untilOf(ban)}`;
  }

  refusesSender(sender: Jid): string | undefined {
    if (this.#allow.covers(sender.domain)) return undefined;
    return this.lists.refuses(sender);
  }

  hit(domain: string, offence: Offence): void {
    const { host } = this;
    const name = readDomainPattern(domain);
    if (name === undefined || name === host.domain || host.sibling(name) !== undefined) return;
    if (this.#allow.covers(name) || this.bansKept.of(name) !== undefined) return;
    const { hits = host.config.hits, ban = host.config.ban, reason } = offence;
    const count = this.bansKept.count(name, offence);
    host.log.info("an offence", { domain: name, reason, hits: count });
    if (count >= hits) this.ban(name, reason, ban);
  }

  ban(domain: string, reason: string, duration?: number): void {
    const name = readDomainPattern(domain);
    if (name === undefined) throw new TypeError(`"${domain}" is no domain`);
    const since = this.host.clock.now();
    const ban = {
      domain: name,
      reason,
      since,
      ...(duration === undefined ? {} : { until: since + duration }),
    };
    this.bansKept.add(ban);
    this.host.log.warn("a domain is banned", {
      domain: name,
      reason,
      until: ban.until === undefined ? "for ever" : formatDateTime(ban.until),
    });
    this.host.emit(domainBanned, ban);
    this.closeRefused();
  }

  pardon(domain: string): boolean {
    const name = readDomainPattern(domain) ?? domain;
    const lifted = this.bansKept.lift(name);
    const forgotten = this.bansKept.forget(name);
    if (lifted || forgotten) this.host.log.warn("a domain is pardoned", { domain: name });
    return lifted || forgotten;
  }

  bans(): Ban[] {
    return this.bansKept.all();
  }

  hits(): Hits[] {
    return this.bansKept.hits();
  }

  expire(): undefined {
    this.bansKept.expire();
  }

  /** Ends the streams with domains that are not let in any more. */
  closeRefused(): undefined {
    for (const peers of this.peers()) {
      for (const remote of new Set(peers.pairs().map((pair) => pair.remote))) {
        const why = this.refuses(remote);
        if (why !== undefined) peers.close(remote, why);
      }
    }
  }
}

function untilOf({ until }: Ban): string {
  return until === undefined ? "" : ` until ${formatDateTime(until)}`;
}

/** What services of a host have: the gate of their parent, as it is now. */
export class ParentGate implements Gate {
  constructor(private readonly host: HostScope<unknown>, private readonly parent: string) {}

  get #gate(): Gate | undefined {
    return this.host.sibling(this.parent)?.use(gate);
  }
  hit(domain: string, offence: Offence): void {
    this.#gate?.hit(domain, offence);
  }
  refuses(domain: string): string | undefined {
    return this.#gate?.refuses(domain);
  }
  refusesSender(sender: Jid): string | undefined {
    return this.#gate?.refusesSender(sender);
  }
  ban(domain: string, reason: string, duration?: number): void {
    this.#gate?.ban(domain, reason, duration);
  }
  pardon(domain: string): boolean {
    return this.#gate?.pardon(domain) ?? false;
  }
  bans(): Ban[] {
    return this.#gate?.bans() ?? [];
  }
  hits(): Hits[] {
    return this.#gate?.hits() ?? [];
  }
}
