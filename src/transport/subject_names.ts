/**
 * The names in a certificate's subjectAltName (RFC 5280 §4.2.1.6), with the two that XMPP adds and that the runtime
 * leaves out: xmppAddr (RFC 6120 §13.7.1.4) and SRVName (RFC 4985). The common name is never looked at (RFC 6125
 * §6.4.4 allows it only for lack of any other; nobody issues such certificates any more).
 */
import { asciiDomain } from "./ascii_domain.ts";
import { derChildren, type DerElement, derElement, derWhole, isOid } from "./der.ts";

/** All names of a certificate, in lower case where case does not matter. */
export interface SubjectNames {
  /** dNSName, wildcards included. */
  readonly dns: readonly string[];
  /** SRVName: "_xmpp-client.example.org". */
  readonly srv: readonly string[];
  /** xmppAddr: JIDs. */
  readonly xmpp: readonly string[];
  /** iPAddress as 4 or 16 bytes, in dotted or colon-separated hexadecimal form without shortening. */
  readonly ip: readonly string[];
}

const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
const XMPP_ADDR = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x05];
const SRV_NAME = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07];
const EXTENSIONS = 0xa3;
const OTHER_NAME = 0xa0;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** Reads the names of a certificate in DER; throws a RangeError when it is malformed. */
export function subjectNames(certificate: Uint8Array): SubjectNames {
  return alternativeNames(subjectAltName(certificate));
}

/** Reads the value of a subjectAltName; without one there are no names. */
export function alternativeNames(value: Uint8Array | undefined): SubjectNames {
  const names = { dns: [] as string[], srv: [] as string[], xmpp: [] as string[], ip: [] as string[] };
  if (value === undefined) return names;
  for (const name of derChildren(value, derWhole(value, 0x30))) {
    if (name.tag === DNS_NAME) names.dns.push(textOf(value, name).toLowerCase());
    else if (name.tag === IP_ADDRESS) names.ip.push(addressOf(value, name));
    else if (name.tag === OTHER_NAME) {
      const [type, wrapped] = derChildren(value, name);
      if (wrapped === undefined || wrapped.tag !== 0xa0) continue;
      const inner = derElement(value, wrapped.start, wrapped.end);
      if (isOid(value, type, XMPP_ADDR)) names.xmpp.push(textOf(value, inner));
      else if (isOid(value, type, SRV_NAME)) names.srv.push(textOf(value, inner).toLowerCase());
    }
  }
  return names;
}

/** What a name is for; SRVName has it in its first label (RFC 6120 §13.7.1.2.1). */
export type Service = "xmpp-server" | "xmpp-client";

const SERVICES: readonly Service[] = ["xmpp-client", "xmpp-server"];

/**
 * Whether the names cover a host as RFC 6120 §13.7.1.2 and RFC 9525 §6.3 have it: dNSName with a wildcard for exactly one
 * whole label, SRVName of one of the services, or xmppAddr of the bare domain. Internationalised domains are compared as
 * DNS has them.
 */
export function coversHost(names: SubjectNames, host: string, services = SERVICES): boolean {
  const domain = asciiDomain(host);
  if (domain === "") return false;
  if (names.dns.includes(domain) || names.xmpp.some((address) => asciiDomain(address) === domain)) {
    return true;
  }
  const dot = domain.indexOf(".");
  if (dot > 0 && dot < domain.length - 1 && names.dns.includes(`*${domain.slice(dot)}`)) return true;
  return services.some((service) => names.srv.includes(`_${service}.${domain}`));
}

/** Certificate > tbsCertificate > [3] extensions > the one > OCTET STRING. */
function subjectAltName(certificate: Uint8Array): Uint8Array | undefined {
  const outer = derElement(certificate, 0, certificate.length);
  const body = derElement(certificate, outer.start, outer.end);
  const wrapped = derChildren(certificate, body).find((part) => part.tag === EXTENSIONS);
  if (wrapped === undefined) return undefined;
  for (const extension of derChildren(certificate, derElement(certificate, wrapped.start, wrapped.end))) {
    const parts = derChildren(certificate, extension);
    const value = parts.at(-1);
    if (value === undefined || !isOid(certificate, parts[0], SUBJECT_ALT_NAME)) continue;
    return certificate.subarray(value.start, value.end);
  }
  return undefined;
}

function textOf(bytes: Uint8Array, element: DerElement): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes.slice(element.start, element.end));
}

function addressOf(bytes: Uint8Array, element: DerElement): string {
  const value = bytes.subarray(element.start, element.end);
  if (value.length === 4) return value.join(".");
  const groups: string[] = [];
  for (let i = 0; i + 1 < value.length; i += 2) groups.push(((value[i]! << 8) | value[i + 1]!).toString(16));
  return groups.join(":");
}
