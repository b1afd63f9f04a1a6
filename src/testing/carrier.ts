/** A connection without a network: what the server writes goes to a function, what the test sends goes to its sink. */
import type { Carrier, Endpoint, Sink, TlsInfo } from "../transport/carrier.ts";

export interface CarrierOptions {
  readonly address?: string;
  /** Whether the connection counts as protected by TLS; true unless said otherwise. */
  readonly secure?: boolean;
  readonly tls?: TlsInfo;
}

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
  readonly tls: TlsInfo | undefined;
  queued = 0;
  paused = false;
  closed = false;
  #sink: Sink | undefined;
  #unread: Uint8Array[] = [];

  constructor(private readonly received: (text: string) => void, options: CarrierOptions = {}) {
    this.peer = { address: options.address ?? "127.0.0.1", port: 50000 };
    this.tls = options.tls ?? (options.secure === false ? undefined : TLS);
  }

  attach(sink: Sink): void {
    this.#sink = sink;
  }

  /** Bytes from the peer; they wait while the server does not read. */
  feed(bytes: Uint8Array): void {
    if (this.closed) return;
    if (this.paused) this.#unread.push(bytes);
    else this.#sink?.bytes(bytes);
  }

  write(text: string): boolean {
    if (!this.closed) this.received(text);
    return true;
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
