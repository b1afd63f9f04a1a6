/**
 * Who is told of an account's nodes without having subscribed (XEP-0163 §4): its own devices, and those of contacts whose
 * presence reaches it, where their clients want to be told. Devices of this host are asked when it matters; of those elsewhere
 * it is noted what their presence said.
 */
import {
  capsOf,
  type ClientSession,
  defineSlot,
  type HostScope,
  type Jid,
  type Stanza,
  stepAside,
} from "#plugin";
import type { Availability, Rosters } from "../im/api.ts";
import type { Privacy } from "../privacy/api.ts";
import { refusal } from "./access.ts";
import { type Interest, Interests, NO_INTEREST } from "./interest.ts";
import { lastItemEvent } from "./event.ts";
import type { PubsubNode } from "./node.ts";
import { lastItem } from "./reading.ts";
import type { Service } from "./service.ts";

/** What a session's client wants to be told of. */
const wanted = defineSlot<Interest>("pubsub.interest");
/** What is known of devices elsewhere: account, then full address. Outlives a reload. */
const elsewhere = defineSlot<Map<string, Map<string, Device>>>("pubsub.elsewhere");

/** Those of them that have missed something, by account and address: as many at most, and as long. */
const unreached = defineSlot<Map<string, Missed>>("pubsub.unreached");

interface Device {
  readonly jid: Jid;
  readonly interest: Interest;
}

/** Devices elsewhere that are noted for one account. */
const MOST = 2000;
const STRANGERS = 100;
/** Contacts whose services are looked at before everything else gets its turn. */
const SLICE = 50;

/** A device elsewhere that could not be reached when it was to be told something. */
interface Missed {
  readonly local: string;
  readonly jid: Jid;
  /** When it is told again, or counts as reached; how long it is left alone after that. */
  due: number;
  wait: number;
  /** It was told again, and no error has come back yet. */
  told: boolean;
}

/** When a device that could not be reached is told again: first, and at most, each time after twice as long. */
const AGAIN = 60_000;
const AGAIN_MOST = 6 * 3_600_000;

export interface Surroundings {
  readonly rosters: Rosters;
  readonly present: Availability;
  readonly privacy: Privacy | undefined;
  service(local: string): Service;
}

export class PersonalAudience {
  readonly #interests: Interests;
  readonly #elsewhere: Map<string, Map<string, Device>>;
  readonly #missed: Map<string, Missed>;

  constructor(private readonly host: HostScope<unknown>, private readonly around: Surroundings) {
    this.#interests = new Interests(host);
    this.#elsewhere = host.hold(elsewhere, () => new Map());
    this.#missed = host.hold(unreached, () => new Map());
    host.every(AGAIN, () => {
      if (this.#missed.size > 0) host.spawn((signal) => this.#tellAgain(signal), { awaited: false });
    });
  }

  // --- who is told ------------------------------------------------------------------------------------------------

  *of(local: string, node: PubsubNode): Iterable<Jid> {
    const { rosters, present } = this.around;
    for (const session of present.sessions(local)) {
      if (session.get(wanted)?.has(node.name) === true) yield session.jid!;
    }
    if (node.config.access_model === "whitelist" && node.affiliations.size === 0) return;
    for (const { jid, subscription } of rosters.items(local)) {
      if (jid.domain !== this.host.domain || (subscription !== "to" && subscription !== "both")) continue;
      if (jid.local === local) continue;
      for (const session of present.sessions(jid.local)) {
        if (session.get(wanted)?.has(node.name) !== true) continue;
        if (this.#mayKnow(local, node, session.jid!)) yield session.jid!;
      }
    }
    for (const { jid, interest } of this.#elsewhere.get(local)?.values() ?? []) {
      if (interest.has(node.name) && this.#mayKnow(local, node, jid)) yield jid;
    }
  }

  #mayKnow(local: string, node: PubsubNode, jid: Jid): boolean {
    if (refusal(this.around.service(local), node, jid, "retrieve") !== undefined) return false;
    return !this.hides(local, jid);
  }

  /** Whom an account has blocked is told nothing (XEP-0191). */
  hides(local: string, jid: Jid): boolean {
    return this.around.privacy?.hides(local, jid) === true;
  }

  // --- devices of this host ---------------------------------------------------------------------------------------

  /** A session has become available, or has said something new about itself. */
  present(session: ClientSession, presence: Stanza, first: boolean): void {
    if (first) session.set(wanted, undefined);
    const known = this.#interests.known(presence);
    if (known !== undefined) return this.#learned(session, known);
    this.host.spawn(async () => {
      const interest = await this.#interests.ask(presence, session.jid!, session.account);
      // It may have gone, or have said something else since.
      const now = session.presence === undefined ? undefined : capsOf(session.presence.source);
      if (now?.ver === capsOf(presence.source)?.ver) this.#learned(session, interest);
    }, { awaited: false });
  }

  absent(session: ClientSession): void {
    session.set(wanted, undefined);
  }

  #learned(session: ClientSession, interest: Interest): void {
    const fresh = freshOf(interest, session.get(wanted) ?? NO_INTEREST);
    session.set(wanted, interest);
    if (fresh.size === 0) return;
    const { rosters } = this.around;
    const local = session.username;
    this.#welcome(local, session.jid!, fresh, true);
    const contacts: Jid[] = [];
    for (const { jid, subscription } of rosters.items(local)) {
      if (jid.domain === this.host.domain && (subscription === "from" || subscription === "both")) {
        contacts.push(jid);
      }
    }
    if (contacts.length > 0) this.host.spawn(() => this.#visit(session, contacts, fresh));
  }

  async #visit(session: ClientSession, contacts: readonly Jid[], fresh: Interest): Promise<void> {
    for (let i = 0; i < contacts.length; i++) {
      if (i > 0 && i % SLICE === 0) await stepAside();
      if (session.presence === undefined) return;
      const contact = contacts[i]!;
      if (contact.local !== session.username && this.host.accounts.exists(contact.local)) {
        this.#welcome(contact.local, session.jid!, fresh, false);
      }
    }
  }

  /** §4.3.4: the last item of each node that a device wants, once. */
  #welcome(
    local: string,
    jid: Jid,
    fresh: Interest,
    own: boolean,
    only?: (node: PubsubNode) => boolean,
  ): void {
    const service = this.around.service(local);
    for (const node of service.all()) {
      if (!fresh.has(node.name) || node.config.send_last_published_item !== "on_sub_and_presence") continue;
      if (!node.config.deliver_notifications || only?.(node) === false) continue;
      if (!own && !this.#mayKnow(local, node, jid)) continue;
      const item = lastItem(service, node);
      if (item !== undefined) this.host.send(lastItemEvent(service.jid, node, item).addressed(jid));
    }
  }

  /**
   * A contact may see more than before: what is for contacts is shown to the devices that want it (XEP-0060 §13.2). `reaches`:
   * whether a contact of this host shows their presence to the account; `begins`: only now, so that everything is new to them.
   */
  introduced(local: string, contact: Jid, reaches: boolean, begins: boolean): void {
    const closed = ({ config }: PubsubNode) =>
      begins || config.access_model === "presence" || config.access_model === "roster";
    if (contact.domain === this.host.domain) {
      if (!reaches || contact.local === local) return;
      for (const session of this.around.present.sessions(contact.local)) {
        this.#welcome(local, session.jid!, session.get(wanted) ?? NO_INTEREST, false, closed);
      }
    } else {
      for (const { jid, interest } of this.#elsewhere.get(local)?.values() ?? []) {
        if (jid.bare.equals(contact.bare)) this.#welcome(local, jid, interest, false, closed);
      }
    }
  }

  // --- devices elsewhere ------------------------------------------------------------------------------------------

  /** Presence has come for an account from somewhere else. */
  heard(local: string, presence: Stanza): void {
    const from = presence.from!;
    if (presence.type !== "available") return this.#gone(local, from);
    const known = this.#interests.known(presence);
    if (known !== undefined) return this.#noted(local, from, known);
    const asked = this.#note(local, from, undefined);
    if (asked === undefined) return;
    this.host.spawn(async () => {
      const interest = await this.#interests.ask(presence, from, this.around.service(local).jid);
      // It may have gone since, or have said something else.
      if (this.#elsewhere.get(local)?.get(from.toString()) === asked) this.#noted(local, from, interest);
    }, { awaited: false });
  }

  #noted(local: string, jid: Jid, interest: Interest): void {
    // Who is heard of again has not got what could not be told.
    const missed = this.#missed.delete(`${local} ${jid}`);
    const before = missed ? undefined : this.#elsewhere.get(local)?.get(jid.toString())?.interest;
    if (interest.size === 0) return this.#gone(local, jid);
    if (this.#note(local, jid, interest) === undefined) return;
    const fresh = freshOf(interest, before ?? NO_INTEREST);
    if (fresh.size > 0) this.#welcome(local, jid, fresh, false);
  }

  /** What a device was to be told has not arrived: what is the last then is told later (XEP-0163 §4.3.4), less and less often. */
  missed(local: string, jid: Jid): void {
    if (this.#elsewhere.get(local)?.has(jid.toString()) !== true) return;
    const key = `${local} ${jid}`;
    const before = this.#missed.get(key);
    if (before !== undefined) before.told = false;
    else this.#missed.set(key, { local, jid, due: this.#now + AGAIN, wait: AGAIN, told: false });
  }

  /** A large server that is away leaves many: everything else gets its turn, too. */
  async #tellAgain(stopped: AbortSignal): Promise<void> {
    let count = 0;
    for (const [key, missed] of this.#missed) {
      if (missed.due > this.#now) continue;
      const { local, jid } = missed;
      const interest = this.#elsewhere.get(local)?.get(jid.toString())?.interest;
      if (missed.told || interest === undefined) {
        this.#missed.delete(key);
        continue;
      }
      if (++count % SLICE === 0) await stepAside();
      if (stopped.aborted) return;
      missed.told = true;
      missed.wait = Math.min(missed.wait * 2, AGAIN_MOST);
      missed.due = this.#now + missed.wait;
      this.#welcome(local, jid, interest, false);
    }
  }

  get #now(): number {
    return this.host.clock.monotonic();
  }

  /** Undefined where there are too many already: contacts have more room than strangers. */
  #note(local: string, jid: Jid, interest: Interest | undefined): Device | undefined {
    let devices = this.#elsewhere.get(local);
    const key = jid.toString();
    const before = devices?.get(key);
    const most = this.around.rosters.isContact(local, jid) ? MOST : STRANGERS;
    if (before === undefined && (devices?.size ?? 0) >= most) return undefined;
    const device = { jid, interest: interest ?? before?.interest ?? NO_INTEREST };
    if (devices === undefined) this.#elsewhere.set(local, devices = new Map());
    devices.set(key, device);
    return device;
  }

  #gone(local: string, jid: Jid): void {
    const devices = this.#elsewhere.get(local);
    this.#missed.delete(`${local} ${jid}`);
    if (devices?.delete(jid.toString()) === true && devices.size === 0) this.#elsewhere.delete(local);
  }

  forget(local: string): void {
    this.#elsewhere.delete(local);
  }
}

function freshOf(interest: Interest, before: Interest): Interest {
  if (before.size === 0) return interest;
  const fresh = new Set<string>();
  for (const node of interest) if (!before.has(node)) fresh.add(node);
  return fresh;
}
