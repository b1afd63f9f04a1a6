/**
 * The rosters of a host, for the plugins of this family: every change is written as a whole, gets a version, is pushed to
 * all interested resources (RFC 6121 §2.1.6) and announced as `rosterChanged`.
 */
import {
  CONTENT_NS,
  defineService,
  el,
  type Element,
  type HostScope,
  Jid,
  randomId,
  Stanza,
  StanzaError,
} from "#plugin";
import {
  type RosterChange,
  rosterChanged,
  type RosterItem,
  type Rosters,
  type SharedContacts,
  sharedContacts,
} from "./api.ts";
import { itemElement, type ItemLimits, removedElement, ROSTER_NS, type Wish } from "./roster_item.ts";
import { Requests } from "./roster_requests.ts";
import { merged, mergedAll, shows } from "./roster_merge.ts";
import { type KeptItem, RosterStore } from "./roster_store.ts";
import { Versions } from "./roster_versions.ts";
import { partsOf, seesPresence, type State, stateOf } from "./subscription_table.ts";

export interface RosterLimits extends ItemLimits {
  readonly contacts: number;
  readonly requests: number;
  readonly request_size: number;
}

/** Rosters as the family changes them; everybody else has `roster` of api.ts. */
export const rosterBook = defineService<RosterBook>("rosterBook");

/** A change that a client has not seen. */
export interface Missed {
  readonly item: Element;
  readonly ver: number;
}

export class RosterBook implements Rosters {
  readonly #store: RosterStore;
  readonly #requests: Requests;
  readonly #versions: Versions;
  readonly #shared: SharedContacts | undefined;

  constructor(private readonly host: HostScope<RosterLimits>) {
    this.#store = new RosterStore(host);
    this.#requests = new Requests(host, host.config);
    this.#versions = new Versions(host);
    this.#shared = host.find(sharedContacts);
  }

  // --- reading (Rosters) ------------------------------------------------------------------------------------------

  get(local: string, contact: Jid): RosterItem | undefined {
    return merged(this.#own(local, contact), this.#shared?.get(local, contact));
  }

  items(local: string): Iterable<RosterItem> {
    const own = this.#store.all(local);
    return this.#shared === undefined ? own.values() : mergedAll(own, this.#shared.items(local));
  }

  sees(local: string, contact: Jid): boolean {
    const subscription = this.get(local, contact)?.subscription;
    return subscription === "from" || subscription === "both" || this.#isSelf(local, contact) ||
      this.#shared?.sees(local, contact) === true;
  }

  watches(local: string, contact: Jid): boolean {
    const subscription = this.get(local, contact)?.subscription;
    return subscription === "to" || subscription === "both" || this.#isSelf(local, contact);
  }

  isContact(local: string, contact: Jid): boolean {
    return this.get(local, contact) !== undefined || this.#isSelf(local, contact);
  }

  requests(local: string): readonly Jid[] {
    return this.#requests.contacts(local).filter((contact) => this.#waits(local, contact));
  }

  /** A request needs no answer while the contact is one to whom others let the account be shown. */
  #waits(local: string, contact: Jid): boolean {
    return !shows(this.#shared?.get(local, contact)?.subscription ?? "none");
  }

  /** Somebody else decides about this contact, and the account may not change it. */
  isShared(local: string, contact: Jid): boolean {
    return this.#shared?.get(local, contact) !== undefined;
  }

  /** What the account itself has of a contact: subscriptions are about that. */
  #own(local: string, contact: Jid): KeptItem | undefined {
    return this.#store.find(local, contact.bare.toString());
  }

  // --- states -----------------------------------------------------------------------------------------------------

  state(local: string, contact: Jid): State {
    const item = this.#own(local, contact);
    return stateOf(
      item?.subscription ?? "none",
      item?.ask === true,
      this.#requests.has(local, contact.bare.toString()),
    );
  }

  /**
   * Brings a contact to a state, and forgets its request where that is no longer pending. A pre-approval is used up by
   * what it allows (RFC 6121 §3.4.2 leaves that to the server), unless `approved` says otherwise.
   */
  change(local: string, contact: Jid, next: State, approval?: boolean): void {
    const { subscription, out, in: pending } = partsOf(next);
    const item = this.#own(local, contact);
    const approved = approval ?? (item?.approved === true && !seesPresence(next));
    const drop = !pending && this.#requests.has(local, contact.toString());
    const same = (item?.subscription ?? "none") === subscription && (item?.ask ?? false) === out &&
      (item?.approved ?? false) === approved;
    if (!same) {
      this.#put(local, { ...(item ?? blank(contact)), subscription, ask: out, approved }, drop);
    } else if (drop) this.#written(local, () => this.#requests.drop(local, contact.toString()));
  }

  /** Keeps a contact's request until it is answered. False where the account has too many. */
  ask(local: string, request: Stanza): boolean {
    return this.#written(local, () => this.#requests.add(local, request));
  }

  /** The requests that wait for an answer. */
  asked(local: string): Stanza[] {
    return this.#requests.stanzas(local).filter(({ from }) => this.#waits(local, from!));
  }

  // --- changing ---------------------------------------------------------------------------------------------------

  /** Adds or renames a contact (RFC 6121 §2.3, §2.4). */
  set(local: string, wish: Wish): void {
    const { contact, name, groups } = wish;
    this.#put(local, { ...(this.#own(local, contact) ?? blank(contact)), name, groups }, false);
  }

  /** Removes a contact, and its request with it; gives the state that it was in. Undefined where there is no such item. */
  remove(local: string, contact: Jid): State | undefined {
    const key = contact.toString();
    const before = this.#store.find(local, key);
    if (before === undefined) return undefined;
    const state = this.state(local, contact);
    const ver = this.#written(local, () => {
      this.#store.write(local, key, undefined);
      this.#requests.drop(local, key);
      return this.#versions.next(local, key, true);
    });
    this.#store.remember(local, key, undefined);
    this.#tell({ local, contact, before, after: undefined }, ver);
    return state;
  }

  /** Forgets everything of an account, without a word to anybody. */
  clear(local: string): void {
    this.host.atomic(() => {
      this.#store.clear(local);
      this.#requests.clear(local);
      this.#versions.clear(local);
    });
  }

  /** The account's last session is gone. */
  release(local: string): void {
    this.#store.release(local);
  }

  /** Takes memory back to what is stored. */
  forget(local: string): void {
    this.#store.forget(local);
  }

  #put(local: string, wanted: RosterItem, dropRequest: boolean): void {
    const contact = wanted.jid;
    const key = contact.toString();
    const before = this.#store.find(local, key);
    if (before === undefined && this.#store.count(local) >= this.host.config.contacts) {
      throw new StanzaError("resource-constraint", `a roster may have ${this.host.config.contacts} contacts`);
    }
    const after = this.#written(local, () => {
      const item: KeptItem = { ...wanted, ver: this.#versions.next(local, key, false) };
      this.#store.write(local, key, item);
      if (dropRequest) this.#requests.drop(local, key);
      return item;
    });
    this.#store.remember(local, key, after);
    this.#tell({ local, contact, before, after }, after.ver);
  }

  /** A change of the account's own, as everybody sees it. */
  #tell({ local, contact, before, after }: RosterChange, ver: number): void {
    const shared = this.#shared?.get(local, contact);
    const shown = merged(after, shared);
    const item = shown === undefined ? removedElement(contact) : itemElement(shown);
    // RFC 6121 §2.6: not the version of shared contacts that the client is still to hear of.
    this.#push(local, item, ver, this.#shared?.told(local));
    this.host.emit(rosterChanged, { local, contact, before: merged(before, shared), after: shown });
  }

  /**
   * Tells of contacts that others have changed; gives the changes as the account sees them. A client that misses one of
   * them must not have the new version: only the last push carries it.
   */
  shift(
    local: string,
    changes: readonly RosterChange[],
    versions: { readonly before: string; readonly after: string },
  ): RosterChange[] {
    const ver = this.#versions.latest(local);
    return changes.map(({ contact, before, after }, at) => {
      const own = this.#own(local, contact);
      const change = { local, contact, before: merged(own, before), after: merged(own, after) };
      const item = change.after === undefined ? removedElement(contact) : itemElement(change.after);
      this.#push(local, item, ver, at + 1 < changes.length ? versions.before : versions.after);
      this.host.emit(rosterChanged, change);
      return change;
    });
  }

  /** All or nothing; and where the disk takes it back later, memory goes back too. */
  #written<T>(local: string, write: () => T): T {
    const result = this.host.atomic(write);
    this.host.flush().catch(() => this.#store.forget(local));
    return result;
  }

  // --- to clients -------------------------------------------------------------------------------------------------

  version(local: string): string {
    return this.#spelled(local, this.#versions.current(local));
  }

  /** The account's own version, and that of its shared contacts behind a slash. */
  #spelled(local: string, own: string, shared = this.#shared?.version(local) ?? ""): string {
    return shared === "" ? own : `${own}/${shared}`;
  }

  /** The whole roster (RFC 6121 §2.1.4). */
  whole(local: string): Element {
    const items = Array.from(this.items(local), itemElement);
    return el("query", ROSTER_NS, { ver: this.version(local) }, items);
  }

  /**
   * What has changed since a client's version, oldest first; undefined where the whole roster is needed, or is shorter
   * (RFC 6121 §2.6.3).
   */
  missed(local: string, version: string): Missed[] | undefined {
    const [own = "", shared = ""] = version.split("/", 2);
    if (shared !== (this.#shared?.version(local) ?? "")) return undefined;
    const since = this.#versions.known(local, own);
    if (since === undefined) return undefined;
    const items = this.#store.all(local);
    const missed: Missed[] = this.#versions.removedSince(local, since)
      .map(([contact, ver]) => ({ item: this.#removed(local, contact), ver }));
    for (const item of items.values()) {
      if (item.ver <= since) continue;
      const shown = merged(item, this.#shared?.get(local, item.jid))!;
      missed.push({ item: itemElement(shown), ver: item.ver });
    }
    if (missed.length > 0 && missed.length > items.size) return undefined;
    return missed.sort((a, b) => a.ver - b.ver);
  }

  /** A contact that the account has removed, and still has where it is shared. */
  #removed(local: string, contact: string): Element {
    const shared = this.#shared?.get(local, Jid.parse(contact));
    return shared === undefined ? removedElement(contact) : itemElement(shared);
  }

  /** One change as a client gets it: without a sender, which means the account (RFC 6121 §2.1.6). */
  pushOf(local: string, { item, ver }: Missed, shared?: string): Stanza {
    const spelled = this.#spelled(local, this.#versions.spelled(local, ver), shared);
    const query = el("query", ROSTER_NS, { ver: spelled }, [item]);
    return Stanza.of(el("iq", CONTENT_NS, { type: "set", id: `push-${randomId(6)}` }, [query]));
  }

  #push(local: string, item: Element, ver: number, shared?: string): void {
    let push: Stanza | undefined;
    for (const session of this.host.sessions(Jid.parse(`${local}@${this.host.domain}`))) {
      if (!session.interested) continue;
      push ??= this.pushOf(local, { item, ver }, shared);
      this.host.deliver(session, push.addressed(session.jid));
    }
  }

  #isSelf(local: string, contact: Jid): boolean {
    return contact.local === local && contact.domain === this.host.domain;
  }
}

function blank(contact: Jid): RosterItem {
  return { jid: contact, name: undefined, subscription: "none", ask: false, approved: false, groups: [] };
}
