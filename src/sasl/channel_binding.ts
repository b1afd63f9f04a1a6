/**
 * The channel binding `tls-server-end-point` (RFC 5929 §4): a hash of the certificate the server shows. The
 * hash function is the one its signature was made with, SHA-256 in place of MD5 and SHA-1.
 */

import { encodeHex } from "../base/bytes.ts";
import { hashed } from "./digest.ts";

type Hash = "SHA-224" | "SHA-256" | "SHA-384" | "SHA-512";

// The hash of a signature algorithm by the bytes of its object identifier (RFC 8017 Appendix C, RFC 5758 §3).
const SIGNATURES: ReadonlyMap<string, Hash> = new Map<string, Hash>([
  ["2a864886f70d010104", "SHA-256"], // md5WithRSAEncryption
  ["2a864886f70d010105", "SHA-256"], // sha1WithRSAEncryption
  ["2a864886f70d01010e", "SHA-224"],
  ["2a864886f70d01010b", "SHA-256"],
  ["2a864886f70d01010c", "SHA-384"],
  ["2a864886f70d01010d", "SHA-512"],
  ["2a8648ce3d0401", "SHA-256"], // ecdsa-with-SHA1
  ["2a8648ce3d040301", "SHA-224"],
  ["2a8648ce3d040302", "SHA-256"],
  ["2a8648ce3d040303", "SHA-384"],
  ["2a8648ce3d040304", "SHA-512"],
]);

/**
 * The binding for a certificate in DER, or undefined where RFC 5929 defines none: Ed25519 and RSA-PSS name no
 * single hash in their identifier. `signature` is a hash or algorithm name when it is known already, e.g.
 * `ecdsa-with-SHA384`.
 */
export function tlsServerEndPoint(certificate: Uint8Array, signature?: string): Uint8Array | undefined {
  const hash = signature === undefined ? signatureHash(certificate) : hashNamed(signature);
  return hash === undefined ? undefined : hashed(hash, certificate);
}

function hashNamed(name: string): Hash | undefined {
  const match = /(md5|sha-?(?:1|224|256|384|512))(?![0-9])/i.exec(name);
  const digits = match?.[1]?.toLowerCase().replace("md5", "1").replace(/sha-?/, "");
  if (digits === undefined) return undefined;
  return digits === "224"
    ? "SHA-224"
    : digits === "384"
    ? "SHA-384"
    : digits === "512"
    ? "SHA-512"
    : "SHA-256";
}

/** The hash function behind the signature of a certificate in DER, as `tls-server-end-point` wants it. */
export function signatureHash(certificate: Uint8Array): Hash | undefined {
  // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … },
  // … }
  const whole = field(certificate, 0, 0x30);
  const signed = whole && field(certificate, whole.start, 0x30);
  const algorithm = signed && field(certificate, signed.end, 0x30);
  const identifier = algorithm && field(certificate, algorithm.start, 0x06);
  return identifier && SIGNATURES.get(encodeHex(certificate.subarray(identifier.start, identifier.end)));
}

// One tag, length and value at a place: where its value begins and ends.
function field(der: Uint8Array, at: number, tag: number): { start: number; end: number } | undefined {
  if (der[at] !== tag) return undefined;
  let length = der[at + 1] ?? 0;
  let start = at + 2;
  if (length > 0x80) {
    const count = length & 0x7f;
    if (count > 4) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (der[start++] ?? 0);
  }
  return start + length <= der.length ? { start, end: start + length } : undefined;
}
