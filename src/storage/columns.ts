/**
 * A plugin's own tables as data. A declaration names columns with their types, the columns of the key and the
 * indexes; row types follow from it. Every key and index starts with host and owner by itself.
 *
 * ```ts
 * const store = tables("pubsub", {
 *   items: {
 *     columns: { node: "text", id: "text", at: "integer", payload: "text", publisher: "text?" },
 *     key: ["node", "id"],
 *     indexes: { by_time: ["node", "at"] },
 *   },
 * });
 * ```
 */

/** A column's type; with a question mark it may be null. */
export type ColumnType =
  | "text"
  | "integer"
  | "real"
  | "boolean"
  | "bytes"
  | "json"
  | "text?"
  | "integer?"
  | "real?"
  | "boolean?"
  | "bytes?"
  | "json?";

/** Columns by name; names are lower case words with underscores. */
export type Columns = Readonly<Record<string, ColumnType>>;

/** One table. Columns added later must be nullable; indexes may come and go; anything else needs a new table name. */
export interface TableDeclaration {
  readonly columns: Columns;
  readonly key: readonly string[];
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
  /** Indexes over all owners of a host, for what is due or expires: read with `across`. */
  readonly across?: Readonly<Record<string, readonly string[]>>;
}

/** Tables by name. */
export type Declaration = Readonly<Record<string, TableDeclaration>>;

type Plain<C> = C extends "text" ? string
  : C extends "integer" | "real" ? number
  : C extends "boolean" ? boolean
  : C extends "bytes" ? Uint8Array
  : unknown;

type Value<C> = C extends `${infer P}?` ? Plain<P> | null : Plain<C>;

/** A row as the declaration makes it. */
export type Row<D extends { columns: Columns }> = {
  -readonly [K in keyof D["columns"]]: Value<D["columns"][K]>;
};

/** Values for some columns. */
export type Some<D extends { columns: Columns }> = {
  readonly [K in keyof D["columns"]]?: Value<D["columns"][K]>;
};

/** The smallest and greatest value of the column after the fixed ones; `after` and `before` are exclusive. */
export interface Bounds {
  readonly from?: string | number;
  readonly after?: string | number;
  readonly to?: string | number;
  readonly before?: string | number;
}

/**
 * A stretch of the key or of an index: `where` fixes its leading columns, `bounds` limits the next one. At most
 * `limit` (100, never above 10,000) rows, in the order of that index, or backwards.
 */
export interface Range<D extends { columns: Columns }> {
  readonly index?: string;
  readonly where?: Some<D>;
  readonly bounds?: Bounds;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** One table of one host. */
export interface Table<D extends { columns: Columns }> {
  /** Adds a row; a key that exists is a `conflict`. */
  insert(owner: string, row: Row<D>): void;
  /** Adds a row or replaces the one with its key. */
  put(owner: string, row: Row<D>): void;
  /** The row with this key; `key` gives all key columns. */
  get(owner: string, key: Some<D>): Row<D> | undefined;
  /** Sets some columns, not those of the key; false when there is no such row. */
  update(owner: string, key: Some<D>, changes: Some<D>): boolean;
  delete(owner: string, key: Some<D>): boolean;
  range(owner: string, range?: Range<D>): Row<D>[];
  /** Removes a stretch and says how many rows went; call again while it equals the limit. */
  deleteRange(owner: string, range?: Range<D>): number;
  /** How many rows a stretch has, counted up to its limit (10,000 here when none is given). */
  count(owner: string, range?: Range<D>): number;
  /** A stretch of an index over all owners. */
  across(index: string, range?: Omit<Range<D>, "index">): (Row<D> & { readonly owner: string })[];
  clear(owner: string): void;
  owners(): Iterable<string>;
}
