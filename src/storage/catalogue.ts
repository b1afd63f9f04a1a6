/**
 * Which stores there are: host, kind and name of each, and the number that stands in its rows. The catalogue is kept
 * in memory whole; changes are committed before anybody uses them. What concerns all stores of a host is done here.
 */
import type { StatementSync } from "node:sqlite";
import type { Engine, Input } from "./engine.ts";
import { StorageError } from "./error.ts";
import { ownersOf, walk } from "./place.ts";
import { storable } from "./storable.ts";

/** One store as the catalogue knows it. */
export interface Entry {
  readonly id: number;
  readonly host: string;
  readonly kind: string;
  readonly name: string;
}

/** All stores of a database. */
export class Catalogue {
  readonly #engine: Engine;
  #entries: Entry[];
  readonly #shelf: StatementSync;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#entries = engine.all(
      "catalogue",
      engine.prepare("SELECT id, host, kind, name FROM store WHERE dropped = 0"),
    )
      .map((row) => ({
        id: Number(row["id"]),
        host: String(row["host"]),
        kind: String(row["kind"]),
        name: String(row["name"]),
      }));
    this.#shelf = engine.prepare(
      "UPDATE shelf SET store = 0, owner = CAST(id AS TEXT) WHERE store = ? AND owner = ?",
    );
  }

  /** The number of a store, which is entered when it is new. */
  id(host: string, kind: string, name: string): number {
    const known = this.#entries.find((e) => e.host === host && e.kind === kind && e.name === name);
    if (known !== undefined) return known.id;
    if (!/^[a-z][a-z0-9_.-]*$/.test(name)) {
      throw new StorageError(
        "invalid",
        `store name "${name}": expected lower case words such as "roster.version"`,
      );
    }
    const engine = this.#engine;
    const insert = engine.prepare("INSERT INTO store (host, kind, name) VALUES (?, ?, ?) RETURNING id");
    const id = engine.apart(
      `entering store "${host}/${name}"`,
      () => Number(insert.get(host, kind, name)?.["id"]),
    );
    this.#entries.push({ id, host, kind, name });
    return id;
  }

  hosts(): string[] {
    return [...new Set(this.#entries.map((entry) => entry.host))].sort();
  }

  /** See `Storage.owners`: all stores' owners, each once. */
  *owners(host: string): Generator<string> {
    const seen = new Set<string>();
    for (const entry of this.#of(host)) {
      for (const table of this.#tables(entry)) {
        const statement = this.#engine.prepare(ownersOf(table));
        const label = `${host}/${entry.name}`;
        for (
          const owner of walk((after, limit) => this.#engine.all(label, statement, entry.id, after, limit))
        ) {
          if (seen.has(owner)) continue;
          seen.add(owner);
          yield owner;
        }
      }
    }
  }

  /** See `Storage.purge`. Archives go to the trash in one step, whatever their size. */
  purge(host: string, owner: string): void {
    const name = storable(owner, "an owner");
    this.#engine.atomic(() => {
      for (const entry of this.#of(host)) {
        const label = `${host}/${entry.name}`;
        for (const table of this.#tables(entry)) {
          const statement = table === "shelf"
            ? this.#shelf
            : this.#engine.prepare(`DELETE FROM ${table} WHERE store = ? AND owner = ?`);
          this.#engine.write(label, statement, entry.id, name);
        }
      }
    });
  }

  /** See `Storage.renameHost`. */
  rename(from: string, to: string): void {
    if (this.#of(to).length > 0) {
      throw new StorageError(
        "conflict",
        `host "${to}" has data already; drop it before "${from}" takes its name`,
      );
    }
    this.#change("renaming a host", "UPDATE store SET host = ?2 WHERE host = ?1 AND dropped = 0", from, to);
    this.#entries = this.#entries.map((entry) => entry.host === from ? { ...entry, host: to } : entry);
  }

  /** See `Storage.dropHost`. The sweeper takes the rows away. */
  drop(host: string): void {
    this.#change("dropping a host", "UPDATE store SET dropped = 1 WHERE host = ?1 AND dropped = 0", host);
    this.#entries = this.#entries.filter((entry) => entry.host !== host);
  }

  #change(what: string, sql: string, ...values: Input[]): void {
    const statement = this.#engine.prepare(sql);
    this.#engine.apart(what, () => statement.run(...values));
  }

  #of(host: string): Entry[] {
    return this.#entries.filter((entry) => entry.host === host);
  }

  #tables(entry: Entry): readonly string[] {
    return tablesOf(this.#engine, entry.kind, entry.name);
  }
}

/** The physical tables in which stores of a kind have rows with `store` and `owner`. */
export function tablesOf(engine: Engine, kind: string, name: string): readonly string[] {
  if (kind === "keyval" || kind === "map") return [kind];
  if (kind === "archive") return ["shelf"];
  const row = engine.one(name, engine.prepare("SELECT declaration FROM declared WHERE name = ?"), name);
  if (row === undefined) return [];
  const declaration: unknown = JSON.parse(String(row["declaration"]));
  if (typeof declaration !== "object" || declaration === null) return [];
  return Object.keys(declaration).map((table) => physicalName(name, table));
}

/** The name of a declared table, ready for a statement. */
export function physicalName(store: string, table: string): string {
  return `"t_${store}_${table}"`;
}
