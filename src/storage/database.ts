/**
 * All data of a server in one SQLite file: opening it safely, and every operation that concerns more than one store.
 * The file and its folder are for the server's user only. Do not open the file elsewhere in this process: closing any
 * descriptor of it would drop SQLite's own locks (https://sqlite.org/howtocorrupt.html §2.2).
 */
import { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { SqliteArchive } from "./archive.ts";
import { ArchiveLog } from "./archive_log.ts";
import { Catalogue } from "./catalogue.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Engine } from "./engine.ts";
import { StorageError, storageError } from "./error.ts";
import { SqliteKeyval } from "./keyval.ts";
import { Lock } from "./lock.ts";
import { SqliteMap } from "./map.ts";
import { migrate, type Migration, refuseForeign } from "./migrate.ts";
import type { Place } from "./place.ts";
import { SCHEMA } from "./schema.ts";
import type { Driver, Storage, Store } from "./store.ts";
import { Sweeper } from "./sweep.ts";
import { openTables } from "./tables.ts";

/** How to open a database. */
export interface DatabaseSettings {
  /** The file, or ":memory:". Its folder is made when it is not there. */
  readonly path: string;
  /** Whether what was acknowledged survives a power cut too ("full"), or only the end of the process ("normal"). */
  readonly durability: "normal" | "full";
  readonly clock: Clock;
  readonly log: Logger;
  /** Other steps than the server's own, for tests. */
  readonly migrations?: readonly Migration[];
  /** Runs a function at the end of the turn; for tests that run turns by hand. */
  readonly turn?: (fn: () => void) => void;
}

/** The server's storage on SQLite. */
export class Database implements Storage {
  readonly #engine: Engine;
  readonly #archives: ArchiveLog;
  readonly #catalogue: Catalogue;
  readonly #sweeper: Sweeper;
  readonly #driver: Driver;
  readonly #file: DataFile | undefined;
  readonly #checkpoint: Checkpoint | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    engine: Engine,
    file: DataFile | undefined,
    checkpoint: Checkpoint | undefined,
    clock: Clock,
  ) {
    this.#engine = engine;
    this.#file = file;
    this.#checkpoint = checkpoint;
    this.#catalogue = new Catalogue(engine);
    const archives = new ArchiveLog(engine);
    this.#archives = archives;
    this.#sweeper = new Sweeper(engine, archives, clock);
    const place = (host: string, kind: string, name: string): Place => ({
      engine,
      id: this.#catalogue.id(host, kind, name),
      label: `${host}/${name}`,
    });
    this.#driver = {
      keyval: (host, name, codec) => new SqliteKeyval(place(host, "keyval", name), codec),
      map: (host, name, codec) => new SqliteMap(place(host, "map", name), codec),
      archive: (host, name) =>
        new SqliteArchive(place(host, "archive", name), archives, () => this.#sweeper.wake()),
      tables: (host, name, declaration) => openTables(place(host, "tables", name), name, declaration),
    };
  }

  /** Opens or makes the file, upgrades it when it is older, and takes its lock; throws `StorageError`. */
  static open(settings: DatabaseSettings): Database {
    const { path, durability, clock, log } = settings;
    const file = path === ":memory:" ? undefined : DataFile.open(path);
    let db: DatabaseSync | undefined;
    try {
      db = connect(path, file !== undefined);
      migrate(db, file?.path, settings.migrations ?? SCHEMA, clock.now(), log);
      let checkpoint: Checkpoint | undefined;
      const engine: Engine = new Engine({
        db,
        clock,
        log,
        committed: () => checkpoint?.committed(),
        ...(settings.turn === undefined ? {} : { turn: settings.turn }),
        ...(file !== undefined && durability === "full" ? { sync: () => file.sync() } : {}),
      });
      if (file !== undefined) checkpoint = new Checkpoint(engine, clock, file.path, () => file.sync());
      const database = new Database(engine, file, checkpoint, clock);
      database.#sweeper.wake(1_000);
      return database;
    } catch (cause) {
      if (db?.isOpen) db.close();
      file?.close();
      throw storageError(`opening "${path}"`, cause);
    }
  }

  open<S>(store: Store<S>, host: string): S {
    return store.bind(this.#driver, host);
  }

  get writes(): number {
    return this.#engine.group.writes;
  }

  get dirty(): boolean {
    return this.#engine.group.dirty;
  }

  /** Statements and commits of more than 5 ms so far, for the metrics. */
  get slow(): number {
    return this.#engine.slow;
  }

  flush(since?: number): Promise<void> {
    if (this.#closing !== undefined) {
      return Promise.reject(new StorageError("closed", "the storage was flushed after it was closed"));
    }
    return this.#engine.group.flush(since);
  }

  atomic<T>(fn: () => T): T {
    return this.#engine.atomic(fn);
  }

  purge(host: string, owner: string): void {
    this.#catalogue.purge(host, owner);
    this.#archives.forget();
    this.#sweeper.wake();
  }

  owners(host: string): Iterable<string> {
    return this.#catalogue.owners(host);
  }

  hosts(): string[] {
    return this.#catalogue.hosts();
  }

  renameHost(from: string, to: string): void {
    this.#catalogue.rename(from, to);
  }

  dropHost(host: string): void {
    this.#catalogue.drop(host);
    this.#archives.forget();
    this.#sweeper.wake();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What cannot be filed now is at the next start: nothing is lost by it. */
  #fileArchives(): void {
    try {
      this.#archives.fileAll();
    } catch (cause) {
      this.#engine.log.warn("archives were not filed", {
        reason: cause instanceof Error ? cause.message : String(cause),
      });
    }
  }

  async #close(): Promise<void> {
    this.#sweeper.stop();
    const { group } = this.#engine;
    try {
      this.#fileArchives();
      const safe = group.flush(group.writes);
      group.commit();
      await safe;
    } finally {
      await this.#checkpoint?.close();
      // Closing the last connection moves the log into the file and removes it.
      this.#engine.close();
      this.#file?.close();
    }
  }
}

/** Bytes in the log beyond which SQLite moves them itself: only the net below our own checkpoints (checkpoint.ts). */
const NET = 2 ** 26;

function connect(path: string, onDisk: boolean): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 250 });
  // Twice SQLite's usual page: half as many of them for the same text. A file that is there keeps its own.
  // Deleted rows are overwritten where that costs no extra writing: people's messages do not linger.
  db.exec(
    "PRAGMA page_size = 8192; PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000",
  );
  if (onDisk) {
    // The journal's mode is kept in the file itself.
    refuseForeign(db, path);
    // NORMAL for both durabilities: the commit group syncs the log itself, off this thread. A log that grew long once is
    // cut back.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 33554432");
    const page = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);
    db.exec(`PRAGMA wal_autocheckpoint = ${NET / page}`);
  }
  return db;
}

/** The file on disk beside SQLite's view of it: folder, modes, lock, and a descriptor of the log to sync. */
class DataFile {
  readonly path: string;
  readonly #lock: Lock;
  #log: Deno.FsFile | undefined;

  private constructor(path: string, lock: Lock) {
    this.path = path;
    this.#lock = lock;
  }

  static open(path: string): DataFile {
    try {
      Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw storageError(`making the folder of "${path}"`, cause);
    }
    const lock = Lock.take(path);
    try {
      // SQLite gives its log the mode of this file, so it must be right before SQLite sees it.
      Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 }).close();
      if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
    } catch (cause) {
      lock.release();
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new StorageError(
        "readonly",
        `cannot write "${path}": ${detail}; the data folder must belong to the user that runs the server`,
        cause,
      );
    }
    return new DataFile(path, lock);
  }

  /** Makes the write-ahead log durable, on the runtime's thread pool. It holds no locks of SQLite. */
  async sync(): Promise<void> {
    this.#log ??= Deno.openSync(`${this.path}-wal`, { read: true, write: true });
    await this.#log.syncData();
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
    this.#lock.release();
  }
}
