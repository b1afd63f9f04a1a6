/**
 * Whether a server's certificate is to be believed: judged from the certificates themselves, never from what the TLS layer
 * says of them. A chain is valid when it leads to a root that is trusted, now; whom it stands for is asked of the verdict.
 * The handshake has proved that the peer has the key of the leaf (see x509.ts for where it has not).
 */
import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { Lru } from "../base/lru.ts";
import { type ChainResult, judgeChain } from "./certificate_chain.ts";
import { type Roots, rootsOf, systemRoots } from "./roots.ts";
import { coversHost, type Service } from "./subject_names.ts";

export type { Service } from "./subject_names.ts";

/** What is thought of a chain of certificates. */
export interface Verdict {
  /** The chain leads to a trusted root, and everything in it is within its time. */
  readonly valid: boolean;
  /** What is wrong, in words for a log; "" when valid. */
  readonly why: string;
  /** Every name the certificate has, as it has them, for logs: "example.org", "_xmpp-server.example.org", … */
  readonly names: readonly string[];
  /** Whether one of the names stands for the domain (RFC 9525 §6.3); says nothing about trust. */
  matches(domain: string): boolean;
}

/** What a trust is made of. */
export interface TrustGround {
  /** PEM texts with root certificates; the system's bundle when left out. */
  readonly roots?: readonly string[] | undefined;
  readonly clock: Clock;
}

/** How long a verdict is believed; a certificate that ends before that ends it too. What is bad may become good by itself. */
const KEPT_MS = 3_600_000;
const FAULT_KEPT_MS = 60_000;
const MOST_KEPT = 1_000;
/** The verdict on a certificate with more names is not kept: a thousand of those would be a burden. */
const MOST_NAMES_KEPT = 200;
/** Names of one certificate that a log is told. */
const MOST_NAMES = 100;

interface Kept {
  readonly verdict: Verdict;
  readonly from: number;
  readonly until: number;
}

/** Judges chains. Verdicts are kept for a while under the digest of their chain. */
export class PeerTrust {
  readonly #ground: TrustGround;
  readonly #kept = new Lru<string, Kept>(MOST_KEPT);
  #roots: Roots | undefined;

  constructor(ground: TrustGround) {
    this.#ground = ground;
  }

  /** What trust begins with; the files are read when they are first needed. */
  get roots(): Roots {
    const { roots } = this.#ground;
    return this.#roots ??= roots === undefined ? systemRoots() : rootsOf(roots);
  }

  /** The chain as it was shown: DER, leaf first. Never throws. */
  judge(chain: readonly Uint8Array[], service: Service): Verdict {
    const now = this.#ground.clock.now();
    const key = `${service} ${digestOf(chain)}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && now >= kept.from && now < kept.until) return kept.verdict;
    const result = judgeChain(chain, this.roots, now);
    const verdict = new Judged(result, service);
    if (countOf(result.names) <= MOST_NAMES_KEPT) {
      const ends = result.path.map(({ notAfter }) => notAfter + 1);
      const until = Math.min(now + (verdict.valid ? KEPT_MS : FAULT_KEPT_MS), ...ends);
      this.#kept.set(key, { verdict, from: now, until });
    }
    return verdict;
  }
}

/** A verdict that keeps nothing of the certificates but names. */
class Judged implements Verdict {
  readonly valid: boolean;
  readonly why: string;
  readonly #names: ChainResult["names"];
  readonly #service: Service;

  constructor({ fault, names }: ChainResult, service: Service) {
    this.valid = fault === undefined;
    this.why = fault ?? "";
    this.#names = names;
    this.#service = service;
  }

  get names(): readonly string[] {
    const { dns, srv, xmpp } = this.#names;
    return [...dns, ...srv, ...xmpp].slice(0, MOST_NAMES);
  }

  matches(domain: string): boolean {
    return coversHost(this.#names, domain, [this.#service]);
  }
}

function countOf({ dns, srv, xmpp, ip }: ChainResult["names"]): number {
  return dns.length + srv.length + xmpp.length + ip.length;
}

function digestOf(chain: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const der of chain) hash.update(`${der.length}:`).update(der);
  return hash.digest("base64");
}
