/**
 * The rooms of one service, as its parts see them: found in memory or in storage, made, forgotten. It is made anew by a
 * reload; what must outlive that is on the shelf.
 */
import {
  type Clock,
  credentials,
  defineSlot,
  encodeBase64,
  hmac,
  type HostScope,
  Jid,
  keyval,
  Lru,
  parseXml,
  randomId,
  Stanza,
} from "#plugin";
import { Additions } from "./additions.ts";
import type { Room, RoomValue, Spoken } from "./api.ts";
import { Chatroom, type Keeper } from "./chatroom.ts";
import type { Forwarding } from "./forwarding.ts";
import { Guesses } from "./guesses.ts";
import type { MucOptions, Who } from "./muc_options.ts";
import { firstValues } from "./room_defaults.ts";
import { RoomStore } from "./room_store.ts";
import { HISTORY_LENGTH, PERSISTENT, PUBLIC, STANDARD_FIELDS } from "./standard_fields.ts";

/** What outlives a reload. */
export interface Shelf {
  keeper: Keeper;
  readonly rooms: Map<string, Chatroom>;
  /** How many rooms an account is in, by bare address. */
  readonly joined: Map<string, number>;
  /** Until when administrators act as owners, by bare address. */
  readonly overriding: Map<string, number>;
  /** Who invited whom where, for answers to it. */
  readonly invitations: Lru<string, Jid>;
  /** The devices that sent private messages of late, so that it is known of errors whom they are for. */
  readonly whispered: Lru<string, Jid>;
  /** Requests between occupants that wait for their answer. */
  readonly forwarded: Map<string, Forwarding>;
}

const shelves = defineSlot<Shelf>("rooms");
const secrets = keyval<string>("rooms.secret");
const histories = keyval<readonly { readonly at: number; readonly xml: string }[]>("rooms.history");
const INVITATIONS = 5000;
const WHISPERS = 5000;

export class House implements Keeper {
  readonly store: RoomStore;
  readonly additions = new Additions();
  readonly guesses = new Guesses();
  readonly shelf: Shelf;
  readonly #histories;
  readonly #secret: Uint8Array;
  readonly #initials: ReadonlyMap<string, unknown>;

  constructor(readonly host: HostScope<MucOptions>) {
    this.store = new RoomStore(host);
    this.#histories = host.open(histories);
    this.#secret = this.#readSecret();
    this.#initials = firstValues(host.config.preset, host.config.room);
    for (const field of STANDARD_FIELDS) this.additions.field(host, field);
    this.shelf = host.hold(shelves, () => ({
      keeper: this,
      rooms: new Map(),
      joined: new Map(),
      overriding: new Map(),
      invitations: new Lru(INVITATIONS),
      whispered: new Lru(WHISPERS),
      forwarded: new Map(),
    }));
    // The old plugin goes after the new one is there; where the reload fails, the new one goes and the old one stays.
    const before = this.shelf.keeper;
    this.shelf.keeper = this;
    host.onStop(() => {
      if (this.shelf.keeper === this) this.shelf.keeper = before;
    });
  }

  get config(): MucOptions {
    return this.host.config;
  }
  get clock(): Clock {
    return this.host.clock;
  }

  send(stanza: Stanza): void {
    this.host.send(stanza);
  }

  // --- what rooms ask (Keeper) ------------------------------------------------------------------------------------

  initial<T>(of: RoomValue<T>): T {
    const value = this.#initials.get(of.name) as T | undefined;
    return value ?? this.additions.initial(of);
  }

  changed(room: Chatroom): void {
    if (this.isStored(room)) this.store.save(room);
  }

  standingChanged(room: Chatroom, key: string): void {
    if (this.isStored(room)) this.store.saveStanding(room, key);
  }

  overrides(jid: Jid): boolean {
    const { overriding } = this.shelf;
    if (overriding.size === 0) return false;
    return (overriding.get(jid.bare.toString()) ?? 0) > this.clock.now() && this.host.may(jid, "admin");
  }

  failed(room: Chatroom, error: unknown): void {
    this.host.log.error("a room could not send something", { room: room.name, error });
  }

  // --- who may what -----------------------------------------------------------------------------------------------

  allows(who: Who, jid: Jid): boolean {
    const { host } = this;
    if (host.may(jid, "admin")) return true;
    if (who === "admins") return false;
    const own = host.parent === undefined ? host.sibling(jid.domain) : undefined;
    const local = host.parent === undefined ? own !== undefined : jid.domain === host.parent;
    if (!local) return who === "anyone";
    const temporary = host.sibling(jid.domain)?.use(credentials)?.temporary === true;
    return !temporary || this.config.guests;
  }

  /** Whether somebody is of another server, and so outlives a restart of this one. */
  isRemote(jid: Jid): boolean {
    return jid.domain !== this.host.parent && this.host.sibling(jid.domain) === undefined;
  }

  /** An administrator has done something that only owners may: said in the log, each time. */
  noteOverride(room: Room, by: Jid, what: string): void {
    if (room.rights(by) !== room.affiliation(by)) {
      this.host.log.info("an admin acted as the owner of a room", {
        room: room.name,
        by: by.toString(),
        what,
      });
    }
  }

  /** XEP-0421: nobody can tell the address from it, and nobody can make that of another. */
  identify(room: Room, account: Jid): string {
    const digest = hmac("SHA-256", this.#secret, `${room.jid}\0${account.bare}`);
    return encodeBase64(digest.subarray(0, 24)).replaceAll("+", "-").replaceAll("/", "_");
  }

  #readSecret(): Uint8Array {
    const store = this.host.open(secrets);
    let secret = store.get("");
    if (secret === undefined) store.set("", secret = randomId(32));
    return new TextEncoder().encode(secret);
  }

  // --- the rooms --------------------------------------------------------------------------------------------------

  get rooms(): ReadonlyMap<string, Chatroom> {
    return this.shelf.rooms;
  }

  isStored(room: Chatroom): boolean {
    return !room.locked && !room.gone && room.value(PERSISTENT);
  }

  find(name: string): Chatroom | undefined {
    return this.shelf.rooms.get(name) ?? this.#load(name);
  }

  #load(name: string): Chatroom | undefined {
    const room = this.store.load(name, this.shelf);
    if (room === undefined) return undefined;
    this.shelf.rooms.set(name, room);
    if (this.config.survive) {
      this.store.revive(room, (room, account) => this.identify(room, account));
      for (const { account } of room.people.values()) this.countJoined(account, 1);
    }
    room.history.fill(this.#recall(room));
    return room;
  }

  #recall(room: Chatroom): readonly Spoken[] {
    const most = this.historyOf(room);
    if (most === 0) return [];
    const recalled = this.additions.historySource?.(room, most);
    if (recalled !== undefined) return recalled;
    return (this.#histories.get(room.name) ?? []).slice(-most)
      .map(({ at, xml }) => ({ at, stanza: Stanza.of(parseXml(xml)) }));
  }

  /** How many messages a room keeps for those who enter. */
  historyOf(room: Room): number {
    return Math.min(room.value(HISTORY_LENGTH) ?? 0, this.config.history);
  }

  make(name: string, creator: Jid): Chatroom {
    const jid = Jid.of(name, this.host.domain);
    const room = new Chatroom(jid, this.shelf, this.clock.now(), creator.bare.toString());
    room.locked = true;
    room.record(creator.bare, { affiliation: "owner" });
    // What new rooms are like gives nobody what the form would refuse them.
    if (room.value(PERSISTENT) && !this.allows(this.config.persistent, creator)) {
      room.values.set(PERSISTENT.name, false);
    }
    if (room.value(PUBLIC) && !this.allows(this.config.public, creator)) room.values.set(PUBLIC.name, false);
    return room;
  }

  put(room: Chatroom): void {
    this.shelf.rooms.set(room.name, room);
  }

  /** How many rooms there are, and how many of them somebody has made. */
  countOf(creator: Jid): { all: number; own: number } {
    const bare = creator.bare.toString();
    let all = this.store.count();
    let own = this.store.countOf(bare);
    for (const room of this.shelf.rooms.values()) {
      if (this.isStored(room)) continue;
      all++;
      if (room.creator === bare) own++;
    }
    return { all, own };
  }

  countJoined(account: Jid, change: 1 | -1): void {
    const key = account.toString();
    const count = (this.shelf.joined.get(key) ?? 0) + change;
    if (count > 0) this.shelf.joined.set(key, count);
    else this.shelf.joined.delete(key);
  }

  /** A room that is stored leaves the memory. */
  unload(room: Chatroom): void {
    this.rest(room);
    room.gone = true;
    this.shelf.rooms.delete(room.name);
  }

  /** Stores what a room otherwise has in memory only. */
  rest(room: Chatroom): void {
    if (room.active > room.storedActive) this.store.save(room);
    if (this.additions.historySource?.(room, 0) !== undefined) return;
    const items = room.history.items.map(({ at, stanza }) => ({ at, xml: stanza.toString() }));
    this.#histories.set(room.name, items.length === 0 ? undefined : items);
  }

  /** A room is no more. */
  drop(room: Chatroom): void {
    const stored = this.isStored(room);
    room.gone = true;
    this.shelf.rooms.delete(room.name);
    for (const { account } of room.people.values()) this.countJoined(account, -1);
    if (stored) this.unstore(room);
  }

  /** A room does not stay any more: it is in memory only. */
  unstore(room: Chatroom): void {
    this.store.remove(room.name);
    this.#histories.set(room.name, undefined);
  }

  touch(room: Chatroom): void {
    room.active = this.clock.now();
    if (this.isStored(room)) this.store.touch(room);
  }
}
