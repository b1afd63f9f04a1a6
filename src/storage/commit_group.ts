/**
 * Group commit. Writes join one open transaction; it is committed at the end of the turn in which somebody asks with
 * `flush()` (so that everybody of that turn shares one commit), after `ROWS` writes, or `DELAY` after the first one.
 *
 * A commit appends to the write-ahead log and never waits for the disk. With durability "full" the log is synced
 * afterwards by the runtime's thread pool, one sync at a time, and whoever commits while one runs shares the next: the
 * same promise as SQLite's own synchronous=FULL, without its stall of the event loop. Figures: docs/performance.md.
 *
 * When a commit fails the whole group is taken back and all who wait for it are refused. Some failures (disk full,
 * I/O) make SQLite take the transaction back in the middle of a write already; that counts the same.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { StorageError, storageError } from "./error.ts";

/** Writes after which a group is committed without being asked, at the end of the turn. */
const ROWS = 2_000;
/** Milliseconds that a write may lie in an open group for which nobody has asked. */
const DELAY = 250;

/** The transaction itself, as the group needs it. */
export interface Transaction {
  readonly active: boolean;
  begin(): void;
  commit(): void;
  rollback(): void;
}

/** What a group works with. */
export interface GroupSettings {
  readonly transaction: Transaction;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes the log durable; absent with durability "normal". */
  readonly sync?: () => Promise<void>;
  /** Runs a function at the end of the turn; a test may run turns by hand. */
  readonly turn: (fn: () => void) => void;
  /** Called before every commit; what it throws takes the group back. */
  readonly before?: () => void;
  /** Called after every successful commit. */
  readonly committed: () => void;
}

type Waiter = PromiseWithResolvers<void>;

const DONE: Promise<void> = Promise.resolve();

/** The one open group of a database, and those that are being synced. */
export class CommitGroup {
  readonly #settings: GroupSettings;
  #writes = 0;
  #losses = 0;
  /** The number of the last write that was taken back, or 0. */
  #lostTo = 0;
  #lost: StorageError | undefined;
  /** Nobody has been told of the last loss yet. */
  #untold = false;
  #open = false;
  #rows = 0;
  #asked = false;
  #timer: Timer | undefined;
  /** Who waits for the open group. */
  #waiter: Waiter | undefined;
  /** There are commits that no sync has begun to cover. */
  #unsynced = false;
  /** Who waits for the next sync, and for the running one. */
  #next: Waiter | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: GroupSettings) {
    this.#settings = settings;
  }

  get writes(): number {
    return this.#writes;
  }

  /** How many groups were taken back. */
  get losses(): number {
    return this.#losses;
  }

  get open(): boolean {
    return this.#open;
  }

  get dirty(): boolean {
    return this.#open || this.#unsynced || this.#running !== undefined;
  }

  /** Before a write: makes sure that there is a transaction. Throws when there cannot be one. */
  join(): void {
    if (this.#open) return;
    this.#settings.transaction.begin();
    this.#open = true;
    this.#rows = 0;
    this.#timer = this.#settings.clock.after(DELAY, () => this.commit());
  }

  /** After a write that succeeded. */
  wrote(): void {
    this.#writes++;
    if (++this.#rows >= ROWS) this.#ask();
  }

  /** After a write that failed: when SQLite has ended the transaction, all of the group is lost. */
  broke(error: StorageError): void {
    if (this.#open && !this.#settings.transaction.active) this.#lose(error);
  }

  /** See `Storage.flush`. */
  flush(since?: number): Promise<void> {
    if (this.#open) this.#ask();
    if (since === undefined ? this.#untold : this.#lostTo > since) return this.#refuse();
    if (this.#open) {
      this.#waiter ??= Promise.withResolvers();
      return this.#waiter.promise;
    }
    if (since === undefined && this.#lost !== undefined) return this.#refuse();
    if (this.#unsynced) return this.#sync();
    return this.#running ?? DONE;
  }

  /** Takes the open group back. */
  abandon(error: StorageError): void {
    if (this.#open) this.#lose(error);
  }

  /** Commits now. Never throws: who waits is told, everybody else finds out by `flush`. */
  commit(): void {
    if (!this.#open) return;
    try {
      this.#settings.before?.();
      this.#settings.transaction.commit();
    } catch (cause) {
      this.#lose(storageError("committing", cause));
      return;
    }
    const waiter = this.#end();
    if (!this.#untold) this.#lost = undefined;
    if (this.#settings.sync !== undefined) {
      this.#unsynced = true;
      const synced = this.#sync();
      if (waiter !== undefined) synced.then(waiter.resolve, waiter.reject);
    } else {
      waiter?.resolve();
    }
    this.#settings.committed();
  }

  #end(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#open = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    return waiter;
  }

  #lose(error: StorageError): void {
    const waiter = this.#end();
    if (this.#settings.transaction.active) {
      try {
        this.#settings.transaction.rollback();
      } catch (cause) {
        this.#settings.log.error("could not roll back", {
          error: storageError("rolling back", cause).message,
        });
      }
    }
    if (this.#rows === 0) {
      waiter?.resolve();
      return;
    }
    this.#losses++;
    this.#lostTo = this.#writes;
    this.#lost = new StorageError(
      error.fault,
      `${this.#rows} writes were taken back: ${error.message}`,
      error,
    );
    this.#untold = waiter === undefined;
    this.#settings.log.error("writes were lost", {
      writes: this.#rows,
      fault: error.fault,
      reason: error.message,
    });
    waiter?.reject(this.#lost);
  }

  #refuse(): Promise<never> {
    this.#untold = false;
    return Promise.reject(
      this.#lost ?? new StorageError("lost", "an earlier write was taken back; do it again"),
    );
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    this.#settings.turn(() => {
      this.#asked = false;
      this.commit();
    });
  }

  /** Joins the next sync, and begins it unless one is running. */
  #sync(): Promise<void> {
    this.#next ??= Promise.withResolvers();
    const promise = this.#next.promise;
    if (this.#running === undefined) this.#syncNext();
    return promise;
  }

  #syncNext(): void {
    const waiter = this.#next;
    const sync = this.#settings.sync;
    if (waiter === undefined || sync === undefined) return;
    this.#next = undefined;
    this.#unsynced = false;
    // Somebody may wait for the sync or nobody; a failure is logged here in any case.
    waiter.promise.catch(() => {});
    this.#running = waiter.promise;
    sync().then(waiter.resolve, (cause) => {
      const error = storageError("syncing the write-ahead log", cause);
      this.#settings.log.error("writes may not survive a power cut", { reason: error.message });
      waiter.reject(error);
    }).finally(() => {
      this.#running = undefined;
      this.#syncNext();
    });
  }
}
