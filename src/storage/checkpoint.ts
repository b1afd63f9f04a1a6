/**
 * Moves what the write-ahead log holds into the database file before the log grows long. A checkpoint waits for the
 * disk twice: for the log and for the file. The log is therefore synced on the thread pool beforehand, which halves
 * the stall; small portions keep the rest short (256 pages: 2 ms in the middle, 5 ms at worst; see performance.md).
 */
import type { Engine } from "./engine.ts";

/** Writes between two looks at the log. */
const LOOK = 64;
/** Pages (4 KiB) in the log that are worth a checkpoint. */
const PAGES = 256;

/** The one checkpointer of a database file. */
export class Checkpoint {
  readonly #engine: Engine;
  readonly #sync: () => Promise<void>;
  #looked = 0;
  #syncing = false;
  #due = false;

  constructor(engine: Engine, sync: () => Promise<void>) {
    this.#engine = engine;
    this.#sync = sync;
  }

  /** After a commit, when no transaction is open. */
  committed(): void {
    if (this.#due) return this.#run();
    const { writes } = this.#engine.group;
    if (this.#syncing || writes - this.#looked < LOOK) return;
    this.#looked = writes;
    const row = this.#engine.one("checkpoint", this.#engine.prepare("PRAGMA wal_checkpoint(NOOP)"));
    if (Number(row?.["log"] ?? 0) - Number(row?.["checkpointed"] ?? 0) < PAGES) return;
    this.#syncing = true;
    const go = () => {
      this.#syncing = false;
      // A checkpoint cannot run inside a transaction: the next commit does it then.
      if (this.#engine.group.open) this.#due = true;
      else this.#run();
    };
    // A failed sync is not lost: the checkpoint syncs again itself and reports it.
    this.#sync().then(go, go);
  }

  #run(): void {
    this.#due = false;
    if (this.#engine.closed) return;
    try {
      this.#engine.one("checkpoint", this.#engine.prepare("PRAGMA wal_checkpoint(PASSIVE)"));
    } catch (error) {
      // The log keeps everything; it only stays long until a later checkpoint works.
      this.#engine.log.warn("could not checkpoint", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
}
