/**
 * Server-side TLS over a socket that is already there: STARTTLS, and direct TLS, which is the same without words
 * before it. The context is known beforehand (from the stream's `to`, or from the ClientHello), so no name callback
 * is needed, which would cost 12 KB a connection (PLATFORM §1.1).
 *
 * What came in the clear behind the request never reaches the new layer (RFC 6120 §5.4.3.3): reading stops at once,
 * and what the stream machinery had taken in is thrown away. What the kernel still holds is given to the handshake,
 * which fails over anything but a ClientHello.
 */
import type { Socket } from "node:net";
import { type DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { Binding, TlsInfo, Upgrade } from "./carrier.ts";
import type { TlsContext } from "./tls_context.ts";
import type { Wire } from "./wire.ts";

/** Whoever waits for something on a carrier: a PROXY header, a TLS handshake. */
export interface Waiting {
  /** The time that was given is over. */
  expired(): void;
  /** The carrier is gone before the wait was over. */
  lost(error: Error | undefined): void;
}

/** A carrier over a socket, as far as taking it to TLS needs to know it. */
export interface Securable {
  tls: TlsInfo | undefined;
  readonly socket: Socket;
  readonly wire: Wire;
  readonly gone: boolean;
  /** Whether everything written has left. */
  readonly idle: boolean;
  write(text: string): boolean;
  destroy(error?: Error): void;
  hold(waiting: Waiting, ms: number): void;
  release(): void;
  stopReading(): void;
  rebase(socket: TLSSocket): void;
}

/** A handshake that takes longer is given up. */
const HANDSHAKE_MS = 15_000;

/** Takes a plain carrier to TLS; see `Carrier.startTls`. */
export function startTls(
  carrier: Securable,
  before: string,
  context: TlsContext,
  upgrade: Upgrade,
): Promise<void> {
  if (carrier.gone) return Promise.reject(new Error("STARTTLS: the connection is closed"));
  if (carrier.socket instanceof TLSSocket) {
    return Promise.reject(new Error("STARTTLS: the connection has TLS already"));
  }
  return new Promise((resolve, reject) => {
    const handshake = new Handshake(carrier, context, upgrade, [], resolve, reject);
    carrier.hold(handshake, upgrade.timeoutMs ?? HANDSHAKE_MS);
    discard(carrier.socket);
    carrier.write(before);
    if (carrier.idle) handshake.begin(undefined);
    else carrier.socket.write("", handshake.written);
  });
}

/** Begins TLS on a carrier at once. `hello` are bytes of the handshake that have been read already. */
export function acceptTls(
  carrier: Securable,
  context: TlsContext,
  options: Upgrade & { readonly alpn: readonly string[]; readonly hello: Uint8Array | undefined },
  secured: () => void,
  failed: (error: Error) => void,
): void {
  const handshake = new Handshake(carrier, context, options, options.alpn, secured, failed);
  carrier.hold(handshake, options.timeoutMs ?? HANDSHAKE_MS);
  handshake.begin(options.hello);
}

/** One handshake, from the first byte to `secure` or to failure. It lives no longer than that. */
class Handshake implements Waiting {
  readonly #carrier: Securable;
  readonly #context: TlsContext;
  readonly #upgrade: Upgrade;
  readonly #alpn: readonly string[];
  #secured: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(
    carrier: Securable,
    context: TlsContext,
    upgrade: Upgrade,
    alpn: readonly string[],
    secured: () => void,
    failed: (error: Error) => void,
  ) {
    this.#carrier = carrier;
    this.#context = context;
    this.#upgrade = upgrade;
    this.#alpn = alpn;
    this.#secured = secured;
    this.#failed = failed;
  }

  /** The clear text has left. */
  readonly written = (error?: Error | null): void => {
    if (error) this.#carrier.destroy(error);
    else this.begin(undefined);
  };

  begin(hello: Uint8Array | undefined): void {
    if (this.#carrier.gone) return;
    const raw = this.#carrier.socket;
    if (hello !== undefined && hello.length > 0) raw.unshift(hello);
    const tls = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context.secure,
      requestCert: this.#upgrade.requestCertificate === true,
      rejectUnauthorized: false,
      ...(this.#alpn.length === 0 ? {} : { ALPNProtocols: [...this.#alpn] }),
    });
    tls.on("_tlsError", onTlsError);
    this.#carrier.rebase(tls);
    tls.once("secure", () => this.#secure(tls));
  }

  expired(): void {
    this.#carrier.destroy(new Error("the TLS handshake took too long"));
  }

  lost(error: Error | undefined): void {
    const failed = this.#failed;
    this.#secured = this.#failed = undefined;
    failed?.(error ?? new Error("the connection was closed during the TLS handshake"));
  }

  #secure(tls: TLSSocket): void {
    const secured = this.#secured;
    if (secured === undefined || this.#carrier.gone) return;
    this.#secured = this.#failed = undefined;
    this.#carrier.tls = new SocketTls(tls, this.#context.bindings);
    this.#carrier.wire.slim(tls);
    // The first decrypted bytes may be here already: they wait until whoever awaits the handshake has gone on.
    this.#carrier.stopReading();
    secured();
    queueMicrotask(() => this.#carrier.release());
  }
}

/** Throws away what the stream machinery has read and not handed on. */
function discard(raw: Socket): void {
  raw.pause();
  while (raw.read() !== null);
}

/** Errors of the layer after the handshake are told by this event alone, and the socket is not closed over them. */
function onTlsError(this: TLSSocket, error: Error): void {
  this.destroy(error);
}

/** What a TLS socket knows, asked for once and kept small. */
class SocketTls implements TlsInfo {
  readonly version: string;
  readonly cipher: string;
  readonly alpn: string;
  readonly sni: string;
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket, readonly bindings: ReadonlyMap<Binding, Uint8Array>) {
    const named = (socket as TLSSocket & { servername?: string | false | null }).servername;
    this.version = socket.getProtocol() ?? "";
    this.cipher = socket.getCipher()?.name ?? "";
    this.alpn = socket.alpnProtocol || "";
    this.sni = named || "";
    this.#socket = socket;
  }

  peerCertificate(): Uint8Array[] {
    return peerCertificates(this.#socket);
  }
}

/** The chain that the peer showed, as DER, leaf first; empty where the runtime cannot read it. */
export function peerCertificates(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined;
  try {
    certificate = socket.destroyed ? undefined : socket.getPeerCertificate(true);
  } catch {
    return [];
  }
  while (certificate?.raw !== undefined && chain.length < 10) {
    chain.push(new Uint8Array(certificate.raw));
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
