/** XEP-0004 and XEP-0122 as commands use them: forms with fields of a kind, said to the client and checked when it answers. */
import assert from "node:assert/strict";
import { definePlugin, formShape, none } from "#plugin";
import { testServer } from "#testing";
import { adhoc } from "../../plugins/admin/adhoc.ts";
import { commands, defineStage } from "../../plugins/admin/api.ts";
import { CommandClient, commandOf, failureOf, noteOf } from "./command_client.ts";

const FORMS = "jabber:x:data";
const VALIDATE = "http://jabber.org/protocol/xdata-validate";
const NS = "urn:example:forms";

const STAGE = defineStage({
  form: formShape(NS, {
    name: { kind: "text", label: "Name", required: true, longest: 20 },
    age: { kind: "integer", label: "Age", min: 18, max: 150 },
    born: { kind: "text", label: "Born on", datatype: "xs:date" },
    agreed: { kind: "boolean", label: "Agreed" },
    colours: { kind: "choices", label: "Colours", options: [{ value: "red" }, { value: "blue" }], most: 1 },
    friend: { kind: "jid", label: "Friend" },
  }),
  words: { title: "About you", instructions: ["Fill this in."] },
  values: () => ({ agreed: false }),
});

const forms = definePlugin({
  name: "forms",
  doc: "A command with one field of each kind.",
  config: none,
  needs: [commands],
  setup(host) {
    host.use(commands).register(host, {
      node: "about",
      name: "About you",
      role: "member",
      stages: [STAGE],
      run: (call) => ({ info: JSON.stringify(call.of(STAGE)) }),
    });
  },
});

Deno.test("XEP-0004, XEP-0122: a form says what its fields are, what must be filled in and how it is checked", async () => {
  await using server = await testServer({ plugins: [forms, adhoc] });
  const client = new CommandClient(await server.client("alice/x"));
  const form = (await client.start("about")).child("x", FORMS)!;
  assert.equal(form.attr("type"), "form");
  assert.equal(form.childText("title"), "About you");
  assert.equal(form.childText("instructions"), "Fill this in.");
  const fields = form.elements().filter(({ name }) => name === "field");
  assert.deepEqual(fields.map((field) => [field.attr("var"), field.attr("type"), field.has("required")]), [
    ["FORM_TYPE", "hidden", false],
    ["name", "text-single", true],
    ["age", "text-single", false],
    ["born", "text-single", false],
    ["agreed", "boolean", false],
    ["colours", "list-multi", false],
    ["friend", "jid-single", false],
  ]);
  assert.deepEqual(fields.map((field) => field.child("validate", VALIDATE)?.attr("datatype")), [
    undefined,
    undefined,
    "xs:integer",
    "xs:date",
    undefined,
    undefined,
    undefined,
  ]);
  const range = fields[2]!.child("validate", VALIDATE)!.child("range")!;
  assert.deepEqual([range.attr("min"), range.attr("max")], ["18", "150"]);
});

Deno.test("XEP-0004, XEP-0122: what was submitted is read by its kind, and what does not fit is refused by name", async () => {
  await using server = await testServer({ plugins: [forms, adhoc] });
  const client = new CommandClient(await server.client("alice/x"));
  const good = {
    name: "Alice",
    age: "30",
    born: "1996-01-31",
    agreed: "1",
    colours: ["blue"],
    friend: "bob@a.test",
  };
  const done = commandOf(await client.go(await client.start("about"), "complete", good));
  const said = JSON.parse(noteOf(done));
  assert.deepEqual([said.name, said.age, said.born, said.agreed, said.colours], [
    "Alice",
    30,
    "1996-01-31",
    true,
    ["blue"],
  ]);
  const wrong: [Record<string, string | string[]>, string][] = [
    [{ age: "30" }, "name"],
    [{ name: "x".repeat(21) }, "name"],
    [{ name: "Alice", age: "17" }, "age"],
    [{ name: "Alice", age: "thirty" }, "age"],
    [{ name: "Alice", born: "31.1.1996" }, "born"],
    [{ name: "Alice", agreed: "perhaps" }, "agreed"],
    [{ name: "Alice", colours: ["green"] }, "colours"],
    [{ name: "Alice", colours: ["red", "blue"] }, "colours"],
    [{ name: "Alice", friend: "@" }, "friend"],
  ];
  for (const [fields, field] of wrong) {
    const failure = failureOf(await client.go(await client.start("about"), "complete", fields));
    assert.match(failure, /^modify bad-request bad-payload/, JSON.stringify(fields));
    assert.match(failure, new RegExp(`\\(${field}\\)`), failure);
  }
});
