/**
 * Whether a chain of certificates leads to a root that is trusted (RFC 5280 §6), judged from the certificates themselves:
 * what the TLS layer reports on the server's side cannot be relied on (a resumed session claims to be authorised whatever it
 * showed, PLATFORM §1.4). The order in which a peer shows them does not matter, nor what it shows beside them.
 */
import { constraintFault } from "./name_constraints.ts";
import type { Roots } from "./roots.ts";
import { alternativeNames, type SubjectNames } from "./subject_names.ts";
import { equal } from "../base/bytes.ts";
import { readX509, type X509 } from "./x509.ts";
import { nameText } from "./x509_name.ts";
import { keyFault, signatureFault } from "./x509_signature.ts";
import { authorityFault, SUBJECT_ALT_NAME, useFault } from "./x509_use.ts";

/** What became of a chain. */
export interface ChainResult {
  /** Why it does not count, in words; undefined where it leads to a root. */
  readonly fault: string | undefined;
  /** The names of the leaf, as far as they could be read. */
  readonly names: SubjectNames;
  /** The way from the leaf to the root, both included; empty with a fault. */
  readonly path: readonly X509[];
}

/** The longest way, leaf and root included. */
const DEEPEST = 8;
/** Certificates of a chain that are looked at; more cannot be part of a way. */
const MOST = 10;
/** Signatures that are checked for one chain: certificates with the same names could make that many. */
const MOST_SIGNATURES = 24;
const NO_NAMES: SubjectNames = { dns: [], srv: [], xmpp: [], ip: [] };

/** Judges a chain (DER, leaf first) at a time (milliseconds since 1970). Never throws. */
export function judgeChain(chain: readonly Uint8Array[], roots: Roots, now: number): ChainResult {
  let names = NO_NAMES;
  try {
    const [der, ...others] = chain;
    if (der === undefined) return refused("no certificate was shown", names);
    const leaf = readX509(der);
    names = alternativeNames(leaf.extensions.get(SUBJECT_ALT_NAME)?.value);
    const pool = others.slice(0, MOST - 1).flatMap((other) => attempt(() => readX509(other)) ?? []);
    return new Search(pool, roots, now, names).from(leaf);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refused(`the certificate cannot be read: ${why}`, names);
  }
}

/** Why a chain does not lead to one of the roots now; undefined where it does. */
export function chainFault(chain: readonly Uint8Array[], roots: Roots, now: number): string | undefined {
  return judgeChain(chain, roots, now).fault;
}

function refused(fault: string, names: SubjectNames): ChainResult {
  return { fault, names, path: [] };
}

/** One search for a way: depth first, roots before what the peer has shown. */
class Search {
  #signatures = 0;
  /** The fault that was found furthest from the leaf: it says most about what is missing. */
  #fault = "";
  #depth = 0;

  constructor(
    private readonly pool: readonly X509[],
    private readonly roots: Roots,
    private readonly now: number,
    private readonly names: SubjectNames,
  ) {}

  from(leaf: X509): ChainResult {
    const own = this.#ownFault(leaf);
    if (own !== undefined) return refused(own, this.names);
    if (this.#isRoot(leaf)) return { fault: undefined, names: this.names, path: [leaf] };
    const path = this.#search([leaf]);
    return path === undefined
      ? refused(this.#fault, this.names)
      : { fault: undefined, names: this.names, path };
  }

  /** What is wrong with a certificate by itself. */
  #ownFault(certificate: X509): string | undefined {
    const fault = timeFault(certificate, this.now) ?? useFault(certificate) ?? keyFault(certificate);
    return fault === undefined ? undefined : `${title(certificate)} ${fault}`;
  }

  #isRoot(certificate: X509): boolean {
    return this.roots.of(certificate.subject).some((root) => equal(root.der, certificate.der));
  }

  #search(path: readonly X509[]): X509[] | undefined {
    const current = path.at(-1)!;
    const roots = this.roots.of(current.issuer);
    for (const root of roots) {
      if (this.#leads(path, root)) return [...path, root];
    }
    const issuers = this.pool.filter((other) =>
      equal(other.subject, current.issuer) && !path.some((taken) => equal(taken.der, other.der))
    );
    for (const issuer of issuers) {
      if (path.length >= DEEPEST - 1) break;
      if (!this.#leads(path, issuer)) continue;
      const found = this.#search([...path, issuer]);
      if (found !== undefined) return found;
    }
    if (roots.length === 0 && issuers.length === 0) this.#note(path.length, nowhere(current));
    return undefined;
  }

  /** Whether an issuer is one for the last certificate of a path. */
  #leads(path: readonly X509[], issuer: X509): boolean {
    const fault = attemptFault(() => this.#issuerFault(path, issuer));
    if (fault !== undefined) this.#note(path.length, fault);
    return fault === undefined;
  }

  #issuerFault(path: readonly X509[], issuer: X509): string | undefined {
    const below = path.at(-1)!;
    // RFC 5280 §4.2.1.9: authorities that have issued themselves anew do not count for the length.
    const between = path.slice(1).filter((one) => !equal(one.subject, one.issuer)).length;
    const own = this.#ownFault(issuer);
    if (own !== undefined) return own;
    const fault = authorityFault(issuer, between) ?? constraintFault(issuer, path, this.names);
    if (fault !== undefined) return `${title(issuer)} ${fault}`;
    if (++this.#signatures > MOST_SIGNATURES) return "there are too many ways from the certificate to a root";
    const signature = signatureFault(below, issuer);
    return signature === undefined ? undefined : `${title(below)} ${signature}`;
  }

  #note(depth: number, fault: string): void {
    if (depth <= this.#depth) return;
    this.#depth = depth;
    this.#fault = fault;
  }
}

function nowhere(certificate: X509): string {
  return equal(certificate.subject, certificate.issuer)
    ? `${title(certificate)} is self-signed and not trusted here`
    : `${title(certificate)} has an unknown issuer: ${nameText(certificate.issuer)}`;
}

function timeFault({ notBefore, notAfter }: X509, now: number): string | undefined {
  if (now > notAfter) return `has expired on ${new Date(notAfter).toISOString()}`;
  return now < notBefore ? `is not valid before ${new Date(notBefore).toISOString()}` : undefined;
}

function title({ subject }: X509): string {
  return `the certificate of ${nameText(subject)}`;
}

function attemptFault(check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    return `a certificate cannot be read: ${error instanceof Error ? error.message : error}`;
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
