import assert from "node:assert/strict";
import { isPromise, type Maybe, then } from "./maybe.ts";

Deno.test("a value that is there is used at once", () => {
  const result = then(20, (n) => n + 1);
  assert.equal(result, 21);
  assert.equal(isPromise(result), false);
});

Deno.test("a value that is to come is waited for", async () => {
  const value: Maybe<number> = Promise.resolve(20);
  const result = then(value, (n) => n + 1);
  assert.equal(isPromise(result), true);
  assert.equal(await result, 21);
});

Deno.test("an error of the function is thrown, or rejects", async () => {
  const fail = (): number => {
    throw new Error("no");
  };
  assert.throws(() => then(1, fail), /no/);
  await assert.rejects(Promise.resolve(then(Promise.resolve(1), fail)), /no/);
});
