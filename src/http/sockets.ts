/** The sockets that HTTP serves, until they are closed, and those of them whose clients ask for a WebSocket (RFC 6455 §4). */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Accepted, Upgrade } from "./connection.ts";

/** RFC 6455 §1.3: what no server knows that does not speak this protocol. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class Sockets {
  readonly #open = new Set<Socket>();
  #emptied: (() => void) | undefined;

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#emptied?.();
    });
    // Without a listener, the error of a connection that breaks would be one of the process.
    socket.on("error", () => {});
  }

  /** Settles when there is none left. */
  empty(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied = resolve);
  }

  destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** The way to a WebSocket for one request that asks for it. */
export class UpgradeRequest implements Upgrade {
  accepted = false;

  constructor(
    private readonly incoming: IncomingMessage,
    private readonly socket: Socket,
    private readonly rest: Uint8Array,
  ) {}

  get protocols(): readonly string[] {
    const offered = this.incoming.headers["sec-websocket-protocol"] ?? "";
    return offered.split(",").map((name) => name.trim()).filter((name) => name !== "");
  }

  /** RFC 6455 §4.2. */
  accept(protocol: string): Accepted | undefined {
    this.accepted = true;
    const { headers, method } = this.incoming;
    const key = headers["sec-websocket-key"] ?? "";
    if (
      method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket" || !/^[+/0-9A-Za-z]{22}==$/.test(key)
    ) {
      return this.#refuse("400 Bad Request", "");
    }
    if (headers["sec-websocket-version"] !== "13") {
      return this.#refuse("426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const digest = createHash("sha1").update(key + GUID).digest("base64");
    this.socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${digest}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    return { socket: this.socket, rest: this.rest };
  }

  #refuse(status: string, headers: string): undefined {
    this.socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`);
    return undefined;
  }
}
