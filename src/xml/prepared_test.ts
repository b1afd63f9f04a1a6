import { equal } from "node:assert/strict";
import { el } from "./element.ts";
import { parseXml } from "./parse.ts";
import { prepared } from "./prepared.ts";

const INNER = '<b>1 &lt; 2</b><c xmlns="urn:c"/>';
const wrapped = () => el("w", "urn:w", {}, [prepared("a", "urn:a", { id: "1" }, INNER)]);

Deno.test("prepared content is written as it is", () => {
  equal(wrapped().toString(), `<w xmlns="urn:w"><a xmlns="urn:a" id="1">${INNER}</a></w>`);
});

Deno.test("prepared content is there for whoever looks, and for copies", () => {
  const a = wrapped().first()!;
  equal(a.with({ id: "2" }).childText("b"), "1 < 2");
  equal(a.childText("b"), "1 < 2");
  equal(a.elementsOf("urn:c").length, 1);
  equal(a.detached().toString(), parseXml(a.toString()).toString());
  equal(a.plus(el("d", "urn:a")).inner("urn:a"), `${INNER}<d/>`);
});

Deno.test("what came off a stream keeps its text when something is added", () => {
  const source = parseXml("<m xmlns='urn:a'><b  x = '1'/>&#65;</m>");
  const more = source.plus(el("d", "urn:d"), undefined, "&");
  equal(more.inner("urn:a"), `<b  x = '1'/>&#65;<d xmlns="urn:d"/>&amp;`);
  equal(more.inner("urn:other"), `<b xmlns="urn:a" x="1"/>A<d xmlns="urn:d"/>&amp;`);
});
