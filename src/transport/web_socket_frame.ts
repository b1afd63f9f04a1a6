/** Frames of WebSocket as a server reads and writes them (RFC 6455 §5.2). Pure functions on bytes. */

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** RFC 6455 §7.4.1. */
export const NORMAL = 1000;
export const PROTOCOL_ERROR = 1002;
export const UNACCEPTABLE = 1003;
export const NOT_UTF8 = 1007;
export const TOO_BIG = 1009;

const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
/** The longest header that a server writes. */
export const LONGEST_HEADER = 10;

/** The header of a client's frame; one object for all of them, since it is of use during one call only. */
export class FrameHeader {
  fin = false;
  opcode = 0;
  /** Where its payload begins, and how long that is. */
  start = 0;
  length = 0;

  /** Reads the header at `at`: 0 where it is whole, -1 where more is needed, else the code that the connection fails with. */
  read(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 2) return -1;
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    this.fin = (first & FIN) !== 0;
    this.opcode = first & 15;
    if ((first & RESERVED) !== 0 || (second & MASKED) === 0) return PROTOCOL_ERROR;
    if (this.opcode > PONG || (this.opcode > BINARY && this.opcode < CLOSE)) return PROTOCOL_ERROR;
    const short = second & 127;
    // §5.5: control frames are short and whole.
    if (this.opcode >= CLOSE && (short > 125 || !this.fin)) return PROTOCOL_ERROR;
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < size + 4) return -1;
    let length = short;
    if (size === 4) length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    else if (size === 10) {
      length = 0;
      // Beyond 2^53 it is not exact, and much too long all the same.
      for (let i = 2; i < 10; i++) length = length * 256 + bytes[at + i]!;
    }
    this.start = at + size + 4;
    this.length = length;
    return 0;
  }
}

/** Takes the mask off a payload, where it lies; the key is before it (§5.3). */
export function unmask(bytes: Uint8Array, start: number, length: number): void {
  const a = bytes[start - 4]!;
  const b = bytes[start - 3]!;
  const c = bytes[start - 2]!;
  const d = bytes[start - 1]!;
  const end = start + length;
  const whole = end - (length & 3);
  let i = start;
  for (; i < whole; i += 4) {
    bytes[i] = bytes[i]! ^ a;
    bytes[i + 1] = bytes[i + 1]! ^ b;
    bytes[i + 2] = bytes[i + 2]! ^ c;
    bytes[i + 3] = bytes[i + 3]! ^ d;
  }
  if (i < end) bytes[i] = bytes[i]! ^ a;
  if (i + 1 < end) bytes[i + 1] = bytes[i + 1]! ^ b;
  if (i + 2 < end) bytes[i + 2] = bytes[i + 2]! ^ c;
}

const ENCODER = new TextEncoder();

/** Writes a text as one frame at `at`, where there is room for three bytes a character and a header. Answers where it ends. */
export function putText(bytes: Uint8Array, at: number, text: string): number {
  // The length must be known before the payload: guessed, and put right where that was wrong.
  const guessed = text.length < 126 ? 2 : text.length < 65_536 ? 4 : 10;
  const { written } = ENCODER.encodeInto(text, bytes.subarray(at + guessed));
  const size = headerSize(written);
  if (size !== guessed) bytes.copyWithin(at + size, at + guessed, at + guessed + written);
  putHeader(bytes, at, TEXT, written);
  return at + size + written;
}

/** A control frame. */
export function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + payload.length);
  putHeader(bytes, 0, opcode, payload.length);
  bytes.set(payload, 2);
  return bytes;
}

/** A close frame; without a code it has no content (§5.5.1). */
export function closeFrame(code: number | undefined): Uint8Array {
  return controlFrame(CLOSE, code === undefined ? new Uint8Array(0) : Uint8Array.of(code >> 8, code & 255));
}

/** The code that a close frame is to be answered with: what it says, or that it must not say that (§7.4). */
export function answerTo(payload: Uint8Array): number | undefined {
  if (payload.length === 0) return undefined;
  if (payload.length === 1) return PROTOCOL_ERROR;
  const code = payload[0]! * 256 + payload[1]!;
  const known = (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
  return known ? code : PROTOCOL_ERROR;
}

function headerSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : LONGEST_HEADER;
}

function putHeader(bytes: Uint8Array, at: number, opcode: number, length: number): void {
  bytes[at] = FIN | opcode;
  if (length < 126) bytes[at + 1] = length;
  else if (length < 65_536) {
    bytes[at + 1] = 126;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length & 255;
  } else {
    bytes[at + 1] = 127;
    for (let i = 0, rest = length; i < 8; i++, rest = Math.floor(rest / 256)) bytes[at + 9 - i] = rest & 255;
  }
}
