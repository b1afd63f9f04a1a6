/**
 * Signatures of certificates: whether one authority's key made it. Only algorithms and keys that nobody forges today are
 * accepted: SHA-2, RSA from 2048 bits on, the NIST curves from 256 bits on, Ed25519 and Ed448. Nothing else reaches the
 * cryptography beneath, which is given well-formed keys only.
 */
import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import { derChildren, derElement, derWhole, oidText, tagged, wholeBits } from "./der.ts";
import type { X509 } from "./x509.ts";

interface Algorithm {
  /** Name of the hash; null where the algorithm brings its own. */
  readonly hash: string | null;
  readonly key: "rsa" | "ec" | "ed25519" | "ed448";
  readonly pss?: boolean;
}

const PSS = "1.2.840.113549.1.1.10";
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "1.2.840.113549.1.1.11": { hash: "sha256", key: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", key: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", key: "rsa" },
  "1.2.840.10045.4.3.2": { hash: "sha256", key: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", key: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", key: "ec" },
  "1.3.101.112": { hash: null, key: "ed25519" },
  "1.3.101.113": { hash: null, key: "ed448" },
};
/** Said by name in a fault: what is refused most. */
const WEAK: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "MD5",
  "1.2.840.113549.1.1.5": "SHA-1",
  "1.2.840.10045.4.1": "SHA-1",
};
const HASHES: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
const RSA = "1.2.840.113549.1.1.1";
const EC = "1.2.840.10045.2.1";
/** P-256, P-384, P-521: with the length of an uncompressed point. */
const CURVES: Readonly<Record<string, number>> = {
  "1.2.840.10045.3.1.7": 65,
  "1.3.132.0.34": 97,
  "1.3.132.0.35": 133,
};
const RSA_LEAST = 2048;
const RSA_MOST = 8192;

/** Why the signature under a certificate does not count; undefined when the issuer's key made it. */
export function signatureFault(certificate: X509, issuer: X509): string | undefined {
  const id = oidText(certificate.algorithm, algorithmParts(certificate.algorithm)[0]);
  const algorithm = id === PSS ? pss(certificate.algorithm) : ALGORITHMS[id];
  if (algorithm === undefined) {
    return `is signed with ${WEAK[id] ?? `the algorithm ${id}`}, which is not accepted`;
  }
  if (keyKind(issuer.key) !== algorithm.key) return "is signed with a key of another kind than its issuer's";
  const key = createPublicKey({ key: new Uint8Array(issuer.key) as never, format: "der", type: "spki" });
  return signs(algorithm, key, certificate) ? undefined : "has a signature that its issuer did not make";
}

/** Why a key is not accepted. */
export function keyFault(certificate: X509): string | undefined {
  const id = oidText(certificate.key, keyParts(certificate.key)[0]);
  if (keyKind(certificate.key) !== undefined) return undefined;
  if (id === RSA) return `has an RSA key of fewer than ${RSA_LEAST} or more than ${RSA_MOST} bits`;
  return "has a key of a kind that is not accepted";
}

function signs({ hash, pss }: Algorithm, key: KeyObject, { body, signature }: X509): boolean {
  const padded = pss === true
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : key;
  return verify(hash, body, padded, signature);
}

/** RFC 4055 §3.1: [0] the hash, [1] the mask with its own; both must be named, for the defaults are SHA-1. */
function pss(algorithm: Uint8Array): Algorithm | undefined {
  const parameters = algorithmParts(algorithm)[1];
  if (parameters?.tag !== 0x30) return undefined;
  const [hashed, masked] = derChildren(algorithm, parameters);
  if (hashed?.tag !== 0xa0 || masked?.tag !== 0xa1) return undefined;
  const hash = HASHES[oidText(algorithm, derChildren(algorithm, only(algorithm, hashed))[0])];
  const mask = derChildren(algorithm, only(algorithm, masked))[1];
  const maskHash = mask === undefined
    ? ""
    : oidText(algorithm, derChildren(algorithm, tagged(mask, 0x30))[0]);
  return hash !== undefined && HASHES[maskHash] === hash ? { hash, key: "rsa", pss: true } : undefined;
}

function only(bytes: Uint8Array, parent: { start: number; end: number }) {
  return tagged(derElement(bytes, parent.start, parent.end), 0x30);
}

function algorithmParts(algorithm: Uint8Array) {
  return derChildren(algorithm, derWhole(algorithm, 0x30));
}

/** The algorithm's identifier and its parameters. */
function keyParts(key: Uint8Array) {
  const [algorithm] = derChildren(key, derWhole(key, 0x30));
  return derChildren(key, tagged(algorithm, 0x30));
}

/** The kind of a key that is accepted and well-formed. */
function keyKind(key: Uint8Array): Algorithm["key"] | undefined {
  const [id, parameters] = keyParts(key);
  const bits = wholeBits(key, derChildren(key, derWhole(key, 0x30))[1]);
  switch (oidText(key, id)) {
    case RSA:
      return rsaFits(bits) ? "rsa" : undefined;
    case EC:
      return parameters?.tag === 0x06 && CURVES[oidText(key, parameters)] === bits.length && bits[0] === 4
        ? "ec"
        : undefined;
    case "1.3.101.112":
      return bits.length === 32 ? "ed25519" : undefined;
    case "1.3.101.113":
      return bits.length === 57 ? "ed448" : undefined;
    default:
      return undefined;
  }
}

/** RFC 8017 §A.1.1: modulus and exponent. A long exponent would only cost us time. */
function rsaFits(bits: Uint8Array): boolean {
  const [modulus, exponent] = derChildren(bits, derWhole(bits, 0x30));
  const length = bitLength(bits, tagged(modulus, 0x02));
  const short = bitLength(bits, tagged(exponent, 0x02));
  return length >= RSA_LEAST && length <= RSA_MOST && short >= 2 && short <= 33 &&
    (bits[exponent!.end - 1]! & 1) === 1;
}

function bitLength(bytes: Uint8Array, { start, end }: { start: number; end: number }): number {
  let at = start;
  while (at < end && bytes[at] === 0) at++;
  return at === end ? 0 : (end - at) * 8 - Math.clz32(bytes[at]!) + 24;
}
