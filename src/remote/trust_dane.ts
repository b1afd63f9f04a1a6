/**
 * DANE for servers (RFC 7673 with RFC 7671): certificates that a domain names in its DNS. Only authentic records get here
 * (DNSSEC all the way from the domain to its target); where there are usable ones, nothing else may overrule them.
 */
import { createHash } from "node:crypto";
import { equal } from "../base/bytes.ts";
import type { TlsaRecord } from "../dns/resolver.ts";
import { type ChainResult, judgeChain } from "../transport/certificate_chain.ts";
import { Roots } from "../transport/roots.ts";
import { coversHost } from "../transport/subject_names.ts";
import { readX509, type X509 } from "../transport/x509.ts";

/** The records of a target, and its name. */
export interface Dane {
  readonly records: readonly TlsaRecord[];
  /** The host that was connected to: where DNS is authentic, a certificate for it will do (RFC 7673 §4.1). */
  readonly host: string;
}

const PKIX_TA = 0;
const PKIX_EE = 1;
const DANE_TA = 2;
const DANE_EE = 3;
/** Records that are looked at. */
const MOST_RECORDS = 20;

/**
 * Judges a chain by the records: "" when one of them vouches for it, in words why none does, undefined where none of them can
 * be used and other ways decide.
 */
export function judgeByDane(
  domain: string,
  chain: readonly Uint8Array[],
  { records, host }: Dane,
  roots: Roots,
  now: number,
): string | undefined {
  const usable = records.filter(isUsable).slice(0, MOST_RECORDS);
  if (usable.length === 0) return undefined;
  const certificates = chain.flatMap((der) => tryRead(der) ?? []);
  const leaf = chain[0] === undefined ? undefined : tryRead(chain[0]);
  if (leaf === undefined) return "no certificate was shown that could be held against the TLSA records";
  // RFC 7671 §5.1: names and times of the certificate do not matter, the record says it all.
  if (usable.some((record) => record.usage === DANE_EE && matches(record, leaf))) return "";
  let why = "none of the TLSA records is for this certificate";
  const judge = (result: ChainResult): string =>
    result.fault ??
      ([domain, host].some((name) => coversHost(result.names, name, ["xmpp-server"]))
        ? ""
        : `the certificate is for neither ${domain} nor ${host}`);
  for (const record of usable) {
    let found: string | undefined;
    if (record.usage === DANE_TA) {
      // RFC 7671 §5.2.2: the server sends its authority, unless the record is that authority itself.
      const anchors = certificates.filter((certificate) =>
        certificate !== leaf && matches(record, certificate)
      )
        .map(({ der }) => der);
      if (record.selector === 0 && record.matching === 0) anchors.push(record.data);
      if (anchors.length > 0) found = judge(judgeChain(chain, new Roots(anchors), now));
    } else if (record.usage === PKIX_TA || record.usage === PKIX_EE) {
      const result = judgeChain(chain, roots, now);
      const among = record.usage === PKIX_EE ? [leaf] : result.path.slice(1);
      if (result.fault !== undefined || among.some((certificate) => matches(record, certificate))) {
        found = judge(result);
      }
    }
    if (found === "") return "";
    why = found ?? why;
  }
  return why;
}

/** Whether a record is of a kind that we understand, and its hash as long as it must be. */
function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if (usage > DANE_EE || selector > 1) return false;
  return matching === 0
    ? data.length > 0
    : matching === 1
    ? data.length === 32
    : matching === 2 && data.length === 64;
}

/** RFC 6698 §2.1: selector 1 is the public key, matching 1 and 2 are hashes. */
function matches({ selector, matching, data }: TlsaRecord, certificate: X509): boolean {
  const selected = selector === 0 ? certificate.der : certificate.key;
  if (matching === 0) return equal(selected, data);
  return equal(createHash(matching === 1 ? "sha256" : "sha512").update(selected).digest(), data);
}

function tryRead(der: Uint8Array): X509 | undefined {
  try {
    return readX509(der);
  } catch {
    return undefined;
  }
}
