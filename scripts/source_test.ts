import assert from "node:assert/strict";
import { blank, imports } from "./source.ts";
import { functionsOf } from "./sizes.ts";
import { root, sourceFiles } from "./tree.ts";

Deno.test("comments, strings, templates and regular expressions are blanked, and nothing else", () => {
  const source = [
    `const a = "Deno.env"; // Deno.env`,
    "/* setTimeout\n let */ const b = `x ${ Deno.args[0] + `y ${c({ d: '}' })} z` } setTimeout`;",
    "const r = /[/\"']\\/'/.test(s) ? a / b : c / d; foo('x\\'y');",
    "const t = (n) / 2; const q = '\"';",
  ].join("\n");
  const code = blank(source);
  assert.equal(code.length, source.length);
  assert.equal(code.split("\n").length, source.split("\n").length);
  assert.ok(code.includes("Deno.args[0]"));
  assert.ok(!code.includes("Deno.env") && !code.includes("setTimeout") && !code.includes(" let "));
  assert.ok(code.includes(".test(s) ? a / b : c / d; foo("));
  assert.ok(code.endsWith(`const t = (n) / 2; const q = ' ';`));
});

Deno.test("every kind of import is found, and nothing that only looks like one", () => {
  const source = `
import a from "./a.ts";
import type { B } from "./b.ts";
import { type C, type D } from "./c.ts";
import {
  type E,
  f,
} from "./e.ts";
import "./effect.ts";
export * from "./g.ts";
export type { H } from "./h.ts";
export const x = "./not.ts";
// import y from "./comment.ts";
const z = 'import y from "./string.ts"';
const later = await import("./later.ts");
type T = import("./type.ts").T;
import * as ns from "node:net";
`;
  const found = imports(source, blank(source));
  assert.deepEqual(found.map((i) => [i.specifier, i.typeOnly, i.dynamic]), [
    ["./a.ts", false, false],
    ["./b.ts", true, false],
    ["./c.ts", true, false],
    ["./e.ts", false, false],
    ["./effect.ts", false, false],
    ["./g.ts", false, false],
    ["./h.ts", true, false],
    ["node:net", false, false],
    ["./later.ts", false, true],
    ["./type.ts", false, true],
  ]);
  assert.equal(found[3]?.line, 8);
  assert.equal(found[4]?.names, "");
});

Deno.test("functions are found by their layout", () => {
  const source = `
export function plain(a: string): string {
  if (
    a === "x"
  ) {
    return a;
  }
  return a;
}

class Thing {
  async method<T>(a: T): Promise<T> {
    return await a;
  }

  #long(
    a: string,
  ): void {
    for (const x of a) {
      use(x);
    }
  }
}

const arrow = (a: number) => {
  return a;
};
`;
  assert.deepEqual(functionsOf(source).map((f) => [f.name, f.lines]), [
    ["plain", 8],
    ["method", 3],
    ["#long", 7],
    ["arrow", 3],
  ]);
});

Deno.test("the files of this very project can be read: every brace left in the code has its partner", () => {
  for (const path of sourceFiles()) {
    const code = blank(Deno.readTextFileSync(root + path));
    const count = (c: string) => code.split(c).length;
    // An expression inside a template leaves both its braces, so the sums stay even.
    assert.equal(count("{"), count("}"), path);
    assert.equal(count("("), count(")"), path);
  }
});
