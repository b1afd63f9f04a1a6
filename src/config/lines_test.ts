import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { pathId } from "./key.ts";
import { findLines } from "./lines.ts";
import { parseToml, parseValue, tomlValue } from "./toml.ts";

const TEXT = `# a comment = with [brackets]
top = "[not.a.header]" # x = 1

[server]
data = """
[fake]
key = 1
"""
"quoted key" = 'it''
`;

Deno.test("headers, keys and inline tables are found, texts that look like them are not", () => {
  const lines = findLines(
    `a.b = 1
[host."example.org"] # hello
plugins = { add = ["x", "y"],
  remove = [] }
text = """
[fake]
no = 1
"""
list = [
  # comment with ]
  "one",
  { deep = 1 },
]
[[many]]
n = 1
[[many]]
n = 2
[many.sub]
z = 1979-05-27 07:32:00 # date
last = 'x'`,
  );
  const at = (...path: (string | number)[]) => lines.get(pathId(path));
  assert.equal(at("a"), 1);
  assert.equal(at("a", "b"), 1);
  assert.equal(at("host", "example.org"), 2);
  assert.equal(at("host", "example.org", "plugins", "add", 1), 3);
  assert.equal(at("host", "example.org", "plugins", "remove"), 4);
  assert.equal(at("fake"), undefined);
  assert.equal(at("host", "example.org", "list", 1, "deep"), 12);
  assert.equal(at("many", 0, "n"), 15);
  assert.equal(at("many", 1, "n"), 17);
  assert.equal(at("many", 1, "sub", "last"), 20);
});

Deno.test("a scan of a broken text ends", () => {
  assert.equal(findLines(TEXT).get(pathId(["server", "data"])), 5);
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."[]{}=.,\"'\n #ab\\") }), (text) => {
    findLines(text);
  }));
});

Deno.test("every key of any document that is written gets its line", () => {
  const name = fc.string({ minLength: 1, maxLength: 6 }).filter((key) =>
    key !== "__proto__" && !/[\ud800-\udfff]/.test(key)
  );
  const leaf = fc.oneof(
    fc.integer(),
    fc.boolean(),
    fc.constantFrom("a", "x = 1", "[t]", "#", '"', "\n[z]\n"),
    fc.array(fc.integer()),
  );
  const tree = fc.dictionary(name, fc.oneof(leaf, fc.dictionary(name, leaf, { minKeys: 1 })));
  fc.assert(fc.property(tree, (value) => {
    const text = stringify(value);
    const lines = findLines(text);
    const rows = text.split("\n");
    for (const [key, inner] of Object.entries(value)) {
      const line = lines.get(pathId([key]));
      assert.ok(line !== undefined, text);
      if (typeof inner !== "object" || Array.isArray(inner)) assert.match(rows[line - 1] ?? "", /=/);
      else for (const sub of Object.keys(inner)) assert.ok(lines.has(pathId([key, sub])), text);
    }
  }));
});

Deno.test("a fault of syntax has its line", () => {
  const result = parseToml('a = 1\nb = "x\n');
  assert.ok("fault" in result);
  assert.equal(result.fault.line, 2);
  assert.match(result.fault.message, /^not valid TOML: \S/);
});

Deno.test("values print as TOML that reads back", () => {
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: "grapheme" }), fc.array(fc.string()));
  fc.assert(fc.property(value, (it) => assert.deepEqual(parseValue(tomlValue(it)), it)));
  assert.equal(tomlValue({ cert: "a", "a b": 1 }), '{ cert = "a", "a b" = 1 }');
  assert.equal(parseValue("1\nb = 2"), undefined);
});
