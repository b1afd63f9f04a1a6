/** Telling somebody of an account's presence: every copy that the server makes goes past `notifying` first. */
import { type ClientSession, CONTENT_NS, el, type HostScope, type Jid, Stanza, stepAside } from "#plugin";
import { notifying } from "./api.ts";

/** Receivers that are served before everything else gets its turn (ARCHITECTURE: fan-out). */
export const SLICE = 256;

/** Sends one addressed copy of an account's presence, or a probe; false where a guard keeps it back. */
export function notify(
  host: HostScope<unknown>,
  local: string,
  stanza: Stanza,
  session: ClientSession | undefined,
): boolean {
  const x = { stanza, claimed: false, local, session };
  const outcome = host.pass(notifying, x);
  // A guard that has to think says no: presence must not be told by mistake.
  if (outcome !== undefined) return false;
  host.send(x.stanza);
  return true;
}

/** What a session last said of itself, to one receiver. */
export function tellPresence(host: HostScope<unknown>, session: ClientSession, to: Jid): void {
  if (session.presence !== undefined) notify(host, session.username, session.presence.addressed(to), session);
}

/** That a session is unavailable, as the server says it (RFC 6121 §4.5.2). */
export function unavailableOf(from: Jid, to?: Jid): Stanza {
  return Stanza.of(el("presence", CONTENT_NS, { type: "unavailable" }), from, to);
}

/** That none of an account's available sessions is available any more for somebody (RFC 6121 §3.2.2, §3.3.3). */
export function tellUnavailable(host: HostScope<unknown>, account: Jid, to: Jid): void {
  for (const session of host.sessions(account)) {
    if (session.presence !== undefined) {
      notify(host, account.local, unavailableOf(session.jid!, to), session);
    }
  }
}

/**
 * Work on many receivers, an account's after one another: at once where they are few, else in slices between which
 * everything else gets its turn. Whoever awaits the promise keeps the account's next stanza behind it.
 */
export class Fanout {
  readonly #busy = new Map<string, Promise<void>>();

  constructor(private readonly host: HostScope<unknown>) {}

  run<T>(local: string, receivers: readonly T[], each: (receiver: T) => void): Promise<void> | undefined {
    const before = this.#busy.get(local);
    if (before === undefined && receivers.length <= SLICE) {
      for (let i = 0; i < receivers.length; i++) each(receivers[i]!);
      return undefined;
    }
    const done = this.#slices(before, receivers, each).finally(() => {
      if (this.#busy.get(local) === done) this.#busy.delete(local);
    });
    this.#busy.set(local, done);
    this.host.spawn(() => done);
    return done.catch(() => {});
  }

  async #slices<T>(
    before: Promise<void> | undefined,
    receivers: readonly T[],
    each: (receiver: T) => void,
  ): Promise<void> {
    // The first slice is part of the stanza's own turn.
    if (before !== undefined) await before.catch(() => {});
    for (let start = 0; start < receivers.length; start += SLICE) {
      if (start > 0) await stepAside();
      const end = Math.min(start + SLICE, receivers.length);
      for (let i = start; i < end; i++) each(receivers[i]!);
    }
  }
}
