/** Domains as DNS, TLS and certificates have them (RFC 5280 §7.2): in A-labels and lower case. */
import { domainToASCII } from "node:url";

/** The domain in ASCII; as it is where it cannot be one. */
export function asciiDomain(domain: string): string {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\x7f]*$/.test(domain) ? domain.toLowerCase() : domainToASCII(domain) || domain;
}
