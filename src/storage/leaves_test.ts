import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { Engine } from "./engine.ts";
import { type Entry, Leaves } from "./leaves.ts";
import { NEWEST, OLDEST, type Position, precedes } from "./position.ts";
import { SCHEMA } from "./schema.ts";
import { HandClock, keptLog } from "./storage_test_rig.ts";

/** Leaves of four entries, so that small tests have many of them. */
function small(): { leaves: Leaves; rows: (sql: string) => number; close: () => void } {
  const db = new DatabaseSync(":memory:");
  for (const step of SCHEMA) step.up(db);
  const engine = new Engine({ db, clock: new HandClock(), log: keptLog().log });
  const rows = (sql: string) => Number(db.prepare(sql).get()?.["n"]);
  return { leaves: new Leaves(engine, 4), rows, close: () => engine.close() };
}

const byPlace = (a: Position, b: Position) => precedes(a, b) ? -1 : 1;
const BEFORE: Position = { at: OLDEST, seq: 0 };
const BEHIND: Position = { at: NEWEST, seq: NEWEST };
const position = fc.record({ at: fc.integer({ min: -3, max: 12 }), seq: fc.integer({ min: 0, max: 90 }) });
const batch = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 10 }), peer: fc.constantFrom("a", "b", "c") }),
  { minLength: 1, maxLength: 12 },
);

Deno.test("leaves are one sorted list, however they were filled, emptied and walked through", () => {
  fc.assert(fc.property(
    fc.array(batch, { minLength: 1, maxLength: 7 }),
    fc.array(fc.nat(), { maxLength: 30 }),
    fc.array(fc.tuple(fc.constantFrom(undefined, "a", "b", "d"), position, position, fc.boolean()), {
      maxLength: 8,
    }),
    (batches, gone, walks) => {
      const { leaves, rows, close } = small();
      let all: Entry[] = [];
      let seq = 0;
      for (const each of batches) {
        const added = each.map((entry) => ({ ...entry, seq: ++seq })).sort(byPlace);
        leaves.insert(7, added);
        all = [...all, ...added].sort(byPlace);
      }
      leaves.insert(8, [{ at: 5, seq: 1, peer: "a" }]);
      const picked = [...new Set(gone.map((n) => all[n % all.length]!))].sort(byPlace);
      leaves.remove(7, picked);
      all = all.filter((entry) => !picked.includes(entry));
      assert.deepEqual([...leaves.walk(7, undefined, BEFORE, BEHIND)], all);
      for (const [peer, lower, upper, reverse] of walks) {
        const fit = all.filter((entry) =>
          (peer === undefined || entry.peer === peer) && precedes(lower, entry) && precedes(entry, upper)
        );
        assert.deepEqual([...leaves.walk(7, peer, lower, upper, reverse)], reverse ? fit.reverse() : fit);
      }
      const skip = { left: 5 };
      assert.deepEqual([...leaves.walk(7, undefined, BEFORE, BEHIND, false, skip)], all.slice(5));
      assert.equal(rows("SELECT sum(items) AS n FROM leaf WHERE shelf = 7"), all.length);
      assert.equal(rows("SELECT count(*) AS n FROM leaf WHERE items > 4"), 0);
      const strays =
        "SELECT count(*) AS n FROM leaf_peer LEFT JOIN leaf USING (shelf, at, seq) WHERE leaf.items IS NULL";
      assert.equal(rows(strays), 0);
      assert.equal([...leaves.walk(8, undefined, BEFORE, BEHIND)].length, 1);
      close();
    },
  ));
});

Deno.test("what comes in order fills leaves to the brim", () => {
  const { leaves, rows, close } = small();
  for (let i = 0; i < 40; i += 2) {
    leaves.insert(1, [{ at: i, seq: i + 1, peer: "a" }, { at: i, seq: i + 2, peer: `p${i}` }]);
  }
  assert.equal(rows("SELECT count(*) AS n FROM leaf"), 10);
  assert.equal(leaves.first(1)?.length, 4);
  assert.equal(leaves.first(2), undefined);
  close();
});

Deno.test("an entry that is in no leaf is told, not overlooked", () => {
  const { leaves, close } = small();
  assert.throws(() => leaves.remove(1, [{ at: 1, seq: 1 }]), /in none of its leaves/);
  leaves.insert(1, [{ at: 1, seq: 1, peer: "a" }]);
  assert.throws(() => leaves.remove(1, [{ at: 2, seq: 2 }]), /in none of its leaves/);
  close();
});
