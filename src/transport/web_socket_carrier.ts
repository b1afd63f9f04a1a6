/**
 * A carrier over the frames of a WebSocket (RFC 6455), on top of a socket whose HTTP is done: each text message is one chunk,
 * in and out. Pings are answered, and sent: who does not answer is gone, and proxies see that the connection is in use.
 *
 * Nothing is allocated for a message that comes in one read, nor for one that leaves at once.
 */
import { isUtf8 } from "node:buffer";
import type { Timed, Wheel } from "../base/wheel.ts";
import type { Carrier, Endpoint, Sink, TlsInfo } from "./carrier.ts";
import {
  answerTo,
  BINARY,
  CLOSE,
  closeFrame,
  CONTINUATION,
  controlFrame,
  FrameHeader,
  LONGEST_HEADER,
  NORMAL,
  NOT_UTF8,
  PING,
  PONG,
  PROTOCOL_ERROR,
  putText,
  TOO_BIG,
  UNACCEPTABLE,
  unmask,
} from "./web_socket_frame.ts";

const SCRATCH = 65_536;
/** With so much waiting for the kernel, pings are not answered: who does not read could have us keep any number of answers. */
const QUEUED_PONGS = 65_536;
/** A message may be so long before the peer has proved who it is. */
const LONGEST_OF_STRANGERS = 65_536;
const NOTHING = new Uint8Array(0);

/** What is below: a carrier that also takes bytes, as sockets do. */
export interface ByteCarrier extends Carrier {
  /** Whether bytes that it does not get rid of at once stay where they are. */
  readonly isDirect: boolean;
  writeBytes(bytes: Uint8Array): boolean;
}

/** What the carriers of a server share: memory that frames are written in, and read with. */
export class WebSocketGround {
  scratch = new Uint8Array(SCRATCH);
  readonly header = new FrameHeader();

  constructor(readonly wheel: Wheel) {}
}

/** What is known of a WebSocket beside its socket. */
export interface WebSocketOptions {
  /** The client's address, which may not be that of the socket. */
  readonly address: string;
  readonly tls: TlsInfo | undefined;
  /** Milliseconds between pings, 0 for none. */
  readonly pingEvery: number;
  /** Bytes that a message may have. */
  readonly largest: number;
}

const PAUSED = 1;
/** We have sent a close frame, or need not any more. */
const CLOSING = 2;
/** Nothing that still comes is of interest. */
const DEAF = 4;
const GONE = 8;
const READING = 16;
/** The peer has answered since the last ping. */
const ALIVE = 32;
/** The message whose fragments are coming is binary. */
const IN_BINARY = 64;

export class WebSocketCarrier implements Carrier, Sink, Timed {
  due = 0;
  readonly peer: Endpoint;
  readonly tls: TlsInfo | undefined;
  /** Called once, when the connection is gone. */
  gone: (() => void) | undefined = undefined;
  readonly #below: ByteCarrier;
  readonly #ground: WebSocketGround;
  readonly #pingEvery: number;
  readonly #largest: number;
  #limit: number;
  #flags = ALIVE;
  #sink: Sink | undefined = undefined;
  /** The beginning of a frame whose end has not come, or what came behind one at which reading stopped. */
  #held: Uint8Array | undefined = undefined;
  #heldEnd = 0;
  /** The fragments of a message whose last has not come. */
  #message: Uint8Array | undefined = undefined;
  #messageEnd = 0;

  constructor(below: ByteCarrier, ground: WebSocketGround, options: WebSocketOptions) {
    this.#below = below;
    this.#ground = ground;
    this.peer = { address: options.address, port: 0 };
    this.tls = options.tls;
    this.#pingEvery = options.pingEvery;
    this.#largest = options.largest;
    this.#limit = Math.min(options.largest, LONGEST_OF_STRANGERS);
    if (this.#pingEvery > 0) ground.wheel.arm(this, this.#pingEvery);
  }

  get local(): Endpoint {
    return this.#below.local;
  }

  get queued(): number {
    return this.#below.queued;
  }

  attach(sink: Sink): void {
    const first = this.#sink === undefined;
    this.#sink = sink;
    if (first) this.#below.attach(this);
  }

  /** The peer has proved who it is: its messages may be longer. */
  trust(): void {
    this.#limit = this.#largest;
  }

  // --- out --------------------------------------------------------------------------------------------------------

  write(text: string, more?: readonly string[]): boolean {
    if ((this.#flags & (CLOSING | GONE)) !== 0) return true;
    let end = this.#put(0, text);
    if (more !== undefined) { for (let i = 0; i < more.length; i++) end = this.#put(end, more[i]!); }
    return end === 0 ? this.#below.queued === 0 : this.#flush(end);
  }

  /** Appends a frame to what is to be written; answers where it ends. */
  #put(at: number, text: string): number {
    const { scratch } = this.#ground;
    const most = text.length * 3 + LONGEST_HEADER;
    if (at + most <= scratch.length) return putText(scratch, at, text);
    if (at > 0) this.#flush(at);
    if (most <= scratch.length) return putText(this.#ground.scratch, 0, text);
    const bytes = new Uint8Array(most);
    this.#below.writeBytes(bytes.subarray(0, putText(bytes, 0, text)));
    return 0;
  }

  #flush(end: number): boolean {
    const ground = this.#ground;
    const below = this.#below;
    const bytes = ground.scratch.subarray(0, end);
    if (!below.isDirect) return below.writeBytes(bytes.slice());
    const before = below.queued;
    const flows = below.writeBytes(bytes);
    // What the kernel has not taken yet is still in that memory.
    if (below.queued > before) ground.scratch = new Uint8Array(SCRATCH);
    return flows;
  }

  end(): void {
    this.#close(NORMAL);
    if ((this.#flags & DEAF) !== 0) return this.#below.end();
    // The peer's own close frame is waited for.
    this.#flags &= ~PAUSED;
    this.#below.resume();
  }

  destroy(error?: Error): void {
    this.#below.destroy(error);
  }

  #close(code: number | undefined): void {
    if ((this.#flags & (CLOSING | GONE)) !== 0) return;
    this.#below.writeBytes(closeFrame(code));
    this.#flags |= CLOSING;
  }

  /** RFC 6455 §7.1.7. */
  #fail(code: number): void {
    this.#close(code);
    this.#flags |= DEAF;
    this.#held = this.#message = undefined;
    this.#below.end();
  }

  // --- in ---------------------------------------------------------------------------------------------------------

  pause(): void {
    if ((this.#flags & (PAUSED | GONE)) !== 0) return;
    this.#flags |= PAUSED;
    this.#below.pause();
  }

  resume(): void {
    if ((this.#flags & PAUSED) === 0) return;
    this.#flags &= ~PAUSED;
    if ((this.#flags & READING) !== 0) return;
    this.#read(NOTHING);
    if ((this.#flags & PAUSED) === 0) this.#below.resume();
  }

  bytes(chunk: Uint8Array): void {
    if ((this.#flags & (DEAF | GONE)) !== 0) return;
    this.#flags |= ALIVE;
    this.#read(chunk);
    // It was paused and resumed while that was read.
    if ((this.#flags & PAUSED) === 0) this.#below.resume();
  }

  drained(): void {
    this.#sink?.drained();
  }

  closed(error?: Error): void {
    if ((this.#flags & GONE) !== 0) return;
    this.#flags |= GONE | DEAF;
    this.#held = this.#message = undefined;
    this.#ground.wheel.disarm(this);
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.closed(error);
    this.gone?.();
  }

  expire(): void {
    if ((this.#flags & GONE) !== 0) return;
    if ((this.#flags & ALIVE) === 0) return this.destroy(new Error("no answer to a ping"));
    this.#flags &= ~ALIVE;
    if ((this.#flags & CLOSING) === 0) this.#below.writeBytes(controlFrame(PING, NOTHING));
    this.#ground.wheel.arm(this, this.#pingEvery);
  }

  /** Frames, one after another, from what is held and what has come behind it. */
  #read(chunk: Uint8Array): void {
    const data = this.#held === undefined ? chunk : this.#joined(chunk);
    const { header } = this.#ground;
    let at = 0;
    this.#flags |= READING;
    while ((this.#flags & (PAUSED | DEAF)) === 0) {
      const found = header.read(data, at);
      if (found > 0) {
        this.#fail(found);
        break;
      }
      if (found < 0) break;
      const { start, length, opcode, fin } = header;
      if (length > this.#limit) {
        this.#fail(TOO_BIG);
        break;
      }
      if (data.length - start < length) break;
      unmask(data, start, length);
      at = start + length;
      this.#frame(opcode, fin, data.subarray(start, at));
    }
    this.#flags &= ~READING;
    if ((this.#flags & DEAF) === 0) this.#keep(data, at);
  }

  #joined(chunk: Uint8Array): Uint8Array {
    const end = this.#heldEnd + chunk.length;
    this.#held = grown(this.#held!, this.#heldEnd, end);
    this.#held.set(chunk, this.#heldEnd);
    this.#heldEnd = end;
    return this.#held.subarray(0, end);
  }

  /** What is left for later, in memory of its own. */
  #keep(data: Uint8Array, at: number): void {
    const rest = data.length - at;
    if (rest === 0) this.#held = undefined;
    else if (this.#held === undefined) this.#held = data.slice(at);
    else if (at > 0) this.#held.copyWithin(0, at, data.length);
    this.#heldEnd = rest;
  }

  #frame(opcode: number, fin: boolean, payload: Uint8Array): void {
    if (opcode >= CLOSE) return this.#control(opcode, payload);
    const inside = this.#message !== undefined;
    // RFC 6455 §5.4: fragments of one message are not mixed with another's.
    if (inside !== (opcode === CONTINUATION)) return this.#fail(PROTOCOL_ERROR);
    if (opcode === BINARY) this.#flags |= IN_BINARY;
    if (inside || !fin) {
      const end = this.#messageEnd + payload.length;
      if (end > this.#limit) return this.#fail(TOO_BIG);
      this.#message = grown(this.#message ?? NOTHING, this.#messageEnd, end);
      this.#message.set(payload, this.#messageEnd);
      this.#messageEnd = end;
      if (!fin) return;
      payload = this.#message.subarray(0, end);
      this.#message = undefined;
      this.#messageEnd = 0;
    }
    if ((this.#flags & IN_BINARY) !== 0) return this.#fail(UNACCEPTABLE);
    if (!isUtf8(payload)) return this.#fail(NOT_UTF8);
    this.#sink?.bytes(payload);
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode === PONG) return;
    if (opcode === PING) {
      if ((this.#flags & CLOSING) === 0 && this.#below.queued < QUEUED_PONGS) {
        this.#below.writeBytes(controlFrame(PONG, payload));
      }
      return;
    }
    const code = answerTo(payload);
    if (code !== undefined && payload.length > 2 && !isUtf8(payload.subarray(2))) return this.#fail(NOT_UTF8);
    this.#close(code);
    this.#flags |= DEAF;
    this.#below.end();
  }
}

/** Memory of at least `size` bytes, with what the first `used` of the old one were. */
function grown(old: Uint8Array, used: number, size: number): Uint8Array {
  if (old.length >= size) return old;
  const next = new Uint8Array(Math.max(size, Math.min(2 * old.length, size + 65_536)));
  next.set(old.subarray(0, used));
  return next;
}
