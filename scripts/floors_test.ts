import assert from "node:assert/strict";
import { checkAll } from "./floors_rules.ts";
import { draw } from "./floors_picture.ts";
import { readSource } from "./graph.ts";

/** The complaints about these files, without those about imports of what is not there. */
function complaints(files: Record<string, string>): string[] {
  const graph = Object.entries(files).map(([path, source]) => readSource(path, source));
  return checkAll(graph).filter((text) => !text.endsWith("which is not there"));
}

function wrong(path: string, source: string, expected: RegExp): void {
  const found = complaints({ [path]: source });
  assert.equal(found.length, 1, `${path}: ${source}\n${found.join("\n")}`);
  assert.match(found[0] ?? "", expected);
}

function right(path: string, source: string): void {
  assert.deepEqual(complaints({ [path]: source }), []);
}

Deno.test("arrows of src point strictly downward", () => {
  right("src/stanza/a.ts", `import { b } from "../xml/b.ts";`);
  right("src/stanza/a.ts", `import { b } from "./b.ts";`);
  wrong("src/xml/a.ts", `import { b } from "../jid/b.ts";`, /side by side/);
  wrong("src/xml/a.ts", `import type { B } from "../stanza/b.ts";`, /above floor 1/);
  wrong("src/xml/a.ts", `type B = import("../stanza/b.ts").B;`, /above floor 1/);
  wrong("src/server/a.ts", `import { b } from "../../plugins/im/b.ts";`, /above floor 7/);
  wrong("src/odd/a.ts", `export {};`, /on no floor/);
  wrong("src/cli/a.ts", `import { b } from "../testing/b.ts";`, /may not use src\/testing/);
  right("mod.ts", `import { b } from "./src/testing/b.ts";\nimport plugins from "./plugins/mod.ts";`);
  right("src/session/a_test.ts", `import { b } from "../testing/b.ts";`);
  wrong("src/session/a.ts", `import { b } from "./b_test.ts";`, /by tests only/);
  wrong("src/session/a.ts", `import { b } from "./session_test_rig.ts";`, /by tests only/);
});

Deno.test("plugins know #plugin, their family and the api.ts of others", () => {
  right(
    "plugins/im/a.ts",
    `import { x } from "#plugin";\nimport { b } from "./b.ts";\nimport { c } from "../rooms/api.ts";`,
  );
  wrong("plugins/im/a.ts", `import { x } from "../../src/plugin/mod.ts";`, /imports #plugin/);
  wrong("plugins/im/a.ts", `import { x } from "../rooms/muc.ts";`, /by its api.ts only/);
  wrong("plugins/im/a.ts", `import { x } from "#testing";`, /imports #plugin/);
  right("plugins/im/a_test.ts", `import { x } from "#testing";`);
  right("plugins/mod.ts", `import { x } from "./rooms/muc.ts";`);
  right(
    "plugins/im/api.ts",
    `import { defineService, type Jid } from "#plugin";\nexport const roster = defineService();`,
  );
  wrong("plugins/im/api.ts", `import { roster } from "./roster.ts";`, /may import types/);
  wrong("plugins/im/api.ts", `export function f() {}`, /no behaviour/);
});

Deno.test("some things are said in their place only", () => {
  wrong("src/session/a.ts", `Deno.listen({ port: 1 });`, /Deno.listen outside src\/transport/);
  wrong("src/session/a.ts", `import net from "node:net";`, /node:net/);
  right("src/transport/a.ts", `import net from "node:net";\nDeno.listen({ port: 1 });`);
  wrong("plugins/im/a.ts", `import { DatabaseSync } from "node:sqlite";`, /node:sqlite/);
  wrong("src/server/a.ts", `import { Hono } from "hono";`, /hono/);
  wrong("src/plugin/a.ts", `import { Hono } from "hono";`, /hono/);
  right("src/plugin/a.ts", `import type { Hono } from "hono";`);
  wrong("src/server/a.ts", `const a = Deno.env.get("X");`, /environment/);
  wrong("src/server/a.ts", `console.log(1);`, /console/);
  right("src/server/a.ts", `this.console.log("setTimeout");`);
  wrong("src/server/a.ts", `const now = Date.now();`, /time of day/);
  wrong("src/server/a.ts", `const now = new Date();`, /time of day/);
  right("src/server/a.ts", `const date = new Date(at);`);
  for (const timer of ["setTimeout", "setInterval", "setImmediate"]) {
    wrong("src/server/a.ts", `const t = ${timer}(f, 1);`, /timers/);
  }
  wrong("src/server/a.ts", `queueMicrotask(f);`, /queueMicrotask/);
  right("src/stream/a.ts", `queueMicrotask(f);`);
  right("src/server/a_test.ts", `const t = setTimeout(f, Date.now());`);
  wrong("src/xml/a.ts", `const a = Deno.build.os;`, /pure/);
  wrong("src/proto/a.ts", `import type { Clock } from "../base/clock.ts";`, /clock/);
  wrong("src/jid/a.ts", `import { createHash } from "node:crypto";`, /node:crypto/);
  right("src/sasl/a.ts", `import { createHash } from "node:crypto";`);
  wrong("src/config/a.ts", `import { z } from "npm:zod";`, /not in deno.json/);
});

Deno.test("no changeable modules, imports for effect, empty names, circles", () => {
  wrong("src/host/a.ts", `let count = 0;`, /no changeable state/);
  wrong("src/host/a.ts", `export var count = 0;`, /no changeable state/);
  right("src/host/a.ts", `function f() {\n  let count = 0;\n}`);
  wrong("src/host/a.ts", `import "./b.ts";`, /for its effect/);
  wrong("src/host/session_manager.ts", ``, /says nothing/);
  wrong("src/host/utils/a.ts", ``, /says nothing/);
  wrong("src/host/aB.ts", ``, /snake_case/);
  const circle = complaints({
    "src/xml/a.ts": `import { b } from "./b.ts";`,
    "src/xml/b.ts": `import type { C } from "./c.ts";`,
    "src/xml/c.ts": `import { a } from "./a.ts";\nimport { d } from "./d.ts";`,
    "src/xml/d.ts": ``,
  });
  assert.deepEqual(circle, [
    "src/xml/a.ts: imports itself in a circle: src/xml/a.ts → src/xml/b.ts → src/xml/c.ts → src/xml/a.ts",
  ]);
});

Deno.test("an import of a missing file is a complaint", () => {
  const found = checkAll([readSource("src/xml/a.ts", `import { b } from "./B.ts";`)]);
  assert.deepEqual(found, ["src/xml/a.ts:1: imports src/xml/B.ts, which is not there"]);
});

Deno.test("the picture names folders and what they use, highest first", () => {
  const graph = Object.entries({
    "mod.ts": `import p from "./plugins/mod.ts";`,
    "plugins/mod.ts": `import p from "./im/a.ts";`,
    "plugins/im/a.ts": `import p from "#plugin";`,
    "src/plugin/mod.ts": `import p from "../base/log.ts"; import q from "../host/host.ts";`,
    "src/base/log.ts": ``,
  }).map(([path, source]) => readSource(path, source));
  assert.equal(
    draw(graph),
    `| floor | folder | files | imports |
|---:|---|---:|---|
| 10 | mod.ts | 1 | plugins |
| 9 | plugins/mod.ts | 1 | plugins/im |
| 9 | plugins/im | 1 | plugin |
| 6 | plugin | 1 | host · base |
| 0 | base | 1 |  |
`,
  );
});
