import { deepEqual, throws } from "node:assert/strict";
import { Flusher } from "./outbox.ts";

Deno.test("everything that was touched is flushed once, in order, also behind one that fails", () => {
  const flusher = new Flusher();
  const flushed: string[] = [];
  const item = (name: string, fail = false) => ({
    flush() {
      flushed.push(name);
      if (fail) throw new Error(name);
    },
  });
  for (const each of [item("a"), item("b", true), item("c")]) flusher.touch(each);
  throws(() => flusher.flush(), /b/);
  flusher.flush();
  deepEqual(flushed, ["a", "b", "c"]);
  flusher.touch(item("d"));
  flusher.flush();
  deepEqual(flushed, ["a", "b", "c", "d"]);
});
