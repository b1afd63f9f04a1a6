/**
 * Makes declared tables real and keeps them in step with their declaration. The declaration last seen is kept in the
 * database: columns that are new are added, indexes are made and removed, any other change is refused. So rows of
 * stores that are not opened in this run can still be purged.
 */
import { physicalName } from "./catalogue.ts";
import { sqlType } from "./cells.ts";
import type { ColumnType, Declaration, TableDeclaration } from "./columns.ts";
import type { Engine } from "./engine.ts";
import { StorageError } from "./error.ts";

const NAME = /^[a-z][a-z0-9_]*$/;

/** A column's name in a statement; the prefix keeps it apart from `store` and `owner`. */
export function quoted(column: string): string {
  return `"c_${column}"`;
}

/** Brings the tables of a store to their declaration; nothing happens when it has not changed. */
export function declareTables(engine: Engine, store: string, declaration: Declaration): void {
  for (const [name, table] of Object.entries(declaration)) check(store, name, table);
  const text = JSON.stringify(declaration);
  const row = engine.one(store, engine.prepare("SELECT declaration FROM declared WHERE name = ?"), store);
  const before = row === undefined ? undefined : String(row["declaration"]);
  if (before === text) return;
  const old = before === undefined ? {} : JSON.parse(before) as Declaration;
  engine.apart(`declaring the tables of store "${store}"`, () => {
    for (const [name, table] of Object.entries(declaration)) {
      const known = old[name];
      if (known === undefined) create(engine, store, name, table);
      else extend(engine, store, name, known, table);
    }
    // A table that is no longer declared keeps its rows and stays known, for purges and for going back.
    engine.prepare(
      "INSERT INTO declared (name, declaration) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET declaration = ?2",
    )
      .run(store, JSON.stringify({ ...old, ...declaration }));
  });
}

function check(store: string, name: string, table: TableDeclaration): void {
  const where = `table "${name}" of store "${store}"`;
  const names = [
    name,
    ...Object.keys(table.columns),
    ...Object.keys(table.indexes ?? {}),
    ...Object.keys(table.across ?? {}),
  ];
  for (const each of names) {
    if (!NAME.test(each)) {
      throw new StorageError("invalid", `${where}: "${each}" is no name; use lower case and underscores`);
    }
  }
  if (table.key.length === 0) throw new StorageError("invalid", `${where} has no key`);
  for (const column of table.key) {
    if (table.columns[column]?.endsWith("?")) {
      throw new StorageError("invalid", `${where}: key column "${column}" may be null`);
    }
  }
  const lists = [table.key, ...Object.values(table.indexes ?? {}), ...Object.values(table.across ?? {})];
  for (const column of lists.flat()) {
    const type = table.columns[column];
    if (type === undefined || type.startsWith("json")) {
      throw new StorageError("invalid", `${where}: "${column}" is no column that a key or an index can hold`);
    }
  }
  for (const index of Object.keys(table.across ?? {})) {
    if (table.indexes?.[index] !== undefined) {
      throw new StorageError("invalid", `${where}: index "${index}" is declared twice`);
    }
  }
}

function create(engine: Engine, store: string, name: string, table: TableDeclaration): void {
  const columns = Object.entries(table.columns).map(([column, type]) => `${quoted(column)} ${sqlType(type)}`);
  const key = table.key.map(quoted).join(", ");
  engine.exec(
    `CREATE TABLE ${physicalName(store, name)} (store INTEGER NOT NULL, owner TEXT NOT NULL, ` +
      `${columns.join(", ")}, UNIQUE (store, owner, ${key})) STRICT`,
  );
  index(engine, store, name, {}, indexesOf(table));
}

function extend(
  engine: Engine,
  store: string,
  name: string,
  old: TableDeclaration,
  table: TableDeclaration,
): void {
  const where = `table "${name}" of store "${store}"`;
  if (old.key.join() !== table.key.join()) {
    throw new StorageError(
      "invalid",
      `${where}: the key has changed; declare a table of another name and copy the rows`,
    );
  }
  for (const [column, type] of Object.entries(old.columns)) {
    const now: ColumnType | undefined = table.columns[column];
    if (now !== type) {
      throw new StorageError(
        "invalid",
        `${where}: column "${column}" was ${type} and is ${now ?? "gone"}; keep it, or declare a new table`,
      );
    }
  }
  for (const [column, type] of Object.entries(table.columns)) {
    if (old.columns[column] !== undefined) continue;
    if (!type.endsWith("?")) {
      throw new StorageError("invalid", `${where}: the new column "${column}" must be nullable (${type}?)`);
    }
    engine.exec(`ALTER TABLE ${physicalName(store, name)} ADD COLUMN ${quoted(column)} ${sqlType(type)}`);
  }
  index(engine, store, name, indexesOf(old), indexesOf(table));
}

/** Index names with their columns, the leading ones included. */
function indexesOf(table: TableDeclaration): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, columns] of Object.entries(table.indexes ?? {})) {
    all[name] = ["store", "owner", ...columns.map(quoted)].join(", ");
  }
  for (const [name, columns] of Object.entries(table.across ?? {})) {
    all[name] = ["store", ...columns.map(quoted)].join(", ");
  }
  return all;
}

function index(
  engine: Engine,
  store: string,
  table: string,
  old: Record<string, string>,
  now: Record<string, string>,
): void {
  for (const [name, columns] of Object.entries(old)) {
    if (now[name] !== columns) engine.exec(`DROP INDEX ${indexName(store, table, name)}`);
  }
  for (const [name, columns] of Object.entries(now)) {
    if (old[name] === columns) continue;
    engine.exec(
      `CREATE INDEX ${indexName(store, table, name)} ON ${physicalName(store, table)} (${columns})`,
    );
  }
}

/** The name of a declared index, ready for a statement. */
export function indexName(store: string, table: string, index: string): string {
  return `"i_${store}_${table}_${index}"`;
}
