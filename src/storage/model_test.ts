/** Keyval, map and tables against plain Maps, with flushes, failed groups and reopening in between. */
import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { Database } from "./database.ts";
import { StorageError } from "./error.ts";
import { SCHEMA } from "./schema.ts";
import { HandClock, keptLog } from "./storage_test_rig.ts";
import { keyval, map, tables } from "./store.ts";
import { restored, storable } from "./storable.ts";

const VALUE = keyval<unknown>("value");
const ROWS = map<unknown>("rows");
const TABLE = tables("table", { t: { columns: { k: "text", v: "json" }, key: ["k"] } });

type Model = Map<string, string>;

/** Names with what breaks naive storing: nothing, NUL, the escape itself, quotes, SQL, wide characters. */
const NAMES = [
  "",
  "bob",
  "Bob",
  "a'b\"c",
  "x\u0000y",
  "x\u0001",
  "x\u00010",
  "%_",
  "\u00e9\u{1f600}",
  "; DROP TABLE map",
];
const name = fc.constantFrom(...NAMES);
const host = fc.constantFrom("a.test", "b.test");
const action = fc.oneof(
  fc.record({ do: fc.constant("set" as const), host, owner: name, key: name, value: fc.jsonValue() }),
  fc.record({ do: fc.constant("remove" as const), host, owner: name, key: name }),
  fc.record({ do: fc.constant("clear" as const), host, owner: name }),
  fc.record({ do: fc.constant("purge" as const), host, owner: name }),
  fc.record({ do: fc.constant("flush" as const) }),
  fc.record({ do: fc.constant("fail" as const) }),
  fc.record({ do: fc.constant("undo" as const), host, owner: name, key: name }),
  fc.record({ do: fc.constant("reopen" as const) }),
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

/** Model keys: kind, host, owner, key. */
const at = (...parts: string[]) => JSON.stringify(parts);

class World {
  database!: Database;
  connection!: DatabaseSync;
  now: Model = new Map();
  safe: Model = new Map();
  /** The number of writes when the last group failed. */
  since = 0;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.open(SCHEMA.length + 1);
  }

  open(version: number): void {
    const spies = Array.from({ length: version - SCHEMA.length }, (_, i) => ({
      version: SCHEMA.length + 1 + i,
      name: "spy",
      up: (db: DatabaseSync) => void (this.connection = db),
    }));
    this.database = Database.open({
      path: this.#path,
      durability: "normal",
      clock: new HandClock(),
      log: keptLog().log,
      migrations: [...SCHEMA, ...spies],
    });
    this.connection.exec("CREATE TABLE IF NOT EXISTS p (id INTEGER PRIMARY KEY)");
    this.connection.exec("CREATE TABLE IF NOT EXISTS c (p REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)");
    this.connection.exec("PRAGMA foreign_keys = ON");
    // Opening a store commits what is open, so all are opened before anything is written.
    for (const host of ["a.test", "b.test"]) {
      for (const store of [VALUE, ROWS, TABLE]) this.database.open(store as never, host);
    }
  }

  set(host: string, owner: string, key: string, value: unknown): void {
    const text = value === undefined ? undefined : JSON.stringify(value);
    this.database.open(VALUE, host).set(owner, value);
    this.database.open(ROWS, host).set(owner, key, value);
    const table = this.database.open(TABLE, host).t;
    if (value === undefined) table.delete(owner, { k: key });
    else table.put(owner, { k: key, v: value });
    for (
      const id of [at("value", host, owner), at("rows", host, owner, key), at("table", host, owner, key)]
    ) {
      if (text === undefined) this.now.delete(id);
      else this.now.set(id, text);
    }
  }

  forget(host: string, owner: string, kinds: readonly string[]): void {
    for (const id of this.now.keys()) {
      const [kind, h, o] = JSON.parse(id) as string[];
      if (h === host && o === owner && kinds.includes(String(kind))) this.now.delete(id);
    }
  }

  read(): Model {
    const read: Model = new Map();
    for (const host of ["a.test", "b.test"]) {
      for (const owner of NAMES) {
        const value = this.database.open(VALUE, host).get(owner);
        if (value !== undefined) read.set(at("value", host, owner), JSON.stringify(value));
        const rows = this.database.open(ROWS, host);
        for (const [key, each] of rows.entries(owner)) {
          read.set(at("rows", host, owner, key), JSON.stringify(each));
          assert.deepEqual(rows.get(owner, key), each);
        }
        const table = this.database.open(TABLE, host).t;
        for (const row of table.range(owner)) {
          read.set(at("table", host, owner, row.k), JSON.stringify(row.v));
        }
        assert.equal(rows.count(owner), table.count(owner));
      }
    }
    return read;
  }

  check(): void {
    assert.deepEqual([...this.read()].sort(), [...this.now].sort());
    for (const host of ["a.test", "b.test"]) {
      const owners = (kind: string) =>
        [
          ...new Set(
            [...this.now.keys()].map((id) => JSON.parse(id) as string[]).filter((p) =>
              p[0] === kind && p[1] === host
            )
              .map((p) => p[2] ?? ""),
          ),
        ].filter((owner) => owner !== "").sort();
      assert.deepEqual([...this.database.open(VALUE, host).owners()].sort(), owners("value"));
      assert.deepEqual([...this.database.open(ROWS, host).owners()].sort(), owners("rows"));
      assert.deepEqual([...this.database.open(TABLE, host).t.owners()].sort(), owners("table"));
    }
  }
}

async function run(world: World, a: Action, version: { value: number }): Promise<void> {
  switch (a.do) {
    case "set":
      return world.set(a.host, a.owner, a.key, a.value);
    case "remove":
      return world.set(a.host, a.owner, a.key, undefined);
    case "clear":
      world.database.open(ROWS, a.host).clear(a.owner);
      world.database.open(TABLE, a.host).t.clear(a.owner);
      return world.forget(a.host, a.owner, ["rows", "table"]);
    case "purge":
      world.database.purge(a.host, a.owner);
      return world.forget(a.host, a.owner, ["value", "rows", "table"]);
    case "flush":
      await world.database.flush(world.since);
      world.safe = new Map(world.now);
      return;
    case "undo": {
      const before = new Map(world.now);
      assert.throws(() =>
        world.database.atomic(() => {
          world.set(a.host, a.owner, a.key, "undone");
          throw new Error("undo");
        }), /undo/);
      world.now = before;
      return;
    }
    case "fail": {
      world.database.open(VALUE, "a.test").set("bob", "doomed");
      world.connection.exec("INSERT INTO c VALUES (7)");
      await assert.rejects(world.database.flush(), StorageError);
      world.now = new Map(world.safe);
      world.since = world.database.writes;
      return;
    }
    case "reopen":
      await world.database.close();
      world.open(++version.value);
      world.since = 0;
      world.safe = new Map(world.now);
  }
}

Deno.test("keyval, map and tables behave like Maps that remember the last good flush", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "metronome-model-" });
  let count = 0;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const world = new World(`${folder}/${count++}.db`);
        const version = { value: SCHEMA.length + 1 };
        try {
          for (const each of actions) await run(world, each, version);
          world.check();
        } finally {
          await world.database.close();
        }
      }),
      { numRuns: Deno.env.get("METRONOME_LONG") === "1" ? 1_000 : 40 },
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("any well-formed text comes back as it was, different texts stay different, the order stays", () => {
  const text = fc.array(fc.constantFrom("\u0000", "\u0001", "\u0002", "0", "1", "a", "\u{1f600}"), {
    maxLength: 6,
  })
    .map((parts) => parts.join(""));
  const bytes = (s: string) => new TextEncoder().encode(s);
  const order = (a: string, b: string) => {
    const [x, y] = [bytes(a), bytes(b)];
    for (let i = 0; i < Math.min(x.length, y.length); i++) {
      if (x[i] !== y[i]) return Math.sign((x[i] ?? 0) - (y[i] ?? 0));
    }
    return Math.sign(x.length - y.length);
  };
  fc.assert(fc.property(text, text, (a, b) => {
    assert.equal(restored(storable(a, "a")), a);
    assert.ok(!storable(a, "a").includes("\u0000"));
    assert.equal(order(storable(a, "a"), storable(b, "b")), order(a, b));
  }));
});

Deno.test("half a surrogate pair is refused, not turned into another key", () => {
  assert.throws(
    () => storable("x\ud800", "a key"),
    (error: unknown) => error instanceof StorageError && error.fault === "invalid",
  );
});
