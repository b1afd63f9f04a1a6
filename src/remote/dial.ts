/**
 * Connections to other servers. All addresses of a target are tried as RFC 8305 has it, IPv6 first; where TLS begins at
 * once (XEP-0368) an address counts when its handshake is done, so that one with a broken TLS does no harm. Nothing is said
 * here about the peer's certificate.
 */
import type { SecureContext } from "node:tls";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Wheel } from "../base/wheel.ts";
import type { Addresses, Resolver, TlsaRecord } from "../dns/resolver.ts";
import { asciiDomain } from "../jid/domain.ts";
import { connectTcp, type OutgoingCarrier } from "../transport/connect.ts";
import type { TlsMinimum } from "../transport/tls_context.ts";
import { isPrivate } from "./private_addresses.ts";
import { race, type Way } from "./race.ts";
import {
  addressLiteral,
  ResolveError,
  resolveError,
  resolveTargets,
  type Target,
  type Unreached,
} from "./resolve.ts";
import type { Dane } from "./trust_dane.ts";

/** A connection that was made; with a direct target its TLS handshake is done. */
export interface Dialled {
  readonly carrier: OutgoingCarrier;
  readonly target: Target;
  readonly address: string;
  /** The target's certificate associations, if DANE is wanted and DNS is authentic (RFC 7673); else undefined. */
  readonly tlsa: readonly TlsaRecord[] | undefined;
}

/** What a dialler works with. */
export interface DialGround {
  readonly resolver: Resolver;
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly log: Logger;
  /** Look for certificate associations where DNSSEC covers the way. Default: no. */
  readonly dane?: boolean;
  /** The oldest version of TLS that is spoken where it comes first. Default: "1.2". */
  readonly minimum?: TlsMinimum;
  /** Refuse addresses of this machine and of private networks. Default: no. */
  readonly publicOnly?: boolean;
  /** How long one target may take, with all its addresses. Default: 20 seconds. */
  readonly timeoutMs?: number;
  /** For the choice by weight; replaced in tests. */
  readonly random?: () => number;
  /** Opens one connection; replaced in tests. */
  readonly open?: typeof connectTcp;
}

/** How one connection is made. */
export interface DialRequest {
  /** Our certificate, shown when TLS begins at once. */
  readonly secure?: SecureContext | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the servers of domains, and connects to them. */
export interface Dial {
  /** Where to try, in order. Rejects with a ResolveError. */
  targets(domain: string, signal?: AbortSignal): Promise<readonly Target[]>;
  /** A connection to one target. Rejects with a ResolveError, a DialError, or the signal's reason. */
  connect(domain: string, target: Target, request?: DialRequest): Promise<Dialled>;
  /** The certificates that a domain names in its DNS for its servers, as far as they can be believed. May reject. */
  associations?(domain: string, signal: AbortSignal): Promise<readonly Dane[]>;
}

/** One address that was tried in vain. */
export interface Attempt {
  readonly address: string;
  readonly why: string;
}

/** A target that could not be connected to. */
export class DialError extends Error {
  readonly condition: Unreached = "remote-server-timeout";
  readonly attempts: readonly Attempt[];

  constructor({ host, port }: Target, attempts: readonly Attempt[]) {
    const tried = attempts.map(({ address, why }) => address === host ? why : `${address}: ${why}`).join(
      "; ",
    );
    super(
      `cannot connect to ${
        addressLiteral(host) === host && host.includes(":") ? `[${host}]` : host
      }:${port}: ${tried}`,
    );
    this.name = "DialError";
    this.attempts = attempts;
  }
}

/** ALPN (RFC 7301) of server-to-server streams (XEP-0368 §4). */
export const SERVER_ALPN: readonly string[] = ["xmpp-server"];

/** RFC 8305 §5 recommends 250 milliseconds. */
const HEAD_START_MS = 250;

/** A handshake takes longer than a connection, and is no reason to disturb another address soon. */
const PATIENCE_MS = 2_000;

const TIMEOUT_MS = 20_000;

/** A host that has more addresses is tried at this many. */
const MOST_ADDRESSES = 8;

/** Of a domain that connects to us so many targets are looked at. */
const MOST_ASSOCIATED = 4;

/** See the top of the file. */
export class Dialer implements Dial {
  readonly #ground: DialGround;

  constructor(ground: DialGround) {
    this.#ground = ground;
  }

  async targets(domain: string, signal?: AbortSignal): Promise<readonly Target[]> {
    const { resolver, random } = this.#ground;
    return await resolveTargets(resolver, domain, { signal, ...(random === undefined ? {} : { random }) });
  }

  async connect(domain: string, target: Target, request: DialRequest = {}): Promise<Dialled> {
    const { signal } = request;
    const { clock, log, timeoutMs = TIMEOUT_MS } = this.#ground;
    const known = await this.#addresses(domain, target, signal);
    const tlsa = await this.#tlsa(domain, target, known, signal);
    const addresses = this.#permitted(domain, target, inTurn(known)).slice(0, MOST_ADDRESSES);
    log.debug("connecting to another server", { domain, host: target.host, port: target.port, addresses });
    const ways = addresses.map((address): Way<Dialled> => async (stop, halfway) => {
      const carrier = await this.#open(domain, target, address, { ...request, signal: stop }, halfway);
      return { carrier, target, address, tlsa };
    });
    return await race(ways, {
      clock,
      headStartMs: HEAD_START_MS,
      patienceMs: PATIENCE_MS,
      timeoutMs,
      signal,
      discard: ({ carrier }) => carrier.destroy(),
      lost: (failures) => new DialError(target, attempts(addresses, failures, timeoutMs)),
    });
  }

  async associations(domain: string, signal: AbortSignal): Promise<readonly Dane[]> {
    if (this.#ground.dane !== true) return [];
    const targets = await this.targets(domain, signal);
    const found: Dane[] = [];
    for (const target of targets.slice(0, MOST_ASSOCIATED)) {
      if (!target.authentic) continue;
      const known = await this.#addresses(domain, target, signal);
      const records = await this.#tlsa(domain, target, known, signal);
      if (records !== undefined) found.push({ records, host: target.host });
    }
    return found;
  }

  async #addresses(domain: string, { host }: Target, signal: AbortSignal | undefined): Promise<Addresses> {
    const literal = addressLiteral(host);
    if (literal !== undefined) {
      const six = literal.includes(":");
      return { v6: six ? [literal] : [], v4: six ? [] : [literal], authentic: false };
    }
    try {
      const known = await this.#ground.resolver.addresses(host, signal);
      if (known.v6.length + known.v4.length > 0) return known;
    } catch (error) {
      throw resolveError(domain, error);
    }
    throw new ResolveError("remote-server-not-found", `${domain} cannot be found: ${host} has no addresses`);
  }

  /** RFC 7673 §3.3: asked for only where DNSSEC covers everything before; what fails then must not be passed over. */
  async #tlsa(
    domain: string,
    target: Target,
    { authentic }: Addresses,
    signal: AbortSignal | undefined,
  ): Promise<readonly TlsaRecord[] | undefined> {
    if (this.#ground.dane !== true || !target.authentic || !authentic) return undefined;
    try {
      const answer = await this.#ground.resolver.tlsa(target.port, target.host, signal);
      return answer.authentic && answer.records.length > 0 ? answer.records : undefined;
    } catch (error) {
      throw resolveError(domain, error);
    }
  }

  #permitted(domain: string, { host }: Target, addresses: readonly string[]): readonly string[] {
    if (this.#ground.publicOnly !== true) return addresses;
    const permitted = addresses.filter((address) => !isPrivate(address));
    if (permitted.length > 0) return permitted;
    throw new ResolveError(
      "remote-server-not-found",
      `${domain} is not connected to: ${host} has none but private addresses (${addresses.join(", ")})`,
    );
  }

  async #open(
    domain: string,
    target: Target,
    address: string,
    { secure, signal }: DialRequest,
    halfway: () => void,
  ): Promise<OutgoingCarrier> {
    const { wheel, log, open = connectTcp, minimum = "1.2" } = this.#ground;
    const stop = signal === undefined ? {} : { signal };
    const carrier = await open({ hostname: address, port: target.port, wheel, log, ...stop });
    if (!target.direct) return carrier;
    halfway();
    const servername = addressLiteral(domain) ?? asciiDomain(domain);
    try {
      await carrier.secure(
        { servername, alpn: SERVER_ALPN, minimum, ...(secure === undefined ? {} : { secure }) },
        signal,
      );
    } catch (error) {
      carrier.destroy();
      throw error;
    }
    return carrier;
  }
}

/** RFC 8305 §4: the families by turns, so that one that does not work costs one head start and no more. */
function inTurn({ v6, v4 }: Addresses): string[] {
  const order: string[] = [];
  for (let i = 0; i < Math.max(v6.length, v4.length); i++) {
    const [six, four] = [v6[i], v4[i]];
    if (six !== undefined) order.push(six);
    if (four !== undefined) order.push(four);
  }
  return [...new Set(order)];
}

function attempts(addresses: readonly string[], failures: readonly unknown[], timeoutMs: number): Attempt[] {
  return addresses.map((address, i) => {
    const failure = failures[i];
    const silent = `no answer within ${timeoutMs / 1000} s`;
    return {
      address,
      why: failure === undefined ? silent : failure instanceof Error ? failure.message : String(failure),
    };
  });
}
