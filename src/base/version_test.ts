import assert from "node:assert/strict";
import { VERSION } from "./version.ts";

Deno.test("the version is the one of deno.json", () => {
  const project = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));
  assert.equal(VERSION, project.version);
});
