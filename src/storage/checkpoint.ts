/**
 * Moves what the write-ahead log holds into the database file before the log grows long. A checkpoint waits for the
 * disk twice and copies every page. Under light load it runs here, in small portions, and the log is synced on the
 * thread pool beforehand, which halves the stall (1 MiB: 2 ms). Under heavy load that would still be a tenth of
 * the time of all sessions: then a worker with a connection of its own does it, started when needed and ended after a
 * quiet minute (it costs 15 to 20 MB). Readers and writers go on meanwhile. Figures: docs/performance.md.
 *
 * SQLite begins the log anew only when all of it has been moved, and while the worker moves, more is written. When
 * the log has grown long all the same, the small rest is moved here, right after a commit.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Engine } from "./engine.ts";

/** Writes between two looks at the log. */
const LOOK = 64;
/** Bytes not yet moved that are worth a checkpoint here, and one by the worker. */
const SOME = 2 ** 20;
const MUCH = 2 ** 22;
/** More than this moved here within `SPAN` milliseconds is heavy load. */
const HEAVY = 2 ** 24;
const SPAN = 10_000;
/** Bytes in the log beyond which the rest is moved here, if it is small. */
const LONG = 2 ** 25;
const REST = 2 ** 20;
const IDLE = 60_000;
/** Tells the worker to end; any other message is the path of the database. */
const CLOSE = "close";

/**
 * The worker's program is text so that it is part of a bundle and of an executable as it stands. It answers every
 * message with one of its own.
 */
const PROGRAM = `
import { DatabaseSync } from "node:sqlite";
let db, run;
self.onmessage = ({ data }) => {
  try {
    if (data === "${CLOSE}") db?.close();
    else {
      if (db === undefined) {
        db = new DatabaseSync(data, { timeout: 0 });
        db.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
        run = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
      }
      run.get();
    }
    self.postMessage("");
  } catch (error) {
    self.postMessage(String(error));
  }
  if (data === "${CLOSE}") self.close();
};`;

/** The one checkpointer of a database file. */
export class Checkpoint {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #sync: () => Promise<void>;
  #looked = 0;
  /** The log is being synced for a checkpoint here, or has been and the open transaction is in the way. */
  #syncing = false;
  #due = false;
  /** Bytes of a page. */
  readonly #page: number;
  /** Pages of the log that had been moved at the last look, and bytes moved here since a moment. */
  #before = 0;
  #moved = 0;
  #since = 0;
  #worker: Worker | undefined;
  /** Settled when the worker has done what it was told last. */
  #busy: PromiseWithResolvers<void> | undefined;
  #idle: Timer | undefined;
  /** The worker could not be started or has failed: this thread does its work. */
  #alone = false;

  constructor(engine: Engine, clock: Clock, path: string, sync: () => Promise<void>) {
    this.#engine = engine;
    this.#clock = clock;
    this.#path = path;
    this.#sync = sync;
    this.#page = Number(engine.one("checkpoint", engine.prepare("PRAGMA page_size"))?.["page_size"]);
  }

  /** After a commit, when no transaction is open. */
  committed(): void {
    if (this.#due) return this.#here();
    const { writes } = this.#engine.group;
    if (this.#syncing || this.#busy !== undefined || writes - this.#looked < LOOK) return;
    this.#looked = writes;
    const row = this.#engine.one("checkpoint", this.#engine.prepare("PRAGMA wal_checkpoint(NOOP)"));
    const pages = Number(row?.["log"] ?? 0);
    this.#before = Number(row?.["checkpointed"] ?? 0);
    const log = pages * this.#page;
    const rest = (pages - this.#before) * this.#page;
    if (rest < SOME) {
      if (log >= LONG && rest <= REST) this.#here();
    } else if (!this.#alone && (this.#worker !== undefined || this.#heavy())) {
      if (rest >= MUCH) this.#tell(this.#path);
    } else {
      this.#prepare();
    }
  }

  /** Whether so much was moved here lately that it had better be done elsewhere. */
  #heavy(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#since > SPAN) {
      this.#since = now;
      this.#moved = 0;
    }
    return this.#moved > HEAVY;
  }

  /** Syncs the log elsewhere first; a failure is not lost, the checkpoint syncs again itself and reports it. */
  #prepare(): void {
    this.#syncing = true;
    const go = () => {
      this.#syncing = false;
      // A checkpoint cannot run inside a transaction: the next commit does it then.
      if (this.#engine.group.open) this.#due = true;
      else this.#here();
    };
    this.#sync().then(go, go);
  }

  /** Ends the worker; nothing may be written after. */
  async close(): Promise<void> {
    await this.#busy?.promise;
    await this.#end();
  }

  #here(): void {
    this.#due = false;
    if (this.#engine.closed) return;
    try {
      const row = this.#engine.one("checkpoint", this.#engine.prepare("PRAGMA wal_checkpoint(PASSIVE)"));
      this.#moved += Math.max(0, Number(row?.["checkpointed"] ?? 0) - this.#before) * this.#page;
    } catch (error) {
      // The log keeps everything; it only stays long until a later checkpoint works.
      this.#engine.log.warn("could not checkpoint", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Gives the worker its next task; one at a time. */
  #tell(task: string): Promise<void> {
    const busy = Promise.withResolvers<void>();
    this.#busy = busy;
    this.#idle?.cancel();
    const done = () => {
      this.#busy = undefined;
      busy.resolve();
    };
    try {
      this.#worker ??= new Worker(`data:application/javascript,${encodeURIComponent(PROGRAM)}`, {
        type: "module",
      });
      this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (data !== "") this.#engine.log.warn("could not checkpoint", { reason: String(data) });
        if (task === CLOSE) this.#worker = undefined;
        else this.#idle = this.#clock.after(IDLE, () => void this.#end());
        done();
      };
      this.#worker.onerror = (event) => {
        event.preventDefault();
        this.#fail(event.message);
        done();
      };
      this.#worker.postMessage(task);
    } catch (error) {
      this.#fail(String(error));
      done();
    }
    return busy.promise;
  }

  async #end(): Promise<void> {
    if (this.#busy === undefined && this.#worker !== undefined) await this.#tell(CLOSE);
  }

  #fail(reason: string): void {
    this.#alone = true;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#engine.log.warn("checkpoints run on the main thread from now on", { reason });
  }
}
