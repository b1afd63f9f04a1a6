/** The map kind on SQLite: one row a key. */
import type { StatementSync } from "node:sqlite";
import type { Codec } from "./codec.ts";
import { decode, encode, ownersOf, ownerText, type Place, walk } from "./place.ts";
import { restored, storable } from "./storable.ts";
import type { MapStore } from "./store.ts";

/** A small table of values an owner, in the table `map`. */
export class SqliteMap<T> implements MapStore<T> {
  readonly #place: Place;
  readonly #codec: Codec<T>;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #remove: StatementSync;
  readonly #entries: StatementSync;
  readonly #count: StatementSync;
  readonly #clear: StatementSync;
  readonly #owners: StatementSync;

  constructor(place: Place, codec: Codec<T>) {
    this.#place = place;
    this.#codec = codec;
    const { engine } = place;
    this.#get = engine.prepare("SELECT value FROM map WHERE store = ? AND owner = ? AND key = ?");
    this.#set = engine.prepare(
      "INSERT INTO map (store, owner, key, value) VALUES (?, ?, ?, ?) " +
        "ON CONFLICT (store, owner, key) DO UPDATE SET value = excluded.value",
    );
    this.#remove = engine.prepare("DELETE FROM map WHERE store = ? AND owner = ? AND key = ?");
    this.#entries = engine.prepare("SELECT key, value FROM map WHERE store = ? AND owner = ? ORDER BY key");
    this.#count = engine.prepare("SELECT count(*) AS n FROM map WHERE store = ? AND owner = ?");
    this.#clear = engine.prepare("DELETE FROM map WHERE store = ? AND owner = ?");
    this.#owners = engine.prepare(ownersOf("map"));
  }

  get(owner: string, key: string): T | undefined {
    const { engine, id, label } = this.#place;
    const row = engine.one(label, this.#get, id, ownerText(this.#place, owner), this.#key(key));
    return row === undefined ? undefined : decode(this.#place, owner, this.#codec, row["value"]);
  }

  set(owner: string, key: string, value: T | undefined): void {
    const { engine, id, label } = this.#place;
    const name = ownerText(this.#place, owner);
    const text = this.#key(key);
    if (value === undefined) engine.write(label, this.#remove, id, name, text);
    else engine.write(label, this.#set, id, name, text, encode(this.#place, owner, this.#codec, value));
  }

  entries(owner: string): [string, T][] {
    const { engine, id, label } = this.#place;
    const rows = engine.all(label, this.#entries, id, ownerText(this.#place, owner));
    return rows.map((row) => [
      restored(String(row["key"])),
      decode(this.#place, owner, this.#codec, row["value"]),
    ]);
  }

  count(owner: string): number {
    const { engine, id, label } = this.#place;
    return Number(engine.one(label, this.#count, id, ownerText(this.#place, owner))?.["n"] ?? 0);
  }

  clear(owner: string): void {
    const { engine, id, label } = this.#place;
    engine.write(label, this.#clear, id, ownerText(this.#place, owner));
  }

  owners(): Iterable<string> {
    const { engine, id, label } = this.#place;
    return walk((after, limit) => engine.all(label, this.#owners, id, after, limit));
  }

  #key(key: string): string {
    return storable(key, `a key of store "${this.#place.label}"`);
  }
}
