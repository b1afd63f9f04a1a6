/**
 * What a certificate may be used for, by its extensions (RFC 5280 §4.2.1): as an authority over others, as a server's or
 * client's own. Answers are faults in words, so that a log can say them.
 */
import { derChildren, derWhole, oidText } from "./der.ts";
import { flag, type X509 } from "./x509.ts";

/** What basicConstraints says. */
interface Authority {
  readonly ca: boolean;
  /** How many authorities may follow on the way to the leaf. */
  readonly below: number;
}

export const BASIC_CONSTRAINTS = "2.5.29.19";
export const KEY_USAGE = "2.5.29.15";
export const EXTENDED_KEY_USAGE = "2.5.29.37";
export const SUBJECT_ALT_NAME = "2.5.29.17";
export const NAME_CONSTRAINTS = "2.5.29.30";

/**
 * Extensions that may be critical: those that are looked at here, and those on policies that demand nothing of whoever
 * has no policy of its own (RFC 5280 §6.1.1: any policy will do). policyConstraints is not among them.
 */
const UNDERSTOOD = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  EXTENDED_KEY_USAGE,
  SUBJECT_ALT_NAME,
  NAME_CONSTRAINTS,
  "2.5.29.32",
  "2.5.29.33",
  "2.5.29.54",
]);

/** TLS servers, TLS clients, anything. */
const FITTING_USES = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"];
/** keyCertSign is bit 5 of KeyUsage (RFC 5280 §4.2.1.3), counted from the left. */
const SIGNS_CERTIFICATES = 0x04;

/** Why a certificate cannot be used at all; throws a RangeError where its extensions cannot be read. */
export function useFault(certificate: X509): string | undefined {
  for (const [id, { critical }] of certificate.extensions) {
    if (critical && !UNDERSTOOD.has(id)) return `has the critical extension ${id}, which is not understood`;
  }
  const uses = certificate.extensions.get(EXTENDED_KEY_USAGE)?.value;
  if (uses === undefined) return undefined;
  // One use of the two is enough in both directions: authorities have stopped issuing clientAuth to servers.
  const fits = derChildren(uses, derWhole(uses, 0x30)).some((use) =>
    FITTING_USES.includes(oidText(uses, use))
  );
  return fits ? undefined : "is for neither TLS servers nor TLS clients (extended key usage)";
}

/** Why a certificate may not sign another, with so many authorities between it and the leaf. */
export function authorityFault(certificate: X509, between: number): string | undefined {
  const { ca, below } = authority(certificate);
  if (!ca) return "is not an authority (basic constraints)";
  if (between > below) return `may have ${below} authorities below it, and has ${between} (path length)`;
  const usage = certificate.extensions.get(KEY_USAGE)?.value;
  if (usage === undefined) return undefined;
  const { start, end } = derWhole(usage, 0x03);
  const signs = end - start >= 2 && (usage[start + 1]! & SIGNS_CERTIFICATES) !== 0;
  return signs ? undefined : "may not sign certificates (key usage)";
}

function authority(certificate: X509): Authority {
  const value = certificate.extensions.get(BASIC_CONSTRAINTS)?.value;
  if (value === undefined) return { ca: false, below: 0 };
  const [first, second] = derChildren(value, derWhole(value, 0x30));
  const ca = first?.tag === 0x01 && flag(value, first);
  const limit = ca ? second : undefined;
  if (limit === undefined) return { ca, below: Infinity };
  if (limit.tag !== 0x02 || limit.end - limit.start !== 1 || value[limit.start]! > 0x7f) {
    throw new RangeError("X.509: a path length that cannot be read");
  }
  return { ca, below: value[limit.start]! };
}
