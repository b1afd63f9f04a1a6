/**
 * HTTP on one address: a TCP port, with or without TLS, or a socket in the file system. What is served is asked for
 * with every request, so that a reload only has to change what it answers.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { isPromise, type Maybe } from "../base/maybe.ts";
import { appFor, type Apps } from "./apps.ts";
import { SocketFile } from "./unix.ts";

/** Where to listen: port 0 lets the system choose; a path is a socket for the owner only. */
export type At = { readonly hostname: string; readonly port: number } | { readonly path: string };

/** What a listener is made from. */
export interface HttpOptions {
  readonly at: At;
  /** What is served now. Called for every request. */
  readonly apps: () => Apps;
  readonly clock: Clock;
  readonly log: Logger;
  /** Certificate chain and key as PEM; without them the port speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** How long requests may take to end when the listener closes, in milliseconds. */
const GRACE = 5000;
/** How long the answer to a request that was cut off may take to leave. */
const LAST_WORDS = 500;

/** What no Host header may hold (RFC 9112 §3.2 wants such a request refused). */
const NO_HOST = /[^A-Za-z0-9._~!$&'()*+,;=:%[\]-]/;

/** One open listener. */
export class HttpServer implements AsyncDisposable {
  /** Where it really listens. */
  readonly address: At;
  readonly #server: Deno.HttpServer;
  readonly #running: Running;
  readonly #clock: Clock;
  readonly #file: SocketFile | undefined;
  #closed: Promise<void> | undefined;

  private constructor(server: Deno.HttpServer, running: Running, options: HttpOptions, file?: SocketFile) {
    this.#server = server;
    this.#running = running;
    this.#clock = options.clock;
    this.#file = file;
    const addr = server.addr;
    this.address = addr.transport === "tcp" ? { hostname: addr.hostname, port: addr.port } : options.at;
  }

  /** Opens a listener; it is open when the promise settles. An address that cannot be had is an error with its name. */
  static async listen(options: HttpOptions): Promise<HttpServer> {
    const running = new Running();
    const { at } = options;
    if ("path" in at) {
      const file = await SocketFile.claim(at.path);
      const server = file.bind(() =>
        Deno.serve({ path: at.path, ...hooks(options) }, handler(options, running))
      );
      return new HttpServer(server, running, options, file);
    }
    try {
      const server = Deno.serve({ ...at, ...options.tls, ...hooks(options) }, handler(options, running));
      return new HttpServer(server, running, options);
    } catch (error) {
      throw new Error(`HTTP cannot listen on ${nameOf(at)}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /**
   * Takes no new requests and lets running ones end. What has no answer after `graceMs` is answered with 503; what
   * still sends its answer then is not waited for.
   */
  close(graceMs = GRACE): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    const { promise: late, resolve: isLate } = Promise.withResolvers<void>();
    let timer = this.#clock.after(graceMs, () => {
      this.#running.cut();
      timer = this.#clock.after(LAST_WORDS, isLate);
    });
    try {
      await Promise.race([this.#server.shutdown(), late]);
    } finally {
      timer.cancel();
      await this.#file?.release();
    }
  }
}

/** The requests that wait for their app's answer. (The runtime cannot abort a server that is shutting down.) */
class Running {
  readonly #waiting = new Set<(response: Response) => void>();

  /** The answer, or 503 when it is cut off first. */
  wait(answer: Promise<Response>): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      this.#waiting.add(resolve);
      answer.then(resolve, reject).finally(() => this.#waiting.delete(resolve));
    });
  }

  cut(): void {
    for (const resolve of this.#waiting) resolve(new Response("The server is stopping.\n", { status: 503 }));
  }
}

function hooks({ log }: HttpOptions) {
  return {
    // The runtime would print a line of its own.
    onListen: () => {},
    onError: (error: unknown) => {
      log.error("request failed", { error });
      return new Response("The server could not answer this request; its log says why.\n", { status: 500 });
    },
  };
}

function handler({ apps }: HttpOptions, running: Running) {
  return (request: Request, info: Deno.ServeHandlerInfo): Maybe<Response> => {
    // The runtime builds the address from this header: with a slash in it, it would choose the path as well.
    if (NO_HOST.test(request.headers.get("host") ?? "")) {
      return new Response("Bad Host header\n", { status: 400 });
    }
    const answer = appFor(apps(), request.url).fetch(request, info);
    return isPromise(answer) ? running.wait(answer) : answer;
  };
}

function nameOf(at: { readonly hostname: string; readonly port: number }): string {
  return at.hostname.includes(":") ? `[${at.hostname}]:${at.port}` : `${at.hostname}:${at.port}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "another program is listening there";
  if (error instanceof Deno.errors.PermissionDenied) return "ports below 1024 need the right to open them";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  return error instanceof Error ? error.message : String(error);
}
