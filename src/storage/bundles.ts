/**
 * Where archived items lie: several that came one after another in one row, which costs a fraction of a row each. An item
 * that needs a row of its own (one with words to search, one that was replaced) is in `item`.
 *
 * A bundle is text: its items, divided by one mark, each of them fields divided by another: the time, the value, then four
 * for each owner who has it: shelf, id (a third mark where it is that of the owner before), address and resource. Marks cannot
 * occur in stored text (storable.ts). What was taken out leaves its place empty,
 * so that the number of an item is that of its bundle and its place.
 */
import { type Draft, FIELD, ITEM, SAME } from "./draft.ts";
import type { Cells, Engine } from "./engine.ts";

/**
 * Items of a bundle, and its characters where there is more than one: reading one item reads them all, and one that needs a second
 * page (8 KiB, database.ts) half as much again. As many as fill a page would be a little cheaper to write.
 */
const MOST = 16;
const FULL = 8_100;
const LABEL = "archive";

/** Who has an item, and as what; the value where it is not the common one any more. */
export type Key = [shelf: number, id: string, peer: string, resource: string, value?: string];

/** A stored item with its keys. */
export interface Stored {
  readonly seq: number;
  readonly at: number;
  readonly value: string;
  readonly keys: readonly Key[];
}

interface Bundle {
  /** The number of its first item. */
  readonly seq: number;
  readonly items: string[];
}

export class Bundles {
  constructor(private readonly engine: Engine) {}

  /** Whether an item had better be the first of the next bundle. */
  isFull({ items, text }: Draft, value: string): boolean {
    return items >= MOST || (items > 0 && text.length + value.length >= FULL);
  }

  /** Writes what is in a draft. */
  add({ seq, text }: Draft): void {
    const insert = this.engine.prepare("INSERT INTO bundle (seq, items) VALUES (?, ?)");
    this.engine.complete(LABEL, insert, seq, text);
  }

  /** Those of some items that are in bundles. */
  find(seqs: readonly number[]): Map<number, Stored> {
    const found = new Map<number, Stored>();
    for (const [bundle, own] of this.#grouped(seqs)) {
      for (const seq of own) found.set(seq, storedIn(bundle, seq)!);
    }
    return found;
  }

  /** Puts other keys in the place of those that items have; an item without keys is taken out. Gives those that are not here. */
  put(items: readonly Stored[]): Stored[] {
    const others = new Map(items.map((item) => [item.seq, item]));
    for (const [{ seq: first, items: all }, own] of this.#grouped(items.map(({ seq }) => seq))) {
      for (const seq of own) {
        const item = others.get(seq)!;
        all[seq - first] = item.keys.length === 0 ? "" : textOf(item);
        others.delete(seq);
      }
      if (all.some((text) => text !== "")) {
        const update = this.engine.prepare("UPDATE bundle SET items = ? WHERE seq = ?");
        this.engine.write(LABEL, update, all.join(ITEM), first);
      } else this.engine.write(LABEL, this.engine.prepare("DELETE FROM bundle WHERE seq = ?"), first);
    }
    return [...others.values()];
  }

  /** The number of the last item; 0 where there is none. */
  get last(): number {
    const row = this.engine.one(
      LABEL,
      this.engine.prepare("SELECT seq, items FROM bundle ORDER BY seq DESC LIMIT 1"),
    );
    const bundle = row && bundleOf(row);
    return bundle === undefined ? 0 : bundle.seq + bundle.items.length - 1;
  }

  /** Items with greater numbers than one, a bundle at a time. */
  *after(seq: number): Generator<Stored> {
    let bundle = this.#at(seq + 1);
    const next = this.engine.prepare("SELECT seq, items FROM bundle WHERE seq > ? ORDER BY seq LIMIT 1");
    for (let cursor = seq;;) {
      if (bundle !== undefined) {
        const { seq: first, items } = bundle;
        for (let i = Math.max(0, seq + 1 - first); i < items.length; i++) {
          const item = storedIn(bundle, first + i);
          if (item !== undefined) yield item;
        }
        cursor = Math.max(cursor, first);
      }
      const row = this.engine.one(LABEL, next, cursor);
      if (row === undefined) return;
      bundle = bundleOf(row);
    }
  }

  /** Bundles with those of the items that are in them. */
  *#grouped(seqs: readonly number[]): Generator<[Bundle, number[]]> {
    const sorted = seqs.toSorted((a, b) => a - b);
    for (let i = 0; i < sorted.length;) {
      const bundle = this.#at(sorted[i]!);
      const own: number[] = [];
      if (bundle === undefined) i++;
      else {
        const end = bundle.seq + bundle.items.length;
        const begun = i;
        for (; i < sorted.length && sorted[i]! < end; i++) {
          if (bundle.items[sorted[i]! - bundle.seq] !== "") own.push(sorted[i]!);
        }
        // It has a row of its own, behind the bundle.
        if (i === begun) i++;
      }
      if (bundle !== undefined && own.length > 0) yield [bundle, own];
    }
  }

  /** The bundle that has the item, where one has it. */
  #at(seq: number): Bundle | undefined {
    const sql = "SELECT seq, items FROM bundle WHERE seq <= ? ORDER BY seq DESC LIMIT 1";
    const row = this.engine.one(LABEL, this.engine.prepare(sql), seq);
    return row && bundleOf(row);
  }
}

function bundleOf(row: Cells): Bundle {
  return { seq: Number(row["seq"]), items: String(row["items"]).split(ITEM) };
}

function textOf({ at, value, keys }: Stored): string {
  let text = at + FIELD + value;
  for (let i = 0; i < keys.length; i++) {
    const [shelf, id, peer, resource] = keys[i]!;
    text += FIELD + shelf + FIELD + id + FIELD + peer + FIELD + resource;
  }
  return text;
}

function storedIn({ seq: first, items }: Bundle, seq: number): Stored | undefined {
  const text = items[seq - first];
  if (text === undefined || text === "") return undefined;
  const fields = text.split(FIELD);
  const keys: Key[] = [];
  for (let i = 2; i + 3 < fields.length; i += 4) {
    const id = fields[i + 1]!;
    const own = id === SAME ? keys.at(-1)?.[1] ?? "" : id;
    keys.push([Number(fields[i]), own, fields[i + 2]!, fields[i + 3]!]);
  }
  return { seq, at: Number(fields[0]), value: fields[1]!, keys };
}
