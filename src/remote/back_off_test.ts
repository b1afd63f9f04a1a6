import { equal, ok } from "node:assert/strict";
import { StanzaError } from "../stanza/error.ts";
import { BackOff } from "./back_off.ts";

Deno.test("each failure doubles the rest, up to the longest, with a quarter of jitter", () => {
  const backOff = new BackOff();
  const rests: number[] = [];
  for (const random of [0, 0.5, 1, 0.5, 0.5]) {
    backOff.failed(new StanzaError("remote-server-timeout"), 0, 1000, 5000, random);
    let rest = 0;
    while (backOff.holds(rest)) rest += 50;
    rests.push(rest);
  }
  equal(rests.join(), "750,2000,5000,5000,5000");
  ok(backOff.failure);
  backOff.reset();
  equal(backOff.holds(0), false);
  equal(backOff.failure, undefined);
});
