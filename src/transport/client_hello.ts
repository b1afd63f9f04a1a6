/**
 * The name a TLS client asks for (RFC 6066 §3), read from its ClientHello before the handshake begins. So the right
 * certificate is known beforehand, which spares a third of the memory of a connection (PLATFORM §1.7). Nothing is
 * judged here: what cannot be understood has no name, and the TLS engine refuses it in its own words.
 */

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** No real ClientHello is longer, post-quantum key shares included. */
const MOST = 32_768;

/** The name, "" when there is none, `undefined` while bytes are missing. */
export function serverName(bytes: Uint8Array): string | undefined {
  const hello = handshakeMessage(bytes);
  if (hello === undefined) return undefined;
  try {
    return hello.length === 0 ? "" : nameIn(new Cursor(hello));
  } catch {
    return "";
  }
}

/** The body of the first handshake message, put together from its records; empty when it is no ClientHello. */
function handshakeMessage(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let have = 0;
  for (let at = 0; at < MOST;) {
    if (bytes.length < at + 5) return bytes.length > 0 && bytes[0] !== HANDSHAKE_RECORD ? NONE : undefined;
    const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (bytes[at] !== HANDSHAKE_RECORD || length === 0) return NONE;
    if (bytes.length < at + 5 + length) return bytes.length > MOST ? NONE : undefined;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    have += length;
    at += 5 + length;
    const message = joined(parts, have);
    if (message[0] !== CLIENT_HELLO) return NONE;
    if (have < 4) continue;
    const needed = (message[1]! << 16) | (message[2]! << 8) | message[3]!;
    if (needed > MOST) return NONE;
    if (have >= 4 + needed) return message.subarray(4, 4 + needed);
  }
  return NONE;
}

const NONE = new Uint8Array(0);

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** RFC 8446 §4.1.2: version, random, session id, cipher suites, compression methods, extensions. */
function nameIn(hello: Cursor): string {
  hello.skip(34);
  hello.skip(hello.number(1));
  hello.skip(hello.number(2));
  hello.skip(hello.number(1));
  const end = hello.number(2) + hello.at;
  while (hello.at < end) {
    const type = hello.number(2);
    const length = hello.number(2);
    if (type !== SERVER_NAME) {
      hello.skip(length);
      continue;
    }
    hello.skip(2);
    return hello.number(1) === HOST_NAME ? hello.text(hello.number(2)) : "";
  }
  return "";
}

class Cursor {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + this.#byte(this.at + i);
    this.at += width;
    return value;
  }

  skip(count: number): void {
    this.at += count;
  }

  text(length: number): string {
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#byte(this.at + i));
    return text.toLowerCase();
  }

  #byte(at: number): number {
    const value = this.#bytes[at];
    if (value === undefined) throw new RangeError("the ClientHello ends too early");
    return value;
  }
}
