import assert from "node:assert/strict";
import { SecretLine } from "./secret_line.ts";

/** What comes of these keys, and whether the line still waits. */
function typed(...keys: (string | number)[]): [string | undefined, boolean] {
  const line = new SecretLine();
  for (const key of keys) {
    line.type(typeof key === "number" ? Uint8Array.of(key) : new TextEncoder().encode(key));
  }
  return [line.text, line.isOpen];
}

Deno.test("a line ends with return, and may be of any script", () => {
  assert.deepEqual(typed("geheim", 13), ["geheim", false]);
  assert.deepEqual(typed("пароль", 10), ["пароль", false]);
  assert.deepEqual(typed("wait"), [undefined, true]);
  assert.deepEqual(typed(13), ["", false]);
});

Deno.test("backspace takes a whole character, Ctrl-U all of them", () => {
  assert.deepEqual(typed("aé€😀", 127, 127, 8, "b", 13), ["ab", false]);
  assert.deepEqual(typed(127, 8, "x", 13), ["x", false]);
  assert.deepEqual(typed("wrong", 21, "right", 13), ["right", false]);
});

Deno.test("Ctrl-C and Ctrl-D give up; arrow keys leave no trace of control characters", () => {
  assert.deepEqual(typed("abc", 3), [undefined, false]);
  assert.deepEqual(typed("abc", 4), [undefined, false]);
  assert.deepEqual(typed("a", 1, 9, "b", 13), ["ab", false]);
});

Deno.test("what is pasted with its line end counts up to it", () => {
  assert.deepEqual(typed("first\rsecond\r"), ["first", false]);
});
