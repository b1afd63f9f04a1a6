/** What people may decide about their inactive devices, account by account. */
import { type ClientSession, defineSlot, type HostScope, type Keyval, keyval } from "#plugin";

export interface Switches {
  /** That somebody is typing is never told, whether a device is active or not. */
  readonly blockChatStates: boolean;
  /** What is said in rooms waits unless it names the person. */
  readonly holdRooms: boolean;
}

const chosen = keyval<Switches>("client_state");
/** Of sessions whose account has chosen something else than the host does. */
const own = defineSlot<Switches>("client_state.switches");

export class SwitchBook {
  readonly #chosen: Keyval<Switches>;

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
    for (const session of this.host.allSessions()) {
      if (session.username === local) session.set(own, isUsual ? undefined : switches);
    }
  }

  bound(session: ClientSession): undefined {
    session.set(own, this.#chosen.get(session.username));
  }
}
