import assert from "node:assert/strict";
import { Bucket } from "./throttle.ts";

Deno.test("a burst is free, then the rate holds", () => {
  const bucket = new Bucket(100, 50);
  assert.equal(bucket.take(50, 0), 0);
  assert.equal(bucket.take(10, 0), 100);
  assert.equal(bucket.take(0, 50), 50);
  assert.equal(bucket.take(0, 100), 0);
});

Deno.test("more than the burst may be taken, and is waited for", () => {
  const bucket = new Bucket(1000, 100);
  assert.equal(bucket.take(1100, 0), 1000);
  assert.equal(bucket.take(0, 1000), 0);
});

Deno.test("what has come back is not more than the burst", () => {
  const bucket = new Bucket(10, 20);
  assert.equal(bucket.take(20, 0), 0);
  assert.equal(bucket.take(20, 1_000_000), 0);
  assert.equal(bucket.take(1, 1_000_000), 100);
});

Deno.test("trying takes nothing when refused", () => {
  const bucket = new Bucket(1, 2);
  assert.equal(bucket.tryTake(2, 0), true);
  assert.equal(bucket.tryTake(1, 0), false);
  assert.equal(bucket.tryTake(1, 999), false);
  assert.equal(bucket.full(999), false);
  assert.equal(bucket.tryTake(1, 1000), true);
  assert.equal(bucket.full(3000), true);
});

Deno.test("a clock that goes back neither gives nor takes; an endless rate never waits", () => {
  const bucket = new Bucket(1000, 10);
  assert.equal(bucket.take(10, 1000), 0);
  assert.equal(bucket.take(1, 0), 1);
  assert.equal(bucket.take(0, 1001), 0);
  assert.equal(new Bucket(Infinity, 0).take(1e9, 0), 0);
});
