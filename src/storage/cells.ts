/** A declared column's values on their way to SQLite and back: booleans as 0 and 1, JSON and text as text. */
import type { ColumnType } from "./columns.ts";
import type { Cell, Input } from "./engine.ts";
import { StorageError } from "./error.ts";
import { restored, storable } from "./storable.ts";

/** The column's type in SQLite. */
export function sqlType(type: ColumnType): string {
  const nullable = type.endsWith("?");
  const plain = nullable ? type.slice(0, -1) : type;
  const name = plain === "integer" || plain === "boolean"
    ? "INTEGER"
    : plain === "real"
    ? "REAL"
    : plain === "bytes"
    ? "BLOB"
    : "TEXT";
  return nullable ? name : `${name} NOT NULL`;
}

/** A value as SQLite takes it, or an error that names the column. */
export function toCell(value: unknown, type: ColumnType, column: string): Input {
  const nullable = type.endsWith("?");
  if (value === undefined || (value === null && type !== "json")) {
    if (nullable) return null;
    throw new StorageError("invalid", `column "${column}" is missing; expected ${type}`);
  }
  const cell = plainCell(value, nullable ? type.slice(0, -1) : type, column);
  if (cell === undefined) throw new StorageError("invalid", `column "${column}": expected ${type}`);
  return cell;
}

function plainCell(value: unknown, type: string, column: string): Input | undefined {
  switch (type) {
    case "text":
      return typeof value === "string" ? storable(value, `column "${column}"`) : undefined;
    case "integer":
      return Number.isSafeInteger(value) ? value as number : undefined;
    case "real":
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? Number(value) : undefined;
    case "bytes":
      return value instanceof Uint8Array ? value : undefined;
    default:
      return JSON.stringify(value);
  }
}

/** A value as the declaration types it. Throws when the cell is something else. */
export function fromCell(cell: Cell | undefined, type: ColumnType): unknown {
  if (cell === null || cell === undefined) {
    if (type.endsWith("?")) return null;
    throw new TypeError("null");
  }
  switch (type) {
    case "text":
    case "text?":
      return restored(String(cell));
    case "boolean":
    case "boolean?":
      return cell !== 0;
    case "json":
    case "json?":
      return JSON.parse(String(cell));
    default:
      return cell;
  }
}
