/**
 * Entries wait, are filed in slices behind commits and come back after a crash; writes fail in the middle of all that.
 * Whatever happens, owners have what was committed, once, and in order.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { SqliteArchive } from "./archive.ts";
import { ArchiveLog } from "./archive_log.ts";
import { Engine } from "./engine.ts";
import { StorageError } from "./error.ts";
import { itemId } from "./item_id.ts";
import { SCHEMA } from "./schema.ts";
import { HandClock, keptLog } from "./storage_test_rig.ts";
import { Sweeper } from "./sweep.ts";

/** Few, so that the piles are swapped again and again, and are filed in more than one step. */
const PATIENCE = 12;
const SLICE = 1;
const OWNERS = 6;
/** Where writes can be made to fail: the statement alone, or with it the transaction, as on a full disk. */
const TABLES = ["bundle", "item", "leaf", "filed"] as const;
const WAYS = ["ABORT", "ROLLBACK"] as const;

interface Item {
  readonly id: string;
  readonly at: number;
  value: string;
}

type Model = Item[][];

const owner = fc.nat(OWNERS - 1);
const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("say" as const), owner, other: owner }) },
  fc.record({ do: fc.constant("note" as const), owner, text: fc.constantFrom("words", "named", "old") }),
  fc.record({ do: fc.constant("replace" as const), owner, n: fc.nat() }),
  fc.record({ do: fc.constant("remove" as const), owner, n: fc.nat() }),
  fc.record({ do: fc.constant("discard" as const), owner }),
  fc.record({ do: fc.constant("sweep" as const) }),
  fc.record({ do: fc.constant("read" as const), owner }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
  fc.record({ do: fc.constant("nothing" as const) }),
  fc.record({ do: fc.constant("refuse" as const) }),
  fc.record({ do: fc.constant("lose" as const) }),
  fc.record({ do: fc.constant("undo" as const), owner, other: owner }),
  fc.record({ do: fc.constant("crash" as const) }),
  fc.record({ do: fc.constant("restart" as const) }),
  fc.record({ do: fc.constant("break" as const), table: fc.nat(TABLES.length - 1), way: fc.nat(1) }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("mend" as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A server's archives that are opened again and again on one connection, and what should be in them. */
class Bench {
  readonly #db = new DatabaseSync(":memory:");
  readonly #clock = new HandClock();
  #broken = "";
  #at = 1_000;
  #now: Model = Array.from({ length: OWNERS }, () => []);
  #safe: Model = structuredClone(this.#now);
  #engine!: Engine;
  #log!: ArchiveLog;
  #sweeper!: Sweeper;
  #archive!: SqliteArchive;

  constructor() {
    for (const { up } of SCHEMA) up(this.#db);
    this.#db.function("broken", (name) => name === this.#broken ? 1 : 0);
    for (const table of TABLES) {
      for (const way of WAYS) {
        for (const what of ["INSERT", "UPDATE"]) {
          this.#db.exec(
            `CREATE TRIGGER broken_${table}_${way}_${what} BEFORE ${what} ON ${table} WHEN broken('${table} ${way}')
             BEGIN SELECT RAISE(${way}, 'it is broken'); END`,
          );
        }
      }
    }
    this.#open();
  }

  #open(): void {
    const { log } = keptLog();
    this.#engine = new Engine({ db: this.#db, clock: this.#clock, log, turn: () => {} });
    this.#log = new ArchiveLog(this.#engine, PATIENCE, SLICE);
    this.#sweeper = new Sweeper(this.#engine, this.#log, this.#clock);
    this.#archive = new SqliteArchive(
      { engine: this.#engine, id: 1, label: "a.test/history" },
      this.#log,
      () => {},
    );
  }

  /** What does not succeed has done nothing, and where a group was lost so has all since the last commit. */
  #try(fn: () => void): boolean {
    const { losses } = this.#engine.group;
    let done = true;
    try {
      fn();
    } catch (error) {
      assert.ok(error instanceof StorageError && this.#broken !== "", String(error));
      done = false;
    }
    if (this.#engine.group.losses === losses) return done;
    this.#now = structuredClone(this.#safe);
    return false;
  }

  #add(owner: number, id: string, at: number, value: string, text?: string): void {
    const item = { id, at, with: `peer${at % 3}@x`, value, ...(text === undefined ? {} : { text }) };
    if (!this.#try(() => this.#archive.append(`u${owner}`, item))) return;
    this.#now[owner]!.push({ id, at, value });
    this.#now[owner]!.sort((a, b) => a.at - b.at);
  }

  #commit(): void {
    const { losses } = this.#engine.group;
    this.#try(() => this.#engine.group.commit());
    if (this.#engine.group.losses === losses) this.#safe = structuredClone(this.#now);
  }

  #reopen(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    this.#now = structuredClone(this.#safe);
    this.#open();
  }

  step(it: Action): void {
    const at = ++this.#at;
    const name = "owner" in it ? `u${it.owner}` : "";
    const all = "owner" in it ? this.#now[it.owner]! : [];
    const one = "n" in it ? all[it.n % Math.max(1, all.length)] : undefined;
    switch (it.do) {
      case "say": {
        // Both archives give it one name.
        const id = itemId(at);
        this.#add(it.owner, id, at, `said at ${at}`);
        if (it.other !== it.owner) this.#add(it.other, id, at, `said at ${at}`);
        return;
      }
      case "note":
        if (it.text === "words") this.#add(it.owner, itemId(at), at, `noted at ${at}`, "some words");
        else if (it.text === "named") this.#add(it.owner, `name ${at}`, at, `noted at ${at}`);
        else this.#add(it.owner, itemId(2_000 - at), 2_000 - at, `noted at ${at}`);
        return;
      case "replace":
        if (one === undefined) return;
        if (this.#try(() => void this.#archive.replace(name, one.id, `replaced at ${at}`))) {
          one.value = `replaced at ${at}`;
        }
        return;
      case "remove":
        if (one === undefined) return;
        if (this.#try(() => void this.#archive.delete(name, { ids: [one.id] }))) {
          all.splice(all.indexOf(one), 1);
        }
        return;
      case "discard":
        if (this.#try(() => void this.#archive.delete(name, {}))) all.length = 0;
        return;
      case "sweep":
        this.#try(() => void this.#sweeper.step());
        return;
      case "read":
        this.#try(() => this.#check(it.owner));
        return;
      case "commit":
        return this.#commit();
      case "nothing":
        return void this.#try(() => this.#engine.atomic(() => {}));
      case "refuse":
        return void this.#try(() => this.#refused(() => {}));
      case "lose":
        return void this.#try(() => this.#engine.group.abandon(new StorageError("full", "no space")));
      case "undo":
        return void this.#try(() => this.#undo(`u${it.owner}`, `u${it.other}`, at));
      case "crash":
        return this.#reopen();
      case "restart":
        this.#try(() => this.#log.fileAll());
        this.#commit();
        return this.#reopen();
      case "break":
        this.#broken = `${TABLES[it.table]} ${WAYS[it.way]}`;
        return;
      case "mend":
        this.#broken = "";
    }
  }

  /** Does something, and takes it back. */
  #refused(fn: () => void): void {
    const refusal = new Error("no");
    try {
      this.#engine.atomic(() => {
        fn();
        throw refusal;
      });
    } catch (error) {
      if (error !== refusal) throw error;
    }
  }

  /** Many items, a reading and removals, all of it taken back. */
  #undo(owner: string, other: string, at: number): void {
    const add = (to: string, i: number) => this.#archive.append(to, { at, value: `undone ${i}` });
    this.#refused(() => {
      for (let i = 0; i < 20; i++) add(i % 2 === 0 ? owner : other, i);
      this.#archive.count(owner);
      this.#archive.delete(other, {}, 3);
      if (at % 2 === 0) this.#archive.delete(owner, { from: at - 5 });
      for (let i = 0; i < 20; i++) add(owner, i);
    });
  }

  #check(owner: number): void {
    const list = (items: readonly Item[]) => items.map(({ id, at, value }) => `${id} ${at} ${value}`);
    const found = this.#archive.find(`u${owner}`, {}, { limit: 1_000 });
    assert.deepEqual(
      list(found.items.map(({ id, at, value }) => ({ id, at, value }))),
      list(this.#now[owner]!),
    );
    assert.equal(this.#archive.count(`u${owner}`), this.#now[owner]!.length);
  }

  end(): void {
    this.#broken = "";
    for (let owner = 0; owner < OWNERS; owner++) this.#check(owner);
    this.#commit();
    this.#reopen();
    for (let owner = 0; owner < OWNERS; owner++) this.#check(owner);
    // Nothing is left of what nobody has.
    for (let owner = 0; owner < OWNERS; owner++) this.#archive.delete(`u${owner}`, {});
    for (let left = 10_000; this.#sweeper.step();) assert.ok(--left > 0);
    for (const table of ["bundle", "item", "leaf", "leaf_peer", "item_name", "shelf"]) {
      assert.equal(this.#db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"], 0, table);
    }
    this.#engine.group.commit();
    this.#db.close();
  }
}

/** The group in which the next slice cannot be filed has no writes yet: nothing of it counts as lost. */
const EMPTY_GROUP: Action[] = [
  ...Array.from(
    { length: PATIENCE },
    (_, i): Action => ({ do: "say", owner: i % OWNERS, other: (i + 1) % OWNERS }),
  ),
  { do: "commit" },
  { do: "break", table: TABLES.indexOf("leaf"), way: WAYS.indexOf("ABORT") },
  { do: "nothing" },
  { do: "commit" },
  { do: "mend" },
];

Deno.test("archive log: what was committed is there, once and in order, whatever fails meanwhile", () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 200, size: "max" }), (actions) => {
      const bench = new Bench();
      for (const it of actions) bench.step(it);
      bench.end();
    }),
    { examples: [[EMPTY_GROUP]], numRuns: Deno.env.get("METRONOME_LONG") === "1" ? 2_000 : 60 },
  );
});
