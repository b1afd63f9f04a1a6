import assert from "node:assert/strict";
import { el, type Element } from "./element.ts";
import { Made } from "./made.ts";
import { write } from "./writer.ts";

function counted(): { made: Made; ask(...parts: unknown[]): Element; count(): number } {
  const made = new Made();
  let count = 0;
  const make = () => el("x", "urn:x", {}, [el("n", "urn:x", {}, String(++count))]);
  return { made, ask: (...parts) => made.from(parts, make), count: () => count };
}

Deno.test("made: the same parts give the same element, other parts another", () => {
  const { ask, count } = counted();
  const [a, b] = [{}, {}];
  const first = ask(a, "text");
  assert.equal(ask(a, "text"), first);
  assert.notEqual(ask(b, "text"), first);
  assert.notEqual(ask(a), first);
  assert.notEqual(ask(a, "text", undefined), first);
  assert.equal(count(), 4);
  assert.equal(write(first), `<x xmlns="urn:x"><n>1</n></x>`);
});

Deno.test("made: only a few are kept, and what was forgotten is made anew", () => {
  const { ask, count } = counted();
  const first = ask("first");
  for (let i = 0; i < 16; i++) ask(i);
  assert.equal(count(), 17);
  assert.notEqual(ask("first"), first);
  assert.equal(count(), 18);
});
