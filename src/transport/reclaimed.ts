/** Sockets that were given away and come back: HTTP has ended on them, and what they carry now is ours to read and write. */
import type { Socket } from "node:net";
import type { Logger } from "../base/log.ts";
import type { Wheel } from "../base/wheel.ts";
import { type CarrierGround, carrierOf, SocketCarrier } from "./socket_carrier.ts";
import { handleOf, type Wire } from "./wire.ts";

const HIGH_WATER = 65_536;
const LINGER_MS = 5_000;

/** Makes carriers of such sockets. */
export class Reclaimed implements CarrierGround {
  readonly highWater = HIGH_WATER;
  readonly lingerMs = LINGER_MS;
  /** Those who gave them away: their ports count them still. */
  readonly #givers = new Map<
    SocketCarrier,
    { readonly giver: SocketCarrier | undefined; readonly socket: Socket }
  >();

  constructor(readonly wire: Wire, readonly wheel: Wheel, private readonly log: Logger) {}

  /** Nothing reads the socket any more; `rest` has come already. */
  take(socket: Socket, rest: Uint8Array): SocketCarrier {
    const giver = carrierOf(socket);
    handleOf(socket)?.readStop();
    const carrier = new SocketCarrier(socket, this);
    this.#givers.set(carrier, { giver, socket });
    const chunks = [rest];
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) chunks.push(chunk as Uint8Array);
    carrier.detach(chunks.length === 1 ? rest : joined(chunks));
    return carrier;
  }

  left(carrier: SocketCarrier): void {
    const { giver, socket } = this.#givers.get(carrier)!;
    this.#givers.delete(carrier);
    giver?.closed(socket);
  }

  broken(carrier: SocketCarrier, error: unknown): void {
    this.log.error("the end of a connection could not be handled", { peer: carrier.peer.address, error });
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
