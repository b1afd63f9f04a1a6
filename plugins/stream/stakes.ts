/**
 * Sees to it that messages do not depend on the memory of this server for long: those in the queue of a session that has no
 * stream, or whose client says nothing, are offered to whoever has storage. A message in the queues of several sessions is
 * offered once.
 *
 * It may be many megabytes that are looked into when a device goes: in slices, so that nobody else waits for it.
 */
import {
  type ClientSession,
  delayOf,
  type HostScope,
  type Jid,
  nextTurn,
  Stanza,
  type Written,
} from "#plugin";
import type { Acknowledgements } from "./acknowledgements.ts";
import { atStake } from "./api.ts";
import type { Rerouting } from "./rerouting.ts";
import { Safe } from "./safe.ts";

/** Characters of messages that are looked into in one turn. */
const SLICE = 65_536;

export class Stakes {
  /** What has been put into storage, by content and account: what is for many accounts lies there for each of them. */
  readonly #safes = new WeakMap<object, Map<string, Safe>>();
  /** Sessions that are being looked at in slices, with the number to go on at. */
  readonly #runs = new Map<ClientSession, number>();

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly rerouting: Rerouting,
    private readonly of: (session: ClientSession) => Acknowledgements | undefined,
  ) {}

  /** A device of an account does not listen any more: others may have relied on it. */
  lookAt(account: Jid): void {
    for (const session of this.host.sessions(account)) {
      // One that is being looked at is looked at anew.
      if (this.#runs.has(session)) this.#runs.set(session, 0);
      else this.#lookFrom(session, 0);
    }
  }

  /** Something was written to a session that does not listen. In storage it must lie behind what came before. */
  came(acks: Acknowledgements): void {
    if (!this.#runs.has(acks.session)) this.#look(acks, acks.queue.length - 1);
  }

  /** The queue may change between two slices: what lies in it is known by its number. */
  #lookFrom(session: ClientSession, number: number): void {
    const acks = this.of(session);
    if (acks === undefined || this.rerouting.listens(session)) return;
    let left = SLICE;
    for (let next = Math.max(number, acks.first); next < acks.next; next++) {
      if (left <= 0) {
        this.#runs.set(session, next);
        this.host.spawn(async () => {
          await nextTurn();
          const from = this.#runs.get(session)!;
          this.#runs.delete(session);
          this.#lookFrom(session, from);
        });
        return;
      }
      left -= this.#look(acks, next - acks.first);
    }
  }

  /** Looks at one stanza in the queue of a session that does not listen; gives how many characters it may have had to read. */
  #look(acks: Acknowledgements, place: number): number {
    const written = acks.queue[place];
    if (written?.kind !== "message" || acks.safeOf(place) !== undefined) return 0;
    if (this.rerouting.isAtStake(acks, written, place)) this.#secure(acks, written, place);
    return written.length;
  }

  #secure(acks: Acknowledgements, written: Written, place: number): void {
    const { username } = acks.session;
    let safes = this.#safes.get(written.content);
    if (safes === undefined) this.#safes.set(written.content, safes = new Map());
    let safe = safes.get(username);
    if (safe?.isLeft === true) safe = undefined;
    // Another device has got it, and the account with it.
    if (safe?.isEmpty === true) return;
    if (safe === undefined) {
      const stanza = Stanza.again(written);
      this.host.emit(atStake, {
        session: acks.session,
        stanza,
        since: delayOf(stanza.source, this.host.domain)?.stamp ?? acks.times[place]!,
        deposited: (deposit) => void (safe = new Safe(deposit)),
      });
      if (safe === undefined) return;
      safes.set(username, safe);
    }
    acks.secure(place, safe);
  }
}
