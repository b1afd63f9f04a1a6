/** One room in memory: who is in it, who is on record, what it is like. Nothing here sends anything. */
import { type Jid, Lru, type Slot, type Stanza } from "#plugin";
import type { Affiliation, Occupant, Role, Room, RoomValue, Standing } from "./api.ts";
import { Attendee, type Seat } from "./attendee.ts";
import { Chronicle } from "./chronicle.ts";
import { likenessOf } from "./likeness.ts";
import { Outgoing } from "./outgoing.ts";
import { SlotMap } from "./slot_map.ts";
import { PERSISTENT, WHOIS } from "./standard_fields.ts";

/** What a room needs of the plugin, which a reload replaces. */
export interface Keeper {
  initial<T>(of: RoomValue<T>): T;
  /** Something that is stored has changed. */
  changed(room: Chatroom): void;
  standingChanged(room: Chatroom, jid: string): void;
  overrides(jid: Jid): boolean;
  /** A bug, to be logged. */
  failed(room: Chatroom, error: unknown): void;
}

export interface Subject {
  /** A message with the subject, as occupants got it; detached. */
  readonly stanza: Stanza;
  readonly at: number;
}

/** Roles of people who have left a moderated room that are remembered (XEP-0045 §5.1). */
const REMEMBERED = 500;

export class Chatroom implements Room {
  locked = false;
  /** It has been destroyed or has left the memory: nothing may be done with it any more. */
  gone = false;
  subject: Subject | undefined;
  /** When it was last used, in milliseconds since 1970; and as it is stored. */
  active: number;
  storedActive = 0;
  readonly history = new Chronicle();
  readonly outgoing = new Outgoing((error) => this.home.keeper.failed(this, error));
  readonly people = new Map<string, Attendee>();
  /** Occupants by what their nicknames look like. */
  readonly alike = new Map<string, Attendee>();
  readonly seats = new Map<string, Seat>();
  readonly values = new Map<string, unknown>();
  readonly records = new Map<string, { readonly jid: Jid; readonly standing: Standing }>();
  /** Bare addresses by what the nicknames that are theirs look like. */
  readonly reserved = new Map<string, string>();
  #voices: Lru<string, Role> | undefined;
  #audience: readonly Seat[] | undefined;
  readonly #slots = new SlotMap();

  constructor(
    readonly jid: Jid,
    private readonly home: { readonly keeper: Keeper },
    readonly created: number,
    /** The bare address of who made it. */
    readonly creator: string,
  ) {
    this.active = created;
  }

  get name(): string {
    return this.jid.local;
  }
  get persistent(): boolean {
    return this.value(PERSISTENT);
  }
  get size(): number {
    return this.people.size;
  }
  get occupants(): Iterable<Occupant> {
    return this.people.values();
  }

  /** Every device in it; the same list until somebody comes or goes. */
  get audience(): readonly Seat[] {
    return this.#audience ??= [...this.seats.values()];
  }

  // --- values -----------------------------------------------------------------------------------------------------

  value<T>(of: RoomValue<T>): T {
    const value = this.values.get(of.name);
    return value === undefined ? this.home.keeper.initial(of) : value as T;
  }

  keep<T>(of: RoomValue<T>, value: T | undefined): void {
    if (value === undefined) this.values.delete(of.name);
    else this.values.set(of.name, value);
    this.home.keeper.changed(this);
  }

  get<T>(slot: Slot<T>): T | undefined {
    return this.#slots.get(slot);
  }

  set<T>(slot: Slot<T>, value: T | undefined): void {
    this.#slots.set(slot, value);
  }

  // --- who is in it -----------------------------------------------------------------------------------------------

  occupant(nick: string): Attendee | undefined {
    return this.people.get(nick);
  }

  occupantOf(full: Jid): Attendee | undefined {
    return this.seats.get(full.toString())?.attendee;
  }

  occupantsOf(account: Jid): readonly Attendee[] {
    const bare = account.bare;
    return [...this.people.values()].filter((attendee) => attendee.account.equals(bare));
  }

  reveals(to: Occupant): boolean {
    return to.role === "moderator" || this.value(WHOIS) === "anyone";
  }

  seat(seat: Seat): void {
    const { attendee } = seat;
    this.people.set(attendee.nick, attendee);
    this.alike.set(likenessOf(attendee.nick), attendee);
    attendee.seats.push(seat);
    attendee.appearance = undefined;
    this.seats.set(seat.jid.toString(), seat);
    this.#audience = undefined;
  }

  /** True where it was the last device of its occupant, who has gone with it. */
  unseat(seat: Seat): boolean {
    const { attendee } = seat;
    void attendee.address;
    attendee.seats.splice(attendee.seats.indexOf(seat), 1);
    this.seats.delete(seat.jid.toString());
    this.#audience = undefined;
    if (attendee.seats.length > 0) {
      attendee.appearance = undefined;
      return false;
    }
    this.#forgetNick(attendee);
    return true;
  }

  #forgetNick(attendee: Attendee): void {
    this.people.delete(attendee.nick);
    const alike = likenessOf(attendee.nick);
    if (this.alike.get(alike) === attendee) this.alike.delete(alike);
  }

  rename(attendee: Attendee, nick: string): void {
    this.#forgetNick(attendee);
    attendee.nick = nick;
    attendee.jid = this.jid.withResource(nick);
    attendee.appearance = undefined;
    this.people.set(nick, attendee);
    this.alike.set(likenessOf(nick), attendee);
  }

  // --- who is on record -------------------------------------------------------------------------------------------

  standing(jid: Jid): Standing | undefined {
    return this.records.get(jid.bare.toString())?.standing;
  }

  *standings(affiliation?: Affiliation): Iterable<readonly [Jid, Standing]> {
    for (const { jid, standing } of this.records.values()) {
      if (affiliation === undefined || standing.affiliation === affiliation) yield [jid, standing] as const;
    }
  }

  /** XEP-0045 §9.2: first the address itself, then its domain. */
  affiliation(jid: Jid): Affiliation {
    return (this.standing(jid) ?? this.records.get(jid.domain)?.standing)?.affiliation ?? "none";
  }

  rights(jid: Jid): Affiliation {
    const affiliation = this.affiliation(jid);
    return affiliation !== "owner" && this.home.keeper.overrides(jid) ? "owner" : affiliation;
  }

  /** Puts a standing on record; one that says nothing is forgotten. */
  record(jid: Jid, standing: Standing): void {
    const key = jid.bare.toString();
    const before = this.records.get(key)?.standing;
    if (before?.nick !== undefined) this.reserved.delete(likenessOf(before.nick));
    if (standing.affiliation === "none" && standing.nick === undefined) this.records.delete(key);
    else {
      this.records.set(key, { jid: jid.bare, standing });
      if (standing.nick !== undefined) this.reserved.set(likenessOf(standing.nick), key);
    }
    this.home.keeper.standingChanged(this, key);
  }

  /** The role that somebody had when they left, where it is remembered. */
  voice(account: Jid): Role | undefined {
    return this.#voices?.get(account.toString());
  }

  remember(account: Jid, role: Role | undefined): void {
    if (role !== undefined) (this.#voices ??= new Lru(REMEMBERED)).set(account.toString(), role);
    else this.#voices?.delete(account.toString());
  }
}
