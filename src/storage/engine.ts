/**
 * One SQLite connection as the stores use it: statements prepared once, writes that join the commit group, errors
 * with the store's name in them, and a count of statements that took too long. No store touches the connection.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { nextTurn } from "../base/turn.ts";
import { CommitGroup } from "./commit_group.ts";
import { StorageError, storageError } from "./error.ts";

/** A statement or commit longer than this is counted and logged: it has stalled every session. */
const SLOW_MS = 5;

/** A value of a column as SQLite gives it. */
export type Cell = null | number | bigint | string | Uint8Array;
/** A row as SQLite gives it. */
export type Cells = Record<string, Cell>;
/** A value as SQLite takes it. */
export type Input = SQLInputValue;

type Result = ReturnType<StatementSync["run"]>;

/** Writes that wait, to be made together. */
export interface Deferred {
  /** Makes them: something else is about to be done. Gives a mark of how far everything is. */
  write(): number;
  /** Makes them, and whatever else is due: the group is about to be committed. */
  commit(): void;
  /** What came after a mark was taken back. */
  undone(mark: number): void;
}

/** What an engine works with. */
export interface EngineSettings {
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sync?: () => Promise<void>;
  readonly turn?: (fn: () => void) => void;
  readonly committed?: () => void;
}

/** The connection, its statements and its commit group. */
export class Engine {
  readonly group: CommitGroup;
  readonly log: Logger;
  readonly clock: Clock;
  deferred: Deferred | undefined;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #slow = 0;
  #depth = 0;
  #closed = false;

  constructor(settings: EngineSettings) {
    this.#db = settings.db;
    this.log = settings.log;
    this.clock = settings.clock;
    const db = settings.db;
    const begin = db.prepare("BEGIN IMMEDIATE");
    const commit = db.prepare("COMMIT");
    const rollback = db.prepare("ROLLBACK");
    this.group = new CommitGroup({
      transaction: {
        get active() {
          return db.isTransaction;
        },
        begin: () => void begin.run(),
        commit: () => this.#timed("commit", () => void commit.run()),
        rollback: () => void rollback.run(),
      },
      clock: settings.clock,
      log: settings.log,
      before: () => this.deferred?.commit(),
      turn: settings.turn ?? ((fn) => void nextTurn().then(fn)),
      committed: settings.committed ?? (() => {}),
      ...(settings.sync === undefined ? {} : { sync: settings.sync }),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Statements and commits so far that took more than 5 ms. */
  get slow(): number {
    return this.#slow;
  }

  /** The prepared form of a statement, made once. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** The first row, or undefined. */
  one(store: string, statement: StatementSync, ...values: Input[]): Cells | undefined {
    const begun = this.#begin(store);
    try {
      return statement.get(...values) as Cells | undefined;
    } catch (cause) {
      throw storageError(`reading store "${store}"`, cause);
    } finally {
      this.#end(begun, store);
    }
  }

  /** All rows; the statement must have a limit. */
  all(store: string, statement: StatementSync, ...values: Input[]): Cells[] {
    const begun = this.#begin(store);
    try {
      return statement.all(...values) as Cells[];
    } catch (cause) {
      throw storageError(`reading store "${store}"`, cause);
    } finally {
      this.#end(begun, store);
    }
  }

  /** Writes within the open group and gives the number of changed rows. */
  write(store: string, statement: StatementSync, ...values: Input[]): number {
    return Number(this.#run(store, statement, values).changes);
  }

  /** Writes one new row within the open group and gives its row number. */
  insert(store: string, statement: StatementSync, ...values: Input[]): number {
    return Number(this.#run(store, statement, values).lastInsertRowid);
  }

  /** Makes a write that was counted already, when it was deferred. */
  complete(store: string, statement: StatementSync, ...values: Input[]): void {
    this.#run(store, statement, values, false);
  }

  #run(store: string, statement: StatementSync, values: Input[], counted = true): Result {
    const begun = this.#begin(store);
    try {
      this.group.join();
      const result = statement.run(...values);
      if (counted) this.group.wrote();
      return result;
    } catch (cause) {
      const error = storageError(`writing store "${store}"`, cause);
      this.group.broke(error);
      throw error;
    } finally {
      this.#end(begun, store);
    }
  }

  /** See `Storage.atomic`. */
  atomic<T>(fn: () => T): T {
    if (this.#closed) throw closed();
    const name = `a${this.#depth}`;
    const losses = this.group.losses;
    let mark = 0;
    try {
      this.group.join();
      mark = this.deferred?.write() ?? 0;
      this.prepare(`SAVEPOINT ${name}`).run();
    } catch (cause) {
      throw storageError("opening a transaction", cause);
    }
    this.#depth++;
    try {
      const result = fn();
      if (this.group.losses !== losses || !this.#db.isTransaction) {
        throw new StorageError("lost", "a part of an atomic change was taken back; do it again");
      }
      this.prepare(`RELEASE ${name}`).run();
      return result;
    } catch (cause) {
      this.#back(name, losses, mark, cause);
      throw cause;
    } finally {
      this.#depth--;
    }
  }

  /** After a full disk SQLite has ended the whole transaction, and the savepoint with it: what came later goes too. */
  #back(name: string, losses: number, mark: number, cause: unknown): void {
    this.deferred?.undone(mark);
    if (this.group.losses !== losses || !this.#db.isTransaction) {
      this.group.abandon(storageError("an atomic change", cause));
      return;
    }
    this.prepare(`ROLLBACK TO ${name}`).run();
    this.prepare(`RELEASE ${name}`).run();
  }

  /**
   * A change that must be there before anything builds on it (the catalogue, a table's columns): commits what is
   * open, then runs `fn` in a transaction of its own.
   */
  apart<T>(what: string, fn: () => T): T {
    if (this.#closed) throw closed();
    if (this.#depth > 0) throw new StorageError("invalid", `${what}: not within atomic()`);
    this.group.commit();
    try {
      this.prepare("BEGIN IMMEDIATE").run();
      const result = fn();
      this.prepare("COMMIT").run();
      return result;
    } catch (cause) {
      if (this.#db.isTransaction) this.prepare("ROLLBACK").run();
      throw storageError(what, cause);
    }
  }

  /** Statements of the schema, which have no values; only within `apart`. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** No statement runs after this. */
  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #timed(what: string, fn: () => void): void {
    const begun = this.clock.monotonic();
    fn();
    this.#end(begun, what);
  }

  #begin(store: string): number {
    if (this.#closed) {
      throw new StorageError("closed", `store "${store}" was used after the storage was closed`);
    }
    return this.clock.monotonic();
  }

  #end(begun: number, store: string): void {
    const ms = this.clock.monotonic() - begun;
    if (ms <= SLOW_MS) return;
    this.#slow++;
    this.log.warn("slow statement", { store, ms: Math.round(ms * 10) / 10 });
  }
}

function closed(): StorageError {
  return new StorageError("closed", "the storage was used after it was closed");
}
