/**
 * Whether a peer's certificate proves that it speaks for a domain. Three ways lead there: an authority that is trusted (PKIX,
 * RFC 6120 §13.7.2), records in DNS (DANE, RFC 7673), a document on the domain's web server (POSH, RFC 7711). Records in DNS
 * are the last word where there are any; the document is looked for only when the authorities have failed.
 */
import type { Clock } from "../base/clock.ts";
import { type Maybe, then } from "../base/maybe.ts";
import type { PeerTrust } from "../transport/peer_certificate.ts";
import { type Dane, judgeByDane } from "./trust_dane.ts";
import type { Posh } from "./trust_posh.ts";

export type { Dane } from "./trust_dane.ts";

/** What was found about a domain and a chain. */
export interface Identification {
  /** The chain is to be believed, and it speaks for the domain. */
  readonly valid: boolean;
  /** Why not, in words; "" when valid. */
  readonly why: string;
  /** What decided it. */
  readonly how: "pkix" | "dane" | "posh";
}

/** What trust is made of. */
export interface TrustParts {
  readonly certificates: PeerTrust;
  readonly clock: Clock;
  /** Left out where documents on web servers shall not count. */
  readonly posh?: Posh | undefined;
}

/** Judges certificates of servers for domains. */
export class Trust {
  readonly #parts: TrustParts;

  constructor(parts: TrustParts) {
    this.#parts = parts;
  }

  /**
   * Whether a chain (DER, leaf first) speaks for a domain. `dane` are the records of the target that was connected to, if they
   * are authentic. Answers at once unless a document has to be fetched.
   */
  identify(domain: string, chain: readonly Uint8Array[], dane?: Dane): Maybe<Identification> {
    const { certificates, clock, posh } = this.#parts;
    const byDane = dane === undefined
      ? undefined
      : judgeByDane(domain, chain, dane, certificates.roots, clock.now());
    if (byDane !== undefined) return { valid: byDane === "", why: byDane, how: "dane" };
    const pkix = this.#byAuthorities(domain, chain);
    const leaf = chain[0];
    if (pkix.valid || posh === undefined || leaf === undefined) return pkix;
    return then(
      posh.accepts(domain, leaf),
      (why) =>
        why === ""
          ? { valid: true, why: "", how: "posh" as const }
          : { ...pkix, why: `${pkix.why}; POSH: ${why}` },
    );
  }

  #byAuthorities(domain: string, chain: readonly Uint8Array[]): Identification {
    const verdict = this.#parts.certificates.judge(chain, "xmpp-server");
    const why = verdict.valid && !verdict.matches(domain)
      ? `the certificate is not for ${domain}, but for ${verdict.names.join(", ") || "nobody"}`
      : verdict.why;
    return { valid: why === "", why, how: "pkix" };
  }
}
