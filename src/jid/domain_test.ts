import assert from "node:assert/strict";
import { domainToASCII } from "node:url";
import fc from "fast-check";
import { asciiDomain, prepareDomain } from "./domain.ts";
import { JidError } from "./error.ts";
import { isIpv4, isIpv6 } from "./ip.ts";
import { decodePunycode, encodePunycode } from "./punycode.ts";

Deno.test("prepareDomain: one name for each host", () => {
  const cases: [string, string][] = [
    ["Example.ORG", "example.org"],
    ["example.org.", "example.org"],
    ["B\u00dcCHER.example", "b\u00fccher.example"],
    ["bu\u0308cher.example", "b\u00fccher.example"],
    ["xn--bcher-kva.example", "b\u00fccher.example"],
    ["XN--BCHER-KVA.example", "b\u00fccher.example"],
    ["\uff45\uff58\u3002org", "ex.org"],
    ["stra\u00dfe.example", "stra\u00dfe.example"],
    ["\u05e9\u05dc\u05d5\u05dd.example", "\u05e9\u05dc\u05d5\u05dd.example"],
    ["localhost", "localhost"],
    ["1.2.3.4", "1.2.3.4"],
    ["[::1]", "[::1]"],
    ["[2001:DB8:0:0:8:800:200C:417A]", "[2001:db8:0:0:8:800:200c:417a]"],
    ["[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"],
  ];
  for (const [text, canonical] of cases) {
    assert.equal(prepareDomain(text), canonical);
    assert.equal(prepareDomain(canonical), canonical);
  }
});

Deno.test("prepareDomain: what is no name", () => {
  const refused = [
    "",
    ".",
    "..",
    ".org",
    "a..b",
    "a.b..",
    "-a.org",
    "a-.org",
    "a_b.org",
    "a b.org",
    "a:5222",
    "a@b",
    "ab--cd.org",
    "xn--.org",
    "xn--a.org",
    "xn--example.org",
    "\u0301a.org",
    "\u265a.org",
    "\u{1f600}.org",
    "\u2160\u00ad.org",
    "a\u05d0.org",
    "1\u05d0.org",
    "\u05d0.1a.org",
    "x".repeat(64) + ".org",
    "\u00fc".repeat(60) + ".org",
    "[::1",
    "[]",
    "[1:2:3]",
    "[::1%eth0]",
    "[1.2.3.4]",
    "[::1].org",
  ];
  for (const text of refused) {
    if (text === "\u05d0.1a.org") assert.throws(() => prepareDomain(text), /writing directions/);
    else assert.throws(() => prepareDomain(text), JidError, text);
  }
});

Deno.test("asciiDomain: the DNS spelling, as the platform's IDNA has it", () => {
  for (
    const name of [
      "b\u00fccher.example",
      "\u4f8b\u3048.\u30c6\u30b9\u30c8",
      "\u05e9\u05dc\u05d5\u05dd.il",
      "a.b",
    ]
  ) {
    assert.equal(asciiDomain(prepareDomain(name)), domainToASCII(name));
    assert.equal(prepareDomain(asciiDomain(name)), name);
  }
});

Deno.test("punycode: samples of RFC 3492 §7.1", () => {
  const samples: [string, string][] = [
    ["\u4ed6\u4eec\u4e3a\u4ec0\u4e48\u4e0d\u8bf4\u4e2d\u6587", "ihqwcrb4cv8a8dqg056pqjye"],
    ["Pro\u010dprost\u011bnemluv\u00ed\u010desky", "Proprostnemluvesky-uyb24dma41a"],
    ["\u5b89\u5ba4\u5948\u7f8e\u6075-with-SUPER-MONKEYS", "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n"],
    ["3\u5e74B\u7d44\u91d1\u516b\u5148\u751f", "3B-ww4c5e180e575a65lsy2b"],
  ];
  for (const [label, code] of samples) {
    assert.equal(encodePunycode(label), code);
    assert.equal(decodePunycode(code), label);
  }
});

Deno.test("punycode: there and back for any label, and no throw for any code", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 20 }).filter((text) => text.isWellFormed()),
      (label) => {
        assert.equal(decodePunycode(encodePunycode(label)), label);
      },
    ),
  );
  fc.assert(fc.property(fc.string({ maxLength: 30 }), (code) => {
    const label = decodePunycode(code);
    assert.ok(label === undefined || label.isWellFormed());
  }));
});

Deno.test("isIpv4 and isIpv6", () => {
  for (const text of ["0.0.0.0", "255.255.255.255"]) assert.ok(isIpv4(text));
  for (const text of ["256.1.1.1", "01.1.1.1", "1.1.1", "1.1.1.1.1", "a.1.1.1"]) assert.ok(!isIpv4(text));
  for (const text of ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "1::8"]) {
    assert.ok(isIpv6(text), text);
  }
  for (
    const text of [
      "",
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "g::",
      "1.2.3.4::",
      "12345::",
      ":1:2:3:4:5:6:7",
    ]
  ) assert.ok(!isIpv6(text), text);
});
