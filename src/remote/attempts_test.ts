import { equal, ok } from "node:assert/strict";
import { Attempts } from "./attempts.ts";

Deno.test("so many connections are made at a time; whoever has had its time gives way", () => {
  const attempts = new Attempts();
  const made: AbortController[] = [];
  for (let i = 0; i < 1000; i++) {
    ok(attempts.hasRoom(i));
    made.push(attempts.begin(i));
  }
  equal(attempts.hasRoom(4_999), false);
  equal(made[0]!.signal.aborted, false);
  // One for one, the oldest first.
  ok(attempts.hasRoom(5_001));
  attempts.begin(5_001);
  ok(attempts.hasRoom(5_001));
  attempts.begin(5_001);
  equal(attempts.hasRoom(5_001), false);
  equal(made.filter(({ signal }) => signal.aborted).length, 2);
  ok(made[0]!.signal.aborted && made[1]!.signal.aborted);
  attempts.over(made[2]!);
  ok(attempts.hasRoom(5_001));
  equal(made[2]!.signal.aborted, false);
});
