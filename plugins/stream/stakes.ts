/**
 * Sees to it that messages do not depend on the memory of this server for long: those in the queue of a session that has no
 * stream, or whose client says nothing, are offered to whoever has storage. A message in the queues of several sessions is
 * offered once.
 */
import type { ClientSession, Element, HostScope, Jid, Stanza } from "#plugin";
import { delayOf } from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";
import { atStake } from "./api.ts";
import type { Rerouting } from "./rerouting.ts";
import { Safe } from "./safe.ts";

export class Stakes {
  /** One copy of a content for all queues: less memory, and to be known again by. */
  readonly #copies = new WeakMap<Element, Element>();
  /** What has been put into storage, by that copy. */
  readonly #safes = new WeakMap<Element, Safe>();

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly rerouting: Rerouting,
    private readonly of: (session: ClientSession) => Acknowledgements | undefined,
  ) {}

  own(source: Element): Element {
    let copy = this.#copies.get(source);
    if (copy === undefined) {
      copy = source.detached();
      this.#copies.set(source, copy).set(copy, copy);
    }
    return copy;
  }

  /** Whether a message is in the queue of a session, in the same content. */
  holds(session: ClientSession, { source }: Stanza): boolean {
    const wanted = this.#copies.get(source) ?? source;
    return this.of(session)?.queue.some((it) => (this.#copies.get(it.source) ?? it.source) === wanted) ===
      true;
  }

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
    const stanza = acks.queue[place];
    if (stanza === undefined || acks.safeOf(place) !== undefined) return;
    if (!this.rerouting.isAtStake(acks, stanza, place)) return;
    const key = this.own(stanza.source);
    let safe = this.#safes.get(key);
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
      this.#safes.set(key, safe);
    }
    acks.secure(place, safe);
  }
}
