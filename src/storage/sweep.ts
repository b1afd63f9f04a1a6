/**
 * Takes away in slices what was dropped in one step: the items of trashed shelves and the rows of dropped hosts. It
 * works from marks in the database, so a restart in the middle goes on where it was.
 */
import type { Clock, Timer } from "../base/clock.ts";
import { tablesOf } from "./catalogue.ts";
import type { Engine } from "./engine.ts";
import type { ArchiveLog } from "./archive_log.ts";

/** Rows a slice: about two milliseconds. */
const SLICE = 200;
/** Milliseconds between slices, and after one that failed. */
const PAUSE = 25;
const LATER = 60_000;
const LABEL = "trash";

/** The one sweeper of a database. */
export class Sweeper {
  readonly #engine: Engine;
  readonly #archives: ArchiveLog;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(engine: Engine, archives: ArchiveLog, clock: Clock) {
    this.#engine = engine;
    this.#archives = archives;
    this.#clock = clock;
  }

  /** There may be something to do. */
  wake(pause = PAUSE): void {
    this.#timer ??= this.#clock.after(pause, () => {
      this.#timer = undefined;
      try {
        if (this.step()) this.wake();
      } catch (cause) {
        this.#engine.log.warn("could not sweep", {
          reason: cause instanceof Error ? cause.message : String(cause),
        });
        this.wake(LATER);
      }
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One slice; false when there was nothing to do. */
  step(): boolean {
    return this.#engine.atomic(() => this.#shelf() || this.#store());
  }

  #shelf(): boolean {
    const engine = this.#engine;
    const found = engine.one(LABEL, engine.prepare("SELECT id FROM shelf WHERE store = 0 LIMIT 1"))?.["id"];
    if (found === undefined) return false;
    const shelf = Number(found);
    this.#archives.file(shelf);
    const { leaves } = this.#archives;
    const entries = leaves.first(shelf);
    if (entries !== undefined) {
      this.#archives.release(shelf, this.#archives.items(entries.map((entry) => entry.seq)).values());
      leaves.remove(shelf, entries);
      return true;
    }
    const names =
      "DELETE FROM item_name WHERE shelf = ?1 AND id IN (SELECT id FROM item_name WHERE shelf = ?1 LIMIT ?2)";
    if (engine.write(LABEL, engine.prepare(names), shelf, SLICE) > 0) return true;
    engine.write(LABEL, engine.prepare("DELETE FROM shelf WHERE id = ?"), shelf);
    return true;
  }

  #store(): boolean {
    const engine = this.#engine;
    const row = engine.one(
      LABEL,
      engine.prepare("SELECT id, kind, name FROM store WHERE dropped = 1 LIMIT 1"),
    );
    if (row === undefined) return false;
    const id = Number(row["id"]);
    for (const table of tablesOf(engine, String(row["kind"]), String(row["name"]))) {
      const some = `rowid IN (SELECT rowid FROM ${table} WHERE store = ? LIMIT ${SLICE})`;
      const sql = table === "shelf"
        ? `UPDATE shelf SET store = 0, owner = CAST(id AS TEXT) WHERE ${some}`
        : `DELETE FROM ${table} WHERE ${some}`;
      if (engine.write(LABEL, engine.prepare(sql), id) > 0) return true;
    }
    engine.write(LABEL, engine.prepare("DELETE FROM store WHERE id = ?"), id);
    return true;
  }
}
