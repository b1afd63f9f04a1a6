/**
 * What can be found of the rooms that are listed: kept beside them, so that a search reads no room. It mends itself: rooms are
 * written when they change and when somebody comes first, and what a search finds is compared with the room before it is told.
 */
import { type HostScope, nextTurn, tables } from "#plugin";
import { DESCRIPTION, NAME, PUBLIC, type Room, type Rooms } from "../muc/api.ts";

const searchTables = tables("rooms.search", {
  rooms: {
    columns: { room: "text", title: "text", description: "text" },
    key: ["room"],
  },
});

/** Rows at a time. */
const SLICE = 500;
/** Rooms that are read in one turn. */
const AT_A_TIME = 20;

export interface Entry {
  readonly room: string;
  readonly title: string;
  readonly description: string;
}

export class SearchIndex {
  readonly #rooms;

  constructor(host: HostScope<unknown>, private readonly book: Rooms) {
    this.#rooms = host.open(searchTables).rooms;
  }

  write(room: Room): void {
    if (room.locked || !room.value(PUBLIC)) return this.remove(room.name);
    const [title, description] = [room.value(NAME), room.value(DESCRIPTION)];
    const known = this.#rooms.get("", { room: room.name });
    if (known?.title === title && known.description === description) return;
    this.#rooms.put("", { room: room.name, title, description });
  }

  get isEmpty(): boolean {
    return this.#rooms.range("", { limit: 1 }).length === 0;
  }

  /** Reads all rooms, once: those that were there before. */
  async fill(signal: AbortSignal): Promise<void> {
    let read = 0;
    for (const name of [...this.book.names()]) {
      if (signal.aborted) return;
      const room = this.book.find(name);
      if (room !== undefined) this.write(room);
      if (++read % AT_A_TIME === 0) await nextTurn();
    }
  }

  remove(name: string): void {
    this.#rooms.delete("", { room: name });
  }

  /** The room of an entry, where it is as it was written. */
  still(name: string): Room | undefined {
    const room = this.book.find(name);
    if (room !== undefined && !room.locked && room.value(PUBLIC)) return room;
    this.remove(name);
    return undefined;
  }

  /** Some entries, by name, after one. */
  after(name: string): readonly Entry[] {
    return this.#rooms.range("", { bounds: { after: name }, limit: SLICE });
  }
}
