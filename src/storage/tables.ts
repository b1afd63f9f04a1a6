/** The tables kind on SQLite: a plugin's own tables, declared as data. */
import { physicalName } from "./catalogue.ts";
import { fromCell, toCell } from "./cells.ts";
import type { Declaration, Range, Row, Some, Table, TableDeclaration } from "./columns.ts";
import { declareTables, quoted } from "./declare.ts";
import type { Cells, Input } from "./engine.ts";
import { StorageError } from "./error.ts";
import { ownersOf, ownerText, type Place, walk } from "./place.ts";
import type { Opened } from "./store.ts";
import { restored } from "./storable.ts";
import { type Stretch, stretchOf } from "./stretch.ts";

/** Opens all tables of a declaration, making or extending them first. */
export function openTables<D extends Declaration>(place: Place, store: string, declaration: D): Opened<D> {
  declareTables(place.engine, store, declaration);
  const opened: Record<string, unknown> = {};
  for (const [name, table] of Object.entries(declaration)) {
    opened[name] = new SqliteTable(place, store, name, table);
  }
  return opened as Opened<D>;
}

/** One declared table of one host. */
class SqliteTable<D extends TableDeclaration> implements Table<D> {
  readonly #place: Place;
  readonly #store: string;
  readonly #name: string;
  readonly #declaration: D;
  readonly #table: string;
  readonly #columns: readonly string[];
  readonly #list: string;
  readonly #key: string;
  readonly #insert: string;
  readonly #put: string;

  constructor(place: Place, store: string, name: string, declaration: D) {
    this.#place = place;
    this.#store = store;
    this.#name = name;
    this.#declaration = declaration;
    this.#table = physicalName(store, name);
    this.#columns = Object.keys(declaration.columns);
    this.#list = this.#columns.map(quoted).join(", ");
    this.#key = declaration.key.map((column) => `${quoted(column)} = ?`).join(" AND ");
    const marks = this.#columns.map(() => "?").join(", ");
    this.#insert = `INSERT INTO ${this.#table} (store, owner, ${this.#list}) VALUES (?, ?, ${marks})`;
    const rest = this.#columns.filter((column) => !declaration.key.includes(column));
    const key = declaration.key.map(quoted).join(", ");
    const action = rest.length === 0
      ? "NOTHING"
      : `UPDATE SET ${rest.map((column) => `${quoted(column)} = excluded.${quoted(column)}`).join(", ")}`;
    this.#put = `${this.#insert} ON CONFLICT (store, owner, ${key}) DO ${action}`;
  }

  insert(owner: string, row: Row<D>): void {
    this.#write(this.#insert, ...this.#at(owner), ...this.#cells(row));
  }

  put(owner: string, row: Row<D>): void {
    this.#write(this.#put, ...this.#at(owner), ...this.#cells(row));
  }

  get(owner: string, key: Some<D>): Row<D> | undefined {
    const { engine, label } = this.#place;
    const sql = `SELECT ${this.#list} FROM ${this.#table} WHERE store = ? AND owner = ? AND ${this.#key}`;
    const row = engine.one(label, engine.prepare(sql), ...this.#at(owner), ...this.#keyCells(key));
    return row === undefined ? undefined : this.#row(owner, row);
  }

  update(owner: string, key: Some<D>, changes: Some<D>): boolean {
    const given = values(changes);
    const columns = Object.keys(given).filter((column) => given[column] !== undefined);
    for (const column of columns) {
      if (this.#declaration.columns[column] === undefined || this.#declaration.key.includes(column)) {
        throw this.#invalid(`column "${column}" cannot be changed`);
      }
    }
    if (columns.length === 0) return this.get(owner, key) !== undefined;
    const list = columns.map((column) => `${quoted(column)} = ?`).join(", ");
    const sql = `UPDATE ${this.#table} SET ${list} WHERE store = ? AND owner = ? AND ${this.#key}`;
    const cells = columns.map((column) => this.#cell(column, given[column]));
    return this.#write(sql, ...cells, ...this.#at(owner), ...this.#keyCells(key)) > 0;
  }

  delete(owner: string, key: Some<D>): boolean {
    const sql = `DELETE FROM ${this.#table} WHERE store = ? AND owner = ? AND ${this.#key}`;
    return this.#write(sql, ...this.#at(owner), ...this.#keyCells(key)) > 0;
  }

  range(owner: string, range: Range<D> = {}): Row<D>[] {
    const { engine, label } = this.#place;
    const { sql, values } = this.#stretch(owner, range);
    const statement = engine.prepare(`SELECT ${this.#list} FROM ${this.#table}${sql}`);
    return engine.all(label, statement, ...values).map((row) => this.#row(owner, row));
  }

  deleteRange(owner: string, range: Range<D> = {}): number {
    const { sql, values } = this.#stretch(owner, range);
    return this.#write(
      `DELETE FROM ${this.#table} WHERE rowid IN (SELECT rowid FROM ${this.#table}${sql})`,
      ...values,
    );
  }

  count(owner: string, range: Range<D> = {}): number {
    const { engine, label } = this.#place;
    const { sql, values } = this.#stretch(owner, range, 10_000);
    const statement = engine.prepare(`SELECT count(*) AS n FROM (SELECT 1 FROM ${this.#table}${sql})`);
    return Number(engine.one(label, statement, ...values)?.["n"] ?? 0);
  }

  across(index: string, range: Omit<Range<D>, "index"> = {}): (Row<D> & { readonly owner: string })[] {
    const { engine, label } = this.#place;
    const { sql, values } = this.#stretch(undefined, { ...range, index });
    const statement = engine.prepare(`SELECT owner, ${this.#list} FROM ${this.#table}${sql}`);
    return engine.all(label, statement, ...values).map((row) => {
      const owner = restored(String(row["owner"]));
      return Object.assign(this.#row(owner, row), { owner });
    });
  }

  clear(owner: string): void {
    this.#write(`DELETE FROM ${this.#table} WHERE store = ? AND owner = ?`, ...this.#at(owner));
  }

  owners(): Iterable<string> {
    const { engine, id, label } = this.#place;
    const statement = engine.prepare(ownersOf(this.#table));
    return walk((after, limit) => engine.all(label, statement, id, after, limit));
  }

  #stretch(owner: string | undefined, range: Stretch, limit?: number): { sql: string; values: Input[] } {
    const name = owner === undefined ? undefined : ownerText(this.#place, owner);
    return stretchOf(this.#store, this.#name, this.#declaration, this.#place.id, name, range, limit);
  }

  #write(sql: string, ...values: Input[]): number {
    const { engine, label } = this.#place;
    return engine.write(label, engine.prepare(sql), ...values);
  }

  #at(owner: string): [number, string] {
    return [this.#place.id, ownerText(this.#place, owner)];
  }

  #cells(row: Row<D>): Input[] {
    const given = values(row);
    return this.#columns.map((column) => this.#cell(column, given[column]));
  }

  #keyCells(key: Some<D>): Input[] {
    const given = values(key);
    const names = Object.keys(given);
    if (names.length !== this.#declaration.key.length) {
      throw this.#invalid(
        `expected the key (${this.#declaration.key.join(", ")}), got (${names.join(", ")})`,
      );
    }
    return this.#declaration.key.map((column) => this.#cell(column, given[column]));
  }

  #cell(column: string, value: unknown): Input {
    const type = this.#declaration.columns[column];
    if (type === undefined) throw this.#invalid(`no column "${column}"`);
    return toCell(value, type, column);
  }

  #row(owner: string, cells: Cells): Row<D> {
    const row: Record<string, unknown> = {};
    for (const column of this.#columns) {
      const type = this.#declaration.columns[column];
      if (type === undefined) continue;
      try {
        row[column] = fromCell(cells[`c_${column}`], type);
      } catch (cause) {
        throw new StorageError(
          "corrupt",
          `a row of ${this.#where()}, owner "${owner}", column "${column}", cannot be read; remove or repair that row`,
          cause,
        );
      }
    }
    return row as Row<D>;
  }

  #where(): string {
    return `table "${this.#name}" of store "${this.#place.label}"`;
  }

  #invalid(what: string): StorageError {
    return new StorageError("invalid", `${this.#where()}: ${what}`);
  }
}

function values(row: object): Readonly<Record<string, unknown>> {
  return row as Readonly<Record<string, unknown>>;
}
