import { strict as assert } from "node:assert";
import { canonicalNs, internName, internNs, isName, isQualifiedName } from "./names.ts";

Deno.test("a known name is found in place, and nothing but it", () => {
  const text = "<message><messages xmlns='urn:xmpp:sm:3'/></mess";
  assert.equal(internName(text, 1, 8), "message");
  assert.equal(internName(text, 10, 18), undefined);
  assert.equal(internName(text, 3, 3), undefined);
  const at = text.indexOf("urn:");
  assert.equal(internNs(text, at, at + 13), "urn:xmpp:sm:3");
  assert.equal(internNs(text, at, at + 12), undefined);
  // A namespace is no name, nor the other way round.
  assert.equal(internName(text, at, at + 13), undefined);
  assert.equal(internNs(text, 1, 8), undefined);
});

Deno.test("names follow Namespaces in XML", () => {
  for (const good of ["a", "_", "a-b.c1", "日本", "\u{10000}", "body"]) {
    assert.equal(isName(good), true, good);
  }
  for (const bad of ["", "1", "-a", ".a", "a:b", "xml:lang", "a b", "a\n", "×", "a/"]) {
    assert.equal(isName(bad), false, bad);
  }
  for (const good of ["a", "a:b", "xml:lang"]) assert.equal(isQualifiedName(good), true, good);
  for (const bad of ["a:", ":a", "a:b:c", "a:1", "urn:xmpp:sm:3"]) {
    assert.equal(isQualifiedName(bad), false, bad);
  }
});

Deno.test("the content namespaces are one", () => {
  for (const ns of ["jabber:client", "jabber:server", "jabber:component:accept"]) {
    assert.equal(canonicalNs(ns), "jabber:client");
  }
  for (const ns of ["", "jabber:iq:roster", "jabber:server:dialback"]) assert.equal(canonicalNs(ns), ns);
});
