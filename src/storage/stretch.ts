/** A range of a declared table in SQL: which index, which rows of it, in which order. */
import { toCell } from "./cells.ts";
import type { Bounds, Columns, TableDeclaration } from "./columns.ts";
import { indexName, quoted } from "./declare.ts";
import type { Input } from "./engine.ts";
import { StorageError } from "./error.ts";

const MOST = 10_000;

/** A range whose row type no longer matters. */
export interface Stretch {
  readonly index?: string | undefined;
  readonly where?: Readonly<Record<string, unknown>> | undefined;
  readonly bounds?: Bounds | undefined;
  readonly reverse?: boolean | undefined;
  readonly limit?: number | undefined;
}

/** The part of a statement after FROM and the table's name, with its values; `owner` undefined means all owners. */
export function stretchOf(
  store: string,
  table: string,
  declaration: TableDeclaration,
  id: number,
  owner: string | undefined,
  stretch: Stretch,
  limit = 100,
): { sql: string; values: Input[] } {
  const { index, where = {} } = stretch;
  const lists = owner === undefined ? declaration.across : declaration.indexes;
  const columns = index === undefined ? declaration.key : lists?.[index];
  if (columns === undefined || (index === undefined && owner === undefined)) {
    throw new StorageError(
      "invalid",
      `table "${table}" of store "${store}" has no such index: "${index ?? ""}"`,
    );
  }
  const fixed = columns.findIndex((column) => where[column] === undefined);
  const count = fixed < 0 ? columns.length : fixed;
  if (Object.values(where).filter((value) => value !== undefined).length !== count) {
    throw new StorageError(
      "invalid",
      `table "${table}" of store "${store}": "where" must fix the leading columns of (${columns.join(", ")})`,
    );
  }
  const values: Input[] = owner === undefined ? [id] : [id, owner];
  let sql = index === undefined ? "" : ` INDEXED BY ${indexName(store, table, index)}`;
  sql += owner === undefined ? " WHERE store = ?" : " WHERE store = ? AND owner = ?";
  for (const column of columns.slice(0, count)) {
    const cell = toCell(where[column], typeOf(declaration.columns, column), column);
    sql += cell === null ? ` AND ${quoted(column)} IS NULL` : ` AND ${quoted(column)} = ?`;
    if (cell !== null) values.push(cell);
  }
  sql += boundsOf(
    stretch.bounds,
    columns[count],
    declaration.columns,
    values,
    `table "${table}" of store "${store}"`,
  );
  const direction = stretch.reverse === true ? " DESC" : "";
  const order = columns.slice(count).map((column) => `${quoted(column)}${direction}`);
  sql += ` ORDER BY ${[...order, `rowid${direction}`].join(", ")} LIMIT ?`;
  values.push(Math.max(1, Math.min(MOST, Math.floor(stretch.limit ?? limit))));
  return { sql, values };
}

const SIGNS = { from: ">=", after: ">", to: "<=", before: "<" } as const;

function boundsOf(
  bounds: Bounds | undefined,
  column: string | undefined,
  columns: Columns,
  values: Input[],
  where: string,
): string {
  if (bounds === undefined) return "";
  if (column === undefined) {
    throw new StorageError("invalid", `${where}: "where" fixes all columns, nothing is left for "bounds"`);
  }
  let sql = "";
  for (const name of ["from", "after", "to", "before"] as const) {
    const value = bounds[name];
    if (value === undefined) continue;
    sql += ` AND ${quoted(column)} ${SIGNS[name]} ?`;
    values.push(toCell(value, typeOf(columns, column), column));
  }
  return sql;
}

function typeOf(columns: Columns, column: string) {
  const type = columns[column];
  if (type === undefined) throw new StorageError("invalid", `no column "${column}"`);
  return type;
}
