/**
 * The one engine behind blocklists and privacy lists: which rules apply to whom, and what follows when they change. For
 * the plugins of this family; everybody else has `privacy` of api.ts.
 */
import { type ClientSession, defineEvent, defineService, defineSlot, type HostScope, Jid } from "#plugin";
import {
  type Availability,
  availability,
  roster,
  type Rosters,
  type SharedContacts,
  sharedContacts,
} from "../im/api.ts";
import type { Privacy } from "./api.ts";
import { blockedIn } from "./blocklist.ts";
import { IQ, listOf, MESSAGE, NO_LISTS, PRESENCE_IN, PRESENCE_OUT, type PrivacyRecord } from "./item.ts";
import { PresenceShift, type View } from "./presence_shift.ts";
import type { Owner, Rule, RuleList } from "./rule_list.ts";
import { type Rules, RuleStore } from "./rule_store.ts";

export const ruleBook = defineService<RuleBook>("ruleBook");

export interface RulesChange {
  readonly account: Jid;
  readonly before: PrivacyRecord;
  readonly after: PrivacyRecord;
  /** Which face changed them; it tells its own clients itself what the other has to find out. */
  readonly by: "blocklist" | "lists";
}

export const rulesChanged = defineEvent<RulesChange>("rulesChanged");

/** The name of the list that a session has chosen for itself (XEP-0016 §2.4). */
const activeList = defineSlot<string>("activeList");
const kept = defineSlot<RuleStore>("privacy");

export class RuleBook implements Privacy {
  readonly #store: RuleStore;
  readonly #rosters: Rosters | undefined;
  readonly #availability: Availability | undefined;
  readonly #shared: SharedContacts | undefined;

  constructor(private readonly host: HostScope<unknown>) {
    this.#store = host.hold(kept, () => new RuleStore(host));
    this.#rosters = host.find(roster);
    this.#availability = host.find(availability);
    this.#shared = host.find(sharedContacts);
  }

  // --- deciding ---------------------------------------------------------------------------------------------------

  /** The rules of an account; undefined for those who have none, at the cost of one look. */
  rules(local: string): Rules | undefined {
    return this.#store.rules(local);
  }

  /** What applies to one session: the list it has chosen, or the account's (XEP-0016 §2.2, rules 1 and 2). */
  applied(rules: Rules, session: ClientSession): RuleList | undefined {
    const name = session.get(activeList);
    return (name === undefined ? undefined : rules.chosen(name)) ?? rules.standard;
  }

  /** The rule that keeps something from or to a contact back. A host and an account are never kept from themselves. */
  denial(list: RuleList | undefined, kind: number, local: string, contact: Jid): Rule | undefined {
    if (list === undefined || this.#isExempt(local, contact)) return undefined;
    const owner: Owner = { local, rosters: this.#rosters };
    return list.denial(kind, contact, owner);
  }

  /** XEP-0191 §5, XEP-0016 §2.1: not between an account's resources; and its server has to be able to answer it. */
  #isExempt(local: string, contact: Jid): boolean {
    return contact.domain === this.host.domain && (contact.local === "" || contact.local === local);
  }

  // --- for everybody (Privacy) ------------------------------------------------------------------------------------

  refuses(local: string, contact: Jid, kind: "message" | "iq" | "presence"): boolean {
    const about = kind === "message" ? MESSAGE : kind === "iq" ? IQ : PRESENCE_IN;
    return this.denial(this.rules(local)?.standard, about, local, contact) !== undefined;
  }

  hides(local: string, contact: Jid, session?: ClientSession): boolean {
    const rules = this.rules(local);
    if (rules === undefined) return false;
    const list = session === undefined ? rules.standard : this.applied(rules, session);
    return this.denial(list, PRESENCE_OUT, local, contact) !== undefined;
  }

  conceals(session: ClientSession): boolean {
    const rules = this.rules(session.username);
    const list = rules && this.applied(rules, session);
    return list !== rules?.standard && list?.denies(PRESENCE_OUT) === true;
  }

  blocked(local: string): readonly Jid[] {
    return blockedIn(this.record(local)).flatMap((address) => Jid.tryParse(address) ?? []);
  }

  // --- changing ---------------------------------------------------------------------------------------------------

  record(local: string): PrivacyRecord {
    return this.rules(local)?.record ?? NO_LISTS;
  }

  /** Puts other rules in force for an account, and tells everybody whom that concerns. */
  change(account: Jid, after: PrivacyRecord, by: RulesChange["by"]): void {
    const { local } = account;
    const [old, made] = [this.rules(local), this.#store.made(after)];
    const before = old?.record ?? NO_LISTS;
    if (after === before) return;
    const sessions = this.host.sessions(account);
    const views = sessions.map((session): View => ({
      session,
      before: old && this.applied(old, session),
      after: made && this.applied(made, session),
    }));
    this.#shift(account, views, () => {
      this.#store.set(local, after, made);
      // A list of the same name that is made later is another one.
      for (const session of sessions) {
        if (listOf(after, session.get(activeList)) === undefined) session.set(activeList, undefined);
      }
    });
    this.host.emit(rulesChanged, { account, before, after, by });
  }

  /** The list that a session has chosen. */
  active(session: ClientSession): string | undefined {
    return session.get(activeList);
  }

  /** Chooses a list of the account for one session, or none. */
  activate(session: ClientSession, name: string | undefined): void {
    const rules = this.rules(session.username);
    const before = rules && this.applied(rules, session);
    const after = (name === undefined ? undefined : rules?.chosen(name)) ?? rules?.standard;
    this.#shift(session.account, [{ session, before, after }], () => session.set(activeList, name));
  }

  #shift(account: Jid, views: readonly View[], change: () => void): void {
    const { host } = this;
    const [rosters, availability] = [this.#rosters, this.#availability];
    const shift = rosters === undefined || availability === undefined
      ? undefined
      : new PresenceShift({ host, rosters, availability, shared: this.#shared }, account, views);
    shift?.hide();
    change();
    shift?.show();
  }

  // --- life -------------------------------------------------------------------------------------------------------

  serveLists(): () => void {
    return this.#store.serveLists();
  }

  release(account: Jid): void {
    if (this.host.sessions(account).length === 0) this.#store.release(account.local);
  }

  forget(local: string): void {
    this.#store.forget(local);
  }
}
