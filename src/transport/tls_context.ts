/**
 * One certificate with its key, ready to be shown: what a handshake needs, and the binding that a client may tie
 * its login to (RFC 5929 §4). Made once when the files are read; immutable; sessions keep the one they began with.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Binding } from "./binding.ts";
import { derChildren, derElement, isOid } from "./der.ts";
import { coversHost, type SubjectNames, subjectNames } from "./subject_names.ts";

/** A certificate, its key, and what follows from them. */
export interface TlsContext {
  readonly secure: SecureContext;
  /** The names of the certificate. */
  readonly names: SubjectNames;
  /** Milliseconds since 1970 from which and until which the certificate is valid. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** tls-server-end-point: the hash of the certificate; absent when its signature has no hash of its own. */
  readonly endPoint: Uint8Array | undefined;
  /** What all connections with this certificate can be bound to. */
  readonly bindings: ReadonlyMap<Binding, Uint8Array>;
  /** The leaf as DER. */
  readonly leaf: Uint8Array;
  /** The texts it was made from, for other TLS engines. */
  readonly pem: { readonly cert: string; readonly key: string };
  /** Whether the leaf is signed by its own key. */
  readonly selfSigned: boolean;
}

/** The oldest version of TLS that is spoken (RFC 7590 §3.2 rules out what is older than 1.2). */
export type TlsMinimum = "1.2" | "1.3";

/** Makes a context of PEM texts; throws an Error that says what is wrong with them. */
export function tlsContext(cert: string, key: string, minimum: TlsMinimum = "1.2"): TlsContext {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch (cause) {
    throw new Error("not a PEM certificate (expected -----BEGIN CERTIFICATE-----, the server's own first)", {
      cause,
    });
  }
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new Error("not a PEM private key without a passphrase (expected -----BEGIN PRIVATE KEY-----)", {
      cause,
    });
  }
  if (!matches) throw new Error("the private key does not belong to the first certificate of the file");
  const der = new Uint8Array(leaf.raw);
  const endPoint = endPointHash(leaf, der);
  return {
    secure: createSecureContext({ cert, key, minVersion: `TLSv${minimum}` }),
    names: subjectNames(der),
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    endPoint,
    bindings: new Map(endPoint === undefined ? [] : [["tls-server-end-point", endPoint]]),
    leaf: der,
    pem: { cert, key },
    selfSigned: leaf.subject === leaf.issuer && leaf.verify(leaf.publicKey),
  };
}

/** Whether this certificate may be shown for a domain. */
export function covers(context: TlsContext, domain: string): boolean {
  return coversHost(context.names, domain);
}

/**
 * RFC 5929 §4.1: the hash of the signature algorithm, with SHA-256 in the place of MD5 and SHA-1. Signatures that use
 * none, or several (Ed25519), have no such binding.
 */
function endPointHash(certificate: X509Certificate, der: Uint8Array): Uint8Array | undefined {
  const named = (certificate as X509Certificate & { signatureAlgorithm?: string }).signatureAlgorithm ?? "";
  const found = /sha-?(1|224|256|384|512)|md5/i.exec(named);
  const bits = found !== null ? Number(found[1] ?? 1) : /pss/i.test(named) ? pssHash(der) : undefined;
  if (bits === undefined) return undefined;
  return new Uint8Array(createHash(`sha${bits === 1 ? 256 : bits}`).update(der).digest());
}

/** RSASSA-PSS names its hash in the parameters (RFC 4055 §3.1): [0] hashAlgorithm, SHA-1 by default. */
function pssHash(der: Uint8Array): number {
  const algorithm = derChildren(der, derElement(der, 0, der.length))[1];
  const parameters = algorithm === undefined ? undefined : derChildren(der, algorithm)[1];
  const wrapped = parameters === undefined
    ? undefined
    : derChildren(der, parameters).find((part) => part.tag === 0xa0);
  if (wrapped === undefined) return 1;
  const oid = derChildren(der, derElement(der, wrapped.start, wrapped.end))[0];
  return PSS_HASHES.find((hash) => isOid(der, oid, hash.oid))?.bits ?? 1;
}

const PSS_HASHES = [
  { bits: 256, oid: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] },
  { bits: 384, oid: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] },
  { bits: 512, oid: [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] },
];
