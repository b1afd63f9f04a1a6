import assert from "node:assert/strict";
import fc from "fast-check";
import { parseXml } from "../xml/parse.ts";
import { datatypeFault, measureOf } from "./datatype.ts";
import { formShape } from "./form_shape.ts";
import { fieldOf, formOf, readForm } from "./forms.ts";
import { buildMedia, MEDIA_NS, readMedia } from "./media.ts";
import { buildValidation, readValidation, VALIDATE_NS, type Validation } from "./validation.ts";

const read = (inner: string, attrs = "") =>
  readValidation(parseXml(`<validate xmlns='${VALIDATE_NS}' ${attrs}>${inner}</validate>`));

Deno.test("readValidation: the examples of XEP-0122", () => {
  assert.deepEqual(read("", "datatype='xs:dateTime'"), {
    datatype: "xs:dateTime",
    method: { kind: "basic" },
    listRange: undefined,
  });
  assert.deepEqual(read("<open/>")!.method, { kind: "open" });
  assert.equal(read("<open/>")!.datatype, "xs:string");
  assert.deepEqual(
    read(
      "<range min='2003-10-05T00:00:00-07:00' max='2003-10-24T23:59:59-07:00'/>",
      "datatype='xs:dateTime'",
    )!
      .method,
    { kind: "range", min: "2003-10-05T00:00:00-07:00", max: "2003-10-24T23:59:59-07:00" },
  );
  assert.deepEqual(read("<regex>([0-9]{3})-([0-9]{2})-([0-9]{4})</regex>")!.method, {
    kind: "regex",
    pattern: "([0-9]{3})-([0-9]{2})-([0-9]{4})",
  });
  assert.deepEqual(read("<basic/><list-range min='1' max='3'/>")!.listRange, { min: 1, max: 3 });
});

Deno.test("readValidation: one method only, counts that are counts, and what is unknown is basic", () => {
  assert.equal(read("<basic/><open/>"), undefined);
  assert.equal(read("<list-range min='-1'/>"), undefined);
  assert.deepEqual(read("<magic/>")!.method, { kind: "basic" });
});

Deno.test("validation: reading what was built gives it back", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((it) =>
    // deno-lint-ignore no-control-regex
    it.isWellFormed() && !/[\x00-\x1f\ufffe\uffff]/.test(it)
  );
  const method = fc.oneof(
    fc.constant({ kind: "basic" as const }),
    fc.constant({ kind: "open" as const }),
    fc.record(
      { kind: fc.constant("range" as const), min: fc.option(text, { nil: undefined }), max: text },
      { noNullPrototype: true },
    ),
    fc.record({ kind: fc.constant("regex" as const), pattern: text }, { noNullPrototype: true }),
  );
  const count = fc.option(fc.nat(1_000_000), { nil: undefined });
  const listRange = fc.option(fc.record({ min: count, max: count }, { noNullPrototype: true }), {
    nil: undefined,
  });
  fc.assert(fc.property(text, method, listRange, (datatype, method, listRange) => {
    const validation: Validation = { datatype, method, listRange };
    assert.deepEqual(readValidation(parseXml(buildValidation(validation).toString())), validation);
  }));
});

Deno.test("measureOf: the datatypes of the registry", () => {
  const right: Record<string, string[]> = {
    "xs:anyURI": ["http://a.test/b?c#d", "", "cid:sha1+a@bob.xmpp.org"],
    "xs:boolean": ["1", "0", "true", "false"],
    "xs:byte": ["-128", "127", "+5"],
    "xs:date": ["2003-10-06", "2003-10-06Z", "2003-10-06-07:00"],
    "xs:dateTime": ["2003-10-06T11:22:00-07:00", "2003-10-06T11:22:00.5Z"],
    "xs:decimal": ["-1.5", ".5", "3.", "12345678901234567890"],
    "xs:double": ["1e10", "-INF", "NaN", "-1.5E-3"],
    "xs:int": ["2147483647"],
    "xs:integer": ["-123456789012345678901234567890"],
    "xs:language": ["de", "zh-Hant-TW"],
    "xs:long": ["-9223372036854775808"],
    "xs:short": ["32767"],
    "xs:string": ["", "anything"],
    "xs:time": ["13:20:00-05:00", "13:20:00"],
    "x:whatever": ["anything at all"],
  };
  const wrong: Record<string, string[]> = {
    "xs:anyURI": ["a b", "<a>", 'a"b'],
    "xs:boolean": ["yes", ""],
    "xs:byte": ["128", "-129", "1.5", ""],
    "xs:date": ["2003-02-30", "2003-10-06T", "2003-10-06+25:00"],
    "xs:dateTime": ["2003-10-06", "2003-10-06T25:00:00Z"],
    "xs:decimal": ["1e5", ".", "INF"],
    "xs:double": ["inf", "1e", "0x1"],
    "xs:int": ["2147483648"],
    "xs:integer": ["1.0", "one", "--1"],
    "xs:language": ["dialectless-german", "d_e"],
    "xs:long": ["9223372036854775808"],
    "xs:short": ["32768"],
    "xs:time": ["24:00:00", "13:20"],
  };
  for (const [type, texts] of Object.entries(right)) {
    for (const text of texts) assert.notEqual(measureOf(type, text), undefined, `${type}: ${text}`);
  }
  for (const [type, texts] of Object.entries(wrong)) {
    for (const text of texts) assert.equal(measureOf(type, text), undefined, `${type}: ${text}`);
  }
});

Deno.test("datatypeFault: bounds are included, and compared as what they are", () => {
  const between = (type: string, text: string, min?: string, max?: string) =>
    datatypeFault(type, text, min, max)?.fault;
  assert.equal(between("xs:dateTime", "2003-10-05T07:00:00Z", "2003-10-05T00:00:00-07:00"), undefined);
  assert.equal(between("xs:dateTime", "2003-10-05T06:59:59Z", "2003-10-05T00:00:00-07:00"), "range");
  assert.equal(between("xs:long", "9223372036854775807", undefined, "9223372036854775806"), "range");
  assert.equal(between("xs:integer", "10", "9"), undefined);
  assert.equal(between("xs:date", "yesterday"), "not-of-type");
  assert.equal(between("xs:string", "b", "c"), undefined);
});

const EVENT = formShape("urn:example:event", {
  start: { kind: "text", label: "Start", datatype: "xs:dateTime", min: "2003-10-05T00:00:00Z" },
  guests: { kind: "integer", label: "Guests", min: 1, max: 10 },
  notify: {
    kind: "choices",
    label: "Notify me by",
    least: 1,
    most: 2,
    options: [{ value: "e-mail" }, { value: "jabber/xmpp" }, { value: "cell phone" }],
  },
  ocr: {
    kind: "text",
    label: "Enter what you see",
    media: {
      height: 80,
      width: 290,
      sources: [{
        type: "image/jpeg",
        uri: "cid:sha1+f24030b8d91d233bac14777be5ab531ca3b9f102@bob.xmpp.org",
      }],
    },
  },
});

Deno.test("FormShape: forms say how they are validated, and check it themselves", () => {
  const form = readForm(parseXml(EVENT.form().toString()))!;
  const validation = (name: string) =>
    readValidation(fieldOf(form, name)!.extra!.find((it) => it.ns === VALIDATE_NS)!);
  assert.deepEqual(validation("start")?.method, {
    kind: "range",
    min: "2003-10-05T00:00:00Z",
    max: undefined,
  });
  assert.equal(validation("start")?.datatype, "xs:dateTime");
  assert.deepEqual(validation("guests")?.method, { kind: "range", min: "1", max: "10" });
  assert.deepEqual(validation("notify")?.listRange, { min: 1, max: 2 });
  const media = readMedia(fieldOf(form, "ocr")!.extra!.find((it) => it.ns === MEDIA_NS)!);
  assert.equal(media.height, 80);
  assert.equal(media.sources[0]!.type, "image/jpeg");
  // Not in what answers.
  assert.equal(formOf(parseXml(`<a>${EVENT.data({ guests: 1 })}</a>`))!.fields[1]!.extra, undefined);

  const faults = (fields: Record<string, string[]>) => {
    const outcome = EVENT.read({
      type: "submit",
      fields: Object.entries(fields).map(([name, values]) => ({ var: name, values })),
    });
    return "problems" in outcome ? outcome.problems.map(({ fault }) => fault) : outcome.values;
  };
  assert.deepEqual(faults({ start: ["soon"], guests: ["11"], notify: [] }), [
    "not-of-type",
    "range",
    "range",
  ]);
  assert.deepEqual(
    faults({ start: ["2003-10-04T00:00:00Z"], notify: ["e-mail", "jabber/xmpp", "cell phone"] }),
    [
      "range",
      "range",
    ],
  );
  assert.deepEqual(faults({ start: [""], notify: ["e-mail"] }), { start: "", notify: ["e-mail"] });
});

Deno.test("media: the examples of XEP-0221", () => {
  const element = parseXml(`<media xmlns='${MEDIA_NS}' height='80' width='290'>
    <uri type='audio/x-wav'>
      http://victim.example.com/challenges/speech.wav?F3A6292C
    </uri>
    <uri type='audio/ogg; codecs=speex'>
      cid:sha1+a15a505e360702b79c75a5f67773072ed392f52a@bob.xmpp.org
    </uri>
    <uri>http://no.type/</uri><uri type='audio'>http://half.type/</uri><uri type='audio/mpeg'/>
  </media>`);
  const media = readMedia(element);
  assert.deepEqual(media, {
    height: 80,
    width: 290,
    sources: [
      { type: "audio/x-wav", uri: "http://victim.example.com/challenges/speech.wav?F3A6292C" },
      {
        type: "audio/ogg; codecs=speex",
        uri: "cid:sha1+a15a505e360702b79c75a5f67773072ed392f52a@bob.xmpp.org",
      },
    ],
  });
  assert.deepEqual(readMedia(parseXml(buildMedia(media).toString())), media);
  assert.equal(
    readMedia(parseXml(`<media xmlns='${MEDIA_NS}' height='70000' width='-1'/>`)).height,
    undefined,
  );
});
