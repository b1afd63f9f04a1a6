/**
 * The schema's version and the steps between versions. Before the first step on a file that holds data a consistent
 * copy is written beside it; all steps run in one transaction, so a step that fails leaves the file as it was. A file
 * of a newer version is refused: an older program would not know what it destroys.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "../base/log.ts";
import { StorageError, storageError } from "./error.ts";

/** One numbered step. `up` runs inside a transaction. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: (db: DatabaseSync) => void;
}

/** "Metr", in SQLite's header: tells our files from others (PRAGMA application_id). */
const APPLICATION = 0x4d657472;

/** Brings the file to the last version. `path` is undefined for a database in memory. Gives the path of the copy, if made. */
export function migrate(
  db: DatabaseSync,
  path: string | undefined,
  steps: readonly Migration[],
  now: number,
  log: Logger,
): string | undefined {
  const found = pragma(db, "user_version");
  const known = steps.at(-1)?.version ?? 0;
  const where = path ?? "the database";
  const empty = refuseForeign(db, path);
  if (found > known) {
    throw new StorageError(
      "newer",
      `"${where}" has schema version ${found}, this program knows versions up to ${known}; run the newer program, ` +
        `or restore the copy that it made before its upgrade (${where}.v${known}-…)`,
    );
  }
  if (found === known && !empty) return undefined;
  const copy = empty || path === undefined ? undefined : copyTo(db, `${path}.v${found}-${stamp(now)}`);
  if (copy !== undefined) {
    log.info("the old database was copied before its upgrade", { copy, from: found, to: known });
  }
  run(db, where, steps.filter((step) => step.version > found), copy);
  return copy;
}

/** Throws where the file is another program's, before anything in it is changed; says whether it is empty. */
export function refuseForeign(db: DatabaseSync, path: string | undefined): boolean {
  if (db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined) return true;
  if (pragma(db, "application_id") === APPLICATION) return false;
  throw new StorageError(
    "foreign",
    `"${
      path ?? "the database"
    }" is an SQLite file of another program; give the server a data folder of its own`,
  );
}

function run(db: DatabaseSync, where: string, steps: readonly Migration[], copy: string | undefined): void {
  let current = "opening a transaction";
  try {
    db.exec("BEGIN IMMEDIATE");
    for (const step of steps) {
      current = `step ${step.version} (${step.name})`;
      step.up(db);
      db.exec(`PRAGMA user_version = ${step.version}`);
    }
    db.exec(`PRAGMA application_id = ${APPLICATION}`);
    current = "committing";
    db.exec("COMMIT");
  } catch (cause) {
    if (db.isTransaction) db.exec("ROLLBACK");
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new StorageError(
      "migration",
      `upgrading "${where}" failed at ${current}: ${detail}; the file is as it was` +
        (copy === undefined ? "" : `, and there is a copy of it: "${copy}"`) +
        "; run the older program and report this",
      cause,
    );
  }
}

/** `VACUUM INTO` takes an empty file that exists, so the copy is never readable by others, not for a moment. */
function copyTo(db: DatabaseSync, path: string): string {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
    db.prepare("VACUUM INTO ?").run(path);
    return path;
  } catch (cause) {
    throw storageError(`copying the database to "${path}" before its upgrade`, cause);
  }
}

function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return Number(row?.[name] ?? 0);
}

/** A time that may stand in a file name on any system: 20261125T152443Z. */
function stamp(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
}
