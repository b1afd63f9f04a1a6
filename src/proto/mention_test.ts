import assert from "node:assert/strict";
import { mentions } from "./mention.ts";

Deno.test("a name is a word of its own, whatever the case", () => {
  for (const text of ["jule", "hey Jule!", "JULE: come", "@jule,", "ask jule", "Julea and jule"]) {
    assert.equal(mentions(text, "Jule"), true, text);
  }
  for (const text of ["", "Julea", "rejule", "julé2 jules", "jule_x", "ju le", "𝒂jule", "julé"]) {
    assert.equal(mentions(text, "Jule"), false, text);
  }
});

Deno.test("names of any kind are found as they are", () => {
  assert.equal(mentions("ask c++ about it", "C++"), true);
  assert.equal(mentions("was meint Юлия dazu", "юлия"), true);
  assert.equal(mentions("anything", ""), false);
  assert.equal(mentions("aa", "a"), false);
});
