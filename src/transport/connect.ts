/**
 * Outgoing connections: to another server, to a test's own. Trust in the peer's certificate is not decided here: the
 * caller looks at `tls.peerCertificate()` (PLATFORM §1.7).
 */
import { connect as connectSocket, isIP } from "node:net";
import { connect as connectSecure, type SecureContext, type TLSSocket } from "node:tls";
import type { Binding, Carrier, TlsInfo } from "./carrier.ts";
import { type CarrierGround, SocketCarrier } from "./socket_carrier.ts";
import { peerCertificates } from "./starttls.ts";
import type { TlsMinimum } from "./tls_context.ts";
import type { Logger } from "../base/log.ts";
import type { Wheel } from "../base/wheel.ts";
import { Wire } from "./wire.ts";

/** Where to connect to and how long to try. */
export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  readonly wheel: Wheel;
  readonly signal?: AbortSignal;
  readonly log?: Logger;
  readonly wire?: Wire;
  readonly highWater?: number;
  readonly lingerMs?: number;
}

/** TLS from the client's side. */
export interface ClientTls {
  /** The name asked for, in ASCII. */
  readonly servername: string;
  readonly alpn?: readonly string[];
  /** Our own certificate, if the other side wants one. */
  readonly secure?: SecureContext;
  /** The oldest version that is spoken. Default: "1.2". */
  readonly minimum?: TlsMinimum;
}

/** A carrier of our own making: it can be taken to TLS from the client's side. */
export interface OutgoingCarrier extends Carrier {
  /** Client-side STARTTLS: to be called when the other side has said `<proceed/>`. */
  secure(tls: ClientTls, signal?: AbortSignal): Promise<void>;
}

/** Opens a TCP connection; rejects when it cannot be had, or with the signal's reason. */
export function connectTcp(options: ConnectOptions): Promise<OutgoingCarrier> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = connectSocket({
      host: options.hostname,
      port: options.port,
      noDelay: true,
      keepAlive: true,
    });
    const aborted = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    const failed = (error: Error) => {
      signal?.removeEventListener("abort", aborted);
      reject(error);
    };
    signal?.addEventListener("abort", aborted, { once: true });
    socket.once("error", failed);
    socket.once("connect", () => {
      signal?.removeEventListener("abort", aborted);
      const carrier = new ClientCarrier(socket, ground(options));
      socket.removeListener("error", failed);
      resolve(carrier);
    });
  });
}

/** The same with TLS at once. */
export async function connectTls(options: ConnectOptions, tls: ClientTls): Promise<OutgoingCarrier> {
  const carrier = await connectTcp(options);
  await carrier.secure(tls, options.signal);
  return carrier;
}

function ground(options: ConnectOptions): CarrierGround {
  return {
    wire: options.wire ?? new Wire({ direct: false }),
    wheel: options.wheel,
    highWater: options.highWater ?? 65_536,
    lingerMs: options.lingerMs ?? 5_000,
    left: () => {},
    broken: (carrier, error) => {
      options.log?.error("the end of a connection could not be handled", {
        peer: carrier.peer.address,
        error,
      });
    },
  };
}

const HANDSHAKE_MS = 15_000;

class ClientCarrier extends SocketCarrier implements OutgoingCarrier {
  override startTls(): Promise<void> {
    return Promise.reject(new Error("STARTTLS: this side of the connection is the client; use secure()"));
  }

  secure(tls: ClientTls, signal?: AbortSignal): Promise<void> {
    if (this.gone) return Promise.reject(new Error("TLS: the connection is closed"));
    return new Promise((resolve, reject) => {
      const aborted = () =>
        this.destroy(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      const settle = (error?: Error) => {
        signal?.removeEventListener("abort", aborted);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.hold({
        expired: () => this.destroy(new Error("the TLS handshake took too long")),
        lost: (error) => settle(error ?? new Error("the connection was closed during the TLS handshake")),
      }, HANDSHAKE_MS);
      signal?.addEventListener("abort", aborted, { once: true });
      const socket = connectSecure({
        socket: this.socket,
        rejectUnauthorized: false,
        minVersion: `TLSv${tls.minimum ?? "1.2"}`,
        ...(isIP(tls.servername) === 0 ? { servername: tls.servername } : {}),
        ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
        ...(tls.secure === undefined ? {} : { secureContext: tls.secure }),
      });
      this.rebase(socket);
      socket.once("secureConnect", () => {
        this.tls = clientInfo(socket, tls.servername);
        this.stopReading();
        settle();
        queueMicrotask(() => this.release());
      });
    });
  }
}

function clientInfo(socket: TLSSocket, sni: string): TlsInfo {
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher()?.name ?? "",
    alpn: socket.alpnProtocol || "",
    sni,
    bindings: new Map<Binding, Uint8Array>(),
    peerCertificate: () => peerCertificates(socket),
  };
}
