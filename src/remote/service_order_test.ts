import assert from "node:assert/strict";
import fc from "fast-check";
import { serviceOrder } from "./service_order.ts";

/** The same numbers in every run. */
function dice(seed = 1): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

function firsts(weights: readonly number[], tries: number): number[] {
  const random = dice();
  const counts = weights.map(() => 0);
  for (let i = 0; i < tries; i++) {
    const [first] = serviceOrder(weights.map((weight, place) => ({ priority: 1, weight, place })), random);
    counts[first!.place]!++;
  }
  return counts;
}

Deno.test("AC-2.8-2: with equal priority, over 1000 tries the ratio follows the weights within 10 percent", () => {
  const counts = firsts([60, 30, 10], 1000);
  for (const [i, expected] of [600, 300, 100].entries()) {
    assert.ok(Math.abs(counts[i]! - expected) <= 100 && counts[i]! > expected / 2, `${counts}`);
  }
  const even = firsts([1, 1], 1000);
  assert.ok(Math.abs(even[0]! - 500) <= 50, `${even}`);
});

Deno.test("RFC 2782: weight 0 has a very small chance beside others, and an even one among its like", () => {
  const [zero] = firsts([0, 1], 1000);
  assert.ok(zero! > 0 && zero! < 50, `${zero}`);
  const [one, two] = firsts([0, 0], 1000);
  assert.ok(Math.abs(one! - two!) < 200, `${one} ${two}`);
});

Deno.test("property: priorities ascend, and nothing is lost or made up", () => {
  const places = fc.array(fc.record({ priority: fc.nat(3), weight: fc.nat(65_535), id: fc.nat() }), {
    maxLength: 12,
  });
  fc.assert(fc.property(places, fc.nat(), (given, seed) => {
    const ordered = serviceOrder(given, dice(seed));
    assert.deepEqual(ordered.map(({ priority }) => priority), given.map(({ priority }) => priority).sort());
    assert.deepEqual(new Set(ordered), new Set(given));
    assert.equal(ordered.length, given.length);
  }));
});
