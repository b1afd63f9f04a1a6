import assert from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "../jid/jid.ts";
import { parseXml } from "../xml/parse.ts";
import { formShape } from "./form_shape.ts";
import { booleanOf, buildForm, fieldOf, type Form, formOf, formTypeOf, readForm, valueOf } from "./forms.ts";

// XEP-0004, example 2.
const BOT_FORM = parseXml(
  `<command xmlns='http://jabber.org/protocol/commands'><x xmlns='jabber:x:data' type='form'>
  <title>Bot Configuration</title>
  <instructions>Fill out this form to configure your new bot!</instructions>
  <field type='hidden' var='FORM_TYPE'><value>jabber:bot</value></field>
  <field type='fixed'><value>Section 1: Bot Info</value></field>
  <field type='text-single' label='The name of your bot' var='botname'/>
  <field type='boolean' label='Public bot?' var='public'><required/></field>
  <field type='list-multi' label='What features will the bot support?' var='features'>
    <option label='Contests'><value>contests</value></option>
    <option label='News'><value>news</value></option>
    <value>news</value>
    <value>search</value>
  </field>
  <field type='jid-multi' label='People to invite' var='invitelist'><desc>Tell all your friends!</desc></field>
  <field type='from-the-future' var='x'/>
</x></command>`,
);

// XEP-0004, example 8, shortened.
const RESULTS = parseXml(`<x xmlns='jabber:x:data' type='result'>
  <title>Joogle Search: verona</title>
  <reported><field var='name' label='Name' type='text-single'/><field var='url' label='URL' type='text-single'/></reported>
  <item><field var='name'><value>Comune di Verona</value></field><field var='url'><value>http://www.comune.verona.it/</value></field></item>
  <item><field var='name'><value>Verona</value></field><field var='url'><value/></field></item>
</x>`);

Deno.test("readForm: the bot's form of XEP-0004", () => {
  const form = formOf(BOT_FORM);
  assert.ok(form);
  assert.equal(form.title, "Bot Configuration");
  assert.deepEqual(form.instructions, ["Fill out this form to configure your new bot!"]);
  assert.equal(formTypeOf(form), "jabber:bot");
  assert.equal(fieldOf(form, "public")?.required, true);
  assert.equal(fieldOf(form, "botname")?.required, false);
  assert.deepEqual(fieldOf(form, "features")?.values, ["news", "search"]);
  assert.deepEqual(fieldOf(form, "features")?.options?.[0], { value: "contests", label: "Contests" });
  assert.equal(fieldOf(form, "invitelist")?.desc, "Tell all your friends!");
  assert.equal(fieldOf(form, "x")?.type, "text-single", "an unknown type counts as text-single");
  assert.equal(valueOf(form, "botname"), undefined);
  assert.equal(formOf(BOT_FORM, "submit"), undefined);
});

Deno.test("readForm: a table of results", () => {
  const form = readForm(RESULTS);
  assert.deepEqual(form?.reported?.map((field) => field.label), ["Name", "URL"]);
  assert.deepEqual(form?.items?.map((row) => row.map((field) => field.values[0])), [
    ["Comune di Verona", "http://www.comune.verona.it/"],
    ["Verona", ""],
  ]);
});

Deno.test("readForm: no form without one of the four types", () => {
  assert.equal(readForm(parseXml("<x xmlns='jabber:x:data'/>")), undefined);
  assert.equal(readForm(parseXml("<x xmlns='jabber:x:data' type='error'/>")), undefined);
  assert.equal(readForm(parseXml("<x xmlns='jabber:x:oob' type='form'/>")), undefined);
});

Deno.test("forms: reading what was built gives it back", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }).filter((text) =>
    !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)
  );
  const plain = { noNullPrototype: true } as const;
  const field = fc.record({
    var: word,
    type: fc.constantFrom("text-single", "list-multi", "boolean", "hidden"),
    label: word,
    desc: word,
    required: fc.boolean(),
    values: fc.array(word, { maxLength: 3 }),
    options: fc.array(fc.record({ value: word, label: word }, plain), { maxLength: 2 }),
  }, plain);
  const form = fc.record({
    type: fc.constantFrom("form", "submit", "result"),
    title: word,
    instructions: fc.array(word, { maxLength: 2 }),
    fields: fc.array(field, { maxLength: 4 }),
    reported: fc.constant(undefined),
    items: fc.constant([]),
  }, plain);
  fc.assert(fc.property(form, (given) => {
    const back = readForm(parseXml(buildForm(given as Form).toString()));
    assert.deepEqual(back, given);
  }));
});

Deno.test("booleanOf", () => {
  assert.deepEqual(["1", "true", "0", "false", "yes", "", undefined].map(booleanOf), [
    true,
    true,
    false,
    false,
    undefined,
    undefined,
    undefined,
  ]);
});

const BOT = formShape("jabber:bot", {
  botname: { kind: "text", label: "Name", required: true, longest: 20 },
  description: { kind: "lines", label: "Description" },
  public: { kind: "boolean", label: "Public?", initial: true },
  size: { kind: "integer", label: "Size", min: 1, max: 10 },
  maxsubs: {
    kind: "choice",
    label: "Subscribers",
    options: [{ value: "10" }, { value: "none", label: "None" }],
  },
  features: { kind: "choices", label: "Features", options: [{ value: "news" }, { value: "search" }] },
  owner: { kind: "jid", label: "Owner" },
  invited: { kind: "jids", label: "Invited" },
});

function submitted(fields: Record<string, string[]>, about: string | undefined = "jabber:bot"): Form {
  const values = Object.entries(fields).map(([name, texts]) => ({ var: name, values: texts }));
  return {
    type: "submit",
    fields: about === undefined ? values : [{ var: "FORM_TYPE", values: [about] }, ...values],
  };
}

Deno.test("FormShape.form: all fields, initial and present values in them", () => {
  const element = BOT.form(
    { botname: "a", features: ["news"], owner: Jid.parse("A@b"), description: "1\n2" },
    { title: "T" },
  );
  const form = readForm(parseXml(element.toString()));
  assert.ok(form);
  assert.equal(form.title, "T");
  assert.equal(formTypeOf(form), "jabber:bot");
  assert.deepEqual(form.fields.slice(1).map((field) => [field.var, field.type, ...field.values]), [
    ["botname", "text-single", "a"],
    ["description", "text-multi", "1", "2"],
    ["public", "boolean", "1"],
    ["size", "text-single"],
    ["maxsubs", "list-single"],
    ["features", "list-multi", "news"],
    ["owner", "jid-single", "a@b"],
    ["invited", "jid-multi"],
  ]);
  assert.equal(fieldOf(form, "botname")?.required, true);
  assert.equal(fieldOf(form, "maxsubs")?.options?.length, 2);
});

Deno.test("FormShape.read: what was submitted and no more (BUG-25)", () => {
  const read = BOT.read(submitted({ botname: ["x"], public: ["true"], unheard: ["of"] }));
  assert.ok("values" in read);
  assert.deepEqual(read.values, { botname: "x", public: true });
  const whole = BOT.read(submitted({
    botname: ["x"],
    description: ["1", "2"],
    public: ["0"],
    size: ["7"],
    maxsubs: ["none"],
    features: ["search", "news", "search"],
    owner: ["A@B/c"],
    invited: ["a@b", "A@b", "c@d"],
  }, undefined));
  assert.ok("values" in whole);
  const { owner, invited, ...rest } = whole.values;
  assert.equal(String(owner), "a@b/c");
  assert.deepEqual(invited?.map(String), ["a@b", "c@d"]);
  assert.deepEqual(rest, {
    botname: "x",
    description: "1\n2",
    public: false,
    size: 7,
    maxsubs: "none",
    features: ["search", "news"],
  });
});

Deno.test("FormShape.read: empty values unset", () => {
  const read = BOT.read(
    submitted({ botname: ["x"], size: [], owner: [""], invited: [""], features: [], description: [] }),
  );
  assert.ok("values" in read);
  assert.deepEqual(read.values, {
    botname: "x",
    size: null,
    owner: null,
    invited: [],
    features: [],
    description: "",
  });
});

Deno.test("FormShape.read: everything that is wrong, at once", () => {
  const read = BOT.read(submitted({
    public: ["maybe"],
    size: ["eleven"],
    maxsubs: ["11"],
    features: ["news", "sex"],
    owner: ["@"],
    invited: ["a@b", "@@"],
  }));
  assert.ok("problems" in read);
  assert.deepEqual(read.problems.map((problem) => [problem.field, problem.fault]), [
    ["public", "not-a-boolean"],
    ["size", "not-a-number"],
    ["maxsubs", "unknown"],
    ["features", "unknown"],
    ["owner", "not-a-jid"],
    ["invited", "not-a-jid"],
    ["botname", "missing"],
  ]);
  const fault = (fields: Record<string, string[]>, about?: string) => {
    const one = BOT.read(submitted({ botname: ["x"], ...fields }, about));
    return "problems" in one ? one.problems.map((problem) => problem.fault) : [];
  };
  assert.deepEqual(fault({ size: ["11"] }), ["range"]);
  assert.deepEqual(fault({ size: ["0"] }), ["range"]);
  assert.deepEqual(fault({ botname: ["x".repeat(21)] }), ["too-long"]);
  assert.deepEqual(fault({ botname: [""] }), ["missing"]);
  assert.deepEqual(fault({ botname: ["a", "b"] }), ["many"]);
  assert.deepEqual(fault({}, "jabber:other"), ["unknown"]);
  assert.deepEqual(fault({ constructor: ["x"], toString: ["x"] }), []);
});

Deno.test("FormShape.data: only what has a value, and it reads back", () => {
  const values = { botname: "x", public: false, features: ["news"] } as const;
  const form = readForm(parseXml(BOT.data(values, "submit").toString()));
  assert.ok(form);
  assert.deepEqual(form.fields.map((field) => field.var), ["FORM_TYPE", "botname", "public", "features"]);
  const read = BOT.read(form);
  assert.ok("values" in read);
  assert.deepEqual(read.values, values);
});

Deno.test("FormShape: the values have the types of the fields", () => {
  const read = BOT.read(submitted({ botname: ["x"], maxsubs: ["10"] }));
  assert.ok("values" in read);
  const limit: "10" | "none" | undefined = read.values.maxsubs;
  const size: number | null | undefined = read.values.size;
  assert.equal(limit, "10");
  assert.equal(size, undefined);
});
