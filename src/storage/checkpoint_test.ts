import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Database } from "./database.ts";
import { SCHEMA } from "./schema.ts";
import { type Scratch, scratch } from "./storage_test_rig.ts";
import { map } from "./store.ts";

const BULK = map<string>("bulk");

/** Writes enough pages, in small groups, to be heavy load. The hand-moved clock makes it one moment. */
async function load(database: Database, groups: number): Promise<void> {
  const store = database.open(BULK, "a.test");
  for (let i = 0; i < groups; i++) {
    for (let k = 0; k < 40; k++) {
      store.set(`u${(i * 40 + k) * 7919 % 3000}`, `k${k}`, `${database.writes}`.padEnd(1_500));
    }
    await database.flush();
  }
}

/** Goes on until something has happened: how much is moved at a time depends on how fast the disk is. */
async function loadUntil(database: Database, happened: () => boolean): Promise<void> {
  for (let i = 0; i < 40 && !happened(); i++) await load(database, 100);
}

/** Runs with another `Worker` in the global scope, and puts the real one back. */
async function withWorker(replacement: typeof Worker, run: () => Promise<void>): Promise<void> {
  const real = globalThis.Worker;
  globalThis.Worker = replacement;
  try {
    await run();
  } finally {
    globalThis.Worker = real;
  }
}

async function sound(s: Scratch, database: Database): Promise<void> {
  assert.ok(Deno.statSync(`${s.file}-wal`).size < 48_000_000, "the log began anew in between");
  assert.equal(database.open(BULK, "a.test").get(`u${7919 % 3000}`, "k1")?.length, 1_500);
  await database.close();
  assert.throws(() => Deno.statSync(`${s.file}-wal`), Deno.errors.NotFound);
  const check = new DatabaseSync(s.file, { readOnly: true });
  assert.equal(check.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
  check.close();
}

Deno.test("light load needs no worker; heavy load starts one; it ends after a quiet minute and at close", () =>
  scratch(async (s) => {
    let started = 0;
    const Real = globalThis.Worker;
    class Counted extends Real {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        started++;
      }
    }
    await withWorker(Counted, async () => {
      const database = s.open();
      await load(database, 10);
      assert.equal(started, 0);
      await loadUntil(database, () => started > 0);
      assert.equal(started, 1);
      const waiting = s.clock.waiting;
      s.clock.advance(60_001);
      assert.ok(s.clock.waiting <= waiting);
      await load(database, 150);
      await sound(s, database);
      assert.ok(!s.lines.some((line) => line.includes("could not checkpoint")), s.lines.join("\n"));
      assert.equal(s.clock.waiting, 0);
    });
  }));

Deno.test("where no worker can be had the main thread does it, and says so once", () =>
  scratch(async (s) => {
    class Refused {
      constructor() {
        throw new Error("no workers here");
      }
    }
    await withWorker(Refused as unknown as typeof Worker, async () => {
      const database = s.open();
      const said = () => s.lines.filter((line) => line.includes("on the main thread from now on")).length;
      await loadUntil(database, () => said() > 0);
      await load(database, 150);
      await sound(s, database);
      assert.equal(said(), 1);
    });
  }));

Deno.test("SQLite's own checkpoints are far behind ours, whatever pages the file has", () =>
  scratch((s) => {
    Deno.mkdirSync(`${s.folder}/data`);
    const older = new DatabaseSync(s.file);
    older.exec("PRAGMA page_size = 4096; CREATE TABLE store (id); DROP TABLE store");
    older.close();
    for (const [path, page] of [[s.file, 4_096], [`${s.folder}/new.db`, 8_192]] as const) {
      let connection!: DatabaseSync;
      const spy = {
        version: SCHEMA.length + 1,
        name: "spy",
        up: (db: DatabaseSync) => void (connection = db),
      };
      s.open({ path, migrations: [...SCHEMA, spy] });
      const value = (name: string) =>
        Number(Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
      assert.equal(value("page_size"), page);
      assert.equal(value("wal_autocheckpoint") * page, 2 ** 26);
    }
  }));
