/**
 * The names in a certificate's subjectAltName (RFC 5280 §4.2.1.6), with the two that XMPP adds and that the runtime
 * leaves out: xmppAddr (RFC 6120 §13.7.1.4) and SRVName (RFC 4985). The common name is never looked at (RFC 6125
 * §6.4.4 allows it only for lack of any other; nobody issues such certificates any more).
 */
import { derChildren, type DerElement, derElement, isOid } from "./der.ts";

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
  const names = { dns: [] as string[], srv: [] as string[], xmpp: [] as string[], ip: [] as string[] };
  const list = subjectAltName(certificate);
  if (list === undefined) return names;
  for (const name of derChildren(certificate, list)) {
    if (name.tag === DNS_NAME) names.dns.push(textOf(certificate, name).toLowerCase());
    else if (name.tag === IP_ADDRESS) names.ip.push(addressOf(certificate, name));
    else if (name.tag === OTHER_NAME) {
      const [type, wrapped] = derChildren(certificate, name);
      if (wrapped === undefined || wrapped.tag !== 0xa0) continue;
      const value = derElement(certificate, wrapped.start, wrapped.end);
      if (isOid(certificate, type, XMPP_ADDR)) names.xmpp.push(textOf(certificate, value));
      else if (isOid(certificate, type, SRV_NAME)) names.srv.push(textOf(certificate, value).toLowerCase());
    }
  }
  return names;
}

/**
 * Whether the names cover a host as RFC 6120 §13.7.1.2 has it: dNSName with a wildcard for exactly one whole label,
 * SRVName of either service, or xmppAddr of the bare domain.
 */
export function coversHost(names: SubjectNames, host: string): boolean {
  const domain = host.toLowerCase();
  if (names.dns.includes(domain) || names.xmpp.includes(domain)) return true;
  const dot = domain.indexOf(".");
  if (dot > 0 && names.dns.includes(`*${domain.slice(dot)}`)) return true;
  return names.srv.includes(`_xmpp-client.${domain}`) || names.srv.includes(`_xmpp-server.${domain}`);
}

/** Certificate > tbsCertificate > [3] extensions > the one > OCTET STRING > GeneralNames. */
function subjectAltName(certificate: Uint8Array): DerElement | undefined {
  const outer = derElement(certificate, 0, certificate.length);
  const body = derElement(certificate, outer.start, outer.end);
  const wrapped = derChildren(certificate, body).find((part) => part.tag === EXTENSIONS);
  if (wrapped === undefined) return undefined;
  for (const extension of derChildren(certificate, derElement(certificate, wrapped.start, wrapped.end))) {
    const parts = derChildren(certificate, extension);
    const value = parts.at(-1);
    if (value === undefined || !isOid(certificate, parts[0], SUBJECT_ALT_NAME)) continue;
    return derElement(certificate, value.start, value.end);
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
