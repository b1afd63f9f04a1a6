/** Requests for a WebSocket (RFC 6455 §4), and what they are answered with where there is none. */
import { createHash } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { concat, encodeUtf8 } from "../base/bytes.ts";
import type { Accepted, Upgrade } from "./connection.ts";

/** RFC 6455 §1.3: what no server knows that does not speak this protocol. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Bytes of an answer that is none to a WebSocket. */
const LONGEST = 65_536;

/** Whether it is one: other protocols are not spoken here, and what asks for them too is a request like any other. */
export function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket" && headers.host !== undefined;
}

/** The way to a WebSocket for one request that asks for it. */
export class UpgradeRequest implements Upgrade {
  /** It was taken over, or refused by what is wrong with its handshake. */
  accepted = false;
  /** What it was answered with then. */
  status = 101;

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
    const { headers } = this.incoming;
    const key = headers["sec-websocket-key"] ?? "";
    if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) return this.#refuse(400, "");
    if (headers["sec-websocket-version"] !== "13") {
      return this.#refuse(426, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const digest = createHash("sha1").update(key + GUID).digest("base64");
    this.socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${digest}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
    );
    return { socket: this.socket, rest: this.rest };
  }

  #refuse(status: number, headers: string): undefined {
    this.status = status;
    this.socket.write(
      `HTTP/1.1 ${status} ${
        STATUS_CODES[status]
      }\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`,
    );
    this.socket.destroySoon();
    return undefined;
  }
}

/**
 * The answer of an app that has not taken the connection over. The engine has let go of it by then: the answer is written by
 * hand, the connection ends with it, and it is short, since nobody watches over its progress. Says its status.
 */
export async function lastAnswer(socket: Socket, answer: Response): Promise<number> {
  let { status, headers } = answer;
  let body = await shortBody(answer);
  if (body === undefined) {
    status = 400;
    headers = new Headers({ "content-type": "text/plain; charset=utf-8" });
    body = encodeUtf8("There is no WebSocket at this address.\n");
  }
  const lines = [...headers].filter(([name]) => name !== "content-length" && name !== "connection")
    .map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.write(
    `HTTP/1.1 ${status} ${
      STATUS_CODES[status] ?? ""
    }\r\n${lines}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  // Not only its end: who never closes the other half would keep it open.
  socket.destroySoon();
  return status;
}

/** Undefined where it is long; no more is read then. */
async function shortBody({ body }: Response): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > LONGEST) return undefined;
    pieces.push(piece);
  }
  return concat(...pieces);
}

export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  return headers;
}
