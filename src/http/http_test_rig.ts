/** For this folder's tests: HTTP behind a port of its own, or behind a socket in the file system. */
import { createServer, type Server } from "node:net";
import { CidrList } from "../base/cidr.ts";
import { systemClock } from "../base/clock.ts";
import { createLog } from "../base/log.ts";
import { Wheel } from "../base/wheel.ts";
import type { Apps } from "./apps.ts";
import { HttpServer } from "./server.ts";
import { UnixPort } from "./unix.ts";

const log = createLog({ level: "error", write: () => {} });
const limits = { headerBytes: 16_384, headerMs: 10_000, idleMs: 5_000, stallMs: 60_000 };

/** An engine behind a port of its own, or behind a socket in the file system. */
export class Rig implements AsyncDisposable {
  readonly wheel = new Wheel(systemClock, 20);
  readonly http: HttpServer;
  port = 0;
  #server: Server | undefined;
  #unix: UnixPort | undefined;

  constructor(apps: () => Apps, some: Partial<typeof limits> = {}, believed: string[] = []) {
    const proxies = new CidrList(believed);
    this.http = new HttpServer({
      apps,
      limits: { ...limits, ...some },
      proxies: () => proxies,
      rates: () => undefined,
      clock: systemClock,
      wheel: this.wheel,
      log,
    });
  }

  async open(): Promise<this> {
    const server = createServer((socket) => {
      this.http.take(socket, { address: socket.remoteAddress ?? "", port: 0, secure: false });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.port = (server.address() as { port: number }).port;
    return this;
  }

  async openUnix(path: string): Promise<this> {
    this.#unix = await UnixPort.listen(path, 0o600, (socket) => {
      this.http.take(socket, { address: "", port: 0, secure: false });
    });
    return this;
  }

  async close(graceMs?: number): Promise<void> {
    this.#server?.close();
    await this.#unix?.close();
    await this.http.close(graceMs);
    this.wheel.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
