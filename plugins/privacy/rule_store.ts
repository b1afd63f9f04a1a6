/**
 * The privacy records of a host, stored and in memory. Whose rules there are is known without asking the storage: the
 * names of all accounts that have any are held, so that the others cost one look into a set. Rules themselves are made
 * ready when they are needed, and held as long as their account has a session; the last few others are remembered.
 */
import { type HostScope, Jid, type Keyval, keyval, Lru } from "#plugin";
import { isBlock } from "./blocklist.ts";
import { listOf, type PrivacyRecord } from "./item.ts";
import { RuleList } from "./rule_list.ts";

export const privacyRecords = keyval<PrivacyRecord>("privacy");

/** Accounts without a session whose rules are remembered. */
const IDLE = 256;

/** The rules of one account. */
export class Rules {
  readonly #ready = new Map<string, RuleList>();

  constructor(readonly record: PrivacyRecord, private readonly blocksOnly: boolean) {}

  /** The rules that apply where no others were chosen. */
  get standard(): RuleList | undefined {
    return this.record.default === undefined ? undefined : this.#list(this.record.default);
  }

  /** The list that a session has chosen; undefined where there is none of that name. */
  chosen(name: string): RuleList | undefined {
    return this.blocksOnly ? undefined : this.#list(name);
  }

  #list(name: string): RuleList | undefined {
    const ready = this.#ready.get(name);
    if (ready !== undefined) return ready;
    const list = listOf(this.record, name);
    if (list === undefined) return undefined;
    const made = new RuleList(this.blocksOnly ? { items: list.items.filter(isBlock) } : list);
    this.#ready.set(name, made);
    return made;
  }
}

export class RuleStore {
  readonly #rows: Keyval<PrivacyRecord>;
  readonly #owners: Set<string>;
  /** By local part: the accounts with a session. */
  readonly #held = new Map<string, Rules>();
  readonly #idle = new Lru<string, Rules>(IDLE);
  /** How many faces serve whole lists: where none does, only blocks count, as nobody could see or change the rest. */
  #faces = 0;

  constructor(private readonly host: HostScope<unknown>) {
    this.#rows = host.open(privacyRecords);
    this.#owners = new Set(this.#rows.owners());
  }

  /** Whole privacy lists are served from now on; the returned function ends that. */
  serveLists(): () => void {
    const count = (by: number): void => {
      this.#faces += by;
      this.#held.clear();
      this.#idle.clear();
    };
    count(1);
    return () => count(-1);
  }

  /** The rules of an account; undefined for those who have none. */
  rules(local: string): Rules | undefined {
    if (!this.#owners.has(local)) return undefined;
    return this.#held.get(local) ?? this.#idle.get(local) ?? this.#load(local);
  }

  /** As `rules` would be with that record. */
  made(record: PrivacyRecord): Rules | undefined {
    return record.lists.length === 0 ? undefined : new Rules(record, this.#faces === 0);
  }

  set(local: string, record: PrivacyRecord, rules: Rules | undefined): void {
    this.#rows.set(local, rules === undefined ? undefined : record);
    this.#keep(local, rules);
    // Where the disk takes it back later, memory goes back too.
    this.host.flush().catch(() => this.forget(local));
  }

  /** The account's last session is gone. */
  release(local: string): void {
    const held = this.#held.get(local);
    if (held === undefined) return;
    this.#held.delete(local);
    this.#idle.set(local, held);
  }

  /** Takes memory back to what is stored. */
  forget(local: string): void {
    this.#keep(local, undefined);
    this.#load(local);
  }

  /** How much is in memory. */
  get size(): { owners: number; held: number; idle: number } {
    return { owners: this.#owners.size, held: this.#held.size, idle: this.#idle.size };
  }

  #load(local: string): Rules | undefined {
    const record = this.#rows.get(local);
    const rules = record === undefined ? undefined : this.made(record);
    this.#keep(local, rules);
    return rules;
  }

  #keep(local: string, rules: Rules | undefined): void {
    this.#held.delete(local);
    this.#idle.delete(local);
    if (rules === undefined) {
      this.#owners.delete(local);
      return;
    }
    this.#owners.add(local);
    const here = this.host.sessions(Jid.parse(`${local}@${this.host.domain}`)).length > 0;
    if (here) this.#held.set(local, rules);
    else this.#idle.set(local, rules);
  }
}
