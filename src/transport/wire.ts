/**
 * The short way to the kernel: the stream handle below a socket of `node:net`, used directly. It spares the
 * stream machinery of Node on every read and write (docs/performance.md has the figures):
 *
 * - all sockets read into one buffer (reads are synchronous, so no two are ever in it at once);
 * - a string is encoded and written in one native call, and nothing is allocated when the kernel takes it all.
 *
 * The handle is internal to the runtime. So every use is preceded by a test of its shape, `socket.write` and
 * `data` events are the way when the test fails, and this is the only file that knows.
 */
import type { Socket } from "node:net";
import process from "node:process";

/** A stream handle (`TCPWrap`, `TLSWrap`). Status answers are 0 or a negative libuv error. */
export interface StreamHandle {
  /** Called with the handle as `this`; length or error is in `Wire.read`. Read once, at `readStart`. */
  onread: (chunk?: ArrayBuffer) => void;
  readStart(): number;
  readStop(): number;
  /** Reads go into this memory from now on, and `onread` gets no chunk. */
  useUserBuffer(buffer: Uint8Array): void;
  /** `request.oncomplete(status)` is called later only if the kernel did not take everything at once. */
  writeUtf8String(request: WriteRequest, text: string): number;
  /** The same for bytes, which must stay as they are until then. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** TLS only: the handle of the socket below. */
  _nativeTcpHandle?: StreamHandle | null;
  /** TLS only: encrypted bytes, as if they had come from the socket below. They are copied. */
  receive?(bytes: Uint8Array): void;
  /** TLS only: the socket below has ended. */
  emitEof?(): void;
}

/** Who is told when a write that had to wait is done. */
export interface WriteRequest {
  oncomplete(status: number): void;
}

interface StreamBinding {
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
}

/** As much as one read can bring. */
const READ_BYTES = 65_536;

/** The handle of a socket, if there is one still. */
export function handleOf(socket: Socket): StreamHandle | undefined {
  return (socket as unknown as { _handle?: StreamHandle | null })._handle ?? undefined;
}

/** What the runtime keeps beside all its stream handles; one for a server is enough, more do no harm. */
export class Wire {
  /** The memory that all reads go to. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** While a read is being handled its bytes must not be overwritten: nothing may start another one. */
  busy = false;
  readonly #binding: StreamBinding | undefined;
  readonly #isDirect: boolean;
  /** The runtime's own `onread`, the same for all sockets. */
  #onread: StreamHandle["onread"] | undefined = undefined;

  /** With `direct: false` the handle is left alone and plain socket events are used. */
  constructor(options: { readonly direct?: boolean } = {}) {
    this.#binding = streamBinding();
    this.#isDirect = this.#binding !== undefined && options.direct !== false;
    this.buffer = new Uint8Array(this.#binding === undefined ? 0 : READ_BYTES);
  }

  /** The handle of a socket if it can be used directly. */
  direct(socket: Socket): StreamHandle | undefined {
    if (!this.#isDirect) return undefined;
    const handle = handleOf(socket);
    const usable = handle !== undefined && typeof handle.onread === "function" &&
      typeof handle.readStart === "function" &&
      typeof handle.readStop === "function" && typeof handle.useUserBuffer === "function" &&
      typeof handle.writeUtf8String === "function" && typeof handle.writeBuffer === "function";
    if (usable) this.#onread ??= handle.onread;
    return usable ? handle : undefined;
  }

  /** Hands the end of a read, in order or by an error, to the stream machinery, which closes the socket. */
  ended(handle: StreamHandle): void {
    this.#onread?.call(handle, undefined);
  }

  /** As `direct`, for a TLS socket, whose handle has one more below it. */
  directTls(socket: Socket): StreamHandle | undefined {
    const handle = this.direct(socket);
    return handle !== undefined && typeof handle.receive === "function" &&
        typeof handle.emitEof === "function" &&
        typeof handle._nativeTcpHandle?.useUserBuffer === "function"
      ? handle
      : undefined;
  }

  /**
   * For a TLS socket that is used by its events: whoever stops it stops the socket below as well, which the runtime would let
   * read on without end (PLATFORM §1.4), and what that one reads does not take new memory each time.
   *
   * What is returned says whether decrypted memory is given back as soon as it was handled: wanted for bodies, of which the
   * parser of HTTP makes copies, since the collector would let a large one pile up; wrong for whoever keeps pieces of it.
   */
  govern(socket: Socket): ((recycling: boolean) => void) | undefined {
    const handle = handleOf(socket);
    const below = handle?._nativeTcpHandle;
    const usable = this.#binding !== undefined && typeof handle?.receive === "function" &&
      typeof handle.emitEof === "function" && typeof below?.useUserBuffer === "function";
    if (handle === undefined || !below || !usable) return undefined;
    const { readStart, readStop, onread } = handle;
    const used: ArrayBuffer[] = [];
    let recycling = false;
    const giveBack = (): void => {
      // What was not handled at once waits in the socket until it flows again.
      if (socket.readableLength > 0) return;
      for (const memory of used) memory.transfer(0);
      used.length = 0;
    };
    handle.onread = (chunk) => {
      if (recycling) giveBack();
      onread.call(handle, chunk);
      if (!recycling || chunk === undefined) return;
      used.push(chunk);
      giveBack();
    };
    handle.readStop = () => {
      below.readStop();
      return readStop.call(handle);
    };
    handle.readStart = () => {
      const status = readStart.call(handle);
      below.readStart();
      return status;
    };
    below.onread = () => {
      const length = this.read;
      if (length > 0) handle.receive?.(this.buffer.subarray(0, length));
      else if (length < 0) {
        below.readStop();
        handle.emitEof?.();
      }
    };
    below.useUserBuffer(this.buffer);
    // The runtime looks `onread` up when reading starts, which it has done already.
    handle.readStop();
    return (on) => {
      recycling = on;
      used.length = 0;
    };
  }

  /**
   * Drops what the runtime has bound to every TLS handle for sockets that connect or listen, 0.7 KiB a connection. An
   * accepted socket whose handshake is done has no use for it; its addresses must have been asked for before.
   */
  slim(socket: Socket): void {
    const handle = this.directTls(socket) as (StreamHandle & Record<string, unknown>) | undefined;
    if (handle === undefined) return;
    for (const name of UNUSED) if (Object.hasOwn(handle, name)) handle[name] = undefined;
  }

  /** Within `onread`: how many bytes came, or the negative error. */
  get read(): number {
    const binding = this.#binding;
    return binding === undefined ? 0 : binding.streamBaseState[binding.kReadBytesOrError] ?? 0;
  }

  /** After a write: the bytes of it that will be reported by `oncomplete`, 0 when the kernel took them all. */
  get deferred(): number {
    const binding = this.#binding;
    return binding === undefined || binding.streamBaseState[binding.kLastWriteWasAsync] === 0
      ? 0
      : binding.streamBaseState[binding.kBytesWritten] ?? 0;
  }

  /** Within `oncomplete` of a plain socket: the bytes of the write that is done. */
  get completed(): number {
    const binding = this.#binding;
    return binding === undefined ? 0 : binding.streamBaseState[binding.kBytesWritten] ?? 0;
  }
}

/** Methods of the socket below that a TLS handle of the runtime carries along, each bound anew. */
const UNUSED = [
  "setNetPermToken",
  "getsockname",
  "getpeername",
  "connect",
  "connect6",
  "bind",
  "bind6",
  "listen",
  "ref",
  "unref",
  "setNoDelay",
  "setKeepAlive",
];

function streamBinding(): StreamBinding | undefined {
  try {
    const binding = (process as unknown as { binding(name: string): StreamBinding }).binding("stream_wrap");
    const known = binding.streamBaseState instanceof Int32Array &&
      Number.isInteger(binding.kReadBytesOrError) &&
      Number.isInteger(binding.kBytesWritten) && Number.isInteger(binding.kLastWriteWasAsync);
    return known ? binding : undefined;
  } catch {
    return undefined;
  }
}
