/**
 * Watches that a request's body keeps coming and that its answer keeps being read: who stops in the middle is cut off.
 * An app may think as long as it likes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Timed, Wheel } from "../base/wheel.ts";

export class Progress implements Timed {
  due = 0;
  #moved = 0;

  constructor(
    readonly incoming: IncomingMessage,
    readonly outgoing: ServerResponse,
    readonly wheel: Wheel,
    readonly stallMs: number,
  ) {
    wheel.arm(this, stallMs);
    outgoing.on("close", () => wheel.disarm(this));
  }

  expire(): void {
    const { incoming, outgoing } = this;
    const { socket } = incoming;
    const moved = socket.bytesRead + socket.bytesWritten;
    const waiting = !incoming.complete || (outgoing.headersSent && socket.writableLength > 0);
    if (waiting && moved === this.#moved) {
      if (!outgoing.headersSent) socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      socket.destroySoon();
      return;
    }
    this.#moved = moved;
    this.wheel.arm(this, this.stallMs);
  }
}
