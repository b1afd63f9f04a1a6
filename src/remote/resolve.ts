/**
 * Where the server of a domain is to be found: RFC 6120 §3.2 with XEP-0368. The services with TLS from the first byte
 * and those with STARTTLS are one list; where a domain publishes neither, it is its own host, at port 5269.
 */
import { type Answer, DnsError, type Resolver, type SrvRecord } from "../dns/resolver.ts";
import { asciiDomain } from "../jid/domain.ts";
import { isIpv4, isIpv6 } from "../jid/ip.ts";
import { serviceOrder } from "./service_order.ts";

/** One place to try. */
export interface Target {
  /** ASCII name or address literal (IPv6 without brackets). */
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (XEP-0368), instead of STARTTLS. */
  readonly direct: boolean;
  /** DNSSEC covers the way from the domain to this target. */
  readonly authentic: boolean;
}

/** The stanza errors that say why a domain was not reached (RFC 6120 §8.3.3.16 and §8.3.3.17). */
export type Unreached = "remote-server-not-found" | "remote-server-timeout";

/** A domain whose server cannot be found out. */
export class ResolveError extends Error {
  readonly condition: Unreached;

  constructor(condition: Unreached, text: string, cause?: unknown) {
    super(text, { cause });
    this.name = "ResolveError";
    this.condition = condition;
  }
}

/** How to look for it. */
export interface ResolveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Numbers from 0 up to 1, for the choice by weight. Default: Math.random. */
  readonly random?: () => number;
}

/** Where servers are without a word of DNS (RFC 6120 §3.2.2). */
const PORT = 5269;

/** A domain that publishes more is tried at this many. */
const MOST_TARGETS = 16;

/**
 * The places to try, in order; at least one. A `prepared` domain is as addresses have it: in Unicode, IPv6 in brackets.
 * Rejects with a ResolveError, or with the signal's reason.
 */
export async function resolveTargets(
  resolver: Resolver,
  prepared: string,
  options: ResolveOptions = {},
): Promise<readonly Target[]> {
  const literal = addressLiteral(prepared);
  // RFC 6120 §3.2.3 knows no more of addresses than that they can be connected to.
  if (literal !== undefined) return [{ host: literal, port: PORT, direct: false, authentic: false }];
  const domain = asciiDomain(prepared);
  const [direct, plain] = await Promise.all([
    service(resolver, `_xmpps-server._tcp.${domain}`, options.signal),
    service(resolver, `_xmpp-server._tcp.${domain}`, options.signal),
  ]);
  const offered = [...offers(direct, true), ...offers(plain, false)];
  if (offered.length > 0) {
    return distinct(serviceOrder(offered, options.random ?? Math.random)).slice(0, MOST_TARGETS);
  }
  if ((plain.answer?.records.length ?? 0) > 0) {
    throw new ResolveError(
      "remote-server-not-found",
      `${prepared} takes no connections of other servers: the SRV record of _xmpp-server._tcp.${domain} says so`,
    );
  }
  await atItsOwnName(resolver, prepared, domain, [plain, direct], options.signal);
  const authentic = direct.answer?.authentic === true && plain.answer?.authentic === true;
  return [{ host: domain, port: PORT, direct: false, authentic }];
}

/** The address that a domain is, if it is one, without brackets. */
export function addressLiteral(domain: string): string | undefined {
  const inner = domain.startsWith("[") && domain.endsWith("]") ? domain.slice(1, -1) : domain;
  return isIpv4(inner) || isIpv6(inner) ? inner : undefined;
}

/** A failure of DNS in the words of XMPP. */
export function resolveError(domain: string, cause: unknown): unknown {
  if (!(cause instanceof DnsError)) return cause;
  const late = cause.kind === "timeout" || cause.kind === "closed";
  const condition = late ? "remote-server-timeout" : "remote-server-not-found";
  return new ResolveError(condition, `${domain} cannot be found: ${cause.message}`, cause);
}

/** What DNS says of one service. */
interface Service {
  readonly answer?: Answer<SrvRecord>;
  readonly fault?: DnsError;
}

async function service(resolver: Resolver, name: string, signal: AbortSignal | undefined): Promise<Service> {
  try {
    return { answer: await resolver.srv(name, signal) };
  } catch (error) {
    if (error instanceof DnsError) return { fault: error };
    throw error;
  }
}

interface Offer extends Target {
  readonly priority: number;
  readonly weight: number;
}

/** RFC 2782: a target of "." is no place, it says that there is none. */
function offers({ answer }: Service, direct: boolean): Offer[] {
  if (answer === undefined) return [];
  return answer.records.filter(({ target, port }) => target !== "." && port !== 0).map((record) => ({
    host: record.target,
    port: record.port,
    direct,
    authentic: answer.authentic,
    priority: record.priority,
    weight: record.weight,
  }));
}

function distinct(ordered: readonly Offer[]): Target[] {
  const known = new Set<string>();
  return ordered.flatMap(({ host, port, direct, authentic }) => {
    const key = `${host} ${port} ${direct}`;
    if (known.has(key)) return [];
    known.add(key);
    return [{ host, port, direct, authentic }];
  });
}

/**
 * Without services the domain is its own host, also when nobody answered for them (RFC 6120 §3.2.1): then it has
 * to have an address.
 */
async function atItsOwnName(
  resolver: Resolver,
  prepared: string,
  domain: string,
  services: readonly Service[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { v6, v4 } = await resolver.addresses(domain, signal);
    if (v6.length + v4.length > 0) return;
  } catch (error) {
    throw resolveError(prepared, error);
  }
  const fault = services.find((it) => it.fault !== undefined)?.fault;
  if (fault !== undefined) throw resolveError(prepared, fault);
  throw new ResolveError(
    "remote-server-not-found",
    `${prepared} cannot be found: DNS knows neither services (SRV) nor addresses of ${domain}`,
  );
}
