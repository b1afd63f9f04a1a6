/** The accounts of one user host: whether they exist, their roles, and their beginning and end. */
import type { Clock } from "../base/clock.ts";
import { Lru } from "../base/lru.ts";
import { Jid } from "../jid/jid.ts";
import type { ClientSession } from "../session/client.ts";
import { StanzaError } from "../stanza/error.ts";
import { type Keyval, keyval } from "../storage/store.ts";
import { StreamError } from "../stream/error.ts";
import { type Credentials, credentials } from "./credentials.ts";
import type { HostParts } from "./parts.ts";
import {
  accountCreated,
  accountDisabled,
  accountRemoved,
  accountRemoving,
  passwordChanged,
} from "./points.ts";
import { includes, type Role } from "./roles.ts";

/** What is known of an account beside how it logs in. */
export interface AccountRecord {
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly role?: Role;
  readonly disabled?: boolean;
  /** When it last got another password or was switched off: what was given out before to log in with is over. */
  readonly changed?: number;
}

const records = keyval<AccountRecord>("account");
const KEPT = 1_000;
/** An attempt to log in is over within a minute or so: more accounts do not change in that time. */
const CHANGES = 10_000;
/** Stands for an account that has no record. */
const NONE: AccountRecord = Object.freeze({ created: 0 });

export class Accounts {
  readonly #records: Keyval<AccountRecord>;
  /** Records that were asked for lately: twice a login. */
  readonly #lately = new Lru<string, AccountRecord>(KEPT);

  /** Counts what happens to accounts, and attempts to log in. */
  #stamps = 0;
  /** When accounts lately got another password, were switched off, or removed. */
  readonly #changed = new Lru<string, number>(CHANGES);

  constructor(private readonly host: Omit<HostParts, "accounts">, private readonly clock: Clock) {
    this.#records = host.storage.open(records, host.domain);
  }

  exists(local: string): boolean {
    return this.#provider?.exists(local) ?? false;
  }

  *list(): IterableIterator<string> {
    yield* this.#provider?.list() ?? [];
  }

  record(local: string): AccountRecord | undefined {
    const known = this.#lately.get(local);
    if (known !== undefined) return known === NONE ? undefined : known;
    const record = this.#records.get(local);
    this.#lately.set(local, record ?? NONE);
    return record;
  }

  #write(local: string, record: AccountRecord): void {
    this.#lately.delete(local);
    this.#records.set(local, record);
  }

  /** The role of anybody, seen from this host. */
  role(jid: Jid): Role {
    const bare = jid.bare.toString();
    if (this.host.options.operators.has(bare)) return "operator";
    if (this.host.options.admins.has(bare)) return "admin";
    if (jid.domain !== this.host.domain || jid.local === "") return "guest";
    if (this.#provider?.temporary === true) return "guest";
    if (!this.exists(jid.local)) return "guest";
    return this.record(jid.local)?.role ?? "member";
  }

  may(jid: Jid, role: Role): boolean {
    return includes(this.role(jid), role);
  }

  /** Whom the configuration names as admins of this host or operators of the server: bare JIDs. */
  get appointed(): Jid[] {
    const { operators, admins } = this.host.options;
    return [...new Set([...admins, ...operators])].flatMap((address) => Jid.tryParse(address) ?? []);
  }

  isDisabled(local: string): boolean {
    return this.record(local)?.disabled === true || this.#provider?.disabled?.(local) === true;
  }

  /** Whether accounts can be made here. */
  get creates(): boolean {
    return this.#provider?.create !== undefined;
  }

  /** Makes an account. Rejects with a StanzaError: `conflict`, `not-acceptable`, `not-allowed`. */
  async create(local: string, password: string, role?: Role): Promise<void> {
    const provider = this.#provider;
    if (provider?.create === undefined) throw new StanzaError("not-allowed", "accounts are not kept here");
    await provider.create(local, password);
    const record = { created: this.clock.now() };
    this.#write(local, role === undefined ? record : { ...record, role });
    this.host.emit(accountCreated, { local });
  }

  /** Sets a password; the account's other sessions stay. */
  async setPassword(local: string, password: string): Promise<void> {
    const provider = this.#provider;
    if (provider?.setPassword === undefined) {
      throw new StanzaError("not-allowed", "passwords are not kept here");
    }
    await provider.setPassword(local, password);
    const now = this.clock.now();
    this.#write(local, { ...(this.record(local) ?? { created: now }), changed: now });
    this.#note(local);
    this.host.emit(passwordChanged, { local });
  }

  /** Gives an account a role, or takes it back to the usual one. */
  setRole(local: string, role: Role | undefined): void {
    const { role: _before, ...rest } = this.record(local) ?? { created: this.clock.now() };
    this.#write(local, role === undefined ? rest : { ...rest, role });
  }

  /** Switches an account off, which ends its sessions, or on again. */
  setDisabled(local: string, disabled: boolean): void {
    const now = this.clock.now();
    const { disabled: _before, ...rest } = this.record(local) ?? { created: now };
    this.#write(local, disabled ? { ...rest, disabled, changed: now } : rest);
    if (!disabled) return;
    this.#endSessions(local, "this account has been disabled");
    this.host.emit(accountDisabled, { local });
  }

  /**
   * Removes an account and all that is kept of it: contacts are told, sessions end, every store is purged. `last` is the
   * session that asked, which the caller ends once it has its answer.
   */
  remove(local: string, last?: ClientSession): void {
    this.host.emit(accountRemoving, { local });
    this.#endSessions(local, "this account has been removed", last);
    // Before the purge: what a plugin writes when a session ends must be gone too.
    last?.unbind();
    this.#provider?.remove?.(local);
    this.host.storage.purge(this.host.domain, local);
    this.#lately.delete(local);
    this.host.emit(accountRemoved, { local });
  }

  get #provider(): Credentials | undefined {
    return this.host.fittings.service(credentials);
  }

  /** A moment in the order of what happens to accounts. */
  stamp(): number {
    return ++this.#stamps;
  }

  /** Whether nothing has happened since to an account that ends what was begun before. */
  isCurrent(local: string, stamp: number): boolean {
    return (this.#changed.get(local) ?? 0) <= stamp;
  }

  #note(local: string): void {
    this.#changed.set(local, ++this.#stamps);
  }

  #endSessions(local: string, text: string, last?: ClientSession): void {
    this.#note(local);
    for (const session of this.host.registry.of(local)) {
      if (session !== last) session.end(new StreamError("not-authorized", text));
    }
  }
}
