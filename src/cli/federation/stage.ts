/** The examination of another domain's server goes in stages: each is a record, and builds on what earlier ones found. */
import type { Clock } from "../../base/clock.ts";
import type { Wheel } from "../../base/wheel.ts";
import type { Settings } from "../../config/mod.ts";
import type { Resolver, TlsaRecord } from "../../dns/resolver.ts";
import type { Dial } from "../../remote/dial.ts";
import type { Target } from "../../remote/resolve.ts";
import type { Trust } from "../../remote/trust.ts";
import type { VisitReport } from "../../server/visit.ts";
import type { Finding } from "../checks/finding.ts";

/** What stages work with. */
export interface Visit {
  /** Whom it is about, prepared. */
  readonly domain: string;
  /** The host of ours that asks; "" when there is none that others could know. */
  readonly from: string;
  readonly settings: Settings;
  readonly resolver: Resolver & { readonly asks: string };
  readonly dial: Dial;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Lets the running server ask a domain whether it is there; undefined where none is running. */
  readonly ask: ((from: string, domain: string) => Promise<VisitReport>) | undefined;
  /** Where the domain's servers are, in order: of the stage `dns`. */
  targets: readonly Target[];
  /** Who answered, and how: of the stage `connection`. */
  readonly reached: Reached[];
}

/** One address at which a server answered. */
export interface Reached {
  readonly target: Target;
  readonly address: string;
  /** As it is written: "xmpp.example.org:5269 at 192.0.2.1". */
  readonly place: string;
  /** The certificates that were shown, leaf first; undefined where it offers no TLS. */
  readonly chain: readonly Uint8Array[] | undefined;
  /** What it offers once the way is encrypted, by the names of XEPs and mechanisms. */
  readonly offers: readonly string[];
  readonly tlsa: readonly TlsaRecord[] | undefined;
}

export interface Stage {
  readonly id: string;
  /** What it looks at. */
  readonly line: string;
  run(visit: Visit): Promise<readonly Finding[]>;
}
