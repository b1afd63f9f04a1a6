/**
 * Presence for privileged entities (XEP-0356 §7): that of accounts when it begins and ends, and, where that is granted, that
 * of their contacts, once each. What an account hides from an address is hidden from an entity of that address too.
 */
import { defineSlot, type HostScope, Jid, Lru, nextTurn, type Stanza } from "#plugin";
import { notifying, type PresenceChange, type PresenceEnd, type Rosters } from "../im/api.ts";
import type { Entity, Grants } from "./privilege_grants.ts";

/** Contacts elsewhere whose presence is known, so that an entity that connects later is told it. */
const REMEMBERED = 20_000;
/** Told at a time when an entity connects. */
const SLICE = 256;

/** The last presence of contacts that are there, by full address. */
const seen = defineSlot<Lru<string, Stanza>>("privilege.seen");

export class PrivilegedPresence {
  readonly #seen: Lru<string, Stanza>;

  constructor(
    private readonly host: HostScope<unknown>,
    private readonly grants: Grants,
    private readonly rosters: Rosters | undefined,
  ) {
    this.#seen = host.hold(seen, () => new Lru(REMEMBERED));
  }

  /** XEP-0356 §7.1: initial presence only. */
  changed({ session, stanza, priorityBefore }: PresenceChange): undefined {
    if (priorityBefore === undefined) this.#tell(stanza, session);
  }

  ended({ session, stanza }: PresenceEnd): undefined {
    this.#tell(stanza, session);
  }

  #tell(stanza: Stanza, session: PresenceChange["session"]): void {
    const told = stanza.stamped(session.jid!);
    for (const to of this.grants.connected(sees)) this.#notify(told.addressed(to), session);
  }

  #notify(stanza: Stanza, session: PresenceChange["session"]): void {
    const x = { stanza, claimed: false, local: session.username, session };
    if (this.host.pass(notifying, x) === undefined) this.host.send(x.stanza);
  }

  /** XEP-0356 §7.4: a contact's presence has come for an account. */
  arrived(stanza: Stanza): undefined {
    const { type, from, to } = stanza;
    if ((type !== "available" && type !== "unavailable") || from === undefined) return;
    if (to === undefined || to.local === "" || !this.#isWanted()) return;
    // Accounts of this host are told of by themselves.
    if (from.domain === this.host.domain || this.rosters?.watches(to.local, from) !== true) return;
    const key = from.toString();
    const before = this.#seen.get(key);
    const plain = stanza.addressed(undefined);
    if (type === "unavailable" ? before === undefined : before?.toText() === plain.toText()) return;
    if (type === "unavailable") this.#seen.delete(key);
    else this.#seen.set(key, plain.containing(plain.toElement().detached()));
    for (const entity of this.grants.connected(seesContacts)) {
      if (entity.domain !== from.domain) this.host.send(stanza.addressed(entity));
    }
  }

  /** XEP-0356 §8, rule 1: who connects later is told all that it would know. */
  introduce(domain: string): void {
    const to = Jid.of("", domain);
    const entity = this.grants.of(to);
    if (entity === undefined || !sees(entity)) return;
    this.host.spawn(async (signal) => {
      let count = 0;
      for (const session of [...this.host.allSessions()]) {
        if (signal.aborted || !this.grants.isConnected(domain)) return;
        if (session.presence !== undefined) this.#notify(session.presence.addressed(to), session);
        if (++count % SLICE === 0) await nextTurn();
      }
      if (!seesContacts(entity)) return;
      for (const [, presence] of [...this.#seen.entries()]) {
        if (signal.aborted || !this.grants.isConnected(domain)) return;
        if (presence.from?.domain !== domain) this.host.send(presence.addressed(to));
        if (++count % SLICE === 0) await nextTurn();
      }
    });
  }

  #isWanted(): boolean {
    return this.grants.domains.some((domain) => {
      const entity = this.grants.of(Jid.of("", domain));
      return entity !== undefined && seesContacts(entity);
    });
  }
}

function sees({ presence }: Entity): boolean {
  return presence !== "none";
}

function seesContacts({ presence }: Entity): boolean {
  return presence === "roster";
}
