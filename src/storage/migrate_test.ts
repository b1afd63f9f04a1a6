import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "./error.ts";
import { SCHEMA } from "./schema.ts";
import { scratch } from "./storage_test_rig.ts";
import { keyval } from "./store.ts";

const text = keyval<string>("text");
const LAST = SCHEMA.length;

const upper = {
  version: LAST + 1,
  name: "upper case",
  up: (db: DatabaseSync) => db.exec("UPDATE keyval SET value = upper(value)"),
};
const broken = {
  version: LAST + 2,
  name: "broken step",
  up: (db: DatabaseSync) => {
    db.exec("DELETE FROM keyval; CREATE TABLE halfway (x)");
    throw new Error("no such thing");
  },
};

/** What a file holds, byte for byte of its logical content. */
function dump(path: string): string {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare("SELECT sql FROM sqlite_schema ORDER BY name").all();
  const values = db.prepare("SELECT * FROM keyval ORDER BY owner").all();
  const version = db.prepare("PRAGMA user_version").get();
  const check = db.prepare("PRAGMA integrity_check").get();
  db.close();
  return JSON.stringify([rows, values, version, check]);
}

Deno.test("the schema's steps are numbered from 1 without a gap", () => {
  assert.deepEqual(SCHEMA.map((step) => step.version), SCHEMA.map((_, i) => i + 1));
});

Deno.test("an older file is copied, then upgraded; opening again copies nothing", () =>
  scratch(async (s) => {
    const old = s.open();
    old.open(text, "a.test").set("bob", "abc");
    await old.close();
    const before = dump(s.file);
    const now = s.open({ migrations: [...SCHEMA, upper] });
    assert.equal(now.open(text, "a.test").get("bob"), "ABC");
    const copy = `${s.file}.v${LAST}-20260102T030405Z`;
    assert.equal(dump(copy), before);
    assert.equal((Deno.statSync(copy).mode ?? 0) & 0o777, 0o600);
    assert.match(
      s.lines.join("\n"),
      new RegExp(`info .*copied before its upgrade.*from=${LAST} to=${LAST + 1}`),
    );
    await now.close();
    await s.open({ migrations: [...SCHEMA, upper] }).close();
    const copies = [...Deno.readDirSync(`${s.folder}/data`)].filter((entry) => entry.name.includes(".v"));
    assert.equal(copies.length, 1);
  }));

Deno.test("a new file needs no copy", () =>
  scratch((s) => {
    s.open({ migrations: [...SCHEMA, upper] });
    assert.ok(![...Deno.readDirSync(`${s.folder}/data`)].some((entry) => entry.name.includes(".v")));
  }));

Deno.test("a newer file is refused, unchanged, with both versions and what to do", () =>
  scratch(async (s) => {
    await s.open({ migrations: [...SCHEMA, upper] }).close();
    const before = dump(s.file);
    assert.throws(() => s.open(), (error: unknown) => {
      assert.ok(error instanceof StorageError);
      assert.equal(error.fault, "newer");
      assert.match(
        error.message,
        new RegExp(`has schema version ${LAST + 1}, this program knows versions up to ${LAST}`),
      );
      assert.match(error.message, /run the newer program, or restore the copy/);
      return true;
    });
    assert.equal(dump(s.file), before);
  }));

Deno.test("a step that fails leaves the file as it was, earlier steps of the same upgrade included", () =>
  scratch(async (s) => {
    const old = s.open();
    old.open(text, "a.test").set("bob", "abc");
    await old.close();
    const before = dump(s.file);
    assert.throws(() => s.open({ migrations: [...SCHEMA, upper, broken] }), (error: unknown) => {
      assert.ok(error instanceof StorageError);
      assert.equal(error.fault, "migration");
      assert.match(
        error.message,
        new RegExp(
          `failed at step ${
            LAST + 2
          } \\(broken step\\): no such thing; the file is as it was, and there is a copy`,
        ),
      );
      return true;
    });
    assert.equal(dump(s.file), before);
    assert.equal(s.open().open(text, "a.test").get("bob"), "abc");
  }));

Deno.test("when no copy can be made nothing is upgraded", () =>
  scratch(async (s) => {
    await s.open().close();
    const before = dump(s.file);
    Deno.writeTextFileSync(`${s.file}.v${LAST}-20260102T030405Z`, "in the way");
    assert.throws(
      () => s.open({ migrations: [...SCHEMA, upper] }),
      /copying the database to .* before its upgrade failed/,
    );
    assert.equal(dump(s.file), before);
  }));
