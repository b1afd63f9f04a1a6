/** Streams of peers that may be gone on with when they break (XEP-0198 §5). Those that did wait: one for each domain pair, for a while. */
import type { PeerStream } from "../session/federation.ts";
import type { Timed, Wheel } from "../base/wheel.ts";

class Resumable implements Timed {
  due = 0;
  /** The pair that it waits for, and who is told when that is over; undefined while it is not broken. */
  pair: string | undefined;
  over: (() => void) | undefined;

  constructor(readonly session: PeerStream) {}

  expire(): void {
    this.over?.();
  }
}

export class ParkedStreams {
  /** Streams that can be resumed, broken or not. */
  readonly #byId = new Map<string, Resumable>();
  readonly #waiting = new Map<string, Resumable>();

  constructor(private readonly wheel: Wheel) {}

  keep(id: string, session: PeerStream): void {
    this.#byId.set(id, new Resumable(session));
  }

  find(id: string): PeerStream | undefined {
    return this.#byId.get(id)?.session;
  }

  /** Those that broke, and wait. */
  *all(): IterableIterator<PeerStream> {
    for (const { session } of [...this.#waiting.values()]) yield session;
  }

  /** It is not to be resumed any more: it was, or ended in order. */
  forget(session: PeerStream, id: string): void {
    const kept = this.#byId.get(id);
    if (kept?.session !== session) return;
    this.#byId.delete(id);
    this.wheel.disarm(kept);
    if (kept.pair !== undefined) this.#waiting.delete(kept.pair);
  }

  /** It broke, and waits. `over` is told when it has waited long enough, or another of the same pair takes its place. */
  park(session: PeerStream, id: string, ms: number, over: () => void): void {
    const kept = this.#byId.get(id);
    if (kept?.session !== session) return over();
    const pair = `${session.local?.domain} ${session.remote}`;
    this.#waiting.get(pair)?.expire();
    kept.pair = pair;
    kept.over = () => {
      this.forget(session, id);
      over();
    };
    this.#waiting.set(pair, kept);
    this.wheel.arm(kept, ms);
  }

  /** One that waits has waited long enough. */
  expire(session: PeerStream): void {
    for (const kept of [...this.#waiting.values()]) if (kept.session === session) kept.expire();
  }

  /** All have. */
  stop(): void {
    for (const kept of [...this.#waiting.values()]) kept.expire();
  }
}
