import { deepEqual, equal } from "node:assert/strict";
import { Pairs } from "./pairs.ts";

Deno.test("a pair is there until it is taken away, also right after it was asked for", () => {
  const pairs = new Pairs();
  equal(pairs.has("", ""), false);
  pairs.add("a.test", "b.test", "dialback");
  pairs.add("a.test", "b.test", "certificate");
  pairs.add("a.test", "c.test", "dialback");
  equal(pairs.size, 2);
  deepEqual([pairs.has("a.test", "b.test"), pairs.has("b.test", "a.test"), pairs.has("a.test", "d.test")], [
    true,
    false,
    false,
  ]);
  equal(pairs.by("a.test", "b.test"), "certificate");
  equal(pairs.hasRemote("c.test"), true);
  pairs.remove("a.test", "b.test");
  equal(pairs.has("a.test", "b.test"), false);
  deepEqual([...pairs.all()], [{ local: "a.test", remote: "c.test", by: "dialback" }]);
  pairs.remove("a.test", "c.test");
  pairs.remove("a.test", "c.test");
  equal(pairs.size, 0);
});
