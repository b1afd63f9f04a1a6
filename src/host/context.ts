/** What a host (`H`) is given: the parts of the server that all hosts share, and its own part of the configuration. */
import type { X509Certificate } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Wheel } from "../base/wheel.ts";
import type { Decoy } from "../sasl/mechanism.ts";
import type { SessionPolicy } from "../session/home.ts";
import type { Storage } from "../storage/store.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { SessionOptions } from "./resources.ts";
import type { Router } from "./router.ts";

export interface HostContext<H> {
  readonly clock: Clock;
  readonly wheel: Wheel;
  readonly log: Logger;
  readonly storage: Storage;
  readonly router: Router;
  readonly metrics: Metrics;
  /** The certificate for a domain, as it is now. */
  certificate(domain: string): TlsContext | undefined;
  /** Another host of this server. */
  sibling(domain: string): H | undefined;
  /** All hosts that belong to this one. */
  children(domain: string): Iterable<H>;
}

export interface HostOptions {
  readonly domain: string;
  /** "user", or whose host it is. */
  readonly kind: string;
  readonly parent: string | undefined;
  readonly name: string;
  readonly policy: SessionPolicy;
  readonly sessions: SessionOptions;
  readonly operators: ReadonlySet<string>;
  readonly admins: ReadonlySet<string>;
  /** The names of the SASL mechanisms that may be offered; undefined for all. */
  readonly mechanisms: readonly string[] | undefined;
  readonly plainWithoutTls: boolean;
  readonly decoy: Decoy;
  /** Who signs client certificates; empty where EXTERNAL is not offered. */
  readonly authorities: readonly X509Certificate[];
  /** Where this host's services are: name to domain. */
  readonly services: Readonly<Record<string, string>>;
}
