/** What people may decide about their inactive devices, account by account. */
import { type ClientSession, defineSlot, type HostScope, type Keyval, keyval, Lru } from "#plugin";

export interface Switches {
  /** That somebody is typing is never told, whether a device is active or not. */
  readonly blockChatStates: boolean;
  /** What is said in rooms waits unless it names the person. */
  readonly holdRooms: boolean;
}

const chosen = keyval<Switches>("client_state");
/** Of sessions whose account has chosen something else than the host does. */
const own = defineSlot<Switches>("client_state.switches");

/** Accounts whose choice is at hand, so that a login need not read. */
const AT_HAND = 10_000;

export class SwitchBook {
  readonly #chosen: Keyval<Switches>;
  /** What accounts have chosen that logged in lately; null for nothing. */
  readonly #lately = new Lru<string, Switches | null>(AT_HAND);

  constructor(private readonly host: HostScope<unknown>, readonly usual: Switches) {
    this.#chosen = host.open(chosen);
    for (const session of host.allSessions()) this.bound(session);
  }

  of(session: ClientSession): Switches {
    return session.get(own) ?? this.usual;
  }

  get(local: string): Switches {
    return this.#chosen.get(local) ?? this.usual;
  }

  /** Holds for all devices of the account at once. */
  set(local: string, switches: Switches): void {
    const { usual } = this;
    const isUsual = switches.blockChatStates === usual.blockChatStates &&
      switches.holdRooms === usual.holdRooms;
    this.#chosen.set(local, isUsual ? undefined : switches);
    this.#lately.delete(local);
    for (const session of this.host.allSessions()) {
      if (session.username === local) session.set(own, isUsual ? undefined : switches);
    }
  }

  /** The account is no more; another one may be called the same. */
  forget(local: string): void {
    this.#lately.delete(local);
  }

  bound(session: ClientSession): undefined {
    const { username } = session;
    let chosen = this.#lately.get(username);
    if (chosen === undefined) this.#lately.set(username, chosen = this.#chosen.get(username) ?? null);
    session.set(own, chosen ?? undefined);
  }
}
