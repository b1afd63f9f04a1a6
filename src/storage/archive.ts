/** The archive kind on SQLite: items of one table, a shelf an owner (see `schema.ts`). */
import { randomId } from "../base/id.ts";
import {
  earlier,
  endOf,
  hasWords,
  idList,
  isEmpty,
  later,
  type Position,
  scopeOf,
  select,
  startOf,
} from "./archive_query.ts";
import type { Cells, Input } from "./engine.ts";
import { StorageError } from "./error.ts";
import type { Archive, Filter, Found, Item, NewItem, Page } from "./page.ts";
import { ownersOf, ownerText, type Place, walk } from "./place.ts";
import { removeItems } from "./shelf.ts";
import { restored, storable } from "./storable.ts";

const MOST = 1_000;
const COLUMNS =
  "item.id AS id, item.at AS at, item.peer AS peer, item.resource AS resource, item.value AS value";
/** How many owners one call of `expire` visits at most: a step of an index each. */
const VISITS = 100;
const NOTHING: Found = { items: [], complete: true };

/** Long ordered lists, one an owner. */
export class SqliteArchive implements Archive {
  readonly #place: Place;
  /** Called when a shelf went to the trash. */
  readonly #sweep: () => void;
  /** The owner that `expire` visited last in this round. */
  #visited: string | undefined;

  constructor(place: Place, sweep: () => void) {
    this.#place = place;
    this.#sweep = sweep;
  }

  append(owner: string, item: NewItem): string {
    if (!Number.isSafeInteger(item.at)) {
      throw new StorageError(
        "invalid",
        `store "${this.#place.label}": an item's time must be whole milliseconds`,
      );
    }
    const { text } = item;
    if (text === undefined || !hasWords(text)) return this.#append(owner, item);
    return this.#place.engine.atomic(() => this.#append(owner, item, text));
  }

  get(owner: string, id: string): Item | undefined {
    const shelf = this.#shelf(owner);
    if (shelf === undefined) return undefined;
    const row = this.#one(
      `SELECT ${COLUMNS} FROM item WHERE shelf = ? AND id = ?`,
      shelf,
      storable(id, "an id"),
    );
    return row === undefined ? undefined : itemOf(row);
  }

  find(owner: string, filter: Filter, page: Page): Found {
    const limit = Math.max(0, Math.min(MOST, Math.floor(page.limit)));
    const shelf = this.#shelf(owner);
    const backwards = page.after === undefined && page.before !== undefined;
    const between = this.#between(shelf, filter, page);
    if (typeof between === "string") return { items: [], complete: true, missing: between };
    if (shelf === undefined || (filter.text !== undefined && !hasWords(filter.text))) return NOTHING;
    const { sql, values } = select(shelf, filter, between.lower, between.upper);
    const order = backwards ? "ORDER BY item.at DESC, item.seq DESC" : "ORDER BY item.at, item.seq";
    const rows = this.#all(
      `SELECT ${COLUMNS} ${sql} ${order} LIMIT ? OFFSET ?`,
      ...values,
      limit + 1,
      Math.max(0, page.skip ?? 0),
    );
    const complete = rows.length <= limit;
    const items = rows.slice(0, limit).map(itemOf);
    return { items: backwards ? items.reverse() : items, complete };
  }

  replace(owner: string, id: string, value: string, text?: string): boolean {
    const { engine, label } = this.#place;
    const shelf = this.#shelf(owner);
    const row = shelf === undefined
      ? undefined
      : this.#one("SELECT seq FROM item WHERE shelf = ? AND id = ?", shelf, storable(id, "an id"));
    if (shelf === undefined || row === undefined) return false;
    const seq = Number(row["seq"]);
    engine.atomic(() => {
      const update = engine.prepare("UPDATE item SET value = ? WHERE seq = ?");
      engine.write(label, update, storable(value, "an item"), seq);
      engine.write(label, engine.prepare("DELETE FROM item_text WHERE rowid = ?"), seq);
      if (text !== undefined && hasWords(text)) this.#index(shelf, seq, text);
    });
    return true;
  }

  delete(owner: string, filter: Filter, limit = MOST): number {
    const { engine, label } = this.#place;
    const shelf = this.#shelf(owner);
    if (shelf === undefined) return 0;
    if (isEmpty(filter)) return this.#discard(owner, shelf);
    const between = this.#between(shelf, filter, { limit });
    if (typeof between === "string" && filter.ids === undefined) return 0;
    if (filter.text !== undefined && !hasWords(filter.text)) return 0;
    const span = typeof between === "string" ? { lower: startOf(filter), upper: endOf(filter) } : between;
    const { sql, values } = select(shelf, filter, span.lower, span.upper);
    const query = `SELECT item.seq AS seq ${sql} ORDER BY item.at, item.seq LIMIT ?`;
    const rows = this.#all(query, ...values, Math.max(1, Math.min(MOST, Math.floor(limit))));
    return engine.atomic(() => removeItems(engine, label, shelf, rows.map((row) => Number(row["seq"]))));
  }

  count(owner: string, filter: Filter = {}, cap = 10_000): number {
    const shelf = this.#shelf(owner);
    if (shelf === undefined) return 0;
    if (isEmpty(filter)) {
      return Number(this.#one("SELECT items FROM shelf WHERE id = ?", shelf)?.["items"] ?? 0);
    }
    const between = this.#between(shelf, filter, { limit: 0 });
    if (typeof between === "string" || (filter.text !== undefined && !hasWords(filter.text))) return 0;
    const { sql, values } = select(shelf, filter, between.lower, between.upper);
    const row = this.#one(`SELECT count(*) AS n FROM (SELECT 1 ${sql} LIMIT ?)`, ...values, cap);
    return Number(row?.["n"] ?? 0);
  }

  expire(before: number, limit = 500): boolean {
    const { engine, label, id } = this.#place;
    const sign = this.#visited === undefined ? ">=" : ">";
    const shelves = this.#all(
      `SELECT id, owner FROM shelf WHERE store = ? AND owner ${sign} ? ORDER BY owner LIMIT ?`,
      id,
      this.#visited ?? "",
      VISITS,
    );
    let left = Math.max(1, limit);
    for (const row of shelves) {
      const shelf = Number(row["id"]);
      const old = this.#all(
        "SELECT seq FROM item INDEXED BY item_at WHERE shelf = ? AND at < ? ORDER BY at, seq LIMIT ?",
        shelf,
        before,
        left,
      );
      if (old.length > 0) {
        engine.atomic(() => removeItems(engine, label, shelf, old.map((item) => Number(item["seq"]))));
      }
      left -= old.length;
      // This owner may have more: the next call begins with the same one.
      if (left <= 0) return false;
      this.#visited = String(row["owner"]);
    }
    if (shelves.length === VISITS) return false;
    this.#visited = undefined;
    return true;
  }

  owners(): Iterable<string> {
    const { engine, id, label } = this.#place;
    const statement = engine.prepare(ownersOf("shelf"));
    return walk((after, limit) => engine.all(label, statement, id, after, limit));
  }

  #append(owner: string, item: NewItem, text?: string): string {
    const { engine, label, id: store } = this.#place;
    const shelf = this.#shelf(owner) ??
      engine.insert(
        label,
        engine.prepare("INSERT INTO shelf (store, owner) VALUES (?, ?)"),
        store,
        ownerText(this.#place, owner),
      );
    const id = item.id ?? randomId();
    const seq = engine.insert(
      label,
      engine.prepare("INSERT INTO item (shelf, id, at, peer, resource, value) VALUES (?, ?, ?, ?, ?, ?)"),
      shelf,
      storable(id, "an id"),
      item.at,
      storable(item.with ?? "", "an address"),
      storable(item.resource ?? "", "an address"),
      storable(item.value, "an item"),
    );
    if (text !== undefined) this.#index(shelf, seq, text);
    return id;
  }

  #index(shelf: number, seq: number, text: string): void {
    const { engine, label } = this.#place;
    const insert = engine.prepare("INSERT INTO item_text (rowid, scope, words) VALUES (?, ?, ?)");
    engine.write(label, insert, seq, scopeOf(shelf), storable(text, "a text"));
  }

  #discard(owner: string, shelf: number): number {
    const { engine, label, id } = this.#place;
    const items = this.count(owner);
    const trash = engine.prepare(
      "UPDATE shelf SET store = 0, owner = CAST(id AS TEXT) WHERE store = ? AND id = ?",
    );
    engine.write(label, trash, id, shelf);
    this.#sweep();
    return items;
  }

  #shelf(owner: string): number | undefined {
    const row = this.#one(
      "SELECT id FROM shelf WHERE store = ? AND owner = ?",
      this.#place.id,
      ownerText(this.#place, owner),
    );
    return row === undefined ? undefined : Number(row["id"]);
  }

  /** The stretch that times and ids leave, or the first id that is not there. */
  #between(
    shelf: number | undefined,
    filter: Filter,
    page: Page,
  ): string | { lower: Position | undefined; upper: Position | undefined } {
    let lower = startOf(filter);
    let upper = endOf(filter);
    for (const id of [filter.afterId, page.after]) {
      if (id === undefined) continue;
      const position = this.#position(shelf, id);
      if (position === undefined) return id;
      lower = later(lower, position);
    }
    for (const id of [filter.beforeId, page.before === "" ? undefined : page.before]) {
      if (id === undefined) continue;
      const position = this.#position(shelf, id);
      if (position === undefined) return id;
      upper = earlier(upper, position);
    }
    const missing = filter.ids === undefined ? undefined : this.#missing(shelf, filter.ids);
    return missing ?? { lower, upper };
  }

  #position(shelf: number | undefined, id: string): Position | undefined {
    if (shelf === undefined) return undefined;
    const row = this.#one(
      "SELECT at, seq FROM item WHERE shelf = ? AND id = ?",
      shelf,
      storable(id, "an id"),
    );
    return row === undefined ? undefined : { at: Number(row["at"]), seq: Number(row["seq"]) };
  }

  #missing(shelf: number | undefined, ids: readonly string[]): string | undefined {
    if (ids.length > MOST) throw new StorageError("invalid", `at most ${MOST} ids at a time`);
    if (shelf === undefined) return ids[0];
    const sql =
      "SELECT id FROM item INDEXED BY item_id WHERE shelf = ? AND id IN (SELECT value FROM json_each(?))";
    const found = new Set(this.#all(sql, shelf, idList(ids)).map((row) => restored(String(row["id"]))));
    return ids.find((id) => !found.has(id));
  }

  #one(sql: string, ...values: Input[]): Cells | undefined {
    const { engine, label } = this.#place;
    return engine.one(label, engine.prepare(sql), ...values);
  }

  #all(sql: string, ...values: Input[]): Cells[] {
    const { engine, label } = this.#place;
    return engine.all(label, engine.prepare(sql), ...values);
  }
}

function itemOf(row: Cells): Item {
  return {
    id: restored(String(row["id"])),
    at: Number(row["at"]),
    with: restored(String(row["peer"])),
    resource: restored(String(row["resource"])),
    value: restored(String(row["value"])),
  };
}
