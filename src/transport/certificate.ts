/** One X.509 certificate as data: what people and programs ask of a client's certificate. Nothing is said about trust. */
import { createHash, X509Certificate } from "node:crypto";
import { subjectNames } from "./subject_names.ts";

/** A certificate that was read. */
export interface Certificate {
  readonly der: Uint8Array;
  /** SHA-256 of the DER, in hexadecimal: two certificates with the same are the same. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The xmppAddr of its subjectAltName (RFC 6120 §13.7.1.4), as they stand there. */
  readonly addresses: readonly string[];
}

/** Reads a certificate in DER; undefined where it is none. */
export function readCertificate(bytes: Uint8Array): Certificate | undefined {
  let certificate: X509Certificate;
  let addresses: readonly string[];
  try {
    certificate = new X509Certificate(bytes);
    addresses = subjectNames(new Uint8Array(certificate.raw)).xmpp;
  } catch {
    return undefined;
  }
  const der = new Uint8Array(certificate.raw);
  const [notBefore, notAfter] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return undefined;
  return { der, fingerprint: fingerprintOf(der), notBefore, notAfter, addresses };
}

/** The fingerprint of a certificate in DER. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}
