/** Rooms in storage: what each is like, who is on record, and who of other servers is in it. */
import { type HostScope, Jid, map, parseXml, Stanza, tables } from "#plugin";
import type { Affiliation, Role, Standing } from "./api.ts";
import { Attendee, Seat } from "./attendee.ts";
import { Chatroom, type Keeper } from "./chatroom.ts";
import { likenessOf } from "./likeness.ts";
import { NAME, PUBLIC } from "./standard_fields.ts";

const roomTables = tables("rooms", {
  rooms: {
    columns: {
      name: "text",
      title: "text",
      listed: "boolean",
      creator: "text",
      created: "integer",
      active: "integer",
      settings: "json",
      subject: "json?",
    },
    key: ["name"],
    indexes: { directory: ["listed", "name"], activity: ["active"], creators: ["creator"] },
  },
  /** Where rooms have gone that were destroyed. */
  tombstones: {
    columns: { name: "text", venue: "text", reason: "text?", until: "integer" },
    key: ["name"],
    indexes: { age: ["until"] },
  },
  /** Who is on record; the owner of a row is the room. */
  standings: {
    columns: { jid: "text", affiliation: "text", nick: "text?", reason: "text?" },
    key: ["jid"],
    across: { people: ["jid"] },
  },
});
const present = map<Survivor>("rooms.present");

/** Somebody of another server who is in a room, by full address. */
interface Survivor {
  readonly nick: string;
  readonly role: Role;
  readonly presence: string;
}

export interface Tombstone {
  readonly venue: string;
  readonly reason: string | undefined;
}

/** The host's own rows. */
const OURS = "";
/** How exact the time of the last use is that is stored. */
const COARSE = 3_600_000;

export class RoomStore {
  readonly #tables;
  readonly #present;

  constructor(private readonly host: HostScope<unknown>) {
    this.#tables = host.open(roomTables);
    this.#present = host.open(present);
  }

  exists(name: string): boolean {
    return this.#tables.rooms.get(OURS, { name }) !== undefined;
  }

  /** The room with everybody on record; who is in it comes with `revive`. */
  load(name: string, home: { readonly keeper: Keeper }): Chatroom | undefined {
    const row = this.#tables.rooms.get(OURS, { name });
    if (row === undefined) return undefined;
    const jid = Jid.of(name, this.host.domain);
    const room = new Chatroom(jid, home, row.created, row.creator);
    for (const [key, value] of Object.entries(row.settings as object)) room.values.set(key, value);
    for (const [key, standing] of this.#standings(name)) {
      room.records.set(key, { jid: Jid.parse(key), standing });
      if (standing.nick !== undefined) room.reserved.set(likenessOf(standing.nick), key);
    }
    room.active = room.storedActive = row.active;
    const subject = row.subject as { readonly xml: string; readonly at: number } | null;
    if (subject !== null) room.subject = { stanza: Stanza.of(parseXml(subject.xml)), at: subject.at };
    return room;
  }

  *#standings(name: string): Iterable<readonly [string, Standing]> {
    for (let after: string | undefined, more = true; more;) {
      const bounds = after === undefined ? {} : { after };
      const rows = this.#tables.standings.range(name, { bounds, limit: 1000 });
      for (const { jid, affiliation, nick, reason } of rows) {
        yield [jid, {
          affiliation: affiliation as Affiliation,
          ...(nick === null ? {} : { nick }),
          ...(reason === null ? {} : { reason }),
        }];
      }
      after = rows.at(-1)?.jid;
      more = rows.length === 1000;
    }
  }

  /** The stored rooms that have somebody on record. */
  knowing(jid: string): string[] {
    return this.#tables.standings.across("people", { where: { jid }, limit: 10_000 }).map(({ owner }) =>
      owner
    );
  }

  save(room: Chatroom): void {
    const { name, subject } = room;
    room.storedActive = room.active;
    this.#tables.rooms.put(OURS, {
      name,
      title: room.value(NAME),
      listed: room.value(PUBLIC),
      creator: room.creator,
      created: room.created,
      active: room.active,
      settings: Object.fromEntries(room.values),
      subject: subject === undefined ? null : { xml: subject.stanza.toString(), at: subject.at },
    });
  }

  /** Stores that a room was used, but not every time. */
  touch(room: Chatroom): void {
    if (room.active - room.storedActive < COARSE) return;
    room.storedActive = room.active;
    this.#tables.rooms.update(OURS, { name: room.name }, { active: room.active });
  }

  /** One standing, as the room has it now. */
  saveStanding(room: Chatroom, key: string): void {
    const standing = room.records.get(key)?.standing;
    if (standing === undefined) this.#tables.standings.delete(room.name, { jid: key });
    else {
      const { affiliation, nick = null, reason = null } = standing;
      this.#tables.standings.put(room.name, { jid: key, affiliation, nick, reason });
    }
  }

  /** All of a room that has not been stored so far. */
  saveAll(room: Chatroom): void {
    this.save(room);
    for (const key of room.records.keys()) this.saveStanding(room, key);
  }

  remove(name: string): void {
    this.#tables.rooms.delete(OURS, { name });
    this.#tables.standings.clear(name);
    this.#present.clear(name);
  }

  // --- who is in it -----------------------------------------------------------------------------------------------

  seated(room: Chatroom, { jid, attendee: { nick, role }, presence }: Seat): void {
    this.#present.set(room.name, jid.toString(), { nick, role, presence: presence.toString() });
  }

  unseated(room: Chatroom, jid: Jid): void {
    this.#present.set(room.name, jid.toString(), undefined);
  }

  /** Those who were in a room when the server stopped are in it again. */
  revive(room: Chatroom, identify: (room: Chatroom, account: Jid) => string): void {
    for (const [key, { nick, role, presence }] of this.#present.entries(room.name)) {
      const jid = Jid.tryParse(key);
      if (jid === undefined || room.seats.has(key)) continue;
      const account = jid.bare;
      const known = room.people.get(nick);
      if (known !== undefined && !known.account.equals(account)) continue;
      const attendee = known ?? new Attendee(
        nick,
        room.jid.withResource(nick),
        account,
        identify(room, account),
        room.affiliation(account),
        role,
      );
      room.seat(new Seat(jid, attendee, Stanza.of(parseXml(presence))));
    }
  }

  // --- all of them ------------------------------------------------------------------------------------------------

  /** Stored rooms that are listed, by name: some after a name, or before one. */
  listed(page: { after?: string; before?: string; limit: number }): { name: string; title: string }[] {
    const { after, before, limit } = page;
    const bounds = {
      ...(after === undefined ? {} : { after }),
      ...(before === undefined || before === "" ? {} : { before }),
    };
    return this.#tables.rooms.range(OURS, {
      index: "directory",
      where: { listed: true },
      bounds,
      reverse: before !== undefined,
      limit,
    });
  }

  countListed(): number {
    return this.#tables.rooms.count(OURS, { index: "directory", where: { listed: true }, limit: 10_000 });
  }

  count(): number {
    return this.#tables.rooms.count(OURS, { limit: 10_000_000 });
  }

  /** How many stored rooms somebody has made. */
  countOf(creator: string): number {
    return this.#tables.rooms.count(OURS, { index: "creators", where: { creator } });
  }

  *names(): Iterable<string> {
    let after: string | undefined;
    for (;;) {
      const page = this.#tables.rooms.range(OURS, {
        bounds: after === undefined ? {} : { after },
        limit: 500,
      });
      for (const { name } of page) yield name;
      after = page.at(-1)?.name;
      if (page.length < 500) return;
    }
  }

  /** Stored rooms that were last used before a time, the longest ago first. */
  unused(before: number, limit: number): string[] {
    return this.#tables.rooms.range(OURS, { index: "activity", bounds: { before }, limit })
      .map(({ name }) => name);
  }

  // --- tombstones -------------------------------------------------------------------------------------------------

  bury(name: string, venue: string, reason: string | undefined, until: number): void {
    this.#tables.tombstones.put(OURS, { name, venue, reason: reason ?? null, until });
  }

  tombstone(name: string, now: number): Tombstone | undefined {
    const row = this.#tables.tombstones.get(OURS, { name });
    if (row === undefined || row.until < now) return undefined;
    return { venue: row.venue, reason: row.reason ?? undefined };
  }

  sweepTombstones(now: number): void {
    this.#tables.tombstones.deleteRange(OURS, { index: "age", bounds: { before: now }, limit: 100 });
  }
}
