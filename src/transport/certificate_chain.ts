/**
 * Whether a chain of certificates leads to an authority that is trusted, judged from the certificates themselves: what the
 * TLS layer reports on the server's side cannot be relied on (a resumed session claims to be authorised whatever it
 * showed, PLATFORM §1.4).
 */
import { X509Certificate } from "node:crypto";

/** What is wrong with a chain. */
export type ChainFault =
  | "empty"
  | "malformed"
  | "expired"
  | "self-signed"
  | "unknown-issuer"
  | "bad-issuer"
  | "bad-signature";

const DEEPEST = 8;

/** The certificates of a PEM text. Throws an Error where there is none, or one of them cannot be read. */
export function readAuthorities(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("there is no PEM certificate in it (-----BEGIN CERTIFICATE-----)");
  return found.map((text) => new X509Certificate(text));
}

/** undefined where the chain (DER, leaf first) leads to one of the authorities now. */
export function chainFault(
  chain: readonly Uint8Array[],
  authorities: readonly X509Certificate[],
  now: number,
): ChainFault | undefined {
  let certificates: X509Certificate[];
  try {
    certificates = chain.map((der) => new X509Certificate(der));
  } catch {
    return "malformed";
  }
  const [leaf, ...pool] = certificates;
  if (leaf === undefined) return "empty";
  if (!isCurrent(leaf, now)) return "expired";
  let current = leaf;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const authority = authorities.find((root) =>
      current.issuer === root.subject && current.checkIssued(root)
    );
    if (authority !== undefined) {
      if (!isCurrent(authority, now)) return "expired";
      return current.verify(authority.publicKey) ? undefined : "bad-signature";
    }
    const at = pool.findIndex((candidate) => current.checkIssued(candidate));
    if (at < 0) return current.subject === current.issuer ? "self-signed" : "unknown-issuer";
    const issuer = pool.splice(at, 1)[0]!;
    if (!issuer.ca || !isCurrent(issuer, now)) return "bad-issuer";
    if (!current.verify(issuer.publicKey)) return "bad-signature";
    current = issuer;
  }
  return "unknown-issuer";
}

function isCurrent(certificate: X509Certificate, now: number): boolean {
  return Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
}
