import assert from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "#plugin";
import { faultText, parseGroups, parseMembers, writeMembers } from "./groups_file.ts";

const shown = (text: string) =>
  parseGroups(text).groups.map(({ name, everybody, members }) => [
    name,
    everybody,
    ...members.map((member) => writeMembers([member])),
  ]);

Deno.test("parseGroups: groups, members, comments and blanks", () => {
  const text = `
    alone@a.test
    # a comment
    [ Friends of Verona ]
    romeo@a.test=Romeo = Montague
      Juliet@A.test = \t
    ; another
    [+Help]\r
    nurse@a.test/device=The Nurse
    romeo@a.test=Twice
    [Friends of Verona]
    romeo@a.test=Romeo
    [Empty]`;
  assert.deepEqual(shown(text), [
    ["default", false, "alone@a.test"],
    ["Friends of Verona", false, "romeo@a.test=Romeo", "juliet@a.test"],
    ["Help", true, "nurse@a.test=The Nurse", "romeo@a.test=Twice"],
    ["Empty", false],
  ]);
});

Deno.test("parseGroups: every line that makes no sense, with its number", () => {
  const { faults } = parseGroups("[Friends\n[]\nromeo@@=Romeo\nfine@a.test\n=nobody\n[+]");
  assert.deepEqual(faults.map(({ line }) => line), [1, 2, 3, 5, 6]);
  assert.equal(faultText(faults[2]!), 'line 3: "romeo@@" is no address such as romeo@example.org');
});

Deno.test("members: what was written is read again", () => {
  const name = fc.option(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 10 }).filter((it) =>
      it.trim() === it && !it.includes("\n")
    ),
    { nil: undefined },
  );
  const local = fc.string({ unit: fc.constantFrom(..."abcxyz019"), minLength: 1, maxLength: 8 });
  fc.assert(fc.property(fc.uniqueArray(local, { maxLength: 5 }), name, (locals, name) => {
    const members = locals.map((it) => ({ jid: Jid.of(it, "a.test"), name: name === "" ? undefined : name }));
    assert.deepEqual(parseMembers(writeMembers(members)), { members, faults: [] });
  }));
});

Deno.test("parseGroups: any text gives groups and faults, never an exception", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("[A]", "[+A]", "a@b=c", "[", "]"),
  );
  fc.assert(fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
    const { groups, faults } = parseGroups(lines.join("\n"));
    assert.ok(groups.length + faults.length <= lines.join("\n").split("\n").length);
  }));
});
