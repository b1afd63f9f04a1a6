/** A port that speaks HTTP: connections from a listener, in the clear or with TLS, or from a socket in the file system. */
import { HttpServer } from "../http/server.ts";
import type { Origin } from "../http/connection.ts";
import { UnixPort } from "../http/unix.ts";
import type { Carrier } from "../transport/carrier.ts";
import type { Listener } from "../transport/listener.ts";
import { SocketCarrier } from "../transport/socket_carrier.ts";

/** An open port. */
export class HttpPort {
  readonly address: Listener["address"] | { readonly path: string };
  readonly #http: HttpServer;
  readonly #shut: () => Promise<void>;

  private constructor(http: HttpServer, address: HttpPort["address"], shut: () => Promise<void>) {
    this.#http = http;
    this.address = address;
    this.#shut = shut;
  }

  /** `listen` opens the port and passes carriers on whose socket can be taken over, handshake done. */
  static async open(
    http: HttpServer,
    listen: (accept: (carrier: Carrier) => void) => Promise<Listener>,
  ): Promise<HttpPort> {
    const listener = await listen((carrier) => {
      if (!(carrier instanceof SocketCarrier)) throw new TypeError("HTTP wants a socket");
      const { peer, tls } = carrier;
      const { socket, recycle } = carrier.surrender();
      http.take(socket, { ...peer, secure: tls !== undefined, recycle });
    });
    return new HttpPort(http, listener.address, () => listener.close());
  }

  /** A socket in the file system; `mode` is who may connect to it. */
  static async openUnix(http: HttpServer, path: string, mode: number): Promise<HttpPort> {
    const port = await UnixPort.listen(path, mode, (socket) => http.take(socket, NOWHERE));
    return new HttpPort(http, { path }, () => port.close());
  }

  get connections(): number {
    return this.#http.connections;
  }

  /** Accepts no more; running requests end first, within a grace. */
  async close(): Promise<void> {
    await this.#shut();
    await this.#http.close();
  }
}

const NOWHERE: Origin = { address: "", port: 0, secure: false };
