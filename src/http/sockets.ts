/** The sockets that HTTP serves, until they are closed. */
import type { Socket } from "node:net";

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
