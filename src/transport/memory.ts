/**
 * Two carriers that are each other's peer, for tests. Bytes arrive in the order written, each write as one chunk, after
 * the call that wrote them and before anything waits: a microtask later, never within `write`. Nothing is ever
 * queued while the other side reads. TLS is pretended.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Binding, Carrier, Endpoint, Sink, TlsInfo, Upgrade } from "./carrier.ts";
import type { TlsContext } from "./tls_context.ts";

/** What the ends of a pair are to look like; all may be left out. */
export interface PairOptions {
  readonly left?: Endpoint;
  readonly right?: Endpoint;
  /** Both ends begin as if TLS had been negotiated. */
  readonly secure?: boolean;
  readonly tls?: Partial<TlsInfo>;
  /** Bytes in flight from which on `write` answers `false`. Default: 64 KiB. */
  readonly highWater?: number;
}

const HIGH_WATER = 65_536;

/** Makes a pair: what is written to one comes out of the other. */
export function memoryPair(options: PairOptions = {}): [MemoryCarrier, MemoryCarrier] {
  const left = options.left ?? { address: "127.0.0.1", port: 40_000 };
  const right = options.right ?? { address: "127.0.0.1", port: 5222 };
  const one = new MemoryCarrier(left, right, options);
  const two = new MemoryCarrier(right, left, options);
  one.join(two);
  two.join(one);
  return [one, two];
}

/** One end of a pair in memory. */
export class MemoryCarrier implements Carrier {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  tls: TlsInfo | undefined;
  queued = 0;
  readonly #options: PairOptions;
  #other: MemoryCarrier | undefined;
  #sink: Sink | undefined;
  #inbox: Uint8Array[] = [];
  #paused = false;
  #over = false;
  #ended = false;
  #closed = false;
  #scheduled = false;
  /** The other side has ended: closes when what it sent has been read. */
  #last: { readonly error: Error | undefined } | undefined;

  constructor(local: Endpoint, peer: Endpoint, options: PairOptions) {
    this.local = local;
    this.peer = peer;
    this.#options = options;
    this.tls = options.secure === true ? pretended(options.tls, undefined) : undefined;
  }

  join(other: MemoryCarrier): void {
    this.#other = other;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#schedule();
  }

  write(text: string): boolean {
    if (this.#ended || this.#closed || text.length === 0) return true;
    const bytes = encodeUtf8(text);
    this.queued += bytes.length;
    this.#other?.deliver(bytes);
    this.#over = this.queued > (this.#options.highWater ?? HIGH_WATER);
    return !this.#over;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  startTls(before: string, context: TlsContext, _upgrade?: Upgrade): Promise<void> {
    if (this.tls !== undefined) return Promise.reject(new Error("STARTTLS: the connection has TLS already"));
    if (this.#closed) return Promise.reject(new Error("STARTTLS: the connection is closed"));
    // What came behind the request in the clear is thrown away, as a socket does it.
    this.#inbox.length = 0;
    this.write(before);
    this.tls = pretended(this.#options.tls, context);
    return Promise.resolve();
  }

  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#other?.ending(undefined);
  }

  destroy(error?: Error): void {
    if (this.#closed) return;
    this.#ended = true;
    this.#inbox.length = 0;
    this.#last = { error };
    this.#paused = false;
    this.#other?.ending(undefined);
    this.#schedule();
  }

  /** From the other end: bytes have come. */
  deliver(bytes: Uint8Array): void {
    if (this.#closed) return this.#other?.taken(bytes.length);
    this.#inbox.push(bytes);
    this.#schedule();
  }

  /** From the other end: so many bytes have been read. */
  taken(count: number): void {
    this.queued = Math.max(0, this.queued - count);
    if (this.queued > 0 || !this.#over) return;
    this.#over = false;
    if (!this.#closed) this.#sink?.drained();
  }

  /** From the other end: there is nothing more to come. */
  ending(error: Error | undefined): void {
    this.#last ??= { error };
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    while (!this.#closed && !this.#paused && this.#sink !== undefined) {
      const chunk = this.#inbox.shift();
      if (chunk === undefined) break;
      try {
        this.#sink.bytes(chunk);
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
      this.#other?.taken(chunk.length);
    }
    if (this.#last === undefined || this.#closed || this.#inbox.length > 0) return;
    // Whoever attaches after the end is told of it then.
    if (this.#sink === undefined) return;
    this.#closed = this.#ended = true;
    this.queued = 0;
    this.#other?.ending(undefined);
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(this.#last.error);
  }
}

function pretended(given: Partial<TlsInfo> | undefined, context: TlsContext | undefined): TlsInfo {
  const bindings = new Map<Binding, Uint8Array>();
  if (context?.endPoint !== undefined) bindings.set("tls-server-end-point", context.endPoint);
  return {
    version: "TLSv1.3",
    cipher: "TLS_AES_128_GCM_SHA256",
    alpn: "",
    sni: "",
    bindings,
    peerCertificate: () => [],
    ...given,
  };
}
