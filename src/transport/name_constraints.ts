/**
 * Name constraints (RFC 5280 §4.2.1.10): an authority that may speak for some names only. Domains are held against every
 * kind of name that stands for a domain here (SRVName and xmppAddr too, more strictly than RFC 4985 §4 asks): an authority
 * for one domain must not speak for another under another kind of name.
 */
import { asciiDomain } from "./ascii_domain.ts";
import { derChildren, type DerElement, derWhole } from "./der.ts";
import type { SubjectNames } from "./subject_names.ts";
import type { X509 } from "./x509.ts";
import { NAME_CONSTRAINTS } from "./x509_use.ts";

const PERMITTED = 0xa0;
const EXCLUDED = 0xa1;
const DNS_NAME = 0x82;
const DIRECTORY_NAME = 0xa4;
/** Mail addresses, URIs, IP addresses: such names are not looked at under constraints. */
const NOT_USED = [0x81, 0x86, 0x87];

interface Subtrees {
  readonly domains: string[];
  readonly directories: Uint8Array[];
}

/** Why an authority may not speak for the names of a leaf, or for the subjects below it. */
export function constraintFault(
  authority: X509,
  below: readonly X509[],
  names: SubjectNames,
): string | undefined {
  const value = authority.extensions.get(NAME_CONSTRAINTS)?.value;
  if (value === undefined) return undefined;
  for (const part of derChildren(value, derWhole(value, 0x30))) {
    if (part.tag !== PERMITTED && part.tag !== EXCLUDED) {
      return "has name constraints that are not understood";
    }
    const subtrees = readSubtrees(value, part);
    if (subtrees === undefined) return "has name constraints that are not understood";
    const permits = part.tag === PERMITTED;
    for (const domain of domainsOf(names)) {
      const met = subtrees.domains.some((base) => within(domain, base, !permits));
      if (permits ? subtrees.domains.length > 0 && !met : met) return `may not speak for ${domain}`;
    }
    for (const { subject } of below) {
      const contents = subject.subarray(derWhole(subject, 0x30).start);
      if (contents.length === 0) continue;
      const met = subtrees.directories.some((base) => base.every((byte, at) => contents[at] === byte));
      if (permits ? subtrees.directories.length > 0 && !met : met) return "may not speak for this subject";
    }
  }
  return undefined;
}

function readSubtrees(value: Uint8Array, list: DerElement): Subtrees | undefined {
  const subtrees: Subtrees = { domains: [], directories: [] };
  for (const subtree of derChildren(value, list)) {
    const [base, ...bounds] = derChildren(value, subtree);
    // Neither minimum nor maximum: RFC 5280 has them at their defaults always.
    if (base === undefined || bounds.length > 0) return undefined;
    if (base.tag === DNS_NAME) {
      const text = String.fromCharCode(...value.subarray(base.start, Math.min(base.end, base.start + 256)));
      subtrees.domains.push(text.toLowerCase());
    } else if (base.tag === DIRECTORY_NAME) {
      const name = value.subarray(base.start, base.end);
      subtrees.directories.push(name.subarray(derWhole(name, 0x30).start));
    } else if (!NOT_USED.includes(base.tag)) return undefined;
  }
  return subtrees;
}

function domainsOf({ dns, srv, xmpp }: SubjectNames): string[] {
  return [
    ...dns,
    ...srv.map((name) => name.slice(name.indexOf(".") + 1)),
    ...xmpp.map((address) => asciiDomain(address.slice(address.indexOf("@") + 1).split("/", 1)[0]!)),
  ];
}

/** Whether a domain is in a subtree. A wildcard is where all it stands for is; `any`: where some of it is. */
function within(domain: string, base: string, any: boolean): boolean {
  if (base === "") return true;
  const bare = base.startsWith(".") ? base.slice(1) : base;
  if (any && domain.startsWith("*.") && bare.endsWith(domain.slice(1))) return true;
  return domain === base || domain.endsWith(`.${bare}`);
}
