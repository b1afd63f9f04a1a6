/**
 * The certificates that trust begins with: the system's, or those of files. They are kept as text until a chain leads to one
 * of them; reading all of the world's authorities at the start would cost more than all chains of a day.
 */
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { decodeBase64, encodeHex } from "../base/bytes.ts";
import { readX509, type X509 } from "./x509.ts";

/** Where systems keep their bundle: Debian, Alpine and others; Fedora; SUSE; the BSDs. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Root certificates, by their subjects. */
export class Roots {
  readonly #bySubject = new Map<string, X509[]>();

  constructor(certificates: Iterable<Uint8Array>) {
    for (const der of certificates) {
      const root = tryRead(der);
      if (root === undefined) continue;
      const subject = encodeHex(root.subject);
      const known = this.#bySubject.get(subject);
      if (known === undefined) this.#bySubject.set(subject, [root]);
      else known.push(root);
    }
  }

  /** How many there are. */
  get size(): number {
    let count = 0;
    for (const roots of this.#bySubject.values()) count += roots.length;
    return count;
  }

  /** Those of a subject, given as DER. */
  of(subject: Uint8Array): readonly X509[] {
    return this.#bySubject.get(encodeHex(subject)) ?? [];
  }
}

/** The certificates of a PEM text. Throws an Error where there is none, or one of them cannot be read. */
export function readAuthorities(pem: string): Roots {
  const ders = derOf(pem);
  if (ders.length === 0) throw new Error("there is no PEM certificate in it (-----BEGIN CERTIFICATE-----)");
  for (const [index, der] of ders.entries()) {
    if (tryRead(der) === undefined) {
      throw new Error(`the certificate number ${index + 1} in it cannot be read`);
    }
  }
  return new Roots(ders);
}

/** The roots of PEM texts together. What cannot be read is left out. */
export function rootsOf(texts: readonly string[]): Roots {
  return new Roots(texts.flatMap(derOf));
}

/** The system's roots; those that the runtime brings where the system has none. */
export function systemRoots(bundles: readonly string[] = BUNDLES): Roots {
  for (const path of bundles) {
    try {
      const roots = rootsOf([readFileSync(path, "latin1")]);
      if (roots.size > 0) return roots;
    } catch { /* no such bundle on this system */ }
  }
  return rootsOf(rootCertificates);
}

function derOf(pem: string): Uint8Array[] {
  const found = pem.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g);
  return [...found].map(([, body = ""]) => decodeBase64(body.replace(/\s/g, "")) ?? new Uint8Array(0));
}

function tryRead(der: Uint8Array): X509 | undefined {
  try {
    return readX509(der);
  } catch {
    return undefined;
  }
}
