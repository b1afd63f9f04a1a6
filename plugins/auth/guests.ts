/**
 * Who is here as a guest. A name lasts as long as one session of it; with the last, every row of it goes. The names are
 * kept as well, for the case that the server ends before its guests do.
 */
import {
  type ClientSession,
  defineSlot,
  type HostScope,
  type Keyval,
  keyval,
  nextTurn,
  StreamError,
} from "#plugin";

interface Guest {
  /** When the first session came. */
  readonly since: number;
  readonly sessions: Set<ClientSession>;
}

const here = defineSlot<Map<string, Guest>>("guests");
const names = keyval<number>("anonymous.guest");

export class Guests {
  readonly #here: Map<string, Guest>;
  readonly #names: Keyval<number>;

  constructor(private readonly host: HostScope<unknown>, private readonly lifetime: number) {
    this.#here = host.hold(here, () => new Map());
    this.#names = host.open(names);
    for (const name of [...this.#names.owners()]) if (!this.#here.has(name)) host.accounts.remove(name);
  }

  has(name: string): boolean {
    return this.#here.has(name);
  }

  names(): Iterable<string> {
    return this.#here.keys();
  }

  /**
   * How many connections a name has. One that is logged in but has no resource yet counts; a session that waits for its
   * next connection does not, or it could never get one.
   */
  connections(name: string): number {
    let count = 0;
    for (const session of this.#here.get(name)?.sessions ?? []) if (session.stream !== undefined) count++;
    return count;
  }

  /** Whether there are so many guests. */
  full(most: number): boolean {
    if (this.#here.size >= most) this.look();
    return this.#here.size >= most;
  }

  joined(session: ClientSession): undefined {
    const name = session.username;
    const guest = this.#here.get(name);
    if (guest !== undefined) {
      guest.sessions.add(session);
      return;
    }
    const since = this.host.clock.now();
    this.#here.set(name, { since, sessions: new Set([session]) });
    this.#names.set(name, since);
  }

  left(session: ClientSession): undefined {
    const guest = this.#here.get(session.username);
    if (guest === undefined) return;
    guest.sessions.delete(session);
    this.#sweep(session.username, guest);
  }

  /** Looks after all of them: who is gone without a word, and whose time is up. */
  look(): undefined {
    const oldest = this.lifetime === 0 ? -Infinity : this.host.clock.now() - this.lifetime;
    for (const [name, guest] of this.#here) {
      if (guest.since <= oldest) {
        for (const session of guest.sessions) {
          session.end(new StreamError("policy-violation", "your time is up"));
        }
      }
      this.#sweep(name, guest);
    }
  }

  #sweep(name: string, { sessions }: Guest): void {
    for (const session of sessions) {
      // A bound session without a stream is one that may come back; it leaves when it is given up.
      if (!session.isBound && session.stream === undefined) sessions.delete(session);
    }
    if (sessions.size > 0 || !this.#here.delete(name)) return;
    // A turn later: whatever else ends with the session may write about it.
    this.host.spawn(async () => {
      await nextTurn();
      if (!this.#here.has(name)) this.host.accounts.remove(name);
    });
  }
}
