/**
 * Roster items in storage and in memory. An account with a session has its roster loaded when it is first needed; for the
 * others single items are read, and the last few whole rosters are remembered for a moment. Empty rosters share one map.
 */
import { type HostScope, Jid, Lru, map, type MapStore } from "#plugin";
import type { RosterItem, Subscription } from "./api.ts";

/** An item with the number of its last change. */
export interface KeptItem extends RosterItem {
  readonly ver: number;
}

/** As it is stored, under the contact's bare JID; what is left out is none, or false. */
interface StoredItem {
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly sub?: Exclude<Subscription, "none">;
  readonly ask?: true;
  readonly approved?: true;
  readonly ver: number;
}

type Items = Map<string, KeptItem>;

export const rosterItems = map<StoredItem>("roster");

const EMPTY: ReadonlyMap<string, KeptItem> = new Map();
const NO_GROUPS: readonly string[] = Object.freeze([]);
/** Rosters of accounts without a session that are remembered. */
const IDLE = 64;

export class RosterStore {
  readonly #rows: MapStore<StoredItem>;
  /** By local part: the accounts with a session. */
  readonly #held = new Map<string, ReadonlyMap<string, KeptItem>>();
  readonly #idle = new Lru<string, ReadonlyMap<string, KeptItem>>(IDLE);

  constructor(private readonly host: HostScope<unknown>) {
    this.#rows = host.open(rosterItems);
  }

  find(local: string, contact: string): KeptItem | undefined {
    const loaded = this.#held.get(local) ?? this.#idle.get(local);
    if (loaded !== undefined) return loaded.get(contact);
    if (this.#hasSession(local)) return this.all(local).get(contact);
    const row = this.#rows.get(local, contact);
    return row === undefined ? undefined : this.#item(contact, row);
  }

  /** All items; the map must not be kept, it may change. */
  all(local: string): ReadonlyMap<string, KeptItem> {
    const held = this.#held.get(local);
    if (held !== undefined) return held;
    const items = this.#idle.get(local) ?? this.#load(local);
    if (this.#hasSession(local)) {
      this.#idle.delete(local);
      this.#held.set(local, items);
    } else this.#idle.set(local, items);
    return items;
  }

  /** How many items there are, without loading them. */
  count(local: string): number {
    return (this.#held.get(local) ?? this.#idle.get(local))?.size ?? this.#rows.count(local);
  }

  /** Writes an item. What is in memory follows by `remember`, when the change as a whole has succeeded. */
  write(local: string, contact: string, item: KeptItem | undefined): void {
    this.#rows.set(local, contact, item === undefined ? undefined : stored(item));
  }

  remember(local: string, contact: string, item: KeptItem | undefined): void {
    const loaded = this.#held.get(local) ?? this.#idle.get(local);
    if (loaded === undefined) return;
    if (item === undefined) (loaded as Items).delete(contact);
    else if (loaded !== EMPTY) (loaded as Items).set(contact, item);
    else {
      const first = new Map([[contact, item]]);
      if (this.#held.has(local)) this.#held.set(local, first);
      else this.#idle.set(local, first);
    }
  }

  /** The account's last session is gone. */
  release(local: string): void {
    const held = this.#held.get(local);
    if (held === undefined) return;
    this.#held.delete(local);
    this.#idle.set(local, held);
  }

  /** Takes back to what is stored: something that was written may have been lost. */
  forget(local: string): void {
    this.#held.delete(local);
    this.#idle.delete(local);
  }

  clear(local: string): void {
    this.#rows.clear(local);
    this.forget(local);
  }

  #load(local: string): ReadonlyMap<string, KeptItem> {
    const rows = this.#rows.entries(local);
    if (rows.length === 0) return EMPTY;
    const items: Items = new Map();
    for (const [contact, row] of rows) {
      const item = this.#item(contact, row);
      if (item !== undefined) items.set(contact, item);
    }
    return items;
  }

  #item(contact: string, row: StoredItem): KeptItem | undefined {
    const jid = Jid.tryParse(contact);
    if (jid === undefined) {
      this.host.log.warn("a stored roster has a contact whose address is not valid; it is left out", {
        contact,
      });
      return undefined;
    }
    return {
      jid,
      name: row.name,
      subscription: row.sub ?? "none",
      ask: row.ask === true,
      approved: row.approved === true,
      groups: row.groups ?? NO_GROUPS,
      ver: row.ver,
    };
  }

  #hasSession(local: string): boolean {
    return this.host.sessions(Jid.parse(`${local}@${this.host.domain}`)).length > 0;
  }
}

function stored(item: KeptItem): StoredItem {
  const { name, groups, subscription, ver } = item;
  return {
    ...(name === undefined ? {} : { name }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(subscription === "none" ? {} : { sub: subscription }),
    ...(item.ask ? { ask: true } : {}),
    ...(item.approved ? { approved: true } : {}),
    ver,
  };
}
