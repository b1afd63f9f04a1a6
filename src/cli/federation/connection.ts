/** Whether each address of each server can be connected to, takes TLS, and speaks XMPP. */
import type { TlsaRecord } from "../../dns/resolver.ts";
import { addressLiteral, type Target } from "../../remote/resolve.ts";
import type { Finding } from "../checks/finding.ts";
import { greet } from "./greeting.ts";
import { placeOf, reasonOf } from "./names.ts";
import type { Stage, Visit } from "./stage.ts";

/** No more are looked at; the server itself tries more. */
const MOST_TARGETS = 6;
const MOST_ADDRESSES = 4;

export const connection: Stage = {
  id: "connection",
  line: "whether they answer, at each address",
  async run(visit) {
    const findings: Finding[] = [];
    for (const target of visit.targets.slice(0, MOST_TARGETS)) {
      findings.push(...await tryTarget(visit, target));
    }
    const more = visit.targets.length - MOST_TARGETS;
    if (more > 0) findings.push({ severity: "note", text: `${more} more are not looked at` });
    return findings;
  },
};

async function tryTarget(visit: Visit, target: Target): Promise<Finding[]> {
  const findings: Finding[] = [];
  const place = placeOf(target);
  let found: { readonly addresses: readonly string[]; readonly authentic: boolean };
  try {
    found = await addressesOf(visit, target);
  } catch (error) {
    return [{ severity: "error", text: `${place}: ${reasonOf(error)}` }];
  }
  const { addresses, authentic } = found;
  if (addresses.length === 0) {
    return [{ severity: "error", text: `${place}: ${target.host} has no addresses` }];
  }
  const tlsa = authentic ? await associations(visit, target, findings) : undefined;
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    findings.push(await tryAddress(visit, target, address, tlsa));
  }
  const more = addresses.length - MOST_ADDRESSES;
  if (more > 0) {
    findings.push({ severity: "note", text: `${place}: ${more} more addresses are not looked at` });
  }
  return findings;
}

async function addressesOf(
  { resolver }: Visit,
  target: Target,
): Promise<{ addresses: readonly string[]; authentic: boolean }> {
  const literal = addressLiteral(target.host);
  if (literal !== undefined) return { addresses: [literal], authentic: false };
  const { v6, v4, authentic } = await resolver.addresses(target.host);
  return { addresses: [...v6, ...v4], authentic: authentic && target.authentic };
}

async function associations(
  { resolver }: Visit,
  { host, port }: Target,
  findings: Finding[],
): Promise<readonly TlsaRecord[] | undefined> {
  try {
    const { records, authentic } = await resolver.tlsa(port, host);
    if (records.length === 0) return undefined;
    findings.push({
      severity: "ok",
      text: `${host}:${port}: ${records.length} TLSA records, proved by DNSSEC`,
    });
    return authentic ? records : undefined;
  } catch (error) {
    findings.push({
      severity: "error",
      text: reasonOf(error),
      fix: "the server is not connected to (RFC 7673)",
    });
    return undefined;
  }
}

async function tryAddress(
  visit: Visit,
  target: Target,
  address: string,
  tlsa: readonly TlsaRecord[] | undefined,
): Promise<Finding> {
  const { clock, dial, domain } = visit;
  const place = address === target.host ? placeOf(target) : `${placeOf(target)} at ${address}`;
  const begun = clock.monotonic();
  const took = () => `${Math.round(clock.monotonic() - begun)} ms`;
  try {
    const { carrier } = await dial.connect(domain, { ...target, host: address, authentic: false });
    try {
      const offers = await greet(carrier, visit);
      const { tls } = carrier;
      visit.reached.push({ target, address, place, chain: tls?.peerCertificate(), offers, tlsa });
      if (tls === undefined) {
        const fix = "nobody who asks for TLS can reach it: have STARTTLS switched on there";
        return { severity: "error", text: `${place}: answers, but offers no TLS (${took()})`, fix };
      }
      const offered = offers.length === 0 ? "nothing" : offers.join(", ");
      return {
        severity: "ok",
        text: `${place}: ${tls.version}, ${tls.cipher}, ${took()}; offers ${offered}`,
      };
    } finally {
      carrier.destroy();
    }
  } catch (error) {
    return { severity: "error", text: `${place}: ${reasonOf(error)} (${took()})` };
  }
}
