import assert from "node:assert/strict";
import { Gate } from "./gate.ts";

Deno.test("so many at once, the others in their order; who gives up, and who fails, makes room", async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const ends: { resolve(): void; reject(error: Error): void }[] = [];
  const stop = new AbortController();
  const pass = (place: number, signal = new AbortController().signal) =>
    gate.pass(signal, () => {
      begun.push(place);
      return new Promise<void>((resolve, reject) => ends.push({ resolve, reject }));
    });
  const [one, two, three, four, five] = [pass(1), pass(2), pass(3, stop.signal), pass(4), pass(5)];
  assert.deepEqual(begun, [1, 2]);
  stop.abort(new Error("enough"));
  await assert.rejects(three!, /enough/);
  ends[0]!.reject(new Error("broken"));
  await assert.rejects(one!, /broken/);
  assert.deepEqual(begun, [1, 2, 4]);
  ends[1]!.resolve();
  await two;
  assert.deepEqual(begun, [1, 2, 4, 5]);
  ends[2]!.resolve();
  ends[3]!.resolve();
  await Promise.all([four, five]);
  void pass(6);
  assert.deepEqual(begun, [1, 2, 4, 5, 6]);
});
