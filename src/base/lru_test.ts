import assert from "node:assert/strict";
import fc from "fast-check";
import { Lru } from "./lru.ts";

Deno.test("the longest unused entry goes when the cache is full", () => {
  const cache = new Lru<string, number>(3);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("c", 3);
  assert.equal(cache.get("a"), 1);
  cache.set("d", 4);
  assert.equal(cache.get("b"), undefined);
  assert.deepEqual([...cache.entries()], [["c", 3], ["a", 1], ["d", 4]]);
  assert.equal(cache.size, 3);
});

Deno.test("what is used again and again stays the newest, also after it was taken out", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  assert.equal(cache.get("b"), 2);
  cache.delete("b");
  assert.equal(cache.get("b"), undefined);
  assert.equal(cache.get("a"), 1);
  cache.set("b", 3);
  assert.equal(cache.get("a"), 1);
  assert.equal(cache.get("a"), 1);
  cache.set("c", 4);
  assert.deepEqual([...cache.entries()], [["a", 1], ["c", 4]]);
});

Deno.test("replacing drops nothing else and counts as a use", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  cache.set("c", 4);
  assert.deepEqual([...cache.entries()], [["a", 3], ["c", 4]]);
});

Deno.test("entries can be asked for, taken out, and all forgotten", () => {
  const cache = new Lru<string, number>(2);
  cache.set("a", 1);
  assert.equal(cache.has("a"), true);
  assert.equal(cache.delete("a"), true);
  assert.equal(cache.delete("a"), false);
  cache.set("b", 1);
  cache.clear();
  assert.equal(cache.size, 0);
  assert.throws(() => new Lru(0), /limit/);
});

Deno.test("what was used since fewer others than seven eighths of the limit is there", () => {
  const act = fc.record({ do: fc.constantFrom("get", "set", "set", "delete"), key: fc.nat(60) });
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.array(act, { maxLength: 300 }), (limit, acts) => {
    const cache = new Lru<number, number>(limit);
    /** Keys in the order of their last use, the latest first. */
    let used: number[] = [];
    for (const { do: what, key } of acts) {
      const had = cache.has(key);
      if (what === "delete") assert.equal(cache.delete(key), had);
      else if (what === "get") assert.equal(cache.get(key), had ? key : undefined);
      else cache.set(key, key);
      used = used.filter((it) => it !== key);
      if (what === "set" || (what === "get" && had)) used.unshift(key);
      assert.ok(cache.size <= limit);
      for (const it of used.slice(0, limit - Math.floor(limit / 8))) assert.ok(cache.has(it));
      used = used.filter((it) => cache.has(it));
      assert.equal(cache.size, used.length);
    }
  }));
});
