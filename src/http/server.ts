/**
 * HTTP/1.1 on connections that somebody else accepts: whoever opens ports hands their sockets over (`take`), in the
 * clear or with TLS done. One engine serves all of them, WebSockets included. What is served is asked for with every
 * request, so that a reload only has to change what it answers.
 *
 * The engine is `node:http`: it is the one server of the runtime that takes sockets of ours, with the certificate of
 * each host and the address that a balancer names (docs/performance.md has what that costs).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import type { CidrList } from "../base/cidr.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { isPromise, type Maybe, then } from "../base/maybe.ts";
import type { Wheel } from "../base/wheel.ts";
import { appFor, type Apps } from "./apps.ts";
import type { Connection, Origin, Upgrade } from "./connection.ts";
import { errorResponse } from "./error_page.ts";
import { partIn, sendPart } from "./file_part.ts";
import { clientOf, type Seen } from "./forwarded.ts";
import { piecesOf } from "./pieces.ts";
import { Progress } from "./progress.ts";
import type { RequestRates } from "./request_rates.ts";
import { Sockets } from "./sockets.ts";
import { headersOf, lastAnswer, UpgradeRequest, wantsWebSocket } from "./upgrade.ts";

/** How long things may take, in milliseconds, and how large they may be. Read when the server is made. */
export interface HttpLimits {
  /** The line and headers of a request; more is answered with 431. */
  readonly headerBytes: number;
  /** From the first moment of a connection, or the first byte of a later request, to the end of its headers. */
  readonly headerMs: number;
  /** How long a connection may be idle between requests. */
  readonly idleMs: number;
  /** How long a body may make no progress, in either direction. */
  readonly stallMs: number;
}

/** What HTTP needs of the server around it. Functions are asked with every request. */
export interface HttpOptions {
  readonly apps: () => Apps;
  readonly limits: HttpLimits;
  /** Proxies that are believed when they say who their client is. */
  readonly proxies: () => CidrList;
  readonly rates: () => RequestRates | undefined;
  readonly clock: Clock;
  readonly wheel: Wheel;
  readonly log: Logger;
  /** After each answer. */
  readonly answered?: (status: number) => void;
}

/** How long requests may take to end when the server closes, in milliseconds. */
const GRACE = 5000;
/** How long the answer to a request that was cut off may take to leave. */
const LAST_WORDS = 500;

/** What no Host header may hold (RFC 9112 §3.2 wants such a request refused). */
const NO_HOST = /[^A-Za-z0-9._~!$&'()*+,;=:%[\]-]/;

/** Ways up in the path of a request, which no client leaves in it (RFC 3986 §5.2.4), and backslashes, which some read as slashes. */
const NO_PATH = /^[^?]*(\\|\/(\.|%2e){1,2}([/?#]|$))/i;

const ORIGIN: unique symbol = Symbol("origin");
type Marked = (Socket | Duplex) & { [ORIGIN]?: Origin };

/** See the top of the file. */
export class HttpServer implements AsyncDisposable {
  readonly #engine: Server;
  readonly #options: HttpOptions;
  readonly #sockets = new Sockets();
  /** Requests that wait for their app's answer. */
  readonly #waiting = new Set<(response: Response) => void>();
  #open = true;
  #closed: Promise<void> | undefined;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { limits, log } = options;
    const answer = getRequestListener(
      (request, { incoming, outgoing }) => {
        const answer = this.#answer(request, incoming as Incoming);
        return then(answer, (response) => this.#sent(response, outgoing as ServerResponse));
      },
      {
        overrideGlobalObjects: false,
        errorHandler: (error) => this.#failed(error),
      },
    );
    this.#engine = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headerMs,
      keepAliveTimeout: limits.idleMs,
      // Bodies have a limit of their own, on the time without progress.
      requestTimeout: 0,
      connectionsCheckingInterval: Math.max(100, Math.min(1000, limits.headerMs / 2)),
      // Spread, for the types of the engine do not know it yet.
      ...{ shouldUpgradeCallback: wantsWebSocket },
    }, (incoming, outgoing) => {
      new Progress(incoming, outgoing, options.wheel, limits.stallMs);
      // The engine reads nothing behind a request that wanted another protocol, also where it gets an answer in this one.
      if (incoming.headers.upgrade !== undefined) outgoing.shouldKeepAlive = false;
      this.#observe(incoming as Incoming, outgoing);
      answer(incoming, outgoing);
    });
    this.#engine.on("upgrade", (incoming, socket, head) => {
      this.#upgrade(incoming as Incoming, socket, head).catch((error) => {
        log.error("request failed", { path: incoming.url, error });
        socket.destroy();
      });
    });
    // The engine has no port of its own: it is told that it listens, or it would end a connection after each answer.
    Object.defineProperty(this.#engine, "listening", { get: () => this.#open });
    this.#engine.emit("listening");
  }

  /** Connections that are open now, WebSockets included. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Serves a connection from now on. Nothing has been read of it that was not put back. */
  take(socket: Socket, origin: Origin): void {
    if (!this.#open) {
      socket.destroy();
      return;
    }
    (socket as Marked)[ORIGIN] = origin;
    this.#sockets.add(socket);
    this.#engine.emit("connection", socket);
  }

  /**
   * Lets running requests end. What has no answer after `graceMs` is answered with 503; what still sends its answer
   * shortly after that is cut. WebSockets are closed by whoever has them, or cut at the end.
   */
  close(graceMs = GRACE): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#open = false;
    this.#engine.closeIdleConnections();
    const { clock } = this.#options;
    const { promise: late, resolve: isLate } = Promise.withResolvers<void>();
    let timer = clock.after(graceMs, () => {
      for (const resolve of this.#waiting) resolve(plain(503, "The server is stopping.\n"));
      timer = clock.after(LAST_WORDS, isLate);
    });
    await Promise.race([this.#sockets.empty(), late]);
    timer.cancel();
    this.#sockets.destroy();
    this.#engine.close();
  }

  #answer(request: Request, incoming: Incoming): Maybe<Response> {
    const connection = this.#connection(incoming, undefined);
    if (connection instanceof Response) return connection;
    const answer = appFor(this.#options.apps(), request.url).fetch(request, connection);
    return isPromise(answer) ? this.#wait(answer) : answer;
  }

  /** Who asks; or the answer to whom is not to be served. */
  #connection(incoming: Incoming, upgrade: Upgrade | undefined): Connection | Response {
    const { headers, socket } = incoming;
    const host = headers.host ?? "";
    // The address of the request is built from this header: with a slash in it, it would choose the path as well.
    if (NO_HOST.test(host) || hasTwoHosts(incoming)) return plain(400, "Bad Host header\n");
    if (NO_PATH.test(incoming.url ?? "")) return plain(400, "Bad path\n");
    // RFC 9112 §6.1: a coding that is not understood; what is in front of us might understand it otherwise.
    const coding = headers["transfer-encoding"]?.toLowerCase() ?? "chunked";
    if (coding !== "chunked") {
      const response = plain(501, "Bodies may be chunked, and nothing else\n");
      response.headers.set("connection", "close");
      return response;
    }
    const origin = (socket as Marked)[ORIGIN]!;
    const seen = clientOf(
      (name) => textOf(headers[name]),
      origin.address,
      origin.secure,
      this.#options.proxies(),
    );
    const wait = this.#options.rates()?.wait(seen.address) ?? 0;
    if (wait > 0) {
      const response = errorResponse(headers.accept, 429, "Too many requests; try again a little later.");
      response.headers.set("retry-after", String(Math.ceil(wait / 1000)));
      return response;
    }
    return {
      address: seen.address,
      secure: seen.secure,
      local: isLocal(seen, origin),
      origin: `${seen.secure ? "https" : "http"}://${nameFrom(seen.host) ?? host}`,
      ...(headers["content-length"] === undefined
        ? {}
        : { pieces: () => piecesOf(incoming, origin.recycle) }),
      ...(upgrade === undefined ? {} : { upgrade }),
    };
  }

  /** The answer, or 503 when it is cut off first. */
  #wait(answer: Promise<Response>): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      this.#waiting.add(resolve);
      answer.then(resolve, reject).finally(() => this.#waiting.delete(resolve));
    });
  }

  /** The answer, for the engine to send; files are sent here. */
  #sent(response: Response, outgoing: ServerResponse): Maybe<Response> {
    const part = partIn(response);
    if (part === undefined) return response;
    return sendPart(part, response, outgoing).then(() => SENT, (error) => {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      return plain(404, "There is nothing at this address any more.\n");
    });
  }

  async #upgrade(incoming: Incoming, socket: Duplex, head: Uint8Array): Promise<void> {
    const { log, answered } = this.#options;
    const upgrade = new UpgradeRequest(incoming, socket as Socket, head);
    const connection = this.#connection(incoming, upgrade);
    const url = `http://${incoming.headers.host ?? ""}${incoming.url ?? ""}`;
    let answer: Response;
    if (connection instanceof Response) answer = connection;
    else if (!URL.canParse(url)) answer = plain(400, "Bad request\n");
    else {
      const request = new Request(url, { headers: headersOf(incoming) });
      answer = await appFor(this.#options.apps(), url).fetch(request, connection);
    }
    const status = upgrade.accepted ? upgrade.status : await lastAnswer(socket as Socket, answer);
    answered?.(status);
    if (log.enabled("debug")) log.debug("request for a WebSocket", { ...this.#named(incoming), status });
  }

  #observe(incoming: Incoming, outgoing: ServerResponse): void {
    const { log, clock, answered } = this.#options;
    const start = log.enabled("debug") ? clock.monotonic() : 0;
    outgoing.on("finish", () => {
      answered?.(outgoing.statusCode);
      if (!log.enabled("debug")) return;
      log.debug("request", {
        ...this.#named(incoming),
        status: outgoing.statusCode,
        ms: Math.round(clock.monotonic() - start),
      });
    });
  }

  /** What the log says of a request: not its query, which may hold secrets. */
  #named({ headers, socket, method, url }: Incoming): Record<string, string | undefined> {
    const { address, secure } = (socket as Marked)[ORIGIN]!;
    const seen = clientOf((name) => textOf(headers[name]), address, secure, this.#options.proxies());
    return { peer: seen.address, method, path: url?.split("?", 1)[0] };
  }

  /** An app threw past its own handler, or the request is none (a bad address, a bad Host header). */
  #failed(error: unknown): Response {
    if (error instanceof Error && error.name === "RequestError") return plain(400, "Bad request\n");
    this.#options.log.error("request failed", { error });
    return plain(500, "The server could not answer this request; its log says why.\n");
  }
}

type Incoming = IncomingMessage;

/** Tells the engine that nothing is left to be sent. */
const SENT = new Response(null, { headers: { "x-hono-already-sent": "true" } });

/** From this machine itself, and not through a proxy that runs on it. */
function isLocal({ proxied }: Seen, { address }: Origin): boolean {
  return !proxied && (address === "" || /^(127\.\d+\.\d+\.\d+|::1)$/.test(address));
}

/** RFC 9112 §3.2: the engine would take the first. */
function hasTwoHosts({ rawHeaders }: Incoming): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts > 1;
}

function nameFrom(host: string | undefined): string | undefined {
  return host === undefined || host === "" || NO_HOST.test(host) ? undefined : host;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "object" ? value.join(", ") : value;
}

function plain(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
