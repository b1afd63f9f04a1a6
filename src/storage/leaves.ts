/**
 * The order of an archive: each owner's items as entries (time, number, with whom), some a row, so that many entries are
 * written at once and a page is read in a row or two. `leaf_peer` says in which leaves somebody occurs.
 */
import type { Cells, Engine } from "./engine.ts";
import { StorageError } from "./error.ts";
import { NEWEST, OLDEST, type Position, precedes } from "./position.ts";

/** One item of an owner. `seq` is the number of the item, and where it came among those of one time. */
export interface Entry extends Position {
  readonly peer: string;
}

/** Entries of a leaf. A page of the usual size is in one or two of them. */
const MOST = 100;
/** Leaves read at a time. */
const AHEAD = 2;

const COLUMNS = "leaf.at AS at, leaf.seq AS seq, leaf.items AS items, leaf.entries AS entries";

interface Leaf extends Position {
  readonly entries: readonly Entry[];
}

/** Items to leave out at the beginning, counted down. */
export interface Skip {
  left: number;
}

export class Leaves {
  constructor(private readonly engine: Engine, private readonly most = MOST) {}

  /** Entries between two positions, both exclusive, of one peer or all; the newest first where `reverse` says so. */
  *walk(
    shelf: number,
    peer: string | undefined,
    lower: Position,
    upper: Position,
    reverse = false,
    skip?: Skip,
  ): Generator<Entry> {
    const everything = peer === undefined && lower.at === OLDEST && upper.at === NEWEST;
    for (const row of this.#rows(shelf, peer, lower, upper, reverse)) {
      if (everything && skip !== undefined && skip.left >= Number(row["items"])) {
        skip.left -= Number(row["items"]);
        continue;
      }
      const { entries } = leafOf(row);
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[reverse ? entries.length - 1 - i : i]!;
        if (peer !== undefined && entry.peer !== peer) continue;
        if (!precedes(lower, entry)) {
          if (reverse) return;
          continue;
        }
        if (!precedes(entry, upper)) {
          if (!reverse) return;
          continue;
        }
        if (skip !== undefined && skip.left > 0) skip.left--;
        else yield entry;
      }
    }
  }

  /** Adds entries, in order. */
  insert(shelf: number, entries: readonly Entry[]): void {
    for (let i = 0; i < entries.length;) {
      const first = entries[i]!;
      const leaf = this.#at(shelf, first) ?? this.#next(shelf, first);
      const bound = leaf === undefined ? undefined : this.#next(shelf, leaf);
      let end = i + 1;
      while (end < entries.length && (bound === undefined || precedes(entries[end]!, bound))) end++;
      const added = entries.slice(i, end);
      i = end;
      if (leaf === undefined) this.#writeAll(shelf, added);
      else this.#extend(shelf, leaf, added);
    }
  }

  /** Takes entries away, given in order. */
  remove(shelf: number, entries: readonly Position[]): void {
    for (let i = 0; i < entries.length;) {
      const leaf = this.#at(shelf, entries[i]!);
      if (leaf === undefined) throw missing();
      const last = leaf.entries.at(-1)!;
      const gone = new Set<number>();
      while (i < entries.length && !precedes(last, entries[i]!)) gone.add(entries[i++]!.seq);
      if (gone.size === 0) throw missing();
      this.#drop(shelf, leaf);
      const left = leaf.entries.filter((entry) => !gone.has(entry.seq));
      if (left.length > 0) this.#write(shelf, left);
    }
  }

  /** The oldest leaf's entries; undefined on an empty shelf. */
  first(shelf: number): readonly Entry[] | undefined {
    return this.#next(shelf, BEGINNING)?.entries;
  }

  /** Leaves in order, from the one that may have the first entry. */
  *#rows(
    shelf: number,
    peer: string | undefined,
    lower: Position,
    upper: Position,
    reverse: boolean,
  ): Generator<Cells> {
    const from = peer === undefined
      ? "FROM leaf WHERE leaf.shelf = ?"
      : "FROM leaf_peer JOIN leaf USING (shelf, at, seq) WHERE leaf_peer.shelf = ? AND leaf_peer.peer = ?";
    const key = peer === undefined ? "leaf" : "leaf_peer";
    const given = peer === undefined ? [shelf] : [shelf, peer];
    const page = (sign: string, order: string, at: Position, limit: number): Cells[] =>
      this.engine.all(
        "archive",
        this.engine.prepare(
          `SELECT ${COLUMNS} ${from} AND (${key}.at, ${key}.seq) ${sign} (?, ?)
           ORDER BY ${key}.at ${order}, ${key}.seq ${order} LIMIT ?`,
        ),
        ...given,
        at.at,
        at.seq,
        limit,
      );
    let rows = reverse ? page("<=", "DESC", upper, AHEAD) : page("<=", "DESC", lower, 1);
    let cursor = reverse ? upper : lower;
    for (;;) {
      for (const row of rows) yield row;
      const last = rows.at(-1);
      if (last !== undefined) cursor = { at: Number(last["at"]), seq: Number(last["seq"]) };
      else if (reverse) return;
      rows = reverse ? page("<", "DESC", cursor, AHEAD) : page(">", "ASC", cursor, AHEAD);
      if (rows.length === 0) return;
    }
  }

  #extend(shelf: number, leaf: Leaf, added: readonly Entry[]): void {
    const newest = leaf.entries.at(-1)!;
    const room = this.most - leaf.entries.length;
    if (precedes(newest, added[0]!) && added.length <= room) {
      this.#append(shelf, leaf, added);
      return;
    }
    if (precedes(newest, added[0]!)) {
      if (room > 0) this.#append(shelf, leaf, added.slice(0, room));
      this.#writeAll(shelf, added.slice(room));
      return;
    }
    this.#drop(shelf, leaf);
    const all = [...leaf.entries, ...added].sort((a, b) => precedes(a, b) ? -1 : 1);
    if (all.length <= this.most) this.#write(shelf, all);
    else this.#writeAll(shelf, all, Math.ceil(this.most / 2));
  }

  #append(shelf: number, leaf: Leaf, added: readonly Entry[]): void {
    const all = [...leaf.entries, ...added];
    const update = this.engine.prepare(
      "UPDATE leaf SET items = ?, entries = ? WHERE shelf = ? AND at = ? AND seq = ?",
    );
    this.engine.write("archive", update, all.length, textOf(all), shelf, leaf.at, leaf.seq);
    const known = new Set(leaf.entries.map((entry) => entry.peer));
    this.#name(shelf, leaf, added, known);
  }

  #writeAll(shelf: number, entries: readonly Entry[], size = this.most): void {
    for (let i = 0; i < entries.length; i += size) this.#write(shelf, entries.slice(i, i + size));
  }

  #write(shelf: number, entries: readonly Entry[]): void {
    const first = entries[0]!;
    const insert = this.engine.prepare(
      "INSERT INTO leaf (shelf, at, seq, items, entries) VALUES (?, ?, ?, ?, ?)",
    );
    this.engine.write("archive", insert, shelf, first.at, first.seq, entries.length, textOf(entries));
    this.#name(shelf, first, entries, new Set());
  }

  #name(shelf: number, leaf: Position, entries: readonly Entry[], known: Set<string>): void {
    for (const { peer } of entries) {
      if (known.has(peer)) continue;
      known.add(peer);
      const insert = this.engine.prepare("INSERT INTO leaf_peer (shelf, peer, at, seq) VALUES (?, ?, ?, ?)");
      this.engine.write("archive", insert, shelf, peer, leaf.at, leaf.seq);
    }
  }

  #drop(shelf: number, leaf: Leaf): void {
    const { engine } = this;
    const peers = JSON.stringify([...new Set(leaf.entries.map((entry) => entry.peer))]);
    const names = engine.prepare(
      "DELETE FROM leaf_peer WHERE shelf = ? AND peer IN (SELECT value FROM json_each(?)) AND at = ? AND seq = ?",
    );
    engine.write("archive", names, shelf, peers, leaf.at, leaf.seq);
    const row = engine.prepare("DELETE FROM leaf WHERE shelf = ? AND at = ? AND seq = ?");
    engine.write("archive", row, shelf, leaf.at, leaf.seq);
  }

  /** The leaf in which a position is, or belongs. */
  #at(shelf: number, { at, seq }: Position): Leaf | undefined {
    const sql = `SELECT ${COLUMNS} FROM leaf WHERE shelf = ? AND (at, seq) <= (?, ?)
      ORDER BY at DESC, seq DESC LIMIT 1`;
    const row = this.engine.one("archive", this.engine.prepare(sql), shelf, at, seq);
    return row === undefined ? undefined : leafOf(row);
  }

  /** The first leaf that begins after a position. */
  #next(shelf: number, { at, seq }: Position): Leaf | undefined {
    const sql = `SELECT ${COLUMNS} FROM leaf WHERE shelf = ? AND (at, seq) > (?, ?) ORDER BY at, seq LIMIT 1`;
    const row = this.engine.one("archive", this.engine.prepare(sql), shelf, at, seq);
    return row === undefined ? undefined : leafOf(row);
  }
}

const BEGINNING: Position = { at: OLDEST, seq: 0 };

function missing(): StorageError {
  return new StorageError("corrupt", "an entry of an archive is in none of its leaves");
}

/** Peers once, then three numbers an entry: how much later, how much further on than the one before, and its peer. */
function textOf(entries: readonly Entry[]): string {
  const places = new Map<string, number>();
  const numbers: number[] = [];
  let at = 0;
  let seq = 0;
  let peer: string | undefined;
  let place = 0;
  for (const entry of entries) {
    // Mostly a conversation goes on.
    if (entry.peer !== peer) {
      peer = entry.peer;
      place = places.get(peer) ?? places.size;
      if (place === places.size) places.set(peer, place);
    }
    numbers.push(entry.at - at, entry.seq - seq, place);
    at = entry.at;
    seq = entry.seq;
  }
  return JSON.stringify([[...places.keys()], numbers]);
}

function leafOf(row: Cells): Leaf {
  const [peers, numbers] = JSON.parse(String(row["entries"])) as [string[], number[]];
  const entries: Entry[] = [];
  let at = 0;
  let seq = 0;
  for (let i = 0; i + 2 < numbers.length; i += 3) {
    at += numbers[i]!;
    seq += numbers[i + 1]!;
    entries.push({ at, seq, peer: peers[numbers[i + 2]!]! });
  }
  return { at: Number(row["at"]), seq: Number(row["seq"]), entries };
}
