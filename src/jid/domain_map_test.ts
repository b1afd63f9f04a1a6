import assert from "node:assert/strict";
import fc from "fast-check";
import { DomainMap, domainsOf, readDomainPattern } from "./domain_map.ts";

Deno.test("readDomainPattern: one spelling for each domain, and for all below it", () => {
  const cases: [string, string | undefined][] = [
    ["Example.ORG.", "example.org"],
    ["*.BÜCHER.example", "*.bücher.example"],
    ["*.xn--bcher-kva.example", "*.bücher.example"],
    ["[2001:DB8::1]", "[2001:db8::1]"],
    ["*", undefined],
    ["*.", undefined],
    ["", undefined],
    ["*example.org", undefined],
    ["a.*.org", undefined],
    ["*.*.org", undefined],
    ["no domain", undefined],
    ["a@example.org", undefined],
    ["example.org/a", undefined],
    ["example.org/", undefined],
  ];
  for (const [text, pattern] of cases) assert.equal(readDomainPattern(text), pattern, text);
});

Deno.test("a domain falls under its own entry, or the nearest pattern above it", () => {
  const map = new DomainMap<string>();
  for (const pattern of ["*", "*.org", "*.example.org", "example.org", "a.b.example.org"]) {
    map.set(pattern, pattern);
  }
  assert.equal(map.size, 5);
  const found = (domain: string) => map.find(domain);
  assert.equal(found("example.org"), "example.org");
  assert.equal(found("b.example.org"), "*.example.org");
  assert.equal(found("a.b.example.org"), "a.b.example.org");
  assert.equal(found("badexample.org"), "*.org");
  assert.equal(found("org"), "*");
  assert.deepEqual([...map.values()], ["example.org", "a.b.example.org", "*", "*.org", "*.example.org"]);
});

Deno.test("entries are asked for and removed by their own pattern, and by nothing like it", () => {
  const map = new DomainMap<number>();
  map.set("*.example.org", 1);
  assert.equal(map.at("example.org"), undefined);
  assert.equal(map.at("*.example.org"), 1);
  for (const other of ["example.org", "*", "*.", "**example.org", "*.org"]) {
    assert.equal(map.delete(other), false);
  }
  assert.equal(map.delete("*.example.org"), true);
  assert.equal(map.find("a.example.org"), undefined);
  assert.equal(map.size, 0);
});

Deno.test("domainsOf: what ends as the pattern does, after a dot", () => {
  const label = fc.constantFrom("a", "b", "ab");
  const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
  const pattern = fc.oneof(domain, domain.map((name) => `*.${name}`), fc.constant("*"));
  const under = (domain: string, pattern: string) =>
    pattern === domain || pattern === "*" || pattern.startsWith("*.") && domain.endsWith(pattern.slice(1));
  fc.assert(fc.property(fc.array(pattern, { maxLength: 4 }), domain, (patterns, domain) => {
    assert.equal(domainsOf(patterns).covers(domain), patterns.some((pattern) => under(domain, pattern)));
  }));
});
