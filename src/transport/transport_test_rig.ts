/** What the tests of this folder share: a recording sink, a quiet log, certificates, clients. Not for production. */
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { Wheel } from "../base/wheel.ts";
import type { Carrier, Sink } from "./carrier.ts";
import { makeSelfSigned } from "./self_signed.ts";
import { type TlsContext, tlsContext } from "./tls_context.ts";

/** Collects what a carrier brings and lets a test wait for it. */
export class Recorder implements Sink {
  text = "";
  byteCount = 0;
  drains = 0;
  closes = 0;
  error: Error | undefined;
  #waiters: { met: () => boolean; resolve: () => void }[] = [];

  constructor(readonly carrier?: Carrier, readonly onBytes?: (text: string) => void, readonly keep = true) {}

  bytes(chunk: Uint8Array): void {
    this.byteCount += chunk.length;
    if (this.keep) {
      const text = new TextDecoder().decode(chunk);
      this.text += text;
      this.onBytes?.(text);
    }
    this.#look();
  }

  drained(): void {
    this.drains += 1;
    this.#look();
  }

  closed(error?: Error): void {
    this.closes += 1;
    this.error = error;
    this.#look();
  }

  until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ met, resolve }));
  }

  says(text: string): Promise<void> {
    return this.until(() => this.text.includes(text));
  }

  gone(): Promise<void> {
    return this.until(() => this.closes > 0);
  }

  #look(): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.met()) return true;
      waiter.resolve();
      return false;
    });
  }
}

/** Values that are handed over one by one, as `accept` does with carriers. */
export class Queue<T> {
  readonly #values: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  put = (value: T): void => {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  };

  take(): Promise<T> {
    const value = this.#values.shift();
    return value !== undefined
      ? Promise.resolve(value)
      : new Promise((resolve) => this.#takers.push(resolve));
  }
}

/** A log that keeps its lines and lets a test wait for one. */
export class Lines implements Logger {
  readonly lines: string[] = [];
  #waiters: { part: string; resolve: (line: string) => void }[] = [];

  debug = (message: string, fields?: Record<string, unknown>): void => this.#add("debug", message, fields);
  info = (message: string, fields?: Record<string, unknown>): void => this.#add("info", message, fields);
  warn = (message: string, fields?: Record<string, unknown>): void => this.#add("warn", message, fields);
  error = (message: string, fields?: Record<string, unknown>): void => this.#add("error", message, fields);

  enabled(): boolean {
    return true;
  }

  child(): Logger {
    return this;
  }

  has(part: string): Promise<string> {
    const line = this.lines.find((line) => line.includes(part));
    return line !== undefined
      ? Promise.resolve(line)
      : new Promise((resolve) => this.#waiters.push({ part, resolve }));
  }

  #add(level: string, message: string, fields: Record<string, unknown> | undefined): void {
    const line = `${level} ${message} ${JSON.stringify(fields ?? {})}`;
    this.lines.push(line);
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!line.includes(waiter.part)) return true;
      waiter.resolve(line);
      return false;
    });
  }
}

/** A wheel that turns fast enough for tests. */
export function fastWheel(): Wheel {
  return new Wheel(systemClock, 10);
}

/** A context for a host with a certificate of its own. */
export function contextFor(host: string): TlsContext {
  const { cert, key } = makeSelfSigned(host, systemClock.now());
  return tlsContext(cert, key);
}

/** A plain client; errors are kept, not thrown. */
export function client(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

/** A TLS client over a socket or to a port; resolves when the handshake is done, rejects when it fails. */
export function tlsClient(options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.on("error", () => {});
  });
}

/** The next text from a socket that contains `part`. */
export function reads(socket: Socket, part: string): Promise<string> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onData = (chunk: Uint8Array) => {
    text += new TextDecoder().decode(chunk);
    if (text.includes(part)) resolve(text);
  };
  const onClose = () => reject(new Error(`closed after ${JSON.stringify(text)}`));
  socket.on("data", onData);
  socket.once("close", onClose);
  socket.resume();
  return promise.finally(() => {
    socket.removeListener("data", onData);
    socket.removeListener("close", onClose);
  });
}

/** When a socket is closed; what it still gets is thrown away (a TLS socket does not flow by `resume` alone). */
export function closed(socket: Socket): Promise<void> {
  socket.on("data", () => {});
  socket.resume();
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once("close", () => resolve()));
}
