import { deepEqual } from "node:assert/strict";
import { definePlugin, none } from "#plugin";
import { testNames, unproved } from "./xep_tests.ts";

Deno.test("the names of tests are found however they are written", () => {
  const source = [
    'Deno.test("XEP-0001: one", () => {});',
    "Deno.test(`XEP-0002: ${n} of them`, () => {});",
    'Deno.test({\n  name: "XEP-0003: with options",\n  ignore,\n  fn() {},\n});',
    'Deno.test({ ignore: true, name: "XEP-0004: last", fn() {} });',
    'const name = "XEP-0005: no test";',
  ].join("\n");
  deepEqual(testNames(source), [
    "XEP-0001: one",
    "XEP-0002: ${n} of them",
    "XEP-0003: with options",
    "XEP-0004: last",
  ]);
});

Deno.test("a claim without a test is named with who makes it", () => {
  const claiming = (name: string, ...numbers: number[]) =>
    definePlugin({ name, doc: "", config: none, xeps: numbers.map((number) => [number, "1"]), setup() {} });
  deepEqual(unproved([claiming("a", 1, 30), claiming("b", 30)], new Set([1])), [
    "XEP-0030 is declared by a, b, and no test below tests/ is named after it",
  ]);
});
