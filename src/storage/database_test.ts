import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { StorageError, type StorageFault } from "./error.ts";
import { checked } from "./codec.ts";
import { SCHEMA } from "./schema.ts";
import { type Scratch, scratch } from "./storage_test_rig.ts";
import { archive, keyval, map, tables } from "./store.ts";

const text = keyval<string>("text");
const roster = map<{ name: string }>("roster");
const history = archive("history");
const nodes = tables("nodes", { node: { columns: { name: "text", at: "integer" }, key: ["name"] } });

function fault(wanted: StorageFault, says: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StorageError, String(error));
    assert.equal(error.fault, wanted, error.message);
    assert.match(error.message, says);
    return true;
  };
}

/** Opens with the connection in hand, to make SQLite fail on purpose. */
function openWithConnection(s: Scratch) {
  let connection: DatabaseSync | undefined;
  const spy = { version: SCHEMA.length + 1, name: "spy", up: (db: DatabaseSync) => void (connection = db) };
  const database = s.open({ migrations: [...SCHEMA, spy] });
  assert.ok(connection);
  return { database, connection };
}

Deno.test("what was flushed is there after reopening, for every kind", () =>
  scratch(async (s) => {
    const first = s.open();
    first.open(text, "a.test").set("bob", "hello");
    first.open(roster, "a.test").set("bob", "c@d", { name: "C" });
    const id = first.open(history, "a.test").append("bob", { at: 5, value: "<m/>", with: "c@d" });
    first.open(nodes, "a.test").node.insert("bob", { name: "n", at: 1 });
    assert.equal(first.dirty, true);
    await first.flush();
    assert.equal(first.dirty, false);
    await first.close();
    const second = s.open();
    assert.equal(second.open(text, "a.test").get("bob"), "hello");
    assert.deepEqual(second.open(roster, "a.test").entries("bob"), [["c@d", { name: "C" }]]);
    assert.equal((await second.open(history, "a.test").get("bob", id))?.value, "<m/>");
    assert.deepEqual(second.open(nodes, "a.test").node.range("bob"), [{ name: "n", at: 1 }]);
    assert.equal(second.open(text, "b.test").get("bob"), undefined, "hosts do not see one another");
  }));

Deno.test("file 0600, folder 0700, also the log; wider modes of an old file are narrowed", () =>
  scratch(async (s) => {
    const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
    const database = s.open();
    database.open(text, "a.test").set("bob", "x");
    await database.flush();
    assert.equal(mode(`${s.folder}/data`), 0o700);
    for (const end of ["", "-wal", "-shm", ".lock"]) assert.equal(mode(s.file + end), 0o600, end);
    await database.close();
    Deno.chmodSync(s.file, 0o644);
    s.open();
    assert.equal(mode(s.file), 0o600);
  }));

Deno.test("a second server on the same data is refused with the first one's process id, until it has closed", () =>
  scratch(async (s) => {
    const first = s.open();
    assert.throws(
      () => s.open(),
      fault("locked", new RegExp(`in use by another server \\(process ${Deno.pid}\\); stop`)),
    );
    await first.close();
    s.open();
  }));

Deno.test("the lock does not depend on SQLite: another file in the folder is free", () =>
  scratch((s) => {
    s.open();
    s.open({ path: `${s.folder}/data/other.db` });
  }));

Deno.test("a corrupt row names store and owner, and other rows stay readable", () =>
  scratch(async (s) => {
    const { database, connection } = openWithConnection(s);
    const strict = keyval<number>(
      "strict",
      checked((v) => {
        if (typeof v !== "number") throw new TypeError("expected a number");
        return v;
      }),
    );
    const store = database.open(strict, "a.test");
    for (const owner of ["bad", "wrong", "good"]) store.set(owner, 1);
    await database.flush();
    connection.exec("UPDATE keyval SET value = '{half' WHERE owner = 'bad'");
    connection.exec(`UPDATE keyval SET value = '"text"' WHERE owner = 'wrong'`);
    assert.throws(() => store.get("bad"), fault("corrupt", /store "a\.test\/strict", owner "bad"/));
    assert.throws(() => store.get("wrong"), fault("corrupt", /owner "wrong".*expected a number/));
    assert.equal(store.get("good"), 1);
    assert.deepEqual([...store.owners()], ["bad", "good", "wrong"]);
    store.set("bad", 2);
    assert.equal(store.get("bad"), 2);
  }));

Deno.test("a value that is no JSON is refused before anything is written", () =>
  scratch((s) => {
    const database = s.open();
    const store = database.open(keyval<unknown>("any"), "a.test");
    assert.throws(() => store.set("bob", 1n), fault("invalid", /owner "bob"/));
    assert.throws(() => store.set("bob", () => 1), fault("invalid", /no JSON/));
    assert.equal(database.writes, 0);
  }));

Deno.test("a damaged file and a foreign file are refused at opening", () =>
  scratch((s) => {
    Deno.mkdirSync(`${s.folder}/data`);
    Deno.writeTextFileSync(s.file, "no database ".repeat(1000));
    assert.throws(() => s.open(), fault("corrupt", /not a database.*restore/));
    Deno.removeSync(s.file);
    const other = new DatabaseSync(s.file);
    other.exec("CREATE TABLE mine (x)");
    other.close();
    assert.throws(() => s.open(), fault("foreign", /another program/));
    Deno.removeSync(s.file);
    s.open();
  }));

Deno.test("a path that cannot be written says so, and what to do", () =>
  scratch((s) => {
    Deno.writeTextFileSync(`${s.folder}/plain`, "");
    const path = `${s.folder}/plain/metronome.db`;
    assert.throws(() => s.open({ path }), fault("failed", /making the folder of .*plain/));
    Deno.mkdirSync(`${s.folder}/data`);
    Deno.mkdirSync(s.file);
    assert.throws(
      () => s.open(),
      fault("readonly", /cannot write ".*metronome\.db".*data folder must belong/),
    );
    Deno.removeSync(s.file);
    s.open();
  }));

Deno.test("a full database: the write throws, the group is taken back, its waiters are refused, later writes work", () =>
  scratch(async (s) => {
    const { database, connection } = openWithConnection(s);
    const store = database.open(text, "a.test");
    store.set("before", "kept");
    await database.flush();
    const pages = Number(connection.prepare("PRAGMA page_count").get()?.["page_count"]);
    connection.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const since = database.writes;
    store.set("during", "lost");
    const waiting = database.flush(since);
    waiting.catch(() => {});
    assert.throws(() => {
      for (let i = 0; i < 1000; i++) store.set(`u${i}`, "x".repeat(1000));
    }, fault("full", /writing store "a\.test\/text" failed: .*full.*free some space/));
    if (connection.isTransaction) {
      await waiting;
      assert.equal(store.get("during"), "lost");
    } else {
      await assert.rejects(waiting, fault("full", /writes were taken back/));
      assert.equal(store.get("during"), undefined);
      assert.equal(store.get("u0"), undefined);
      await assert.rejects(database.flush(since), fault("full", /taken back/));
    }
    assert.equal(store.get("before"), "kept");
    connection.exec("PRAGMA max_page_count = 1000000");
    store.set("after", "works");
    await database.flush(database.writes - 1);
    await database.close();
    const again = new DatabaseSync(s.file);
    assert.equal(again.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
    assert.ok(again.prepare("SELECT 1 FROM keyval WHERE owner = 'after'").get());
    again.close();
  }));

Deno.test("a commit that fails takes the whole group back; reads show what was before", () =>
  scratch(async (s) => {
    const { database, connection } = openWithConnection(s);
    const store = database.open(text, "a.test");
    store.set("bob", "old");
    await database.flush();
    // A deferred constraint is the way to make COMMIT itself fail without a special disk.
    connection.exec(
      "PRAGMA foreign_keys = ON; CREATE TABLE p (id INTEGER PRIMARY KEY);" +
        "CREATE TABLE c (p REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)",
    );
    store.set("bob", "new");
    connection.exec("INSERT INTO c VALUES (7)");
    const a = database.flush();
    store.set("eve", "new");
    const b = database.flush();
    await assert.rejects(a, fault("conflict", /2 writes were taken back: committing failed/));
    await assert.rejects(b, fault("conflict", /taken back/));
    assert.equal(store.get("bob"), "old");
    assert.equal(store.get("eve"), undefined);
    store.set("bob", "newer");
    await database.flush();
    assert.equal(store.get("bob"), "newer");
  }));

Deno.test("a database that turned read-only: writes throw, reads go on, writing resumes", () =>
  scratch(async (s) => {
    const { database, connection } = openWithConnection(s);
    const store = database.open(text, "a.test");
    store.set("bob", "old");
    await database.flush();
    connection.exec("PRAGMA query_only = 1");
    assert.throws(
      () => store.set("bob", "new"),
      fault("readonly", /cannot be written; check the owner and mode/),
    );
    assert.equal(store.get("bob"), "old");
    await database.flush(database.writes);
    connection.exec("PRAGMA query_only = 0");
    store.set("bob", "new");
    await database.flush();
    assert.equal(store.get("bob"), "new");
  }));

Deno.test("atomic: all or nothing, nested, and never within a group that was lost", () =>
  scratch((s) => {
    const { database, connection } = openWithConnection(s);
    const store = database.open(text, "a.test");
    store.set("kept", "1");
    assert.throws(() =>
      database.atomic(() => {
        store.set("a", "1");
        database.atomic(() => store.set("b", "1"));
        throw new Error("stop");
      }), /stop/);
    assert.equal(store.get("a"), undefined);
    assert.equal(store.get("b"), undefined);
    assert.equal(store.get("kept"), "1");
    database.atomic(() => {
      store.set("a", "2");
      assert.throws(() =>
        database.atomic(() => {
          store.set("b", "2");
          throw new Error("inner");
        }), /inner/);
    });
    assert.equal(store.get("a"), "2");
    assert.equal(store.get("b"), undefined);
    const pages = Number(connection.prepare("PRAGMA page_count").get()?.["page_count"]);
    connection.exec(`PRAGMA max_page_count = ${pages + 2}`);
    assert.throws(() =>
      database.atomic(() => {
        store.set("c", "3");
        assert.throws(() => store.set("big", "x".repeat(100_000)), StorageError);
        connection.exec("PRAGMA max_page_count = 1000000");
        store.set("d", "3");
      }), fault("lost", /a part of an atomic change was taken back/));
    assert.equal(store.get("c"), undefined);
    assert.equal(store.get("d"), undefined);
    assert.throws(
      () => database.atomic(() => database.open(keyval("new"), "a.test")),
      fault("invalid", /atomic/),
    );
  }));

Deno.test("purge removes an owner everywhere, in stores that were never opened too", () =>
  scratch(async (s) => {
    const first = s.open();
    for (const host of ["a.test", "b.test"]) {
      for (const owner of ["bob", "eve", ""]) {
        first.open(text, host).set(owner, "x");
        first.open(roster, host).set(owner, "k", { name: "x" });
        first.open(history, host).append(owner, { at: 1, value: "v", text: "words" });
        first.open(nodes, host).node.insert(owner, { name: "n", at: 1 });
      }
    }
    await first.close();
    const { database, connection } = openWithConnection(s);
    assert.deepEqual([...database.owners("a.test")].sort(), ["bob", "eve"]);
    database.purge("a.test", "bob");
    assert.deepEqual([...database.owners("a.test")], ["eve"]);
    assert.deepEqual([...database.owners("b.test")].sort(), ["bob", "eve"]);
    assert.equal(database.open(history, "a.test").owners()[Symbol.iterator]().next().value, "eve");
    await database.flush();
    s.clock.advance(5_000);
    await database.flush();
    const count = (sql: string) => Number(connection.prepare(sql).get()?.["n"]);
    assert.equal(count("SELECT count(*) AS n FROM item"), 5);
    assert.equal(count(`SELECT count(*) AS n FROM "t_nodes_node"`), 5);
    assert.equal(count("SELECT count(*) AS n FROM shelf"), 5);
  }));

Deno.test("a host can be renamed and dropped; dropped rows leave in slices, over a restart too", () =>
  scratch(async (s) => {
    const first = s.open();
    const fill = (host: string) => {
      for (let i = 0; i < 450; i++) {
        first.open(text, host).set(`u${i}`, "x");
        first.open(history, host).append(`u${i % 3}`, { at: i, value: "v" });
      }
      first.open(nodes, host).node.insert("bob", { name: "n", at: 1 });
    };
    fill("a.test");
    fill("b.test");
    first.renameHost("a.test", "new.test");
    assert.throws(() => first.renameHost("new.test", "b.test"), fault("conflict", /has data already/));
    assert.equal(first.open(text, "new.test").get("u7"), "x");
    assert.equal(first.open(text, "a.test").get("u7"), undefined);
    first.dropHost("new.test");
    assert.deepEqual([...first.owners("new.test")], []);
    assert.equal(first.open(text, "new.test").get("u7"), undefined, "the name is free again at once");
    first.open(text, "new.test").set("u7", "fresh");
    s.clock.advance(60);
    await first.close();
    const { database, connection } = openWithConnection(s);
    const count = (sql: string) => Number(connection.prepare(sql).get()?.["n"]);
    assert.ok(count("SELECT count(*) AS n FROM store WHERE dropped = 1") > 0, "the sweep was cut short");
    s.clock.advance(60_000);
    assert.equal(count("SELECT count(*) AS n FROM store WHERE dropped = 1"), 0);
    assert.equal(count("SELECT count(*) AS n FROM keyval"), 451);
    const bundles = connection.prepare("SELECT items FROM bundle").all();
    assert.equal(
      bundles.flatMap(({ items }) => String(items).split("\u00013")).filter((item) => item !== "").length,
      450,
    );
    assert.equal(count(`SELECT count(*) AS n FROM "t_nodes_node"`), 1);
    assert.equal(database.open(text, "new.test").get("u7"), "fresh");
    assert.deepEqual(database.hosts(), ["a.test", "b.test", "new.test"]);
  }));

Deno.test("a statement over 5 ms is counted and logged with the store's name, not its data", () =>
  scratch((s) => {
    let now = 0;
    const clock = { now: () => 1, after: s.clock.after.bind(s.clock), monotonic: () => now += 3 };
    const database = s.open({ clock });
    const store = database.open(text, "a.test");
    store.set("bob", "secret words");
    assert.equal(database.slow, 0);
    clock.monotonic = () => now += 6;
    store.get("bob");
    assert.equal(database.slow, 1);
    const line = s.lines.find((each) => each.includes("slow statement"));
    assert.match(line ?? "", /warn .*store=a\.test\/text ms=6/);
    assert.ok(!s.lines.join().includes("secret words"));
  }));

Deno.test("the log stays short under steady writing, and full durability works on a real file", () =>
  scratch(async (s) => {
    const database = s.open({ durability: "full" });
    const store = database.open(map<string>("bulk"), "a.test");
    for (let i = 0; i < 300; i++) {
      for (let k = 0; k < 10; k++) store.set(`u${i * 7919 % 500}`, `k${k}`, "x".repeat(500));
      await database.flush();
    }
    const size = Deno.statSync(`${s.file}-wal`).size;
    assert.ok(size < 4_000_000, `${size}`);
    assert.equal(database.dirty, false);
  }));

Deno.test("after close: flush rejects, stores throw, closing again is harmless", () =>
  scratch(async (s) => {
    const database = s.open();
    const store = database.open(text, "a.test");
    store.set("bob", "x");
    await Promise.all([database.close(), database.close()]);
    await assert.rejects(database.flush(), fault("closed", /closed/));
    assert.throws(() => store.get("bob"), fault("closed", /a\.test\/text/));
    assert.throws(() => store.set("bob", "y"), fault("closed", /closed/));
    assert.equal(s.clock.waiting, 0);
    assert.equal(s.open().open(text, "a.test").get("bob"), "x");
  }));

Deno.test("in memory: no file, no lock, all the rest", async () => {
  await scratch(async (s) => {
    const a = s.open({ path: ":memory:", durability: "full" });
    const b = s.open({ path: ":memory:" });
    a.open(text, "a.test").set("bob", "x");
    await a.flush();
    assert.equal(b.open(text, "a.test").get("bob"), undefined);
    assert.deepEqual([...Deno.readDirSync(s.folder)], []);
  });
});
