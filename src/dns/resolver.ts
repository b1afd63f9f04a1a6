/**
 * What the server asks of DNS: the services of a domain, the addresses of a host, and its certificates (RFC 2782,
 * RFC 6698). Whoever asks sees neither packets nor servers: `stub.ts` asks name servers itself, `built_in.ts` asks
 * through the runtime.
 *
 * Contract: names go in as ASCII (A-labels), with or without the final dot, and come out in lower case without it;
 * the root is ".". An empty answer is an answer: the name has no such records, or does not exist. Everything else is
 * a `DnsError`, or the reason of the signal.
 */

/** A service location (RFC 2782). */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Lower case, without the final dot; "." when the service is decidedly not available. */
  readonly target: string;
}

/** A certificate association (RFC 6698 §2.1). */
export interface TlsaRecord {
  /** 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE. */
  readonly usage: number;
  /** 0 the whole certificate, 1 its public key. */
  readonly selector: number;
  /** 0 the bytes themselves, 1 SHA-256, 2 SHA-512. */
  readonly matching: number;
  readonly data: Uint8Array;
}

/** The records of one question. */
export interface Answer<T> {
  readonly records: readonly T[];
  /** A resolver that we trust has validated them with DNSSEC (the AD bit, RFC 4035 §3.2.3). */
  readonly authentic: boolean;
}

/** The addresses of a host, aliases followed. */
export interface Addresses {
  readonly v6: readonly string[];
  readonly v4: readonly string[];
  /** Both answers were authentic. */
  readonly authentic: boolean;
}

/** Whoever answers questions of DNS. */
export interface Resolver {
  srv(name: string, signal?: AbortSignal): Promise<Answer<SrvRecord>>;
  addresses(name: string, signal?: AbortSignal): Promise<Addresses>;
  /** The associations of a TCP port of a host: `_5269._tcp.` and its name (RFC 6698 §3). */
  tlsa(port: number, name: string, signal?: AbortSignal): Promise<Answer<TlsaRecord>>;
  /** Forgets what it knows; questions under way fail. */
  close(): void;
}

/** Why a question has no answer. */
export type DnsFault = "no-such-name" | "timeout" | "refused" | "servfail" | "malformed" | "closed";

/** A question that could not be answered; `no-such-name` is for names that cannot be asked for at all. */
export class DnsError extends Error {
  readonly kind: DnsFault;
  /** The name that was asked for. */
  readonly domain: string;

  constructor(kind: DnsFault, domain: string, message: string) {
    super(message);
    this.name = "DnsError";
    this.kind = kind;
    this.domain = domain;
  }
}
