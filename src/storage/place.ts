/** Where a store's rows are: the engine, the store's number in the catalogue, and its name for errors and logs. */
import type { Codec } from "./codec.ts";
import type { Cell, Cells, Engine } from "./engine.ts";
import { StorageError } from "./error.ts";
import { restored, storable } from "./storable.ts";

/** One store of one host. */
export interface Place {
  readonly engine: Engine;
  readonly id: number;
  /** `example.org/roster`. */
  readonly label: string;
}

/** An owner as it is stored. */
export function ownerText(place: Place, owner: string): string {
  return storable(owner, `the owner of a row of store "${place.label}"`);
}

/** A value as JSON text. */
export function encode<T>(place: Place, owner: string, codec: Codec<T>, value: T): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(codec.encode(value));
  } catch (cause) {
    throw new StorageError(
      "invalid",
      `a value of store "${place.label}", owner "${owner}", is no JSON`,
      cause,
    );
  }
  if (text === undefined) {
    throw new StorageError("invalid", `a value of store "${place.label}", owner "${owner}", is no JSON`);
  }
  return text;
}

/** A value from its JSON text, checked by the codec. */
export function decode<T>(place: Place, owner: string, codec: Codec<T>, cell: Cell | undefined): T {
  try {
    if (typeof cell !== "string") throw new TypeError("not text");
    return codec.decode(JSON.parse(cell));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(
      "corrupt",
      `a row of store "${place.label}", owner "${owner}", cannot be read (${detail}); remove or repair that row`,
      cause,
    );
  }
}

/** How many owners are read at a time. */
const STEP = 200;

/** Owners in order but the host itself, some at a time: `next` gives those after one, at most `limit`. */
export function* walk(next: (after: string, limit: number) => readonly Cells[]): Generator<string> {
  let after = "";
  for (;;) {
    const rows = next(after, STEP);
    for (const row of rows) {
      after = String(row["owner"]);
      yield restored(after);
    }
    if (rows.length < STEP) return;
  }
}

/**
 * The different owners of a table with many rows an owner: one step of an index each, however many rows there are.
 * Values: store, after, limit. The table's unique index must begin with store and owner.
 */
export function ownersOf(table: string): string {
  return `WITH RECURSIVE step(owner) AS (
    SELECT min(owner) FROM ${table} WHERE store = ?1 AND owner > ?2
    UNION ALL SELECT (SELECT min(owner) FROM ${table} WHERE store = ?1 AND owner > step.owner) FROM step
      WHERE step.owner IS NOT NULL
  ) SELECT owner FROM step WHERE owner IS NOT NULL LIMIT ?3`;
}
