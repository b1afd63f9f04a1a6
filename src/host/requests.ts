/** Requests of the host and its plugins that await an answer. */
import type { Timed, Wheel } from "../base/wheel.ts";
import { readError, StanzaError } from "../stanza/error.ts";
import type { Stanza } from "../stanza/stanza.ts";
import type { Element } from "../xml/element.ts";

class Pending implements Timed {
  due = 0;
  constructor(
    readonly to: string,
    readonly resolve: (payload: Element | undefined) => void,
    readonly reject: (error: StanzaError) => void,
    private readonly forget: () => void,
  ) {}

  expire(): void {
    this.forget();
    this.reject(new StanzaError("remote-server-timeout", "no answer in time"));
  }
}

export class Requests {
  readonly #pending = new Map<string, Pending>();

  constructor(private readonly wheel: Wheel) {}

  get size(): number {
    return this.#pending.size;
  }

  /** Awaits the answer to a request that is being sent. Rejects with the StanzaError that comes back, or a time-out. */
  wait(request: Stanza, timeout: number): Promise<Element | undefined> {
    const id = request.id!;
    return new Promise((resolve, reject) => {
      const pending = new Pending(request.to!.toString(), resolve, reject, () => this.#pending.delete(id));
      this.#pending.set(id, pending);
      this.wheel.arm(pending, timeout);
    });
  }

  /** Gives a result or error to whoever awaits it; false where nobody does, or another address answers. */
  settle(answer: Stanza): boolean {
    if (this.#pending.size === 0 || answer.id === undefined) return false;
    const pending = this.#pending.get(answer.id);
    if (pending === undefined || pending.to !== answer.from?.toString()) return false;
    this.#pending.delete(answer.id);
    this.wheel.disarm(pending);
    if (answer.type === "result") pending.resolve(answer.payload);
    else pending.reject(readError(answer.child("error", answer.source.ns)));
    return true;
  }
}
