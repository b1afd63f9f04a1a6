import { strict as assert } from "node:assert";
import { bytes, plain } from "./corpus_test.ts";
import { el } from "./element.ts";
import { parseXml } from "./parse.ts";

Deno.test("a document is one element, with what may stand around it", () => {
  const tree = plain(el("a", "urn:a", {}, ["é", el("b", "urn:a")]));
  const text = "<a xmlns='urn:a'>é<b/></a>";
  for (
    const input of [
      text,
      `<?xml version="1.0" encoding='UTF-8' standalone='yes'?>\n${text}\n`,
      `\ufeff${text}`,
    ]
  ) {
    assert.deepEqual(plain(parseXml(input)), tree);
    assert.deepEqual(plain(parseXml(bytes(input))), tree);
  }
});

Deno.test("anything else is refused", () => {
  const table = ["", " ", "x", "<a>", "<a", "<a/><b/>", "<a/>x", "<a/><", "</a>", "<a></b>", "<a/></a>"];
  for (const text of table) assert.throws(() => parseXml(text), { condition: "not-well-formed" }, text);
  assert.throws(() => parseXml("<a/><!-- x -->"), { condition: "restricted-xml" });
  assert.throws(() => parseXml(Uint8Array.of(60, 97, 47, 62, 0xc3)), { condition: "not-well-formed" });
});

Deno.test("its content is passed on like a stanza's", () => {
  const frame = parseXml("<message xmlns='jabber:client' to='a'><body >x</body></message>");
  assert.equal(frame.inner("jabber:server"), "<body >x</body>");
});

Deno.test("its size is limited", () => {
  const limits = { stanzaBytes: 10, depth: 2, attributes: 1 };
  assert.equal(parseXml("<a>345</a>", limits).text, "345");
  assert.throws(() => parseXml("<a>3456</a>", limits), { tooBig: true });
  assert.throws(() => parseXml("<a><b><c/></b></a>", { ...limits, stanzaBytes: 99 }), {
    condition: "policy-violation",
  });
});
