/**
 * SASL EXTERNAL for clients (XEP-0178 §2, XEP-0257 §3): which of this host's accounts the certificate of a connection stands
 * for. What a certificate says of itself counts where one of the host's authorities has signed it; any certificate counts
 * for the accounts that have registered it. That the client has its key was proved by the handshake.
 */
import { defineService } from "../hook/token.ts";
import { Jid } from "../jid/jid.ts";
import { failed, type Failure } from "../sasl/mechanism.ts";
import { readCertificate } from "../transport/certificate.ts";
import { chainFault } from "../transport/certificate_chain.ts";
import type { Roots } from "../transport/roots.ts";

/** The certificates that accounts have registered for themselves, whoever signed them. */
export interface RegisteredCertificates {
  /** The local parts of the accounts that have registered a certificate, given as its DER. */
  accountsOf(leaf: Uint8Array): readonly string[];
}

/** A plugin of a user host provides it (XEP-0257); the host asks its clients for certificates then. */
export const registeredCertificates = defineService<RegisteredCertificates>("registeredCertificates");

/** A client's certificate that is valid now and counts here. */
export interface ShownCertificate {
  readonly leaf: Uint8Array;
  /** The accounts of this host that may be logged in to with it. */
  readonly accounts: readonly string[];
  /** Those of them that the certificate itself names; without an authzid they go before the others. */
  readonly named: readonly string[];
}

interface Judging {
  readonly domain: string;
  readonly authorities: Roots;
  readonly registered: RegisteredCertificates | undefined;
  readonly now: number;
}

/** Judges the chain (DER, leaf first) that a client showed; undefined where it counts for nothing. */
export function readShown(chain: readonly Uint8Array[], judging: Judging): ShownCertificate | undefined {
  const { domain, authorities, registered, now } = judging;
  const [leaf] = chain;
  const certificate = leaf === undefined ? undefined : readCertificate(leaf);
  // XEP-0257 §3: an expired one is refused, even where it was registered.
  if (certificate === undefined || now < certificate.notBefore || now > certificate.notAfter) {
    return undefined;
  }
  const trusted = authorities.size > 0 && chainFault(chain, authorities, now) === undefined;
  const said = certificate.addresses.flatMap((address) => localAt(address, domain) ?? []);
  const accounts = new Set(registered?.accountsOf(certificate.der));
  if (trusted) { for (const local of said) accounts.add(local); }
  if (!trusted && accounts.size === 0) return undefined;
  return {
    leaf: certificate.der,
    accounts: [...accounts],
    named: [...new Set(said)].filter((local) => accounts.has(local)),
  };
}

/**
 * The account that is logged in to: the one that the client names, or else the only one there is. RFC 6120 §6.3.8: with
 * several the client must say which (XEP-0178 §2, step 11.2).
 */
export function accountFor(
  { accounts, named }: ShownCertificate,
  asked: string | undefined,
  domain: string,
  exists: (local: string) => boolean,
): string | Failure | undefined {
  const there = accounts.filter(exists);
  if (there.length === 0) return undefined;
  if (asked !== undefined) {
    const wanted = localAt(asked, domain);
    return wanted !== undefined && there.includes(wanted)
      ? wanted
      : failed("invalid-authzid", "the certificate does not stand for this account");
  }
  const first = named.filter(exists);
  const [account, ...others] = first.length > 0 ? first : there;
  return others.length === 0 ? account : failed("invalid-authzid", SEVERAL);
}

const SEVERAL =
  "the certificate stands for several accounts: say which of them as the authorization identity";

function localAt(address: string, domain: string): string | undefined {
  const jid = Jid.tryParse(address);
  return jid !== undefined && jid.domain === domain && jid.local !== "" ? jid.local : undefined;
}
