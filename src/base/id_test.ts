import assert from "node:assert/strict";
import { randomBytes, randomId } from "./id.ts";

Deno.test("ids have the promised length and letters", () => {
  assert.match(randomId(), /^[A-Za-z0-9_-]{16}$/);
  for (let bytes = 1; bytes < 40; bytes++) assert.equal(randomId(bytes).length, Math.ceil(bytes * 8 / 6));
  assert.equal(randomId(5000).length, 6667);
});

Deno.test("ids do not repeat over many refills of the pool, and use all their letters", () => {
  const seen = new Set<string>();
  const letters = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const id = randomId();
    seen.add(id);
    for (const letter of id) letters.add(letter);
  }
  assert.equal(seen.size, 5000);
  assert.equal(letters.size, 64);
});

Deno.test("random bytes may be more than the system gives at once", () => {
  const bytes = randomBytes(200_000);
  assert.equal(bytes.length, 200_000);
  assert.ok(bytes.subarray(131_072).some((b) => b !== 0));
});
