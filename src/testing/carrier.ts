/** A connection without a network: what the server writes goes to a function, what the test sends goes to its sink. */
import { utf8Length } from "../base/bytes.ts";
import type { Binding, Carrier, Endpoint, Sink, TlsInfo, Upgrade } from "../transport/carrier.ts";
import type { TlsContext } from "../transport/tls_context.ts";

export interface CarrierOptions {
  readonly address?: string;
  /** Whether the connection counts as protected by TLS; true unless said otherwise. */
  readonly secure?: boolean;
  readonly tls?: TlsInfo;
  /** The certificates that the peer shows, where TLS is only pretended. */
  readonly peerChain?: () => Uint8Array[];
  /** TLS handshakes fail. */
  readonly handshakeFails?: boolean;
}

/** As the sockets have it. */
const HIGH_WATER = 65_536;

const TLS: TlsInfo = {
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  alpn: "",
  sni: "",
  bindings: new Map(),
  peerCertificate: () => [],
};

export class TestCarrier implements Carrier {
  readonly peer: Endpoint;
  readonly local: Endpoint = { address: "127.0.0.1", port: 5222 };
  tls: TlsInfo | undefined;
  /** Whether the peer reads; what is written while it does not is queued. */
  reading = true;
  queued = 0;
  paused = false;
  closed = false;
  #sink: Sink | undefined;
  #unread: Uint8Array[] = [];
  #unsent: string[] = [];

  constructor(
    private readonly received: (text: string) => void,
    private readonly options: CarrierOptions = {},
  ) {
    this.peer = { address: options.address ?? "127.0.0.1", port: 50000 };
    this.tls = options.tls ?? (options.secure === false ? undefined : this.#info(new Map(), ""));
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    // Whoever comes too late hears of it all the same.
    if (this.closed) void Promise.resolve().then(() => sink.closed(new Error("the connection is closed")));
  }

  /** Bytes from the peer; they wait while the server does not read. */
  feed(bytes: Uint8Array): void {
    if (this.closed) return;
    if (this.paused) this.#unread.push(bytes);
    else this.#sink?.bytes(bytes);
  }

  /** Bytes from the peer that the server has not read. */
  get unread(): number {
    return this.#unread.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  write(text: string): boolean {
    if (this.closed) return true;
    if (this.reading) {
      this.received(text);
      return true;
    }
    this.#unsent.push(text);
    this.queued += utf8Length(text);
    return this.queued <= HIGH_WATER;
  }

  /** The peer reads again, first what it has missed. */
  readOn(): void {
    this.reading = true;
    for (const text of this.#unsent.splice(0)) this.received(text);
    const over = this.queued > HIGH_WATER;
    this.queued = 0;
    if (over && !this.closed) this.#sink?.drained();
  }

  startTls(before: string, context: TlsContext, _upgrade?: Upgrade): Promise<void> {
    this.write(before);
    // What came behind the request in the clear is thrown away.
    this.#unread.length = 0;
    if (this.options.handshakeFails === true) {
      this.destroy();
      return Promise.reject(new Error("the handshake failed"));
    }
    const bindings = new Map<Binding, Uint8Array>();
    if (context.endPoint !== undefined) bindings.set("tls-server-end-point", context.endPoint);
    this.tls = this.#info(bindings, "");
    return Promise.resolve();
  }

  /** From now on the connection counts as protected. */
  becomeSecure(sni: string): void {
    this.tls = this.#info(new Map(), sni);
  }

  #info(bindings: Map<Binding, Uint8Array>, sni: string): TlsInfo {
    return { ...TLS, bindings, sni, peerCertificate: () => this.options.peerChain?.() ?? [] };
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    while (!this.paused && this.#unread.length > 0) this.#sink?.bytes(this.#unread.shift()!);
  }

  end(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#sink?.closed(error);
  }
}
