/**
 * The physical tables that all stores share, as numbered steps. A store is a number in `store` (its host, kind and
 * name); rows carry that number and the owner. So every store can be purged, renamed or dropped without its code.
 */
import type { Migration } from "./migrate.ts";

/**
 * `item` keeps its rows in order of arrival and three indexes: by time, by conversation and time, by id. A `shelf` is
 * one owner's archive; it makes the indexes small and lets an archive of any size be taken away in one step: a shelf
 * of store 0 is trash, whose items leave in slices. `item_text` only holds the words to search, not the text.
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
  seq INTEGER PRIMARY KEY AUTOINCREMENT, shelf INTEGER NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
  peer TEXT NOT NULL, resource TEXT NOT NULL, value TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX item_id ON item (shelf, id);
CREATE TRIGGER item_more AFTER INSERT ON item BEGIN UPDATE shelf SET items = items + 1 WHERE id = new.shelf; END;
CREATE TRIGGER item_less AFTER DELETE ON item BEGIN UPDATE shelf SET items = items - 1 WHERE id = old.shelf; END;
CREATE INDEX item_at ON item (shelf, at, seq);
CREATE INDEX item_peer ON item (shelf, peer, at, seq);
CREATE VIRTUAL TABLE item_text USING fts5 (scope, words, content='', contentless_delete=1, detail=full,
  tokenize="unicode61 remove_diacritics 2");

CREATE TABLE declared (name TEXT PRIMARY KEY, declaration TEXT NOT NULL) STRICT;
`;

/** All steps, in order. A step that was released is never changed; a new one is added. */
export const SCHEMA: readonly Migration[] = [
  { version: 1, name: "first tables", up: (db) => db.exec(FIRST) },
];
