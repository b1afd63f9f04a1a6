/** The keyval kind on SQLite: one row an owner. */
import type { StatementSync } from "node:sqlite";
import type { Codec } from "./codec.ts";
import { decode, encode, ownerText, type Place, walk } from "./place.ts";
import type { Keyval } from "./store.ts";

/** One value an owner, in the table `keyval`. */
export class SqliteKeyval<T> implements Keyval<T> {
  readonly #place: Place;
  readonly #codec: Codec<T>;
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #remove: StatementSync;
  readonly #owners: StatementSync;

  constructor(place: Place, codec: Codec<T>) {
    this.#place = place;
    this.#codec = codec;
    const { engine } = place;
    this.#get = engine.prepare("SELECT value FROM keyval WHERE store = ? AND owner = ?");
    this.#set = engine.prepare(
      "INSERT INTO keyval (store, owner, value) VALUES (?, ?, ?) " +
        "ON CONFLICT (store, owner) DO UPDATE SET value = excluded.value",
    );
    this.#remove = engine.prepare("DELETE FROM keyval WHERE store = ? AND owner = ?");
    this.#owners = engine.prepare(
      "SELECT owner FROM keyval WHERE store = ? AND owner > ? ORDER BY owner LIMIT ?",
    );
  }

  get(owner: string): T | undefined {
    const { engine, id, label } = this.#place;
    const row = engine.one(label, this.#get, id, ownerText(this.#place, owner));
    return row === undefined ? undefined : decode(this.#place, owner, this.#codec, row["value"]);
  }

  set(owner: string, value: T | undefined): void {
    const { engine, id, label } = this.#place;
    const name = ownerText(this.#place, owner);
    if (value === undefined) engine.write(label, this.#remove, id, name);
    else engine.write(label, this.#set, id, name, encode(this.#place, owner, this.#codec, value));
  }

  owners(): Iterable<string> {
    const { engine, id, label } = this.#place;
    return walk((after, limit) => engine.all(label, this.#owners, id, after, limit));
  }
}
