/**
 * The direct TLS listener (XEP-0368). The certificate is chosen by the name in the ClientHello; a client that names
 * none gets the default. ALPN (RFC 7301): a client that offers only protocols that are not ours is refused with
 * the alert for it, one that offers none is let in. Nothing below TLS 1.2 is spoken (RFC 7590 §3.2).
 */
import { concat } from "../base/bytes.ts";
import type { Carrier, Sink } from "./carrier.ts";
import { serverName } from "./client_hello.ts";
import type { Listener } from "./listener.ts";
import type { SocketCarrier } from "./socket_carrier.ts";
import { acceptTls, type Waiting } from "./starttls.ts";
import { type ListenOptions, Port } from "./tcp.ts";
import type { TlsContext } from "./tls_context.ts";

/** Who knows which certificate is shown to whom. */
export interface ContextChoice {
  /** The context for the name a client asked for; for "" and for unknown names the default one. */
  choose(domain: string): TlsContext | undefined;
  /** With one context alone nobody needs to be asked for a name. */
  readonly size: number;
}

/** What a TLS listener is given beyond a plain one. Refused connections are closed at once here. */
export interface TlsListenOptions extends Omit<ListenOptions, "refused"> {
  readonly contexts: ContextChoice;
  /** Protocols that are let in. Default: "xmpp-client". */
  readonly alpn?: readonly string[];
  /** Ask clients for a certificate (SASL EXTERNAL): all, none, or those that name certain hosts ("" where one names none). */
  readonly requestCertificate?: boolean | ((name: string) => boolean);
  /** The handshake must be done by then. Default: 15 seconds. */
  readonly handshakeMs?: number;
}

const HANDSHAKE_MS = 15_000;
const ALPN = ["xmpp-client"];

/** Opens a port for direct TLS. Carriers are handed over when their handshake is done. */
export async function listenTls(options: TlsListenOptions): Promise<Listener> {
  const port = new Port(options, (carrier) => new Arrival(carrier, options).begin());
  await port.open();
  return port;
}

/** A connection until its handshake is done. */
class Arrival implements Sink, Waiting {
  readonly #carrier: SocketCarrier;
  readonly #options: TlsListenOptions;
  #hello = new Uint8Array(0);

  constructor(carrier: SocketCarrier, options: TlsListenOptions) {
    this.#carrier = carrier;
    this.#options = options;
  }

  begin(): void {
    const { contexts, requestCertificate } = this.#options;
    if (contexts.size === 1 && typeof requestCertificate !== "function") {
      return this.#handshake("", this.#carrier.takeRest());
    }
    this.#carrier.await(this, this.#options.handshakeMs ?? HANDSHAKE_MS);
    this.#carrier.attach(this);
  }

  bytes(chunk: Uint8Array): void {
    this.#hello = concat(this.#hello, chunk);
    const name = serverName(this.#hello);
    if (name === undefined) return;
    this.#carrier.detach(NOTHING);
    this.#carrier.release();
    this.#handshake(name, this.#hello);
  }

  drained(): void {}

  closed(): void {}

  expired(): void {
    this.#failed(new Error("the TLS handshake took too long"));
    this.#carrier.destroy();
  }

  lost(error: Error | undefined): void {
    this.#failed(error ?? new Error("the connection was closed before the TLS handshake"));
  }

  #handshake(name: string, hello: Uint8Array | undefined): void {
    const { contexts, alpn, requestCertificate, handshakeMs } = this.#options;
    const context = contexts.choose(name);
    if (context === undefined) {
      this.#failed(new Error("there is no certificate to show"));
      return this.#carrier.destroy();
    }
    acceptTls(
      this.#carrier,
      context,
      {
        alpn: alpn ?? ALPN,
        requestCertificate: typeof requestCertificate === "function"
          ? requestCertificate(name)
          : requestCertificate === true,
        timeoutMs: handshakeMs ?? HANDSHAKE_MS,
        hello,
      },
      () => this.#secured(),
      (error) => this.#failed(error),
    );
  }

  #secured(): void {
    const carrier: Carrier = this.#carrier;
    try {
      this.#options.accept(carrier);
    } catch (error) {
      this.#options.log.error("a new connection could not be handled", { peer: carrier.peer.address, error });
      carrier.destroy();
    }
  }

  #failed(error: Error): void {
    this.#options.log.info("TLS handshake failed", {
      peer: this.#carrier.peer.address,
      error: error.message,
    });
  }
}

const NOTHING = new Uint8Array(0);
