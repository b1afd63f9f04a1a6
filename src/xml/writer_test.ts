import { strict as assert } from "node:assert";
import fc from "fast-check";
import { plain } from "./corpus_test.ts";
import { el, type Element, type Node } from "./element.ts";
import { escapeAttr, escapeText } from "./escape.ts";
import { parseXml } from "./parse.ts";
import { startTag, write } from "./writer.ts";

Deno.test("namespaces are declared where they change, and only there", () => {
  const tree = el("iq", "jabber:client", { id: "1" }, [
    el("a", "urn:a", {}, [el("b", "urn:a"), el("c", "jabber:client"), el("d", "")]),
    el("e", "jabber:server"),
  ]);
  const inside = '<a xmlns="urn:a"><b/><c xmlns="jabber:client"/><d xmlns=""/></a><e/>';
  assert.equal(write(tree, "jabber:client"), `<iq id="1">${inside}</iq>`);
  assert.equal(write(tree, "jabber:server"), `<iq id="1">${inside}</iq>`);
  assert.equal(write(tree, "jabber:component:accept"), `<iq id="1">${inside}</iq>`);
  assert.equal(write(tree), `<iq xmlns="jabber:client" id="1">${inside}</iq>`);
  assert.equal(startTag(tree), '<iq xmlns="jabber:client" id="1">');
  assert.equal(startTag(tree, "jabber:server", "/>"), '<iq id="1"/>');
});

Deno.test("attributes in a namespace get prefixes", () => {
  const tree = el("a", "", { "{urn:x}b": "1", "{urn:x}c": "2", "{urn:y}b": "3", "xml:lang": "en", d: "4" });
  assert.equal(
    write(tree),
    '<a xmlns:n0="urn:x" n0:b="1" xmlns:n1="urn:x" n1:c="2" xmlns:n2="urn:y" n2:b="3" xml:lang="en" d="4"/>',
  );
  assert.deepEqual(plain(parseXml(write(tree))), plain(tree));
});

Deno.test("features and errors of a stream keep their prefix", () => {
  const features = el("features", "http://etherx.jabber.org/streams", {}, el("bind", "urn:bind"));
  assert.equal(
    write(features, "jabber:client"),
    '<stream:features><bind xmlns="urn:bind"/></stream:features>',
  );
  assert.equal(
    write(features),
    '<stream:features xmlns:stream="http://etherx.jabber.org/streams"><bind xmlns="urn:bind"/></stream:features>',
  );
  assert.deepEqual(plain(parseXml(write(features))), plain(features));
});

Deno.test("escaping is correct and no more than that", () => {
  assert.equal(escapeText(`plain 'text' "q" é 😀\t\n`), `plain 'text' "q" é 😀\t\n`);
  assert.equal(escapeText("a<b>&\r]]>"), "a&lt;b&gt;&amp;&#xD;]]&gt;");
  assert.equal(escapeAttr("it's > é 😀"), "it's > é 😀");
  assert.equal(escapeAttr('<"&\t\n\r'), "&lt;&quot;&amp;&#x9;&#xA;&#xD;");
});

Deno.test("what XML forbids is replaced by U+FFFD", () => {
  for (const bad of ["\0", "\x0b", "\x1f", "\ud800", "\udc00", "\ufffe", "\uffff"]) {
    for (const [before, after] of [["", ""], ["a", "b"], ["😀", "😀"]]) {
      assert.equal(escapeText(before + bad + after), `${before}\ufffd${after}`);
      assert.equal(escapeAttr(before + bad + after), `${before}\ufffd${after}`);
    }
  }
  assert.equal(escapeText("\udc00\ud800"), "\ufffd\ufffd");
  assert.equal(escapeText("\ud800\ud800\udc00"), "\ufffd\ud800\udc00");
});

const text = fc.string({ unit: "binary", maxLength: 12 });
const name = fc.constantFrom("a", "b", "body", "message", "日本", "_x-1.2", "constructor", "xmlish");
const ns = fc.constantFrom(
  "",
  "jabber:client",
  "urn:a",
  "urn:b",
  "urn:'\"<&>",
  "http://etherx.jabber.org/streams",
);
const key = fc.oneof(
  name,
  fc.constantFrom("xml:lang", "{urn:a}a", "{urn:a}b", "{urn:'\"&}b", "{}}b", "__proto__"),
);

/** Any tree, with any text that XML can carry. */
const { tree } = fc.letrec<{ tree: Element; node: Node }>((tie) => ({
  node: fc.oneof({ depthSize: "small" }, text, tie("tree")),
  tree: fc.tuple(
    name,
    ns,
    fc.array(fc.tuple(key, text), { maxLength: 4 }),
    fc.array(tie("node"), { maxLength: 4 }),
  )
    .map(([name, ns, attrs, children]) => el(name, ns, Object.fromEntries(attrs), children)),
}));

/** Neighbouring texts joined and forbidden characters replaced, as they come back from the wire. */
function expected(node: Node): unknown {
  if (typeof node === "string") return legal(node);
  const children: unknown[] = [];
  for (const child of node.children.map(expected)) {
    const last = children.at(-1);
    if (typeof child === "string" && typeof last === "string") children[children.length - 1] = last + child;
    else children.push(child);
  }
  const attrs = Object.fromEntries(Object.entries(node.attrs).map(([key, value]) => [key, legal(value)]));
  return { name: node.name, ns: node.ns, attrs, children };
}

function legal(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd");
}

Deno.test("whatever is written reads back as the same tree", () => {
  fc.assert(
    fc.property(tree, (tree) => {
      assert.deepEqual(plain(parseXml(write(tree))), expected(tree));
      // In a context with a default namespace, and as the content of something else.
      const around = `<x xmlns="urn:b" xmlns:stream="http://etherx.jabber.org/streams">${
        write(tree, "urn:b")
      }</x>`;
      assert.deepEqual(plain(parseXml(around).first()!), expected(tree));
    }),
    { numRuns: 500 },
  );
});
