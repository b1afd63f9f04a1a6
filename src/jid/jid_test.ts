import assert from "node:assert/strict";
import fc from "fast-check";
import { JidError } from "./error.ts";
import { Jid } from "./jid.ts";

// RFC 7622 §3.5, table 1, and what else the parts may hold.
const VALID: [string, string, string, string][] = [
  ["juliet@example.com", "juliet", "example.com", ""],
  ["juliet@example.com/foo", "juliet", "example.com", "foo"],
  ["juliet@example.com/foo bar", "juliet", "example.com", "foo bar"],
  ["juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"],
  ["foo\\20bar@example.com", "foo\\20bar", "example.com", ""],
  ["fussball@example.com", "fussball", "example.com", ""],
  ["fu\u00dfball@example.com", "fu\u00dfball", "example.com", ""],
  ["\u03c0@example.com", "\u03c0", "example.com", ""],
  ["\u03a3@example.com/foo", "\u03c3", "example.com", "foo"],
  ["king@example.com/\u265a", "king", "example.com", "\u265a"],
  ["example.com", "", "example.com", ""],
  ["example.com/foobar", "", "example.com", "foobar"],
  ["a.example.com/b@example.net", "", "a.example.com", "b@example.net"],
  ["Juliet@EXAMPLE.com./Balcony", "juliet", "example.com", "Balcony"],
  ["a@b/c/d", "a", "b", "c/d"],
  ["a@[2001:DB8::1]/x", "a", "[2001:db8::1]", "x"],
  ["a@192.0.2.1", "a", "192.0.2.1", ""],
];

Deno.test("Jid.parse: the parts in their canonical form", () => {
  for (const [text, local, domain, resource] of VALID) {
    const jid = Jid.parse(text);
    assert.deepEqual([jid.local, jid.domain, jid.resource], [local, domain, resource], text);
    assert.equal(jid.isFull(), resource !== "");
    assert.equal(jid.isBare(), resource === "");
    assert.equal(Jid.parse(jid.toString()), jid, "the canonical text is the same object");
  }
});

Deno.test("Jid.parse: what is no address, and why", () => {
  const cases: [string, RegExp][] = [
    ["", /empty/],
    ["@b", /nothing before "@"/],
    ["@", /nothing before "@"/],
    ["a@", /no domain after "@"/],
    ["a@/r", /no domain after "@"/],
    ["/r", /no domain before "\/"/],
    ["a@b/", /nothing after "\/"/],
    ["b/", /nothing after "\/"/],
    ["a@@b", /domain "@b" contains U\+0040/],
    ['"juliet"@example.com', /local part .* contains U\+0022/],
    ["foo bar@example.com", /local part .* contains U\+0020,/],
    ["henry\u2163@example.com", /U\+2163/],
    ["\u265a@example.com", /U\+265A/],
    ["a\u0000b@example.com", /U\+0000,/],
    ["a@exa mple", /U\+0020/],
    ["a@b\u0001", /U\+0001/],
    ["a@b/\u0007", /resource .* contains U\+0007/],
    ["x".repeat(1024) + "@b", /1024 bytes; at most 1023/],
    ["a@b/" + "\u00e9".repeat(512), /1024 bytes; at most 1023/],
    ["a@b/\ud800", /U\+D800/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => Jid.parse(text),
      (error) => error instanceof JidError && message.test(error.message),
      text,
    );
    assert.equal(Jid.tryParse(text), undefined);
  }
});

Deno.test("Jid.parse: each part may have 1023 bytes", () => {
  const label = "d".repeat(63) + ".";
  const domain = label.repeat(15) + "e".repeat(63);
  const jid = Jid.parse("l".repeat(1023) + "@" + domain + "/" + "r".repeat(1023));
  assert.equal(jid.toString().length, 1023 + 1 + 1023 + 1 + 1023);
  assert.equal(jid.domain, domain);
  assert.equal(Jid.tryParse(domain + "e.e"), undefined);
});

Deno.test("Jid: bare, equals, withResource, of", () => {
  const full = Jid.parse("A@b/C");
  assert.equal(full.bare.toString(), "a@b");
  assert.equal(full.bare, full.bare);
  assert.equal(full.bare.bare, full.bare);
  assert.ok(full.equals(Jid.of("a", "B", "C")));
  assert.ok(!full.equals(Jid.of("a", "B", "c")));
  assert.ok(!full.equals(undefined));
  assert.equal(full.withResource("D").toString(), "a@b/D");
  assert.equal(full.withResource("").toString(), "a@b");
  assert.throws(() => full.withResource("\u0000"), JidError);
  assert.throws(() => Jid.of("a@b", "c"), JidError);
  assert.throws(() => Jid.of("a", "c/d"), JidError);
  assert.throws(() => Jid.of("a", ""), JidError);
  assert.equal(Jid.of("", "b").toString(), "b");
  assert.equal(JSON.stringify({ jid: full }), '{"jid":"a@b/C"}');
});

Deno.test("Jid.parse: addresses pushed out of the cache still mean the same", () => {
  const before = Jid.parse("kept@example.com/r");
  for (let i = 0; i < 20_000; i++) Jid.parse(`u${i}@example.com`);
  const after = Jid.parse("kept@example.com/r");
  assert.ok(after.equals(before));
  assert.ok(after.bare.equals(before.bare));
});

const soup = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(
      ..."aAl.-@/:1 \u00b7\u00df\u03a3\u03c2\u0130\u0131\u0307\u200c\u200d\u094d\u0915\u05d0\u0661\u06f1\u30fb\u30ab" +
        "\uff21\uff0e\u3002\ufe0f\u212a\u1e9e\u0345\u0301\u1100\u1161\uac00\u13a0\uab70\u0627\u0644\u{1f600}",
    ),
    maxLength: 10,
  }),
);

Deno.test("Jid: preparing twice is preparing once, and the text parses back, whatever it is made of", () => {
  fc.assert(
    fc.property(soup, soup, soup, (local, domain, resource) => {
      let jid: Jid;
      try {
        jid = Jid.of(local, domain, resource);
      } catch (error) {
        assert.ok(error instanceof JidError, String(error));
        return;
      }
      const again = Jid.of(jid.local, jid.domain, jid.resource);
      assert.deepEqual([again.local, again.domain, again.resource], [jid.local, jid.domain, jid.resource]);
      assert.ok(Jid.parse(jid.toString()).equals(jid));
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("Jid.parse: any text is an address that parses back, or a JidError", () => {
  fc.assert(
    fc.property(fc.oneof(soup, fc.tuple(soup, soup, soup).map(([a, b, c]) => `${a}@${b}/${c}`)), (text) => {
      const jid = Jid.tryParse(text);
      if (jid === undefined) assert.throws(() => Jid.parse(text), JidError);
      else assert.equal(Jid.parse(jid.toString()).toString(), jid.toString());
    }),
    { numRuns: 10_000 },
  );
});
