import { strict as assert } from "node:assert";
import { Element } from "./element.ts";
import { XmlError } from "./error.ts";
import { STREAM_NS } from "./names.ts";
import { STREAM_CLOSE, XmlReader } from "./reader.ts";
import { bytes, CORPUS, HEADER, LIMITS, plain, readAll, stanzas } from "./corpus_test.ts";

Deno.test("every stanza of the corpus is the tree it should be", () => {
  for (const [text, tree] of CORPUS) assert.deepEqual(stanzas(text).map(plain), [plain(tree)], text);
});

/** What stands on the stream, and the condition it must end with. */
const VIOLATIONS: readonly (readonly [string, string])[] = [
  // RFC 6120 §11.1
  ["<message><!-- x --></message>", "restricted-xml"],
  ["<!-- x --><message/>", "restricted-xml"],
  ["<message><?php x?></message>", "restricted-xml"],
  ["<?xml version='1.0'?><message/>", "restricted-xml"],
  ["<!DOCTYPE x>", "restricted-xml"],
  ["<message><!ENTITY a 'b'></message>", "restricted-xml"],
  ["<message>&nbsp;</message>", "restricted-xml"],
  ["<message to='&foo;'/>", "restricted-xml"],
  // RFC 6120 §4.9.3.13
  ["<message/>" + HEADER.slice(HEADER.indexOf("<stream")), "not-well-formed"],
  [`<stream xmlns='${STREAM_NS}'/>`, "not-well-formed"],
  ["<message></iq>", "not-well-formed"],
  ["<message></messag>", "not-well-formed"],
  ["<message></messages>", "not-well-formed"],
  ["<message></message x>", "not-well-formed"],
  ["</message>", "not-well-formed"],
  ["<message to='a' to='b'/>", "not-well-formed"],
  ["<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>", "not-well-formed"],
  ["<message xmlns='a' xmlns='b'/>", "not-well-formed"],
  ["<message xmlns:a='a' xmlns:a='b'/>", "not-well-formed"],
  ["<message to='a'id='b'/>", "not-well-formed"],
  ["<message to=a/>", "not-well-formed"],
  ["<message to/>", "not-well-formed"],
  ["<message to='<'/>", "not-well-formed"],
  ["<message to='a&b'/>", "not-well-formed"],
  ["<message / >", "not-well-formed"],
  ["<message <a/>", "not-well-formed"],
  ["<message><'/></message>", "not-well-formed"],
  ["< message/>", "not-well-formed"],
  ["<1a/>", "not-well-formed"],
  ["<-a/>", "not-well-formed"],
  ["<a:/>", "not-well-formed"],
  ["<:a/>", "not-well-formed"],
  ["<a:b:c/>", "not-well-formed"],
  ["<urn:xmpp:sm:3/>", "not-well-formed"],
  ["<message a:='x'/>", "not-well-formed"],
  ["<mess×age/>", "not-well-formed"],
  ["<message>a & b</message>", "not-well-formed"],
  ["<message>&;</message>", "not-well-formed"],
  ["<message>&#;</message>", "not-well-formed"],
  ["<message>&#x;</message>", "not-well-formed"],
  ["<message>&#xZ;</message>", "not-well-formed"],
  ["<message>&#0;</message>", "not-well-formed"],
  ["<message>&#x1F;</message>", "not-well-formed"],
  ["<message>&#xD800;</message>", "not-well-formed"],
  ["<message>&#xFFFE;</message>", "not-well-formed"],
  ["<message>&#x110000;</message>", "not-well-formed"],
  ["<message>&#99999999999999999999;</message>", "not-well-formed"],
  ["<message>]]></message>", "not-well-formed"],
  ["<message>\0</message>", "not-well-formed"],
  ["<message>\x0b</message>", "not-well-formed"],
  ["<message>\uffff</message>", "not-well-formed"],
  ["<message><![CDATA[\x01]]></message>", "not-well-formed"],
  ["<message to='\x01'/>", "not-well-formed"],
  ["<message to='\ufffe'/>", "not-well-formed"],
  // RFC 6120 §4.9.3.2
  ["<x:message/>", "bad-namespace-prefix"],
  ["<message x:to='a'/>", "bad-namespace-prefix"],
  ["<message><a xmlns:x='u'/><x:b/></message>", "bad-namespace-prefix"],
  ["<message xmlns:xml='urn:x'/>", "bad-namespace-prefix"],
  ["<message xmlns:xmlns='urn:x'/>", "bad-namespace-prefix"],
  ["<message xmlns:x=''/>", "bad-namespace-prefix"],
  ["<message xmlns:x='http://www.w3.org/XML/1998/namespace'/>", "bad-namespace-prefix"],
  ["<message xmlns='http://www.w3.org/2000/xmlns/'/>", "bad-namespace-prefix"],
  ["<xmlns:message/>", "bad-namespace-prefix"],
  // RFC 6120 §4.9.3.1
  ["hello", "bad-format"],
  ["<message/>x<message/>", "bad-format"],
  ["&amp;", "bad-format"],
  ["\ufeff<message/>", "bad-format"],
  ["<![CDATA[x]]>", "bad-format"],
  // Limits
  [`<message ${Array.from({ length: 17 }, (_, i) => `a${i}=''`).join(" ")}/>`, "policy-violation"],
  ["<a>".repeat(17), "policy-violation"],
];

Deno.test("every violation inside a stream has its condition, whole or byte by byte", () => {
  for (const [text, condition] of VIOLATIONS) {
    const input = bytes(HEADER + "<iq/>" + text + "<presence/>");
    const whole = readAll([input]);
    assert.equal(whole.error?.condition, condition, text);
    assert.equal(whole.elements[1]?.name, "iq", text);
    const split = readAll(Array.from(input, (byte) => Uint8Array.of(byte)));
    assert.equal(split.error?.condition, condition, text);
    assert.equal(split.elements.length, whole.elements.length, text);
  }
});

Deno.test("violations at the start of a stream", () => {
  const stream = HEADER.slice(HEADER.indexOf("<stream"));
  const table: readonly (readonly [string, string])[] = [
    ["<?xml version='1.0' encoding='ISO-8859-1'?>" + stream, "unsupported-encoding"],
    ["<?xml version='1.0' encoding='utf8'?>" + stream, "unsupported-encoding"],
    ["<?xml version='2.0'?>" + stream, "not-well-formed"],
    ["<?xml?>" + stream, "not-well-formed"],
    ["<?xml version='1.0' x='y'?>" + stream, "not-well-formed"],
    ["<?xml " + "x".repeat(400), "not-well-formed"],
    ["<?xml-stylesheet href='x'?>" + stream, "restricted-xml"],
    ["<?xml version='1.0'?><?xml version='1.0'?>" + stream, "restricted-xml"],
    ["<!DOCTYPE stream>" + stream, "restricted-xml"],
    ["GET / HTTP/1.1\r\n", "not-well-formed"],
    ["\x16\x03\x01", "not-well-formed"],
    ["\ufeff\ufeff" + stream, "not-well-formed"],
    ["</stream:stream>", "not-well-formed"],
    ["<stream:stream>", "bad-namespace-prefix"],
    [stream.replace(">", "/>"), "bad-format"],
  ];
  for (const [text, condition] of table) {
    assert.equal(readAll([bytes(text)]).error?.condition, condition, text);
    assert.equal(readAll(Array.from(bytes(text), (b) => Uint8Array.of(b))).error?.condition, condition, text);
  }
});

Deno.test("bytes that are not UTF-8 are not well-formed, after what came before them", () => {
  const bad = [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x80], [0xe9, 0x20], [
    0xf0,
    0x80,
    0x80,
    0x80,
  ]];
  for (const sequence of bad) {
    const input = [...bytes(HEADER + "<iq/><message>"), ...sequence, ...bytes("</message>")];
    const whole = readAll([Uint8Array.from(input)]);
    const split = readAll(input.map((byte) => Uint8Array.of(byte)));
    for (const outcome of [whole, split]) {
      assert.equal(outcome.error?.condition, "not-well-formed");
      assert.match(outcome.error.message, /UTF-8/);
      assert.deepEqual(outcome.elements.map((e) => e.name), ["stream", "iq"]);
    }
  }
});

Deno.test("a stream begins with its header and ends with its close", () => {
  const { elements, closed } = readAll([bytes("\ufeff" + HEADER + " \n<iq/>\t</stream:stream>\n")]);
  assert.equal(closed, true);
  assert.deepEqual(elements.map((e) => e.name), ["stream", "iq"]);
  assert.equal(elements[0]!.ns, STREAM_NS);
  assert.deepEqual({ ...elements[0]!.attrs }, { to: "a.test", version: "1.0" });
  assert.equal(elements[0]!.children.length, 0);
});

Deno.test("the three content namespaces are one, and the header tells which it was", () => {
  for (const ns of ["jabber:client", "jabber:server", "jabber:component:accept"]) {
    const reader = new XmlReader(LIMITS);
    const { elements } = readAll([bytes(HEADER.replace("jabber:client", ns) + "<message/>")], reader);
    assert.equal(reader.contentNs, ns);
    assert.equal(reader.header?.attr("to"), "a.test");
    assert.equal(elements[1]!.ns, "jabber:client");
  }
});

Deno.test("after an error the reader gives the same error for ever", () => {
  const reader = new XmlReader(LIMITS);
  reader.feed(bytes(HEADER + "<iq></message>"));
  assert.ok(reader.next() instanceof Element);
  let first: unknown;
  assert.throws(() => reader.next(), (error) => {
    first = error;
    return error instanceof XmlError;
  });
  reader.feed(bytes("<message/>"));
  assert.throws(() => reader.next(), (error) => error === first);
});

Deno.test("after the close nothing more is read", () => {
  const reader = new XmlReader(LIMITS);
  reader.feed(bytes(HEADER + "</stream:stream><iq/>"));
  assert.ok(reader.next() instanceof Element);
  assert.equal(reader.next(), STREAM_CLOSE);
  reader.feed(bytes("<<<"));
  assert.equal(reader.next(), undefined);
});

Deno.test("restart keeps or discards what was already received", () => {
  for (const discard of [true, false]) {
    const reader = new XmlReader(LIMITS);
    reader.feed(bytes(HEADER + "<auth/>\n" + HEADER.replace("a.test", "é.test") + "<iq/><mess"));
    assert.equal((reader.next() as Element).name, "stream");
    assert.equal((reader.next() as Element).name, "auth");
    reader.restart(discard);
    assert.equal(reader.header, undefined);
    const header = reader.next();
    if (discard) {
      assert.equal(header, undefined);
      reader.feed(bytes(HEADER + "<iq/><mess"));
      assert.equal((reader.next() as Element).attr("to"), "a.test");
    } else assert.equal((header as Element).attr("to"), "é.test");
    assert.equal((reader.next() as Element).name, "iq");
    reader.feed(bytes("age/>"));
    assert.equal((reader.next() as Element).name, "message");
  }
});

Deno.test("restart discards half a token and half a character, or keeps them", () => {
  for (const discard of [true, false]) {
    const reader = new XmlReader(LIMITS);
    reader.feed(bytes(HEADER + "<auth/>"));
    reader.next();
    reader.next();
    const next = bytes(HEADER.replace("a.test", "é"));
    const cut = next.indexOf(0xc3) + 1;
    reader.feed(next.subarray(0, cut));
    reader.restart(discard);
    assert.equal(reader.next(), undefined);
    reader.feed(discard ? next : next.subarray(cut));
    assert.equal((reader.next() as Element).attr("to"), "é");
  }
});

Deno.test("several chunks may be fed before reading", () => {
  const reader = new XmlReader(LIMITS);
  for (const piece of [HEADER + "<iq/><mes", "sage><bo", "dy>é</body>", "</message><presence/>"]) {
    reader.feed(bytes(piece));
  }
  const names: string[] = [];
  for (let e = reader.next(); e instanceof Element; e = reader.next()) names.push(e.toString());
  assert.deepEqual(names.slice(1), [
    '<iq xmlns="jabber:client"/>',
    '<message xmlns="jabber:client"><body>é</body></message>',
    '<presence xmlns="jabber:client"/>',
  ]);
});

Deno.test("names and namespaces of the floor are shared strings of the table", () => {
  const [first, second] = stanzas("<message><body xmlns='urn:xmpp:hints'/></message><message/>");
  assert.equal(first!.name, second!.name);
  assert.equal(first!.first()!.ns, "urn:xmpp:hints");
});

Deno.test("what restart discards may have been anything", () => {
  const reader = new XmlReader(LIMITS);
  reader.feed(bytes(HEADER + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
  reader.next();
  reader.next();
  reader.feed(Uint8Array.of(60, 0xff, 0xfe, 0));
  reader.restart(true);
  reader.feed(bytes(HEADER));
  assert.equal((reader.next() as Element).name, "stream");
});
