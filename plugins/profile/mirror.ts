/**
 * Two places that show the same: what is changed in one is changed in the other, and does not come back. What the other place
 * cannot take is noted in the log; whoever made the change is not to blame for it.
 */
import { accountRemoved, type HostScope, type Keyval, Lru, sessionBound, StanzaError } from "#plugin";

export class Mirror {
  readonly #busy = new Set<string>();

  constructor(private readonly host: HostScope<unknown>) {}

  /** Does what follows from a change at an account, unless this is what has just been done. */
  reflect(local: string, work: () => void): undefined {
    if (this.#busy.has(local)) return;
    this.#busy.add(local);
    try {
      this.attempt(work);
    } finally {
      this.#busy.delete(local);
    }
  }

  /** One step of several that do not need one another. */
  attempt(work: () => void): undefined {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.host.log.debug("a change was not copied", { condition: error.condition, reason: error.message });
    }
  }
}

/** Accounts that need not be looked at again. */
const REMEMBERED = 10_000;

/**
 * Has `adopt` bring in step what an account had before it was known here, when it next logs in; once, where it says that
 * there was something. Where there was nothing it is asked again after a restart: what comes meanwhile is seen to as it comes.
 */
export function adoptOnce(
  host: HostScope<unknown>,
  done: Keyval<number>,
  adopt: (local: string) => boolean,
): void {
  const looked = new Lru<string, true>(REMEMBERED);
  host.on(accountRemoved, ({ local }): undefined => void looked.delete(local));
  host.on(sessionBound, ({ session }): undefined => {
    const local = session.username;
    if (looked.get(local) !== undefined) return;
    if (done.get(local) === undefined && adopt(local)) done.set(local, 1);
    looked.set(local, true);
  });
}
