/**
 * The plain listener: XMPP with or without STARTTLS, servers, components. Sockets are those of `node:net`, because
 * only they can be taken to TLS later on the server's side (PLATFORM §1.1).
 */
import { createServer, type Server, type Socket } from "node:net";
import type { Logger } from "../base/log.ts";
import type { Wheel } from "../base/wheel.ts";
import type { Carrier } from "./carrier.ts";
import type { Counting, Refusal } from "./connection_limits.ts";
import { type Listener, openPort } from "./listener.ts";
import { expectProxy, type ProxyTrust } from "./proxy_protocol.ts";
import { type CarrierGround, SocketCarrier } from "./socket_carrier.ts";
import { Wire } from "./wire.ts";

/** What every listener is given. */
export interface ListenOptions {
  /** "[::]:5222"; port 0 lets the system choose. */
  readonly at: string;
  readonly wheel: Wheel;
  readonly log: Logger;
  /** A new connection, ready for its sink. */
  accept(carrier: Carrier): void;
  /**
   * A connection that is one too many. Whoever implements this may attach a sink and say so, and must end it.
   * Without it such connections are closed at once.
   */
  refused?(carrier: Carrier, reason: Refusal): void;
  readonly limits?: Counting;
  /** Peers that begin with a PROXY header. */
  readonly proxy?: ProxyTrust;
  /** Shared by all listeners of a server: saves memory, nothing else. */
  readonly wire?: Wire;
  /** Queued bytes from which on `write` answers `false`. Default: 64 KiB. */
  readonly highWater?: number;
  /** How long an ended connection may take to close. Default: 5 seconds. */
  readonly lingerMs?: number;
  /** Silence after which the system asks the peer's system for a sign of life. Default: 60 seconds. */
  readonly keepAliveMs?: number;
}

const HIGH_WATER = 65_536;
const LINGER_MS = 5_000;
const KEEP_ALIVE_MS = 60_000;
/** Connections that are one too many and are told so, at a time; saying it must not become what is too much. */
const MOST_REFUSED = 64;

/** Opens a plain port. */
export async function listenTcp(options: ListenOptions): Promise<Listener> {
  const port = new Port(options, options.accept.bind(options));
  await port.open();
  return port;
}

/** An open port of sockets; what becomes of an accepted carrier is given. */
export class Port implements Listener, CarrierGround {
  readonly wire: Wire;
  readonly wheel: Wheel;
  readonly highWater: number;
  readonly lingerMs: number;
  address: { readonly hostname: string; readonly port: number };
  connections = 0;
  readonly #options: ListenOptions;
  readonly #accept: (carrier: SocketCarrier) => void;
  readonly #server: Server;
  /** Those that are being told that they are too many. */
  readonly #refused = new Set<SocketCarrier>();

  constructor(options: ListenOptions, accept: (carrier: SocketCarrier) => void) {
    this.#options = options;
    this.#accept = accept;
    this.wire = options.wire ?? new Wire();
    this.wheel = options.wheel;
    this.highWater = options.highWater ?? HIGH_WATER;
    this.lingerMs = options.lingerMs ?? LINGER_MS;
    this.address = { hostname: "", port: 0 };
    this.#server = createServer({
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: options.keepAliveMs ?? KEEP_ALIVE_MS,
      pauseOnConnect: true,
    }, (socket) => this.#connected(socket));
  }

  async open(): Promise<void> {
    this.address = await openPort(this.#server, this.#options.at);
    this.#server.on("error", (error) => {
      this.#options.log.warn("a connection could not be accepted", {
        at: this.#options.at,
        error: error.message,
      });
    });
  }

  close(): Promise<void> {
    // The server's own callback waits for the last connection; a closed port is all that is asked for.
    if (this.#server.listening) this.#server.close();
    return Promise.resolve();
  }

  left(carrier: SocketCarrier): void {
    this.connections -= 1;
    this.#refused.delete(carrier);
    if (!carrier.counted) return;
    carrier.counted = false;
    this.#options.limits?.free(carrier.peer.address);
  }

  broken(carrier: SocketCarrier, error: unknown): void {
    this.#options.log.error("the end of a connection could not be handled", {
      peer: carrier.peer.address,
      error,
    });
  }

  #connected(socket: Socket): void {
    this.connections += 1;
    const carrier = new SocketCarrier(socket, this);
    const proxy = this.#options.proxy;
    if (proxy?.trusts(carrier.peer.address)) {
      expectProxy(carrier, proxy, this.#options.log, () => this.#admit(carrier));
    } else this.#admit(carrier);
  }

  #admit(carrier: SocketCarrier): void {
    const { limits, log } = this.#options;
    const reason = limits?.take(carrier.peer.address);
    if (reason === undefined) {
      carrier.counted = limits !== undefined;
      return this.#guarded(carrier, () => this.#accept(carrier));
    }
    log.info("connection refused: too many", { peer: carrier.peer.address, limit: reason });
    if (this.#options.refused === undefined || this.#refused.size >= MOST_REFUSED) return carrier.destroy();
    this.#refused.add(carrier);
    this.#guarded(carrier, () => this.#options.refused?.(carrier, reason));
  }

  /** Whatever goes wrong with one connection is no matter of the others. */
  #guarded(carrier: SocketCarrier, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.log.error("a new connection could not be handled", { peer: carrier.peer.address, error });
      carrier.destroy();
    }
  }
}
