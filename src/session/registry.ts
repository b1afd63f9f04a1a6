/** Which sessions a host has: full JID to session, account to sessions. */
import type { ClientSession } from "./client.ts";

const NONE: readonly ClientSession[] = Object.freeze([]);

export class Registry {
  readonly #accounts = new Map<string, ClientSession[]>();
  #size = 0;

  /** Bound sessions. */
  get size(): number {
    return this.#size;
  }

  /** Accounts that have a session. */
  get accounts(): number {
    return this.#accounts.size;
  }

  add(session: ClientSession): void {
    const { local } = session.jid!;
    const sessions = this.#accounts.get(local);
    if (sessions === undefined) this.#accounts.set(local, [session]);
    // A new list: whoever is walking the old one is not disturbed.
    else this.#accounts.set(local, [...sessions, session]);
    this.#size++;
  }

  remove(session: ClientSession): void {
    const { local } = session.jid!;
    const sessions = this.#accounts.get(local);
    if (sessions === undefined || !sessions.includes(session)) return;
    this.#size--;
    if (sessions.length === 1) this.#accounts.delete(local);
    else this.#accounts.set(local, sessions.filter((s) => s !== session));
  }

  /** The sessions of an account; a list that never changes. */
  of(local: string): readonly ClientSession[] {
    return this.#accounts.get(local) ?? NONE;
  }

  find(local: string, resource: string): ClientSession | undefined {
    const sessions = this.#accounts.get(local);
    if (sessions === undefined) return undefined;
    for (let i = 0; i < sessions.length; i++) {
      if (sessions[i]!.jid!.resource === resource) return sessions[i];
    }
    return undefined;
  }

  *all(): IterableIterator<ClientSession> {
    for (const sessions of [...this.#accounts.values()]) yield* sessions;
  }
}
