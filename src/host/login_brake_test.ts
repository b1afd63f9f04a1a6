import { equal, ok } from "node:assert/strict";
import { LoginBrake } from "./login_brake.ts";

Deno.test("some failures cost nothing, then each is answered later than the one before, up to a limit", () => {
  const brake = new LoginBrake();
  const waits = Array.from({ length: 20 }, () => brake.failed("192.0.2.1", undefined, 0));
  equal(waits.findIndex((ms) => ms > 0), 10);
  ok(waits.every((ms, i) => i === 0 || ms >= waits[i - 1]!));
  equal(Math.max(...waits), 15_000);
  equal(brake.failed("192.0.2.2", undefined, 0), 0);
});

Deno.test("an account is slowed wherever its guesses come from, and a whole /64 is one address", () => {
  const brake = new LoginBrake();
  for (let i = 0; i < 10; i++) equal(brake.failed(`192.0.2.${i}`, "alice", 0), 0);
  ok(brake.failed("192.0.2.99", "alice", 0) > 0);
  for (let i = 0; i < 10; i++) equal(brake.failed(`2001:db8:0:1::${i}`, undefined, 0), 0);
  ok(brake.failed("2001:db8:0:1:a:b:c:d", undefined, 0) > 0);
  equal(brake.failed("2001:db8:0:2::1", undefined, 0), 0);
});
