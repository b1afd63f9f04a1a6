import assert from "node:assert/strict";
import fc from "fast-check";
import { JidError } from "./error.ts";
import { prepareLocal } from "./local.ts";
import { prepareResource } from "./resource.ts";

function idempotent(prepare: (text: string) => string) {
  return fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 4 }), (text) => {
    let once: string;
    try {
      once = prepare(text);
    } catch (error) {
      assert.ok(error instanceof JidError);
      return;
    }
    assert.notEqual(once, "");
    assert.equal(prepare(once), once);
  });
}

Deno.test("prepareLocal: case, width and composition are folded", () => {
  const cases: [string, string][] = [
    ["Juliet", "juliet"],
    ["\uff2a\uff35\uff2c", "jul"],
    ["\u00c5", "\u00e5"],
    ["A\u030a", "\u00e5"],
    ["\u1e9e", "\u00df"],
    ["\u0391\u03a3", "\u03b1\u03c2"],
    ["l\u00b7l", "l\u00b7l"],
    ["\u30ab\u30fb\u30ab", "\u30ab\u30fb\u30ab"],
    ["user%host.example+tag", "user%host.example+tag"],
  ];
  for (const [from, to] of cases) assert.equal(prepareLocal(from), to);
});

Deno.test("prepareLocal: what may not be there, after folding too", () => {
  for (const char of "\"&'/:<>@ \x7f\x00\t") assert.throws(() => prepareLocal(`a${char}b`), JidError, char);
  const refused = [
    "\uff20", // fullwidth @
    "\uff0f", // fullwidth /
    "\u212a", // the Kelvin sign, which only case folding makes a k
    "\ufb01", // a ligature
    "\u00ad", // soft hyphen
    "\u200b",
    "\u202e",
    "\u1100", // old Hangul jamo
    "\u0640", // tatweel
    "a\u00b7a",
    "\u{1f600}",
    "\ue000",
    "\u0378", // unassigned
    "\ud800",
  ];
  for (const text of refused) assert.throws(() => prepareLocal(text), JidError, text);
});

Deno.test("prepareLocal: the Bidi Rule", () => {
  assert.equal(prepareLocal("\u05e9\u05dc\u05d5\u05dd"), "\u05e9\u05dc\u05d5\u05dd");
  assert.equal(prepareLocal("\u05d01"), "\u05d01");
  assert.equal(prepareLocal("\u0627\u0661"), "\u0627\u0661");
  for (const text of ["1\u05d0", "\u0661\u0662", "a\u05d0", "\u05d0a", "\u05d0-", "\u0627\u0661" + "1"]) {
    assert.throws(() => prepareLocal(text), /writing directions/, text);
  }
});

Deno.test("prepareResource: spaces and composition are folded, case and width stay", () => {
  assert.equal(prepareResource("Foo BAR"), "Foo BAR");
  assert.equal(prepareResource("a\u00a0b\u3000c"), "a b c");
  assert.equal(prepareResource("A\u030a"), "\u00c5");
  assert.equal(prepareResource("\uff21"), "\uff21");
  assert.equal(prepareResource("a\u00b7b\u30fb"), "a\u00b7b\u30fb");
  assert.equal(prepareResource('<">&/@:'), '<">&/@:');
});

Deno.test("prepareResource: emoji lose what resourceprep drops, words keep their joiners", () => {
  assert.equal(prepareResource("\u2764\ufe0f"), "\u2764");
  assert.equal(prepareResource("\u{1f469}\u200d\u{1f4bb}"), "\u{1f469}\u{1f4bb}");
  assert.equal(prepareResource("a\u00adb\ufeff"), "ab");
  const persian = "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc";
  assert.equal(prepareResource(persian), persian);
  const conjunct = "\u0915\u094d\u200d\u0937";
  assert.equal(prepareResource(conjunct), conjunct);
  assert.throws(() => prepareResource("\ufe0f"), /nothing to be seen/);
});

Deno.test("prepareResource: what may not be there", () => {
  for (
    const text of [
      "a\x00",
      "\x1b",
      "\x7f",
      "\x85",
      "\u202e",
      "\u2028",
      "\ue000",
      "\ufffe",
      "\u0378",
      "\udc00",
      "",
    ]
  ) {
    assert.throws(() => prepareResource(text), JidError, JSON.stringify(text));
  }
});

Deno.test("prepareLocal and prepareResource: idempotent for every single character", () => {
  for (const prepare of [prepareLocal, prepareResource]) {
    for (let code = 1; code <= 0x1ffff; code++) {
      const char = String.fromCodePoint(code);
      let once: string;
      try {
        once = prepare(char);
      } catch (error) {
        if (error instanceof JidError) continue;
        throw error;
      }
      assert.equal(prepare(once), once, code.toString(16));
    }
  }
});

Deno.test("prepareLocal and prepareResource: idempotent for any text", () => {
  fc.assert(idempotent(prepareLocal), { numRuns: 5000 });
  fc.assert(idempotent(prepareResource), { numRuns: 5000 });
});
