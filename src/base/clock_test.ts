import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";

Deno.test("the system clock tells the time and does not go back", () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(now >= before && now <= Date.now());
  const first = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= first);
});

Deno.test("a timer calls once, not before its time", async () => {
  const start = systemClock.monotonic();
  const elapsed = await new Promise<number>((resolve) => {
    systemClock.after(5, () => resolve(systemClock.monotonic() - start));
  });
  assert.ok(elapsed >= 4, `fired after ${elapsed} ms`);
});

Deno.test("a cancelled timer does not call, and one beyond the runtime's limit does not call at once", async () => {
  const called: string[] = [];
  systemClock.after(0, () => called.push("cancelled")).cancel();
  const far = systemClock.after(2 ** 33, () => called.push("far"));
  await new Promise<void>((resolve) => systemClock.after(2, resolve));
  far.cancel();
  far.cancel();
  assert.deepEqual(called, []);
});
