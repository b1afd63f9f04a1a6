/**
 * What all archives of a database share: the items themselves, in order of arrival, and the entries that are not in
 * leaves yet.
 *
 * An item is written once, with the keys of all owners who have it, when its bundle is full or its commit group ends; that is
 * all a crash needs to bring it back. Its entries wait in memory until their owner's archive is read, or until there are many of
 * them: then they go into leaves together, which costs a fraction of an index kept up to date item by item. `filed` marks
 * how far that has come; what was added after it is looked at again when the file is opened.
 */
import { Bundles, type Key, type Stored } from "./bundles.ts";
import { Draft } from "./draft.ts";
import type { Cells, Engine, Input } from "./engine.ts";
import { storageError } from "./error.ts";
import { Leaves } from "./leaves.ts";
import { scopeOf } from "./archive_query.ts";
import { type Position, precedes } from "./position.ts";
import { Shelf, Waiting } from "./waiting.ts";

/** Entries that wait, before they are filed; and how many owners' are filed with every commit then, at the least. */
const PATIENCE = 65_536;
const SLICE = 64;
const REPLAY = 1_000;
const LABEL = "archive";

export class ArchiveLog {
  readonly leaves: Leaves;
  readonly #bundles: Bundles;
  #generation = 0;
  readonly #draft = new Draft();
  /** Those that come, and those that are being filed meanwhile: when there are many of the former, the two change places. */
  #waiting = new Waiting();
  #filing = new Waiting();
  /** How many owners had entries in the latter when its filing began. */
  #owners = 0;
  #next = 1;
  /** How often what is remembered here was changed. */
  #changes = 0;
  #stale = true;
  #losses = 0;

  constructor(
    private readonly engine: Engine,
    private readonly patience = PATIENCE,
    private readonly slice = SLICE,
  ) {
    this.leaves = new Leaves(engine);
    this.#bundles = new Bundles(engine);
    engine.deferred = {
      write: () => {
        this.#write();
        return this.#changes;
      },
      commit: () => this.#commit(),
      // Looking at everything again can take a second: not where archives had no part in it.
      undone: (mark) => {
        if (mark !== this.#changes) this.#undone();
      },
    };
  }

  /** Changes when row numbers that somebody remembers may be wrong. */
  get generation(): number {
    this.#refresh();
    return this.#generation;
  }

  /** Adds an item, and gives its number. What is the same as the item before, at the same time, is stored with it. */
  add(
    at: number,
    shelf: Shelf,
    id: string,
    peer: string,
    resource: string,
    value: string,
    text: string | undefined,
  ): number {
    this.#changes++;
    this.#refresh();
    try {
      this.engine.group.join();
    } catch (cause) {
      throw storageError("adding to an archive", cause);
    }
    const draft = this.#draft;
    if (text !== undefined) this.#alone(at, [shelf.id, id, peer, resource], value, text);
    else {
      if (!draft.isLast(at, shelf.id, value)) {
        if (this.#bundles.isFull(draft, value)) this.#write();
        draft.begin(this.#next++, at, value);
      }
      draft.give(shelf.id, id, peer, resource);
    }
    const seq = this.#next - 1;
    this.#waiting.add(shelf, at, seq, peer);
    this.engine.group.wrote();
    return seq;
  }

  /** Files the entries of an owner: its leaves are complete after that. */
  file(shelf: number): void {
    this.#refresh();
    this.#write();
    if (this.#isWaiting(shelf)) this.engine.atomic(() => this.#file(shelf));
  }

  /** Files everything, so that the next start has nothing to look at again. */
  fileAll(): void {
    this.#refresh();
    this.#write();
    // What was taken since is in leaves, but the mark does not say so yet.
    if (this.#filing.size + this.#waiting.size === 0) return;
    const shelves = new Set([...this.#filing.shelves.keys(), ...this.#waiting.shelves.keys()]);
    this.engine.atomic(() => {
      for (const shelf of shelves) this.#file(shelf);
      this.#filing.clear();
      this.#waiting.clear();
      this.#mark();
    });
  }

  /** Forgets what was found out about owners: a whole host or account has changed. */
  forget(): void {
    this.#generation++;
  }

  /** Items by their numbers. */
  items(seqs: readonly number[]): Map<number, Stored> {
    const found = this.#bundles.find(seqs);
    if (found.size === seqs.length) return found;
    const sql = "SELECT seq, at, keys, value FROM item WHERE seq IN (SELECT value FROM json_each(?))";
    const others = JSON.stringify(seqs.filter((seq) => !found.has(seq)));
    for (const row of this.engine.all(LABEL, this.engine.prepare(sql), others)) {
      found.set(Number(row["seq"]), storedOf(row));
    }
    return found;
  }

  /** Takes an owner's key off items; those that nobody has any more go. */
  release(shelf: number, items: Iterable<Stored>): void {
    const { engine } = this;
    const gone: number[] = [];
    const update = engine.prepare("UPDATE item SET keys = ?, value = ? WHERE seq = ?");
    const left = [...items].map((item) => ({ ...item, keys: item.keys.filter((key) => key[0] !== shelf) }));
    for (const { seq, keys, value } of this.#bundles.put(left)) {
      if (keys.length === 0) gone.push(seq);
      else engine.write(LABEL, update, JSON.stringify(keys), commonOf(keys, value), seq);
    }
    if (gone.length === 0) return;
    const list = JSON.stringify(gone);
    const all = "IN (SELECT value FROM json_each(?))";
    engine.write(LABEL, engine.prepare(`DELETE FROM item_text WHERE rowid ${all}`), list);
    engine.write(LABEL, engine.prepare(`DELETE FROM item WHERE seq ${all}`), list);
  }

  /** Puts another value in the place of an owner's. From then on the item has a row of its own. */
  replace(shelf: number, item: Stored, value: string, text: string | undefined): void {
    const { engine } = this;
    const keys = item.keys.map((key): Key =>
      key[0] === shelf ? [key[0], key[1], key[2], key[3], value] : key
    );
    const alone = keys.length === 1;
    const kept = alone ? keys.map((key) => key.slice(0, 4)) : keys;
    const common = alone ? value : commonOf(keys, item.value);
    this.#bundles.put([{ ...item, keys: [] }]);
    const put = engine.prepare("REPLACE INTO item (seq, at, keys, value) VALUES (?, ?, ?, ?)");
    engine.write(LABEL, put, item.seq, item.at, JSON.stringify(kept), common);
    engine.write(LABEL, engine.prepare("DELETE FROM item_text WHERE rowid = ?"), item.seq);
    if (text !== undefined) this.#index(item.seq, shelf, text);
  }

  #index(seq: number, shelf: number, text: string): void {
    const insert = this.engine.prepare("INSERT INTO item_text (rowid, scope, words) VALUES (?, ?, ?)");
    this.engine.write(LABEL, insert, seq, scopeOf(shelf), text);
  }

  /** Before anything else is done with the tables, and before a commit. */
  #write(): void {
    if (this.#losses !== this.engine.group.losses) this.#undone();
    if (this.#draft.items === 0) return;
    this.#bundles.add(this.#draft);
    this.#draft.clear();
  }

  /** An item with words to search has a row of its own: the index knows it by that. */
  #alone(at: number, key: Key, value: string, text: string): void {
    const { engine } = this;
    this.#write();
    const seq = this.#next++;
    const insert = engine.prepare("INSERT INTO item (seq, at, keys, value) VALUES (?, ?, ?, ?)");
    engine.write(LABEL, insert, seq, at, JSON.stringify([key]), value);
    try {
      this.#index(seq, key[0], text);
    } catch (cause) {
      // Both or neither; but a savepoint would make the index write what it has gathered, which costs three times as much.
      engine.write(LABEL, engine.prepare("DELETE FROM item WHERE seq = ?"), seq);
      throw cause;
    }
  }

  #commit(): void {
    this.#write();
    if (this.#stale) return;
    try {
      this.#fileSome();
    } catch (cause) {
      // What was taken off a pile is in no leaf; where it was the first write of its group, nothing else would tell.
      this.#undone();
      throw cause;
    }
  }

  /**
   * Files some with every commit: in proportion to what came meanwhile, so that no commit takes long, and all are done when
   * half as many have come again.
   */
  #fileSome(): void {
    if (this.#filing.size === 0) {
      if (this.#waiting.size < this.patience) return;
      [this.#filing, this.#waiting] = [this.#waiting, this.#filing];
      this.#owners = this.#filing.shelves.size;
    }
    const later = this.#owners * (1 - 2 * this.#waiting.size / this.patience);
    let left = Math.max(this.slice, this.#filing.shelves.size - Math.max(0, Math.floor(later)));
    for (const shelf of this.#filing.shelves.keys()) {
      this.#file(shelf);
      if (--left === 0) break;
    }
    if (this.#filing.shelves.size > 0) return;
    this.#filing.clear();
    this.#mark();
  }

  #isWaiting(shelf: number): boolean {
    return this.#filing.shelves.has(shelf) || this.#waiting.shelves.has(shelf);
  }

  #file(shelf: number): void {
    this.#changes++;
    const entries = this.#filing.take(shelf).concat(this.#waiting.take(shelf));
    for (let i = 1; i < entries.length; i++) {
      if (precedes(entries[i]!, entries[i - 1]!)) {
        entries.sort((a, b) => precedes(a, b) ? -1 : 1);
        break;
      }
    }
    this.leaves.insert(shelf, entries);
    const update = this.engine.prepare("UPDATE shelf SET items = items + ? WHERE id = ?");
    this.engine.write(LABEL, update, entries.length, shelf);
  }

  /** Remembers how far items are in leaves, when what was being filed is. */
  #mark(): void {
    const filed = Math.min(this.#next, this.#waiting.least) - 1;
    this.engine.write(LABEL, this.engine.prepare("UPDATE filed SET seq = ?"), filed);
  }

  /** What was begun has been taken back, or may have been: the tables know better. */
  #undone(): void {
    this.#stale = true;
    this.#draft.clear();
  }

  #refresh(): void {
    if (!this.#stale && this.#losses === this.engine.group.losses) return;
    this.#losses = this.engine.group.losses;
    // Until all of it has been read.
    this.#stale = true;
    this.#changes++;
    this.#generation++;
    this.#draft.clear();
    this.#filing.clear();
    this.#waiting.clear();
    const { engine } = this;
    const filed = Number(engine.one(LABEL, engine.prepare("SELECT seq FROM filed"))?.["seq"] ?? 0);
    const newest = Number(
      engine.one(LABEL, engine.prepare("SELECT max(seq) AS seq FROM item"))?.["seq"] ?? 0,
    );
    this.#next = Math.max(filed, newest, this.#bundles.last) + 1;
    for (let after = filed; after < newest;) after = this.#replay(after);
    for (const item of this.#bundles.after(filed)) this.#again(item);
    for (const shelf of [...this.#waiting.shelves.keys()]) this.#missing(shelf);
    this.#stale = false;
  }

  /** Takes the entries of some items up again; gives the number of the last. */
  #replay(after: number): number {
    const sql = "SELECT seq, at, keys, '' AS value FROM item WHERE seq > ? ORDER BY seq LIMIT ?";
    const rows = this.engine.all(LABEL, this.engine.prepare(sql), after, REPLAY);
    let last = Number.MAX_SAFE_INTEGER;
    for (const row of rows) {
      const item = storedOf(row);
      this.#again(item);
      last = item.seq;
    }
    return last;
  }

  #again({ at, seq, keys }: Stored): void {
    for (const [shelf, , peer] of keys) this.#waiting.add(new Shelf(shelf), at, seq, peer);
  }

  /** Leaves only those waiting that are in no leaf. */
  #missing(shelf: number): void {
    const entries = this.#waiting.take(shelf).sort((a, b) => precedes(a, b) ? -1 : 1);
    const [first, last] = [entries[0]!, entries.at(-1)!];
    const filed = new Set<number>();
    const place = new Shelf(shelf);
    const before: Position = { at: first.at, seq: first.seq - 1 };
    for (const entry of this.leaves.walk(shelf, undefined, before, { at: last.at, seq: last.seq + 1 })) {
      filed.add(entry.seq);
    }
    for (const { at, seq, peer } of entries) if (!filed.has(seq)) this.#waiting.add(place, at, seq, peer);
  }
}

/** The common value, which is not kept once nobody has it any more. */
function commonOf(keys: readonly Key[], value: string): Input {
  return keys.every((key) => key.length === 5) ? "" : value;
}

export function storedOf(row: Cells): Stored {
  return {
    seq: Number(row["seq"]),
    at: Number(row["at"]),
    value: String(row["value"]),
    keys: JSON.parse(String(row["keys"])) as Key[],
  };
}
