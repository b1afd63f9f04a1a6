/**
 * What the rest of the server knows about stored data: kinds of stores as interfaces, tokens that name them, and the
 * `Storage` that opens them. Nothing here knows SQLite. Another engine implements `Storage` and `Driver` by loading a
 * host's small stores when they are bound, answering reads from memory, and writing behind; `flush()` is the one
 * place where anybody waits for a disk or a network, and `Archive` and its pages may wait too (`Maybe`).
 *
 * Every row belongs to a host and an owner. The owner is an account's local part, a room's, or "" for the host itself.
 */
import type { Maybe } from "../base/maybe.ts";
import { type Codec, json } from "./codec.ts";
import type { Declaration, Table } from "./columns.ts";
import type { Archive } from "./page.ts";

/** One value an owner. Setting `undefined` removes it. */
export interface Keyval<T> {
  get(owner: string): T | undefined;
  set(owner: string, value: T | undefined): void;
  /** Owners that have a value, without the host itself, in code point order. A change in between may or may not show. */
  owners(): Iterable<string>;
}

/** A small table of keys an owner. Setting `undefined` removes the key. */
export interface MapStore<T> {
  get(owner: string, key: string): T | undefined;
  set(owner: string, key: string, value: T | undefined): void;
  /** All keys of an owner with their values, ordered by key. */
  entries(owner: string): [string, T][];
  count(owner: string): number;
  clear(owner: string): void;
  owners(): Iterable<string>;
}

/** A token's way into an engine: one method a kind of store. */
export interface Driver {
  keyval<T>(host: string, name: string, codec: Codec<T>): Keyval<T>;
  map<T>(host: string, name: string, codec: Codec<T>): MapStore<T>;
  archive(host: string, name: string): Archive;
  tables<D extends Declaration>(host: string, name: string, declaration: D): Opened<D>;
}

/** The tables of one declaration, opened. */
export type Opened<D extends Declaration> = { readonly [K in keyof D]: Table<D[K]> };

/** Names a store and knows its type; `S` is what opening it gives. Made by `keyval`, `map`, `archive` and `tables`. */
export interface Store<S> {
  readonly kind: "keyval" | "map" | "archive" | "tables";
  readonly name: string;
  /** For engines only; everybody else calls `Storage.open`. */
  bind(driver: Driver, host: string): S;
}

/** A store with one value an owner. Names are lower case words with dots: `roster.version`. */
export function keyval<T>(name: string, codec: Codec<T> = json()): Store<Keyval<T>> {
  return { kind: "keyval", name, bind: (driver, host) => driver.keyval(host, name, codec) };
}

/** A store with a small table of values an owner. */
export function map<T>(name: string, codec: Codec<T> = json()): Store<MapStore<T>> {
  return { kind: "map", name, bind: (driver, host) => driver.map(host, name, codec) };
}

/** A store with long, ordered lists of items an owner. */
export function archive(name: string): Store<Archive> {
  return { kind: "archive", name, bind: (driver, host) => driver.archive(host, name) };
}

/** A store with tables of its own, declared as data. */
export function tables<const D extends Declaration>(name: string, declaration: D): Store<Opened<D>> {
  return { kind: "tables", name, bind: (driver, host) => driver.tables(host, name, declaration) };
}

/** All stored data of a server. Reads see every earlier write at once; what is promised to others waits for `flush`. */
export interface Storage {
  open<S>(store: Store<S>, host: string): S;
  /** How many writes there were so far. Take it before handling something, compare it after: did it write? */
  readonly writes: number;
  /** How many statements and commits took so long that somebody ought to know. */
  readonly slow: number;
  /** Whether there are writes that a crash would lose. */
  readonly dirty: boolean;
  /**
   * Resolves when everything written so far is safe; rejects with `StorageError` when it could not be made so, and
   * then all writes of that commit group are taken back. Who writes, waits for something else, and flushes later
   * gives `since`, the value of `writes` before its first write: a group lost in between is then never overlooked.
   */
  flush(since?: number): Promise<void>;
  /** All or nothing: what `fn` wrote is taken back when it throws. `fn` is synchronous; may be nested. */
  atomic<T>(fn: () => T): T;
  /** Removes an owner's rows in every store of the host, opened in this run or not. */
  purge(host: string, owner: string): void;
  /** Everybody who has a row in any store of the host, "" left out. */
  owners(host: string): Iterable<string>;
  /** Hosts that have stores. */
  hosts(): string[];
  /** Gives all rows of `from` to `to`; `to` must have none. Stores of `from` that are open must not be used after. */
  renameHost(from: string, to: string): Maybe<void>;
  /** Forgets a host. Its rows vanish at once and leave the disk in slices. */
  dropHost(host: string): Maybe<void>;
  /** Writes what is left and lets go of the data. */
  close(): Promise<void>;
}
