/** Sends kept messages to a device no faster than it reads them: a long absence must not break its stream. */
import {
  buildDelay,
  CLAIMED,
  type ClientSession,
  DELAY_NS,
  DROP,
  type Element,
  type HostScope,
  isPromise,
  nextTurn,
  type Outcome,
  type Stanza,
} from "#plugin";
import { type Kept, stanzaOf } from "./offline_queue.ts";

/** Characters that may wait for a device before it gets more of its messages. */
const ROOM = 256 * 1024;
const PATIENCE = 100;
const TURNS = 10;

export class Sending {
  constructor(private readonly host: HostScope<unknown>) {}

  /** Hands one message over, marked with when it came, and with `extra` if there is any. */
  send(session: ClientSession, message: Kept, extra?: Element): Promise<void> | undefined {
    const stanza = this.#stamped(stanzaOf(message), message.at, extra);
    const settle = (outcome: Outcome): void => {
      // The device's own guards do not want it; its sender is not waiting any more.
      if (outcome !== CLAIMED) this.host.refuse(stanza, DROP);
    };
    const outcome = this.host.deliver(session, stanza);
    return isPromise(outcome) ? outcome.then(settle) : void settle(outcome);
  }

  /** Whether a device may get more before it has read what it got. */
  hasRoom(session: ClientSession): boolean {
    return (session.stream?.queued ?? 0) <= ROOM;
  }

  /**
   * Lets what was written go out, and waits until there is room for more or the device is gone; with `most` 0, until the
   * operating system has taken all of it.
   */
  async room(session: ClientSession, signal?: AbortSignal, most = ROOM): Promise<void> {
    // Nearly always it has gone out then.
    for (let turn = 0; turn < TURNS; turn++) {
      await nextTurn();
      if (!session.isBound || (session.stream?.queued ?? 0) <= most) return;
    }
    while (session.isBound && (session.stream?.queued ?? 0) > most && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          timer.cancel();
          signal?.removeEventListener("abort", done);
          resolve();
        };
        const timer = this.host.clock.after(PATIENCE, done);
        signal?.addEventListener("abort", done);
      });
    }
  }

  /** XEP-0203 §2; a stamp in our name that came with the message is not ours (§5). */
  #stamped(stanza: Stanza, at: number, extra: Element | undefined): Stanza {
    const { domain } = this.host;
    const honest = stanza.source.without((child) => child.ns === DELAY_NS && child.attr("from") === domain);
    return stanza.containing(honest.plus(buildDelay(at, domain, "Offline Storage"), extra));
  }
}
