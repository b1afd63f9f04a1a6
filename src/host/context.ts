/** What a host (`H`) is given: the parts of the server that all hosts share, and its own part of the configuration. */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Wheel } from "../base/wheel.ts";
import type { Decoy } from "../sasl/mechanism.ts";
import type { SessionPolicy } from "../session/home.ts";
import type { Storage } from "../storage/store.ts";
import type { Framing } from "../stream/framing.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { Roots } from "../transport/roots.ts";
import type { Upgrade } from "../http/connection.ts";
import type { WebSocketCarrier, WebSocketOptions } from "../transport/web_socket_carrier.ts";
import type { TlsContext } from "../transport/tls_context.ts";
import type { SessionOptions } from "./resources.ts";
import type { Peers } from "./federation.ts";
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
  /** All hosts of this server. */
  all(): Iterable<H>;
  /** All hosts that belong to this one. */
  children(domain: string): Iterable<H>;
  /** The servers elsewhere. */
  readonly peers: Peers;
  /** The folder of everything the server keeps. */
  readonly data: string;
  /** The address under which the world reaches a host's HTTP, without a slash at its end. */
  webAddress(domain: string): string;
  /** Takes a client's connection that came by no port of XMPP; the result is to be called once it is gone. */
  attach(carrier: Carrier, kind: string, framing: Framing): () => void;
  /** A carrier of a request for a WebSocket; undefined where its handshake is wrong, which the client has been told then. */
  webSocket(upgrade: Upgrade, protocol: string, options: WebSocketOptions): WebSocketCarrier | undefined;
  /** Bytes that the largest stanza of a client may have. */
  largestStanza(): number;
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
  readonly authorities: Roots;
  /** Where this host's services are: name to domain. */
  readonly services: Readonly<Record<string, string>>;
}
