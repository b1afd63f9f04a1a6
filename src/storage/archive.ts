/** The archive kind on SQLite: one owner's items are a shelf, whose order is in leaves (see `schema.ts`). */
import { hasWords, isEmpty, keyTextOf, searchOf } from "./archive_query.ts";
import { type ArchiveLog, storedOf } from "./archive_log.ts";
import type { Stored } from "./bundles.ts";
import type { Cells, Input } from "./engine.ts";
import { StorageError } from "./error.ts";
import { itemId, timeOfId } from "./item_id.ts";
import type { Skip } from "./leaves.ts";
import type { Archive, Filter, Found, Item, NewItem, Page } from "./page.ts";
import { ownersOf, ownerText, type Place, walk } from "./place.ts";
import { earlier, endOf, later, type Position, precedes, startOf } from "./position.ts";
import { restored, storable } from "./storable.ts";
import { Shelf } from "./waiting.ts";

const MOST = 1_000;
/** How many owners one call of `expire` visits at most: a step of an index each. */
const VISITS = 100;
/** Items read at a time where each has to be looked at. */
const BATCH = 100;
const NOTHING: Found = { items: [], complete: true };

interface Span {
  readonly lower: Position;
  readonly upper: Position;
}

/** An item that a filter selects; what it is comes with it where that had to be looked at. */
interface Hit extends Position {
  readonly stored?: Stored;
}

/** Long ordered lists, one an owner. */
export class SqliteArchive implements Archive {
  readonly #place: Place;
  readonly #log: ArchiveLog;
  /** Called when a shelf went to the trash. */
  readonly #sweep: () => void;
  readonly #shelves = new Map<string, Shelf>();
  #generation = -1;
  /** The last value that was added, as it came and as it is stored. */
  #value = "";
  #stored = "";
  /** The owner that `expire` visited last in this round. */
  #visited: string | undefined;

  constructor(place: Place, log: ArchiveLog, sweep: () => void) {
    this.#place = place;
    this.#log = log;
    this.#sweep = sweep;
  }

  append(owner: string, item: NewItem): string {
    const { at, id = itemId(item.at), resource = "", text } = item;
    if (!Number.isSafeInteger(at)) {
      throw new StorageError(
        "invalid",
        `store "${this.#place.label}": an item's time must be whole milliseconds`,
      );
    }
    const peer = storable(item.with ?? "", "an address");
    const rest = storable(resource, "an address");
    const value = this.#storable(item.value);
    const words = text !== undefined && hasWords(text) ? storable(text, "a text") : undefined;
    // Nobody else can have made an id that tells this time: only others are looked for.
    if (timeOfId(id) === at) {
      this.#log.add(at, this.#shelfFor(owner), id, peer, rest, value, words);
      return id;
    }
    const name = storable(id, "an id");
    const shelf = this.#shelfOf(owner);
    if (shelf !== undefined && this.#position(shelf, id) !== undefined) {
      throw new StorageError("conflict", `store "${this.#place.label}": there is an item "${id}" already`);
    }
    this.#place.engine.atomic(() => {
      const own = this.#shelfFor(owner);
      const seq = this.#log.add(at, own, name, peer, rest, value, words);
      this.#write("INSERT INTO item_name (shelf, id, at, seq) VALUES (?, ?, ?, ?)", own.id, name, at, seq);
    });
    return id;
  }

  /** Mostly the item before, for another owner. */
  #storable(value: string): string {
    if (value !== this.#value) {
      this.#stored = storable(value, "an item");
      this.#value = value;
    }
    return this.#stored;
  }

  get(owner: string, id: string): Item | undefined {
    const shelf = this.#shelfOf(owner);
    const stored = shelf === undefined ? undefined : this.#position(shelf, id);
    return shelf === undefined || stored === undefined ? undefined : itemOf(shelf, stored);
  }

  find(owner: string, filter: Filter, page: Page): Found {
    const limit = Math.max(0, Math.min(MOST, Math.floor(page.limit)));
    const shelf = this.#shelfOf(owner);
    const backwards = page.after === undefined && page.before !== undefined;
    const span = this.#span(shelf, filter, page);
    if (typeof span === "string") return { items: [], complete: true, missing: span };
    if (shelf === undefined) return NOTHING;
    const skip: Skip = { left: Math.max(0, page.skip ?? 0) };
    const hits: Hit[] = [];
    for (const hit of this.#hits(shelf, filter, span, backwards, skip)) {
      hits.push(hit);
      if (hits.length > limit) break;
    }
    const complete = hits.length <= limit;
    const items = this.#items(shelf, hits.slice(0, limit));
    return { items: backwards ? items.reverse() : items, complete };
  }

  replace(owner: string, id: string, value: string, text?: string): boolean {
    const shelf = this.#shelfOf(owner);
    const stored = shelf === undefined ? undefined : this.#position(shelf, id);
    if (shelf === undefined || stored === undefined) return false;
    const words = text !== undefined && hasWords(text) ? storable(text, "a text") : undefined;
    this.#place.engine.atomic(() => this.#log.replace(shelf, stored, storable(value, "an item"), words));
    return true;
  }

  delete(owner: string, filter: Filter, limit = MOST): number {
    const shelf = this.#shelfOf(owner);
    if (shelf === undefined) return 0;
    if (isEmpty(filter)) return this.#discard(owner, shelf);
    const span = this.#span(shelf, filter, { limit });
    // Of some ids, those that are there go.
    if (typeof span === "string" && filter.ids === undefined) return 0;
    const whole = typeof span === "string" ? { lower: startOf(filter), upper: endOf(filter) } : span;
    const most = Math.max(1, Math.min(MOST, Math.floor(limit)));
    const hits: Hit[] = [];
    for (const hit of this.#hits(shelf, filter, whole, false, { left: 0 })) {
      hits.push(hit);
      if (hits.length === most) break;
    }
    this.#remove(shelf, hits);
    return hits.length;
  }

  count(owner: string, filter: Filter = {}, cap = 10_000): number {
    const shelf = this.#shelfOf(owner);
    if (shelf === undefined) return 0;
    if (isEmpty(filter)) {
      this.#log.file(shelf);
      return Number(this.#one("SELECT items FROM shelf WHERE id = ?", shelf)?.["items"] ?? 0);
    }
    const span = this.#span(shelf, filter, { limit: 0 });
    if (typeof span === "string") return 0;
    let count = 0;
    for (const _ of this.#hits(shelf, filter, span, false, { left: 0 })) {
      if (++count >= cap) break;
    }
    return count;
  }

  expire(before: number, limit = 500): boolean {
    const { id } = this.#place;
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
      this.#log.file(shelf);
      const span = { lower: startOf({}), upper: { at: before, seq: 0 } };
      const old: Hit[] = [];
      for (const hit of this.#hits(shelf, {}, span, false, { left: 0 })) {
        old.push(hit);
        if (old.length === left) break;
      }
      this.#remove(shelf, old);
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

  #remove(shelf: number, hits: readonly Hit[]): void {
    if (hits.length === 0) return;
    const sorted = hits.toSorted((a, b) => precedes(a, b) ? -1 : 1);
    this.#place.engine.atomic(() => {
      const stored = this.#itemsOf(sorted);
      this.#log.leaves.remove(shelf, sorted);
      this.#log.release(shelf, stored);
      for (const { at, keys } of stored) {
        const id = keys.find((key) => key[0] === shelf)?.[1];
        if (id === undefined || timeOfId(id) === at) continue;
        this.#write("DELETE FROM item_name WHERE shelf = ? AND id = ?", shelf, id);
      }
      this.#write("UPDATE shelf SET items = items - ? WHERE id = ?", sorted.length, shelf);
      if (this.#write("DELETE FROM shelf WHERE id = ? AND items <= 0", shelf) > 0) this.#log.forget();
    });
  }

  #discard(owner: string, shelf: number): number {
    const items = this.count(owner);
    this.#write("UPDATE shelf SET store = 0, owner = CAST(id AS TEXT) WHERE id = ?", shelf);
    this.#log.forget();
    this.#sweep();
    return items;
  }

  /** What the filter selects between two positions, in order. */
  #hits(shelf: number, filter: Filter, span: Span, reverse: boolean, skip: Skip): Iterable<Hit> {
    this.#log.file(shelf);
    const { ids, text, resource } = filter;
    if (text !== undefined && !hasWords(text)) return [];
    const all = ids !== undefined
      ? this.#named(shelf, ids, span, reverse)
      : text !== undefined
      ? this.#said(shelf, text, filter, span, reverse)
      : undefined;
    if (all !== undefined) return skipping(checked(all, shelf, filter), skip);
    const { lower, upper } = span;
    const peer = filter.with === undefined ? undefined : storable(filter.with, "a filter");
    const whole = peer === undefined || resource === undefined;
    const entries = this.#log.leaves.walk(shelf, peer, lower, upper, reverse, whole ? skip : undefined);
    return whole ? entries : skipping(checked(this.#looked(entries), shelf, filter), skip);
  }

  /** Items by their ids, those that are there. */
  *#named(shelf: number, ids: readonly string[], span: Span, reverse: boolean): Generator<Hit> {
    const hits = ids.map((id) => this.#position(shelf, id)).filter((hit) => hit !== undefined);
    hits.sort((a, b) => precedes(a, b) === reverse ? 1 : -1);
    for (let i = 0; i < hits.length; i++) {
      const hit = hits[i]!;
      const twice = i > 0 && hits[i - 1]!.seq === hit.seq;
      if (!twice && precedes(span.lower, hit) && precedes(hit, span.upper)) yield { ...hit, stored: hit };
    }
  }

  /** Items by the words in them. */
  *#said(shelf: number, text: string, filter: Filter, span: Span, reverse: boolean): Generator<Hit> {
    let { lower, upper } = span;
    const order = reverse ? "ORDER BY item.at DESC, item.seq DESC" : "ORDER BY item.at, item.seq";
    const sql = `SELECT item.seq AS seq, item.at AS at, item.keys AS keys, item.value AS value
      FROM item_text CROSS JOIN item ON item.seq = item_text.rowid WHERE item_text MATCH ?
      AND instr(item.keys, ?) > 0 AND (item.at, item.seq) > (?, ?) AND (item.at, item.seq) < (?, ?) ${order} LIMIT ?`;
    // Each batch sorts all that are found: what others said must not be among them.
    const match = searchOf(shelf, text);
    const peer = keyTextOf(filter);
    for (;;) {
      const rows = this.#all(sql, match, peer, lower.at, lower.seq, upper.at, upper.seq, BATCH);
      for (const row of rows) {
        const stored = storedOf(row);
        yield { ...stored, stored };
        if (reverse) upper = stored;
        else lower = stored;
      }
      if (rows.length < BATCH) return;
    }
  }

  /** Entries with their items. */
  *#looked(entries: Iterable<Position>): Generator<Hit> {
    let batch: Position[] = [];
    for (const entry of entries) {
      batch.push(entry);
      if (batch.length < BATCH) continue;
      yield* this.#itemsOf(batch).map((stored) => ({ ...stored, stored }));
      batch = [];
    }
    yield* this.#itemsOf(batch).map((stored) => ({ ...stored, stored }));
  }

  #itemsOf(hits: readonly Hit[]): Stored[] {
    const found = this.#log.items(hits.flatMap(({ seq, stored }) => stored === undefined ? [seq] : []));
    return hits.map((hit) => {
      const stored = hit.stored ?? found.get(hit.seq);
      if (stored !== undefined) return stored;
      throw new StorageError("corrupt", `store "${this.#place.label}": item ${hit.seq} is not there`);
    });
  }

  #items(shelf: number, hits: readonly Hit[]): Item[] {
    return this.#itemsOf(hits).map((stored) => itemOf(shelf, stored));
  }

  /** An item by its id: where it tells its time there, else by name. */
  #position(shelf: number, id: string): Stored | undefined {
    this.#log.file(shelf);
    const name = storable(id, "an id");
    const at = timeOfId(id);
    if (at !== undefined) {
      const around = this.#log.leaves.walk(shelf, undefined, { at, seq: 0 }, endOf({ to: at }));
      const found = this.#itemsOf([...around]).find(({ keys }) =>
        keys.some((key) => key[0] === shelf && key[1] === name)
      );
      if (found !== undefined) return found;
    }
    const row = this.#one("SELECT seq FROM item_name WHERE shelf = ? AND id = ?", shelf, name);
    return row === undefined ? undefined : this.#log.items([Number(row["seq"])]).get(Number(row["seq"]));
  }

  /** The stretch that times and ids leave, or the first id that is not there. */
  #span(shelf: number | undefined, filter: Filter, page: Page): string | Span {
    let lower = startOf(filter);
    let upper = endOf(filter);
    for (const id of [filter.afterId, page.after]) {
      if (id === undefined) continue;
      const position = shelf === undefined ? undefined : this.#position(shelf, id);
      if (position === undefined) return id;
      lower = later(lower, position);
    }
    for (const id of [filter.beforeId, page.before === "" ? undefined : page.before]) {
      if (id === undefined) continue;
      const position = shelf === undefined ? undefined : this.#position(shelf, id);
      if (position === undefined) return id;
      upper = earlier(upper, position);
    }
    const { ids = [] } = filter;
    if (ids.length > MOST) throw new StorageError("invalid", `at most ${MOST} ids at a time`);
    const missing = ids.find((id) => shelf === undefined || this.#position(shelf, id) === undefined);
    return missing ?? { lower, upper };
  }

  #shelfOf(owner: string): number | undefined {
    return this.#known(owner)?.id;
  }

  #known(owner: string): Shelf | undefined {
    if (this.#generation !== this.#log.generation) {
      this.#shelves.clear();
      this.#generation = this.#log.generation;
    }
    const known = this.#shelves.get(owner);
    if (known !== undefined) return known;
    const row = this.#one(
      "SELECT id FROM shelf WHERE store = ? AND owner = ?",
      this.#place.id,
      ownerText(this.#place, owner),
    );
    return row === undefined ? undefined : this.#remember(owner, Number(row["id"]));
  }

  #shelfFor(owner: string): Shelf {
    const known = this.#known(owner);
    if (known !== undefined) return known;
    const { engine, label, id } = this.#place;
    const insert = engine.prepare("INSERT INTO shelf (store, owner) VALUES (?, ?)");
    return this.#remember(owner, engine.insert(label, insert, id, ownerText(this.#place, owner)));
  }

  #remember(owner: string, id: number): Shelf {
    if (this.#shelves.size >= REMEMBERED) this.#shelves.clear();
    const shelf = new Shelf(id);
    this.#shelves.set(owner, shelf);
    return shelf;
  }

  #one(sql: string, ...values: Input[]): Cells | undefined {
    const { engine, label } = this.#place;
    return engine.one(label, engine.prepare(sql), ...values);
  }

  #all(sql: string, ...values: Input[]): Cells[] {
    const { engine, label } = this.#place;
    return engine.all(label, engine.prepare(sql), ...values);
  }

  #write(sql: string, ...values: Input[]): number {
    const { engine, label } = this.#place;
    return engine.write(label, engine.prepare(sql), ...values);
  }
}

/** Owners whose shelf is known without asking. */
const REMEMBERED = 50_000;

/** Only what is the owner's, with whom the filter says. */
function* checked(hits: Iterable<Hit>, shelf: number, filter: Filter): Generator<Hit> {
  for (const hit of hits) {
    const key = hit.stored?.keys.find((it) => it[0] === shelf);
    if (key === undefined) continue;
    if (filter.with !== undefined && restored(key[2]) !== filter.with) continue;
    if (filter.with !== undefined && filter.resource !== undefined && restored(key[3]) !== filter.resource) {
      continue;
    }
    yield hit;
  }
}

function* skipping(hits: Iterable<Hit>, skip: Skip): Generator<Hit> {
  for (const hit of hits) {
    if (skip.left > 0) skip.left--;
    else yield hit;
  }
}

function itemOf(shelf: number, { at, keys, value }: Stored): Item {
  const key = keys.find((it) => it[0] === shelf);
  if (key === undefined) throw new StorageError("corrupt", "an archived item is nobody's");
  return {
    id: restored(key[1]),
    at,
    with: restored(key[2]),
    resource: restored(key[3]),
    value: restored(key[4] ?? value),
  };
}
