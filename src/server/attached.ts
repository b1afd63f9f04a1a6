/**
 * Clients' connections that came by no port of XMPP: plugins make them of WebSockets and of HTTP requests. They are let in as
 * those of ports are, and counted beside them, by the address of the client: the sockets below may be a proxy's.
 */
import type { Logger } from "../base/log.ts";
import type { Settings } from "../config/mod.ts";
import type { StreamContext } from "../stream/stream.ts";
import { StreamError } from "../stream/error.ts";
import type { Framing } from "../stream/framing.ts";
import type { Upgrade } from "../http/connection.ts";
import type { Carrier } from "../transport/carrier.ts";
import { Reclaimed } from "../transport/reclaimed.ts";
import { WebSocketCarrier, WebSocketGround, type WebSocketOptions } from "../transport/web_socket_carrier.ts";
import { Wire } from "../transport/wire.ts";
import { ConnectionLimits } from "../transport/connection_limits.ts";
import { type Admitting, askPlugins } from "./admission.ts";
import { connectionLimits } from "./limits.ts";

/** What it needs of the server. */
export interface Attaching extends Admitting {
  readonly settings: Settings;
  readonly log: Logger;
  readonly streams: StreamContext;
  accept(carrier: Carrier, framing: Framing): { end(error: StreamError): void };
}

export class Attached {
  readonly #limits = new ConnectionLimits();
  #reclaimed: Reclaimed | undefined;
  #ground: WebSocketGround | undefined;

  constructor(private readonly server: Attaching) {}

  /** A carrier of a request that asks for a WebSocket; undefined where its handshake is wrong, which has been said then. */
  webSocket(upgrade: Upgrade, protocol: string, options: WebSocketOptions): WebSocketCarrier | undefined {
    const accepted = upgrade.accept(protocol);
    if (accepted === undefined) return undefined;
    const { log, streams: { wheel } } = this.server;
    this.#reclaimed ??= new Reclaimed(new Wire(), wheel, log.child("net"));
    this.#ground ??= new WebSocketGround(wheel);
    return new WebSocketCarrier(this.#reclaimed.take(accepted.socket, accepted.rest), this.#ground, options);
  }

  /** Takes a connection, or says why not on it. What is returned is to be called once it is gone. */
  attach(carrier: Carrier, kind: string, framing: Framing): () => void {
    const { server } = this;
    const { address } = carrier.peer;
    this.#limits.change(connectionLimits(server.settings.limits));
    const refusal = this.#limits.take(address);
    if (refusal !== undefined) {
      const whose = refusal === "address" ? "from this address" : "at this server";
      server.accept(carrier, framing).end(
        new StreamError("resource-constraint", `too many connections ${whose}`),
      );
      return () => {};
    }
    askPlugins(server, kind, carrier, () => void server.accept(carrier, framing));
    let gone = false;
    return () => {
      if (gone) return;
      gone = true;
      this.#limits.free(address);
    };
  }
}
