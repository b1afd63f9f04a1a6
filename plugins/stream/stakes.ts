/**
 * Sees to it that messages do not depend on the memory of this server for long: those in the queue of a session that has no
 * stream, or whose client says nothing, are offered to whoever has storage. A message in the queues of several sessions is
 * offered once.
 */
import { type ClientSession, delayOf, type HostScope, type Jid, Stanza, type Written } from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";
import { atStake } from "./api.ts";
import type { Rerouting } from "./rerouting.ts";
import { Safe } from "./safe.ts";

export class Stakes {
  /** What has been put into storage. */
  readonly #safes = new WeakMap<Written, Safe>();

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly rerouting: Rerouting,
    private readonly of: (session: ClientSession) => Acknowledgements | undefined,
  ) {}

  /** A device of an account does not listen any more: others may have relied on it. */
  lookAt(account: Jid): void {
    for (const session of this.host.sessions(account)) {
      const acks = this.of(session);
      if (acks === undefined || this.rerouting.listens(session)) continue;
      for (let place = 0; place < acks.queue.length; place++) this.look(acks, place);
    }
  }

  /** Looks at one stanza in the queue of a session that does not listen. */
  look(acks: Acknowledgements, place: number): void {
    const written = acks.queue[place];
    if (written?.kind !== "message" || acks.safeOf(place) !== undefined) return;
    const stanza = Stanza.again(written);
    if (!this.rerouting.isAtStake(acks, stanza, place)) return;
    let safe = this.#safes.get(written);
    // Another device has got it, and the account with it.
    if (safe?.isEmpty === true) return;
    if (safe === undefined) {
      this.host.emit(atStake, {
        session: acks.session,
        stanza,
        since: delayOf(stanza.source, this.host.domain)?.stamp ?? acks.times[place]!,
        deposited: (deposit) => void (safe = new Safe(deposit)),
      });
      if (safe === undefined) return;
      this.#safes.set(written, safe);
    }
    acks.secure(place, safe);
  }
}
