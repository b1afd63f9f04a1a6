/**
 * The carrier over a socket of `node:net`, and over the TLS layer that may come on top of it later. No closure and
 * no listener of its own per connection: shared functions find the carrier through one property of the socket. Reads
 * and writes go the short way (wire.ts) where the runtime has it, else through socket events.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Timed, Wheel } from "../base/wheel.ts";
import type { Carrier, Endpoint, Sink, TlsInfo, Upgrade } from "./carrier.ts";
import { type Securable, startTls, type Waiting } from "./starttls.ts";
import type { TlsContext } from "./tls_context.ts";
import { handleOf, type StreamHandle, type Wire, type WriteRequest } from "./wire.ts";

/** What all carriers of a listener share. */
export interface CarrierGround {
  readonly wire: Wire;
  readonly wheel: Wheel;
  /** From so many queued bytes on `write` answers `false`. */
  readonly highWater: number;
  /** How long an ended connection may take to close. */
  readonly lingerMs: number;
  /** The carrier is gone; called once, before the sink hears of it. */
  left(carrier: SocketCarrier): void;
  /** A sink threw over the news that its connection is gone; nobody else is left to be told. */
  broken(carrier: SocketCarrier, error: unknown): void;
}

const CARRIER: unique symbol = Symbol("carrier");
type Marked = Socket & { [CARRIER]?: SocketCarrier };
type MarkedHandle = StreamHandle & { [CARRIER]?: SocketCarrier };

const PAUSED = 1;
const OVER = 2;
const ENDING = 4;
const ENDED = 8;
const GONE = 16;
const SECURE = 32;
/** A TLS handshake has the connection: the sink's pause and resume are kept for afterwards. */
const HELD = 64;
const LISTENING = 128;
/** A sink has been told that the carrier is gone. */
const TOLD = 256;

/** See the top of the file. What is not of `Carrier` is for the other files of this folder. */
export class SocketCarrier implements Carrier, Securable, Timed, WriteRequest {
  /** The wheel's own. */
  due = 0;
  peer: Endpoint;
  tls: TlsInfo | undefined = undefined;
  queued = 0;
  /** The limits have counted this connection, under the address of `peer`. */
  counted = false;
  readonly #ground: CarrierGround;
  #socket: Socket;
  #local: Endpoint | undefined = undefined;
  #handle: StreamHandle | undefined = undefined;
  #sink: Sink | undefined = undefined;
  #waiting: Waiting | undefined = undefined;
  #flags = 0;
  /** TLS takes one write at a time: what was written meanwhile. */
  #behind = "";
  #rest: Uint8Array | undefined = undefined;
  #error: Error | undefined = undefined;

  constructor(socket: Socket, ground: CarrierGround) {
    this.#ground = ground;
    this.#socket = socket;
    this.peer = { address: plainAddress(socket.remoteAddress ?? ""), port: socket.remotePort ?? 0 };
    adopt(socket, this);
  }

  get local(): Endpoint {
    const socket = this.#socket;
    return this.#local ??= { address: plainAddress(socket.localAddress ?? ""), port: socket.localPort ?? 0 };
  }

  /** The socket below, for what takes the connection further (TLS). */
  get socket(): Socket {
    return this.#socket;
  }

  get wire(): Wire {
    return this.#ground.wire;
  }

  get gone(): boolean {
    return (this.#flags & GONE) !== 0;
  }

  attach(sink: Sink): void {
    if ((this.#flags & GONE) !== 0) return this.#tellLate(sink);
    const first = this.#sink === undefined;
    this.#sink = sink;
    if (first && (this.#flags & HELD) === 0) this.#listen();
  }

  /** Takes the sink off and stops reading. `rest` are bytes it had no use for: the next sink gets them first. */
  detach(rest: Uint8Array): void {
    this.stopReading();
    this.#sink = undefined;
    this.#rest = rest.length === 0 ? undefined : rest.slice();
  }

  /** The bytes that no sink has had yet. */
  takeRest(): Uint8Array | undefined {
    const rest = this.#rest;
    this.#rest = undefined;
    return rest;
  }

  /**
   * Gives the socket away with all that has come in it: its streams are the taker's, who speaks another protocol. The carrier
   * only notes its end. Wants a wire that is not direct. `recycle` is as `Wire.govern` returns it.
   */
  surrender(): { readonly socket: Socket; readonly recycle: ((on: boolean) => void) | undefined } {
    const socket = this.#socket;
    socket.removeListener("data", onData);
    socket.removeListener("drain", onDrain);
    this.#sink = undefined;
    // The end of a handshake would stop the reading, which is the taker's now.
    this.#flags &= ~HELD;
    const rest = this.takeRest();
    if (rest !== undefined) socket.unshift(rest);
    const recycle = (this.#flags & SECURE) === 0 ? undefined : this.#ground.wire.govern(socket);
    handleOf(socket)?.readStart();
    handleOf(socket)?._nativeTcpHandle?.readStart();
    socket.resume();
    return { socket, recycle };
  }

  write(text: string): boolean {
    if ((this.#flags & (ENDING | GONE)) !== 0 || text.length === 0) return true;
    const handle = this.#handle;
    if (handle === undefined) return this.#writeStream(text);
    if ((this.#flags & SECURE) !== 0 && this.queued > 0) {
      this.#behind += text;
      this.queued += text.length;
      return this.#measure();
    }
    return this.#writeHandle(handle, text);
  }

  /** Whether what is written goes the short way: then what the kernel does not take at once is kept where it lies. */
  get isDirect(): boolean {
    return this.#handle !== undefined;
  }

  /** As `write`, for what is no text. Not for TLS on the short way. */
  writeBytes(bytes: Uint8Array): boolean {
    if ((this.#flags & (ENDING | GONE)) !== 0 || bytes.length === 0) return true;
    const handle = this.#handle;
    if (handle === undefined) {
      this.#socket.write(bytes);
      this.queued = this.#socket.writableLength;
      return this.#measure();
    }
    return this.#wrote(handle.writeBuffer(this, bytes));
  }

  pause(): void {
    if ((this.#flags & (PAUSED | GONE)) !== 0) return;
    this.#flags |= PAUSED;
    if (this.#sink !== undefined && (this.#flags & HELD) === 0) this.stopReading();
  }

  resume(): void {
    if ((this.#flags & PAUSED) === 0) return;
    this.#flags &= ~PAUSED;
    // A TLS layer hands over what it holds at once, into the memory that is being read now: so never at once.
    if (this.#sink !== undefined) queueMicrotask(() => this.#continueReading());
  }

  startTls(before: string, context: TlsContext, upgrade: Upgrade = {}): Promise<void> {
    return startTls(this, before, context, upgrade);
  }

  end(): void {
    if ((this.#flags & (ENDING | GONE)) !== 0) return;
    this.#flags |= ENDING;
    this.#ground.wheel.arm(this, this.#ground.lingerMs);
    this.resume();
    if (this.queued === 0 || this.#handle === undefined) this.#endSocket();
  }

  destroy(error?: Error): void {
    if ((this.#flags & GONE) !== 0) return;
    this.#error ??= error;
    this.#socket.destroy();
  }

  /** The wheel's call: the wait for a handshake, or for the end, is over. */
  expire(): void {
    if (this.#waiting !== undefined && (this.#flags & ENDING) === 0) this.#waiting.expired();
    else this.destroy();
  }

  /** The runtime's call: a write that could not be taken at once is done. */
  oncomplete(status: number): void {
    if ((this.#flags & GONE) !== 0) return;
    if (status < 0) return this.destroy(writeFailed(status));
    if ((this.#flags & SECURE) === 0) this.queued = Math.max(0, this.queued - this.#ground.wire.completed);
    else {
      this.queued = 0;
      const behind = this.#behind;
      this.#behind = "";
      if (behind.length > 0 && this.#handle !== undefined) this.#writeHandle(this.#handle, behind);
    }
    if (this.queued === 0) this.#emptied();
  }

  /** Lets `waiting` know when `ms` have passed or the carrier is lost, whichever is first, until `release`. */
  await(waiting: Waiting, ms: number): void {
    this.#waiting = waiting;
    this.#ground.wheel.arm(this, ms);
  }

  /** The same, and keeps the sink from the connection: a handshake has it now. */
  hold(waiting: Waiting, ms: number): void {
    if (this.#sink !== undefined && (this.#flags & PAUSED) === 0) this.stopReading();
    this.#flags |= HELD;
    this.await(waiting, ms);
  }

  /** Ends `await` and `hold`: the sink reads on, or its absence stops the reading. */
  release(): void {
    this.#waiting = undefined;
    if ((this.#flags & ENDING) === 0) this.#ground.wheel.disarm(this);
    if ((this.#flags & HELD) === 0) return;
    this.#flags &= ~HELD;
    if ((this.#flags & GONE) !== 0) return;
    if (this.#sink === undefined || (this.#flags & PAUSED) !== 0) this.stopReading();
    else this.#listen();
  }

  /** A TLS layer has come on top of the socket: it is written to and read from now on. */
  rebase(socket: TLSSocket): void {
    this.#local = this.local;
    this.#socket.removeListener("data", onData);
    this.#socket.removeListener("drain", onDrain);
    this.#socket = socket;
    this.#flags = (this.#flags | SECURE) & ~LISTENING;
    adopt(socket, this);
    const buffer = this.#ground.wire.buffer;
    this.#handle = this.#ground.wire.directTls(socket);
    const below = this.#handle?._nativeTcpHandle;
    if (this.#handle === undefined || !below) return;
    take(this.#handle, this, onRead);
    take(below, this, onEncrypted);
    this.#handle.useUserBuffer(buffer);
    below.useUserBuffer(buffer);
    // The runtime looks `onread` up when reading starts, which it may have done already.
    below.readStop();
    below.readStart();
  }

  /** Whether everything written has left; not known before the next turn where the short way is not open. */
  get idle(): boolean {
    return this.#handle !== undefined && this.queued === 0;
  }

  /** Bytes for the sink; whatever it throws closes this connection and no other. */
  received(chunk: Uint8Array): void {
    const wire = this.#ground.wire;
    if (this.#sink === undefined || (this.#flags & GONE) !== 0) return;
    wire.busy = true;
    try {
      this.#sink.bytes(chunk);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      wire.busy = false;
    }
  }

  /** The runtime's call: the wire's buffer holds bytes, or the read has ended. */
  incoming(handle: StreamHandle): void {
    const wire = this.#ground.wire;
    const length = wire.read;
    if (length > 0) this.received(wire.buffer.subarray(0, length));
    else if (length < 0) wire.ended(handle);
  }

  /** The runtime's call: the same below the TLS layer. */
  encrypted(): void {
    const handle = this.#handle;
    const length = this.#ground.wire.read;
    if (handle === undefined) return;
    if (length > 0) handle.receive?.(this.#ground.wire.buffer.subarray(0, length));
    else if (length < 0) {
      handle._nativeTcpHandle?.readStop();
      handle.emitEof?.();
    }
  }

  /** An error of the socket; the event of its closing follows. */
  failed(error: Error): void {
    this.#error ??= error;
  }

  /** The socket is closed. */
  closed(socket: Socket): void {
    if (socket !== this.#socket || (this.#flags & GONE) !== 0) return;
    this.#flags |= GONE;
    this.#ground.wheel.disarm(this);
    this.#behind = "";
    this.queued = 0;
    this.#handle = undefined;
    this.#ground.left(this);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.lost(this.#error);
    const sink = this.#sink;
    this.#sink = undefined;
    if (sink !== undefined) this.#tell(sink);
  }

  /** The stream's own drain event, where the short way is not open. */
  streamDrained(): void {
    this.queued = this.#socket.writableLength;
    if (this.queued === 0) this.#emptied();
  }

  #tell(sink: Sink): void {
    if ((this.#flags & TOLD) !== 0) return;
    this.#flags |= TOLD;
    try {
      sink.closed(this.#error);
    } catch (error) {
      this.#ground.broken(this, error);
    }
  }

  /** The connection was lost before there was a sink; it hears of it all the same, after it has been attached. */
  #tellLate(sink: Sink): void {
    queueMicrotask(() => this.#tell(sink));
  }

  #listen(): void {
    if ((this.#flags & LISTENING) === 0) this.#open();
    if ((this.#flags & PAUSED) !== 0) return;
    // The memory that a TLS layer would fill at once may be in use by another connection's read.
    if (this.#rest === undefined && !this.#ground.wire.busy) this.#continueReading();
    else queueMicrotask(() => this.#continueReading());
  }

  /** Chooses the way that bytes come, once for the socket and once for the TLS layer on it. */
  #open(): void {
    this.#flags |= LISTENING;
    if ((this.#flags & SECURE) === 0) {
      this.#handle = this.#ground.wire.direct(this.#socket);
      if (this.#handle !== undefined) {
        take(this.#handle, this, onRead);
        this.#handle.useUserBuffer(this.#ground.wire.buffer);
      }
    }
    if (this.#handle !== undefined) return;
    this.#socket.on("data", onData);
    this.#socket.on("drain", onDrain);
  }

  #continueReading(): void {
    if ((this.#flags & (PAUSED | GONE | HELD)) !== 0 || this.#sink === undefined) return;
    // Not yet where a TLS layer came on top while the sink had paused.
    if ((this.#flags & LISTENING) === 0) this.#open();
    const rest = this.takeRest();
    if (rest !== undefined) {
      this.received(rest);
      return this.#continueReading();
    }
    if (this.#handle === undefined) {
      handleOf(this.#socket)?._nativeTcpHandle?.readStart();
      this.#socket.resume();
      return;
    }
    this.#handle.readStart();
    this.#handle?._nativeTcpHandle?.readStart();
  }

  /** A TLS socket's own pause stops only the delivery: the socket below must be stopped too (PLATFORM §1.4). */
  stopReading(): void {
    const handle = this.#handle;
    if (handle === undefined) {
      this.#socket.pause();
      handleOf(this.#socket)?._nativeTcpHandle?.readStop();
      return;
    }
    handle.readStop();
    handle._nativeTcpHandle?.readStop();
  }

  #writeHandle(handle: StreamHandle, text: string): boolean {
    return this.#wrote(handle.writeUtf8String(this, text));
  }

  #wrote(status: number): boolean {
    if (status !== 0) {
      this.destroy(writeFailed(status));
      return true;
    }
    const deferred = this.#ground.wire.deferred;
    if (deferred === 0) return true;
    this.queued += deferred;
    return this.#measure();
  }

  #writeStream(text: string): boolean {
    this.#socket.write(text, "utf8");
    this.queued = this.#socket.writableLength;
    return this.#measure();
  }

  #measure(): boolean {
    if (this.queued <= this.#ground.highWater) return true;
    this.#flags |= OVER;
    return false;
  }

  #emptied(): void {
    if ((this.#flags & ENDING) !== 0) return this.#endSocket();
    if ((this.#flags & OVER) === 0) return;
    this.#flags &= ~OVER;
    try {
      this.#sink?.drained();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #endSocket(): void {
    if ((this.#flags & (ENDED | GONE)) !== 0) return;
    this.#flags |= ENDED;
    this.#socket.end();
  }
}

/** The address as people write it: IPv4 in an IPv6 socket is IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function writeFailed(status: number): Error {
  return new Error(`the connection could not be written to (error ${status} of the operating system)`);
}

/** The carrier that has, or had, a socket. */
export function carrierOf(socket: Socket): SocketCarrier | undefined {
  return (socket as Marked)[CARRIER];
}

function adopt(socket: Marked, carrier: SocketCarrier): void {
  socket[CARRIER] = carrier;
  socket.on("error", onError);
  socket.on("close", onClose);
}

function take(handle: MarkedHandle, carrier: SocketCarrier, onread: (this: MarkedHandle) => void): void {
  handle[CARRIER] = carrier;
  handle.onread = onread;
}

function onRead(this: MarkedHandle): void {
  this[CARRIER]?.incoming(this);
}

function onEncrypted(this: MarkedHandle): void {
  this[CARRIER]?.encrypted();
}

function onError(this: Marked, error: Error): void {
  this[CARRIER]?.failed(error);
}

function onClose(this: Marked): void {
  this[CARRIER]?.closed(this);
}

function onData(this: Marked, chunk: Uint8Array): void {
  this[CARRIER]?.received(chunk);
}

function onDrain(this: Marked): void {
  this[CARRIER]?.streamDrained();
}
