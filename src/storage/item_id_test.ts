import { equal, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { itemId, timeOfId } from "./item_id.ts";

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

Deno.test("an id says when, and sorts like time", () => {
  fc.assert(fc.property(time, time, (a, b) => {
    equal(timeOfId(itemId(a)), a);
    if (a < b) ok(itemId(a) < itemId(b));
  }));
});

Deno.test("ids of one millisecond differ; other ids have no time", () => {
  notEqual(itemId(1), itemId(1));
  equal(timeOfId("09af3-cc343-b409f"), undefined);
  equal(timeOfId(".".repeat(20)), undefined);
});
