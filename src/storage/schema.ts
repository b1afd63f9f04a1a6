/**
 * The physical tables that all stores share, as numbered steps. A store is a number in `store` (its host, kind and
 * name); rows carry that number and the owner. So every store can be purged, renamed or dropped without its code.
 */
import type { Migration } from "./migrate.ts";

/**
 * A `shelf` is one owner's archive; it lets an archive of any size be taken away in one step: a shelf of store 0 is trash,
 * whose items leave in slices. `bundle` has what was archived, in order of arrival, many items a row (bundles.ts), each once
 * with the keys of all who have it; `item` has those that need a row of their own. `leaf` has the order of each shelf, many
 * entries a row, and `leaf_peer` says who occurs in which (leaves.ts).
 * `item_name` finds ids that do not tell their time (item_id.ts). `filed` is how far items are in leaves (archive_log.ts).
 * `item_text` only holds the words to search, not the text.
 */
const FIRST = `
CREATE TABLE store (
  id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  dropped INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX store_name ON store (host, kind, name) WHERE dropped = 0;

CREATE TABLE keyval (
  store INTEGER NOT NULL, owner TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (store, owner)
) STRICT;

CREATE TABLE map (
  store INTEGER NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (store, owner, key)
) STRICT;

CREATE TABLE shelf (
  id INTEGER PRIMARY KEY AUTOINCREMENT, store INTEGER NOT NULL, owner TEXT NOT NULL, items INTEGER NOT NULL DEFAULT 0,
  UNIQUE (store, owner)
) STRICT;

CREATE TABLE item (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, keys TEXT NOT NULL, value TEXT NOT NULL
) STRICT;
CREATE TABLE leaf (
  shelf INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, items INTEGER NOT NULL, entries TEXT NOT NULL,
  PRIMARY KEY (shelf, at, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE leaf_peer (
  shelf INTEGER NOT NULL, peer TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (shelf, peer, at, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE item_name (
  shelf INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (shelf, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE filed (seq INTEGER NOT NULL) STRICT;
INSERT INTO filed VALUES (0);
CREATE VIRTUAL TABLE item_text USING fts5 (scope, words, content='', contentless_delete=1, detail=full,
  tokenize="unicode61 remove_diacritics 2");

CREATE TABLE declared (name TEXT PRIMARY KEY, declaration TEXT NOT NULL) STRICT;
`;

/** What was archived before keeps its rows of its own. */
const BUNDLES = "CREATE TABLE bundle (seq INTEGER PRIMARY KEY, items TEXT NOT NULL) STRICT";

/** Bundles may spell an id that two owners share once (draft.ts): who does not know that must not read them. */
const SHARED_IDS = "";

/** All steps, in order. A step that was released is never changed; a new one is added. */
export const SCHEMA: readonly Migration[] = [
  { version: 1, name: "first tables", up: (db) => db.exec(FIRST) },
  { version: 2, name: "bundles of archived items", up: (db) => db.exec(BUNDLES) },
  { version: 3, name: "shared ids in bundles", up: (db) => db.exec(SHARED_IDS) },
];
