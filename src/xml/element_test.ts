import { strict as assert } from "node:assert";
import { plain, stanzas } from "./corpus_test.ts";
import { el, Element } from "./element.ts";

const tree = el("message", "jabber:client", { to: "b", id: undefined }, [
  "one",
  el("body", "jabber:client", {}, "hello"),
  undefined,
  el("x", "urn:x", undefined, el("y", "urn:x")),
  "two",
]);

Deno.test("el leaves out what is undefined and refuses names XML does not know", () => {
  assert.deepEqual({ ...tree.attrs }, { to: "b" });
  assert.equal(tree.children.length, 4);
  for (const bad of ["", "a b", "a:b", "<a", "1", "a>", "xml:lang", "a/"]) {
    assert.throws(() => el(bad, ""), TypeError, bad);
    assert.throws(() => el("a", "", { ["x " + bad]: "1" }), TypeError, bad);
  }
  assert.doesNotThrow(() => el("a", "", { "xml:lang": "en", "{urn:x}b": "1", "日本": "2" }));
  for (const bad of ["{urn:x}", "{urn:x}a:b", "{urn:x", "xmlns", "xmlns:a", "a:b"]) {
    assert.throws(() => el("a", "", { [bad]: "1" }), TypeError, bad);
    assert.throws(() => el("a", "").with({ [bad]: "1" }), TypeError, bad);
  }
});

Deno.test("children are found by name and namespace", () => {
  assert.equal(tree.first()?.name, "body");
  assert.equal(tree.child("body")?.text, "hello");
  assert.equal(tree.child("x"), undefined);
  assert.equal(tree.child("x", "urn:x")?.first()?.name, "y");
  assert.equal(tree.has("body"), true);
  assert.equal(tree.has("body", "urn:x"), false);
  assert.deepEqual(tree.elements().map((e) => e.name), ["body", "x"]);
  assert.deepEqual(tree.elementsOf("urn:x").map((e) => e.name), ["x"]);
  assert.equal(tree.text, "onetwo");
  assert.equal(tree.childText("body"), "hello");
  assert.equal(tree.childText("subject"), undefined);
  assert.equal(el("a", "b").first(), undefined);
});

Deno.test("changes make new elements and leave the old ones", () => {
  const before = JSON.stringify(plain(tree));
  const copy = tree.with({ to: undefined, from: "a" });
  assert.deepEqual({ ...copy.attrs }, { from: "a" });
  assert.equal(copy.children, tree.children);
  assert.deepEqual({ ...tree.with({ to: "c" }).attrs }, { to: "c" });
  assert.equal(tree.plus(el("z", "urn:z"), undefined).elements().length, 3);
  assert.deepEqual(tree.without((e) => e.ns === "urn:x").children.length, 3);
  assert.deepEqual(tree.withChildren(["a", "", undefined]).children, ["a"]);
  assert.equal(JSON.stringify(plain(tree)), before);
});

Deno.test("names of Object.prototype are ordinary attributes", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty"];
  for (const name of names) {
    assert.equal(tree.attr(name), undefined, name);
    const set = tree.with(Object.fromEntries([[name, "v"]]));
    assert.equal(set.attr(name), "v");
    assert.equal(set.attr("to"), "b");
    assert.equal(set.detached().attr(name), "v");
    assert.ok(set.toString().includes(`${name}="v"`));
    assert.equal(set.with(Object.fromEntries([[name, undefined]])).attr(name), undefined);
  }
});

Deno.test("content that means the same elsewhere is passed on as it came", () => {
  const odd = "<body  a = '1'>a&#65;<![CDATA[x]]></body><p:x xmlns:p='u'/>";
  const [e] = stanzas(`<message to='a'>${odd}</message>`);
  assert.equal(e!.inner("jabber:server"), odd);
  assert.equal(e!.with({ to: "b" }).toString(), `<message xmlns="jabber:client" to="b">${odd}</message>`);
  // Elsewhere means elsewhere: the default namespace must be declared.
  assert.match(e!.inner(""), /^<body xmlns="jabber:client" a="1">aAx<\/body>/);
});

Deno.test("content that depends on its surroundings is written anew", () => {
  for (
    const text of [
      "<message xmlns:p='u'><p:x/></message>",
      "<message xmlns:p='u'><x p:a='1'/></message>",
      "<message><stream:x/></message>",
      "<message><x xmlns='jabber:server'/></message>",
      "<message><p:x xmlns:p='jabber:server'/></message>",
    ]
  ) {
    const [e] = stanzas(text);
    const again = stanzas(`<message>${e!.inner("jabber:client")}</message>`);
    assert.deepEqual(again.map(plain), [plain(e!)], text);
    assert.ok(!e!.inner("jabber:client").includes("jabber:server"));
  }
});

Deno.test("copies share the text that one of them wrote", () => {
  let reads = 0;
  const counted = new Proxy(["x"], {
    get(target, key, receiver) {
      if (key === "0") reads++;
      return Reflect.get(target, key, receiver);
    },
  });
  const original = new Element("message", "jabber:client", {}, counted);
  const copies = Array.from({ length: 5 }, (_, i) => original.with({ to: `r${i}` }));
  for (const copy of copies) assert.equal(copy.inner("jabber:client"), "x");
  assert.equal(original.inner("jabber:client"), "x");
  assert.equal(reads, 1);
});

Deno.test("a detached element is the same tree", () => {
  const [e] = stanzas(
    "<message id='12345678901234567890'><a long-name-of-attr='é €'>text of some length</a>x</message>",
  );
  assert.deepEqual(plain(e!.detached()), plain(e!));
  assert.equal(
    e!.detached().toString(),
    '<message xmlns="jabber:client" id="12345678901234567890">' +
      '<a long-name-of-attr="é €">text of some length</a>x</message>',
  );
});
