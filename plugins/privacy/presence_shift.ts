/**
 * What a change of rules means for presence: whoever may no longer see a session is told that it is gone, whoever may
 * again is told what it is (XEP-0191 §3.3, §3.4; XEP-0016 §2.11), and the account's own devices see contacts go and come
 * likewise (XEP-0016 §2.10). `hide` runs under the old rules, `show` under the new ones.
 */
import { type ClientSession, CONTENT_NS, el, type HostScope, Jid, nextTurn, Stanza } from "#plugin";
import { type Availability, notifying, type Rosters, type SharedContacts } from "../im/api.ts";
import { PRESENCE_IN, PRESENCE_OUT } from "./item.ts";
import type { Owner, RuleList } from "./rule_list.ts";

/** A session with the rules that it had and those that it gets. */
export interface View {
  readonly session: ClientSession;
  readonly before: RuleList | undefined;
  readonly after: RuleList | undefined;
}

export interface Surroundings {
  readonly host: HostScope<unknown>;
  readonly rosters: Rosters;
  readonly availability: Availability;
  readonly shared: SharedContacts | undefined;
}

/** Receivers that are served before everything else gets its turn (ARCHITECTURE: fan-out). */
const SLICE = 200;

export class PresenceShift {
  readonly #outbox: Stanza[] = [];
  readonly #owner: Owner;
  readonly #views: readonly View[];
  #watchers: readonly Jid[] | undefined;

  constructor(private readonly around: Surroundings, private readonly account: Jid, views: readonly View[]) {
    this.#views = views.filter(({ before, after }) => before !== after);
    this.#owner = { local: account.local, rosters: around.rosters };
  }

  hide(): void {
    const { host, rosters, availability } = this.around;
    const { local } = this.account;
    for (const view of this.#views) {
      const { session } = view;
      const full = session.jid!;
      for (const to of session.presence === undefined ? [] : this.#subscribers(view)) {
        if (this.#moves(view, PRESENCE_OUT, to, true)) this.#tell(view, unavailable(full, to));
      }
      availability.withdraw(session, (to) => {
        return this.#moves(view, PRESENCE_OUT, to, true) && !rosters.sees(local, to);
      });
      if (session.presence === undefined) continue;
      for (const contact of this.#watched()) {
        if (!this.#moves(view, PRESENCE_IN, contact, true)) continue;
        for (const from of this.#seen(contact)) host.deliver(session, unavailable(from, full));
      }
    }
  }

  show(): void {
    const { availability } = this.around;
    const again = new Set<Jid>();
    for (const view of this.#views) {
      const { presence } = view.session;
      if (presence === undefined) continue;
      for (const to of this.#subscribers(view)) {
        if (this.#moves(view, PRESENCE_OUT, to, false)) this.#tell(view, presence.addressed(to));
      }
      for (const contact of this.#watched()) {
        if (this.#moves(view, PRESENCE_IN, contact, false)) again.add(contact);
      }
    }
    for (const contact of again) availability.seek(this.account.local, contact);
    this.#send();
  }

  /** Whether a contact was not denied and is now, or the other way round. */
  #moves({ before, after }: View, kind: number, contact: Jid, towards: boolean): boolean {
    const denied = (list: RuleList | undefined) => list?.denial(kind, contact, this.#owner) !== undefined;
    return denied(before) !== towards && denied(after) === towards;
  }

  /** Who may see the account's presence, and single devices of theirs that there are rules for. */
  #subscribers({ before, after }: View): Iterable<Jid> {
    const { rosters, shared } = this.around;
    const { local } = this.account;
    const receivers = new Map<string, Jid>();
    for (const { jid, subscription } of rosters.items(local)) {
      if (subscription === "from" || subscription === "both") receivers.set(jid.toString(), jid);
    }
    // Who sees it because of a group for everybody may be in no roster of the account's.
    this.#watchers ??= shared?.watchers(local) ?? [];
    for (const jid of this.#watchers) receivers.set(jid.toString(), jid);
    for (const address of new Set([...before?.addresses() ?? [], ...after?.addresses() ?? []])) {
      if (!address.includes("/")) continue;
      const jid = Jid.tryParse(address);
      if (jid !== undefined && !jid.bare.equals(this.account) && rosters.sees(local, jid)) {
        receivers.set(address, jid);
      }
    }
    return receivers.values();
  }

  #watched(): Jid[] {
    const contacts: Jid[] = [];
    for (const { jid, subscription } of this.around.rosters.items(this.account.local)) {
      if (subscription === "to" || subscription === "both") contacts.push(jid);
    }
    return contacts;
  }

  /** The addresses that a contact was seen with; of one elsewhere only the account is known. */
  #seen(contact: Jid): Jid[] {
    if (contact.domain !== this.around.host.domain) return [contact];
    return this.around.availability.sessions(contact.local).map((session) => session.jid!);
  }

  /** As every copy of presence it may be kept back by others, who have not heard of our rules. */
  #tell({ session }: View, stanza: Stanza): void {
    const x = { stanza, claimed: false, local: this.account.local, session };
    if (this.around.host.pass(notifying, x) === undefined) this.#outbox.push(x.stanza);
  }

  #send(): void {
    const { host } = this.around;
    const stanzas = this.#outbox;
    for (const stanza of stanzas.slice(0, SLICE)) host.send(stanza);
    if (stanzas.length <= SLICE) return;
    host.spawn(async () => {
      for (let start = SLICE; start < stanzas.length; start += SLICE) {
        await nextTurn();
        for (const stanza of stanzas.slice(start, start + SLICE)) host.send(stanza);
      }
    });
  }
}

function unavailable(from: Jid, to: Jid): Stanza {
  return Stanza.of(el("presence", CONTENT_NS, { type: "unavailable" }), from, to);
}
