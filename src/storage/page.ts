/**
 * The archive kind as its users see it: long lists of items an owner, ordered by time (items of one millisecond by
 * arrival), read in pages whose cost does not depend on how deep they lie. Results are `Maybe`: SQLite answers at
 * once, an engine over a network or a thread for searches may not.
 */
import type { Maybe } from "../base/maybe.ts";

/** One item. `value` is opaque text (usually a stanza). */
export interface Item {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** With whom: a bare address, or "" . */
  readonly with: string;
  /** The rest of a full address, or "". */
  readonly resource: string;
  readonly value: string;
}

/** An item to append; `id` is made up when absent, `text` is what a search shall find. */
export interface NewItem {
  readonly id?: string;
  readonly at: number;
  readonly with?: string;
  readonly resource?: string;
  readonly value: string;
  readonly text?: string;
}

/**
 * Which items: all given conditions must hold. `resource` needs `with`, and is compared row by row within that
 * conversation. `from` and `to` are inclusive times, `afterId` and `beforeId` exclusive ids. `text` finds items that
 * contain all its words, whatever their case and accents, in those that were appended with a `text`.
 */
export interface Filter {
  readonly with?: string;
  readonly resource?: string;
  readonly from?: number;
  readonly to?: number;
  readonly ids?: readonly string[];
  readonly afterId?: string;
  readonly beforeId?: string;
  readonly text?: string;
}

/**
 * Which part of them: the first `limit` after an id, or the last `limit` before one; `before: ""` is the last page
 * (XEP-0059 §2.5). At most 1,000 items. `skip` leaves out so many of the first ones; its cost grows with it.
 */
export interface Page {
  readonly limit: number;
  readonly after?: string;
  readonly before?: string;
  readonly skip?: number;
}

/** A page, always oldest first. */
export interface Found {
  readonly items: readonly Item[];
  /** No further item in the direction of paging (XEP-0313 §4.3). */
  readonly complete: boolean;
  /** An id of the filter or the page that is not in the archive; `items` is empty then. */
  readonly missing?: string;
}

/** Long ordered lists, one an owner. */
export interface Archive {
  /** Adds an item and gives its id. An id that the owner has already is a `conflict`. */
  append(owner: string, item: NewItem): string;
  get(owner: string, id: string): Maybe<Item | undefined>;
  find(owner: string, filter: Filter, page: Page): Maybe<Found>;
  /** Puts another value (and text to search) in an item's place; false when there is no such item. */
  replace(owner: string, id: string, value: string, text?: string): Maybe<boolean>;
  /**
   * Removes what the filter selects, oldest first, at most `limit` (1,000) items a call; to be called again until it
   * gives 0. An empty filter empties the archive of that owner at once, whatever its size.
   */
  delete(owner: string, filter: Filter, limit?: number): Maybe<number>;
  /** How many items; without a filter exact and free, with one counted up to `cap` (10,000). */
  count(owner: string, filter?: Filter, cap?: number): Maybe<number>;
  /**
   * Removes items older than `before` of all owners, at most about `limit` (500) rows a call; true when all owners
   * have been visited. To be called again and again from a timer; a round goes on where the last call stopped.
   */
  expire(before: number, limit?: number): Maybe<boolean>;
  owners(): Iterable<string>;
}
