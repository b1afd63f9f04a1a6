/** WebSocket frames by hand (RFC 6455 §5.2), for what no library would send. */
import type { Socket } from "node:net";
import { client } from "../../src/transport/transport_test_rig.ts";
import { concat, decodeUtf8, encodeUtf8 } from "../../src/base/bytes.ts";
import { soon } from "../server/rig.ts";

export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

const MASK = Uint8Array.of(1, 2, 3, 4);

/** One frame; `first` is its whole first byte, 0x81 for a text in one piece. */
export function frame(first: number, text: string | Uint8Array, masked = true): Uint8Array {
  const payload = typeof text === "string" ? encodeUtf8(text) : text;
  const mask = masked ? 0x80 : 0;
  const length = payload.length < 126
    ? Uint8Array.of(first, mask | payload.length)
    : Uint8Array.of(first, mask | 126, payload.length >> 8, payload.length & 255);
  if (!masked) return concat(length, payload);
  return concat(length, MASK, payload.map((byte, i) => byte ^ MASK[i % 4]!));
}

export class RawWebSocket implements Disposable {
  #bytes = new Uint8Array(0);
  #wake: (() => void) | undefined;
  #gone = false;

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Uint8Array) => {
      this.#bytes = concat(this.#bytes, chunk);
      this.#wake?.();
    });
    socket.once("close", () => {
      this.#gone = true;
      this.#wake?.();
    });
    socket.resume();
  }

  /** Sends the request; what the server answers up to the empty line. */
  static async request(port: number, headers: string): Promise<{ it: RawWebSocket; answer: string }> {
    const it = new RawWebSocket(await client(port));
    it.socket.write(
      `GET /xmpp-websocket HTTP/1.1\r\nHost: a.test\r\n${headers}\r\n\r\n`,
    );
    const answer = await it.#until(() => {
      const text = decodeUtf8(it.#bytes);
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      it.#bytes = it.#bytes.slice(end + 4);
      return text.slice(0, end);
    });
    return { it, answer: answer ?? "" };
  }

  static async open(port: number): Promise<RawWebSocket> {
    const { it, answer } = await RawWebSocket.request(port, UPGRADE + "Sec-WebSocket-Protocol: xmpp");
    if (!answer.startsWith("HTTP/1.1 101")) throw new Error(answer);
    return it;
  }

  send(...frames: Uint8Array[]): void {
    for (const bytes of frames) this.socket.write(bytes);
  }

  /** The next frame; undefined where the connection is gone. */
  next(): Promise<Frame | undefined> {
    return this.#until(() => {
      const bytes = this.#bytes;
      if (bytes.length < 2) return undefined;
      const short = bytes[1]! & 127;
      const start = short < 126 ? 2 : 4;
      const length = short < 126 ? short : bytes[2]! * 256 + bytes[3]!;
      if (bytes.length < start + length) return undefined;
      this.#bytes = bytes.slice(start + length);
      return { opcode: bytes[0]! & 15, payload: bytes.slice(start, start + length) };
    });
  }

  /** The code of the close frame that the server sends, after whatever else it sends. */
  async closeCode(): Promise<number> {
    for (;;) {
      const found = await this.next();
      if (found === undefined) return 1006;
      if (found.opcode === 8) return found.payload[0]! * 256 + found.payload[1]!;
    }
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #until<T>(read: () => T | undefined): Promise<T | undefined> {
    return await soon(
      "a frame",
      (async () => {
        for (;;) {
          const found = read();
          if (found !== undefined || this.#gone) return found;
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
      })(),
    );
  }
}

export const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
