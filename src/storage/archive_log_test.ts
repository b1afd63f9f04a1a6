import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ArchiveLog } from "./archive_log.ts";
import { Engine } from "./engine.ts";
import { itemId } from "./item_id.ts";
import type { Archive, Filter } from "./page.ts";
import { SCHEMA } from "./schema.ts";
import { HandClock, keptLog, type Scratch, scratch } from "./storage_test_rig.ts";
import { archive, keyval } from "./store.ts";
import { Shelf } from "./waiting.ts";

const HISTORY = archive("history");

function opened(s: Scratch) {
  let connection!: DatabaseSync;
  const spy = {
    version: SCHEMA.length + 1,
    name: "spy",
    up: (db: DatabaseSync) => void (connection = db),
  };
  const database = s.open({ path: ":memory:", migrations: [...SCHEMA, spy] });
  const a = database.open(HISTORY, "a.test");
  const rows = (sql: string) => connection.prepare(sql).all().map((row) => Object.values(row)[0]);
  return { database, connection, a, rows };
}

function values(a: Archive, owner: string, filter: Filter = {}): string {
  const found = a.find(owner, filter, { limit: 1_000 });
  assert.ok(!(found instanceof Promise));
  return found.items.map((item) => item.value).join(" ");
}

/** One message between two accounts, as it is given to the storage. */
function say(a: Archive, at: number, value: string): readonly [string, string] {
  return [
    a.append("bob", { id: itemId(at), at, with: "eve@x", value }),
    a.append("eve", { id: itemId(at), at, with: "bob@x", value }),
  ];
}

Deno.test("the same text at the same time, twice in a row, is stored once", () =>
  scratch((s) => {
    const { a, rows } = opened(s);
    say(a, 1, "one");
    say(a, 2, "two");
    a.append("bob", { at: 3, value: "alone" });
    a.append("bob", { at: 3, value: "alone" });
    a.append("eve", { at: 4, value: "alone" });
    a.append("bob", { at: 5, value: "words", text: "words" });
    a.append("eve", { at: 5, value: "words", text: "words" });
    assert.equal(values(a, "bob"), "one two alone alone words");
    assert.equal(values(a, "eve"), "one two alone words");
    assert.equal(values(a, "eve", { with: "bob@x" }), "one two");
    // Each of them has a number, and those with words a row of their own.
    assert.equal(rows("SELECT items FROM bundle").join("\u00013").split("\u00013").length, 5);
    assert.equal(rows("SELECT seq FROM item").length, 2);
  }));

Deno.test("what one has changed or removed is still the other's", () =>
  scratch(async (s) => {
    const { database, a, rows } = opened(s);
    const [bobs, eves] = say(a, 1, "secret");
    const [removed] = say(a, 2, "shared");
    await a.replace("bob", bobs, "<gone/>");
    await a.delete("bob", { ids: [removed] });
    assert.equal(values(a, "bob"), "<gone/>");
    assert.equal(values(a, "eve"), "secret shared");
    await a.replace("eve", eves, "<gone too/>");
    assert.equal(values(a, "bob"), "<gone/>");
    assert.equal(values(a, "eve"), "<gone too/> shared");
    // Nobody has the text any more: it is not kept.
    assert.deepEqual(rows("SELECT value FROM item WHERE at = 1"), [""]);
    await a.replace("eve", eves, "<again/>");
    assert.equal(values(a, "eve"), "<again/> shared");
    database.purge("a.test", "eve");
    assert.equal(values(a, "eve"), "");
    s.clock.advance(10_000);
    assert.equal(values(a, "bob"), "<gone/>");
    assert.deepEqual(rows("SELECT at FROM item"), [1]);
    await a.delete("bob", {});
    s.clock.advance(10_000);
    for (const table of ["bundle", "item", "leaf", "leaf_peer", "item_name", "shelf"]) {
      assert.deepEqual(rows(`SELECT count(*) FROM ${table}`), [0], table);
    }
  }));

Deno.test("what was committed is there after the end of the process, filed or not, once", () =>
  scratch(async (s) => {
    const first = s.open();
    const a = first.open(HISTORY, "a.test");
    const all: string[] = [];
    const crash = async (name: string): Promise<Archive> => {
      await first.flush();
      Deno.mkdirSync(`${s.folder}/${name}`);
      for (const end of ["", "-wal"]) Deno.copyFileSync(`${s.file}${end}`, `${s.folder}/${name}/db${end}`);
      return s.open({ path: `${s.folder}/${name}/db` }).open(HISTORY, "a.test");
    };
    for (let i = 0; i < 300; i++) {
      say(a, 1_000 + i, `v${i}`);
      all.push(`v${i}`);
    }
    assert.equal(values(await crash("unfiled"), "bob"), all.join(" "));
    // Bob's are filed now and Eve's are not; then more come, older ones too.
    assert.equal(values(a, "bob"), all.join(" "));
    a.append("bob", { id: "named", at: 500, value: "older" });
    a.append("eve", { at: 2_000, value: "newest" });
    const again = await crash("half");
    assert.equal(values(again, "bob"), ["older", ...all].join(" "));
    assert.equal(values(again, "eve"), [...all, "newest"].join(" "));
    assert.equal(await again.count("bob"), 301);
    assert.equal(await again.count("eve"), 301);
    const found = await again.get("bob", "named");
    assert.equal(found?.value, "older");
  }));

Deno.test("many entries are filed in slices behind commits, and all of them at the end", () =>
  scratch(async (s) => {
    const { database, a, rows } = opened(s);
    const count = 80_000;
    for (let i = 0; i < count; i++) {
      const at = 1_000 + i;
      a.append(`u${i % 200}`, { id: itemId(at), at, value: `v${i}` });
      a.append(`w${i % 200}`, { id: itemId(at), at, value: `v${i}` });
      if (i % 2_000 === 1_999) await database.flush();
    }
    const filed = Number(rows("SELECT sum(items) FROM leaf")[0]);
    assert.ok(filed > 0 && filed < 2 * count, `${filed} are in leaves`);
    assert.ok(Number(rows("SELECT seq FROM filed")[0]) < count);
    for (let i = 0; i < 200; i++) assert.equal(await a.count(`u${i}`), 400);
    assert.equal(values(a, "w7").split(" ").length, 400);
    const [at] = [1_000 + 4_007];
    assert.equal(values(a, "u7", { from: at, to: at }), "v4007");
  }));

Deno.test("an id that two have is written once, and is still known when one of them has gone", () =>
  scratch(async (s) => {
    const { a, rows } = opened(s);
    const id = itemId(1);
    for (const owner of ["bob", "eve", "kim"]) a.append(owner, { id, at: 1, value: "shared" });
    assert.equal(values(a, "eve"), "shared");
    assert.equal(String(rows("SELECT items FROM bundle")[0]).split(id).length, 2);
    assert.equal(await a.delete("bob", { ids: [id] }), 1);
    for (const owner of ["eve", "kim"]) assert.equal((await a.get(owner, id))?.value, "shared");
    assert.equal(await a.get("bob", id), undefined);
  }));

Deno.test("an orderly end leaves nothing to look at again, also where all of it was read", () =>
  scratch(async (s) => {
    const first = s.open();
    const a = first.open(HISTORY, "a.test");
    say(a, 1, "one");
    say(a, 2, "two");
    for (const owner of ["bob", "eve"]) assert.equal(values(a, owner), "one two");
    await first.close();
    const file = new DatabaseSync(s.file, { readOnly: true });
    assert.equal(file.prepare("SELECT seq FROM filed").get()?.["seq"], 2);
    file.close();
  }));

Deno.test("what is taken back is gone, what was there before is not", () =>
  scratch(async (s) => {
    const { database, connection, a } = opened(s);
    const other = database.open(keyval("other"), "a.test");
    a.append("bob", { at: 1, value: "first" });
    assert.throws(() =>
      database.atomic(() => {
        a.append("bob", { at: 2, value: "undone" });
        a.append("new", { at: 2, value: "undone" });
        assert.equal(values(a, "bob"), "first undone");
        throw new Error("no");
      }), /no/);
    a.append("new", { at: 3, value: "kept" });
    assert.equal(values(a, "bob"), "first");
    assert.equal(values(a, "new"), "kept");
    await database.flush();
    // A whole group is lost: what was appended in it does not come with the next one.
    connection.exec("CREATE TABLE p (id INTEGER PRIMARY KEY)");
    connection.exec("CREATE TABLE c (p REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)");
    connection.exec("PRAGMA foreign_keys = ON");
    a.append("bob", { at: 4, value: "lost" });
    a.append("bob", { id: "x", at: 5, value: "lost too" });
    connection.exec("INSERT INTO c VALUES (99)");
    await assert.rejects(database.flush());
    other.set("bob", 1);
    await database.flush();
    assert.equal(values(a, "bob"), "first");
    a.append("bob", { id: "x", at: 6, value: "second" });
    assert.equal(values(a, "bob"), "first second");
    assert.equal(await a.count("bob"), 2);
    s.lines.length = 0;
  }));

Deno.test("what is taken back without any part of archives does not make them look at everything again", () => {
  const db = new DatabaseSync(":memory:");
  for (const { up } of SCHEMA) up(db);
  const engine = new Engine({ db, clock: new HandClock(), log: keptLog().log });
  const log = new ArchiveLog(engine);
  const shelf = new Shelf(1);
  const add = () => log.add(1, shelf, itemId(1), "", "", "v", undefined);
  const refused = (fn: () => void) =>
    assert.throws(() =>
      engine.atomic(() => {
        fn();
        throw new Error("no");
      }), /no/);
  add();
  const { generation } = log;
  refused(() => engine.write("other", engine.prepare("INSERT INTO keyval VALUES (1, 'a', '1')")));
  assert.equal(log.generation, generation);
  refused(add);
  assert.notEqual(log.generation, generation);
  assert.equal(add(), 2);
  engine.close();
});

Deno.test("archives that could not be looked at again are, the next time", () =>
  scratch((s) => {
    const { database, connection, a } = opened(s);
    a.append("bob", { at: 1, value: "first" });
    assert.throws(() =>
      database.atomic(() => {
        a.append("bob", { at: 2, value: "undone" });
        throw new Error("no");
      }), /no/);
    connection.exec("ALTER TABLE bundle RENAME TO elsewhere");
    assert.throws(() => a.append("bob", { at: 3, value: "refused" }), /bundle/);
    connection.exec("ALTER TABLE elsewhere RENAME TO bundle");
    a.append("bob", { at: 4, value: "second" });
    assert.equal(values(a, "bob"), "first second");
  }));

Deno.test("an item whose words cannot be kept is not there at all", () =>
  scratch((s) => {
    const { database, connection, a } = opened(s);
    a.append("bob", { at: 1, value: "first" });
    connection.exec("ALTER TABLE item_text RENAME TO elsewhere");
    assert.throws(() => a.append("bob", { at: 2, value: "words", text: "words" }), /item_text/);
    connection.exec("ALTER TABLE elsewhere RENAME TO item_text");
    a.append("eve", { at: 3, value: "second" });
    assert.equal(values(a, "bob"), "first");
    assert.equal(values(a, "eve"), "second");
    // Items are looked at again, as after a crash.
    assert.throws(() =>
      database.atomic(() => {
        a.append("bob", { at: 4, value: "undone" });
        throw new Error("no");
      }), /no/);
    assert.equal(values(a, "bob"), "first");
    assert.equal(values(a, "eve"), "second");
  }));
