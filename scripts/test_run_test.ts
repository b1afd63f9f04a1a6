import assert from "node:assert/strict";
import { parseSummary } from "./test_run.ts";

Deno.test("the runner's last summary is the one that counts", () => {
  const output = [
    "ok | 1000 passed | 0 failed (1ms)",
    "something ... \u001b[0m\u001b[32mok\u001b[0m \u001b[0m\u001b[38;5;245m(1s)\u001b[0m",
    "",
    "\u001b[0m\u001b[31mFAILED\u001b[0m | 41 passed (7 steps) | 2 failed (1 step) | 3 ignored | 5 filtered out \u001b[0m\u001b[38;5;245m(1s)\u001b[0m",
    "",
  ].join("\n");
  assert.deepEqual(parseSummary(output), { passed: 41, failed: 2, skipped: 3 });
  assert.deepEqual(parseSummary("ok | 2 passed | 0 failed (1s)"), { passed: 2, failed: 0, skipped: 0 });
  assert.deepEqual(parseSummary("error: Type checking failed."), { passed: 0, failed: 0, skipped: 0 });
});
