import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "../jid/jid.ts";
import { el } from "../xml/element.ts";
import { AMPLE } from "../xml/limits.ts";
import { XmlReader } from "../xml/reader.ts";
import { measure } from "../xml/xml_test_rig.ts";
import { Stanza } from "./stanza.ts";

const HEADERS = ["jabber:client", "jabber:server", "jabber:component:accept"].map((ns) =>
  `<stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams' xmlns:p='urn:p'>`
);

/** Reads a stanza as it comes on a stream. */
function received(xml: string, header = HEADERS[0]!): Stanza {
  const reader = new XmlReader(AMPLE);
  reader.feed(new TextEncoder().encode(header + xml));
  reader.next();
  return Stanza.read(reader.next() as ReturnType<typeof el>);
}

const value = fc.constantFrom("1", "&quot;&apos;&amp;&#10;", "\n\t", ">", "😀");
const attributes = fc.uniqueArray(
  fc.tuple(fc.constantFrom("a", "p:a", "xml:lang", "stream:z", "xmlns:q", "other"), value),
  { selector: ([name]) => name, maxLength: 4 },
).map((all) => all.map(([name, it]) => ` ${name}="${name === "xmlns:q" ? "urn:q" : it}"`).join(""));
const text = fc.constantFrom(
  "x",
  "&amp;&lt;&gt;",
  "\r\n\t ",
  "&#13;",
  "<![CDATA[<&>]]>",
  "]]&gt;",
  "😀",
  "'\"",
  "",
);
const { content } = fc.letrec<{ content: string }>((tie) => ({
  content: fc.array(
    fc.oneof(
      { maxDepth: 4 },
      text,
      fc.tuple(
        fc.constantFrom("", "p:", "stream:"),
        fc.constantFrom("body", "x", "message"),
        attributes,
        tie("content"),
      )
        .map(([prefix, name, its, inner]) => `<${prefix}${name}${its}>${inner}</${prefix}${name}>`),
    ),
    { maxLength: 4 },
  ).map((nodes) => nodes.join("")),
}));

Deno.test("what is read again says the same, whatever it was and however it was copied", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...HEADERS),
      attributes,
      content,
      fc.constantFrom("", " type='chat'", " type='odd'", " type='error'"),
      fc.constantFrom("as it came", "detached", "named", "addressed", "extended"),
      (header, its, inner, type, way) => {
        let stanza = received(
          `<message from='x@y/z&quot;' to='a@b/&lt;' id='&#10;1'${type}${its}>${inner}</message>`,
          header,
        );
        if (way === "detached") stanza = stanza.containing(stanza.source.detached());
        else if (way === "extended") stanza = stanza.containing(stanza.source.plus(el("d", "urn:d"), "tail"));
        else if (way === "addressed") stanza = stanza.addressed(stanza.to);
        else if (way === "named") {
          stanza.toKeep();
          stanza = stanza.with(el("n", "urn:n", { id: "1" }), '<n xmlns="urn:n" id="1"/>');
        }
        const before = stanza.toText();
        const again = Stanza.again(stanza.written());
        equal(again.toText(), before);
        equal(stanza.written().length, before.length);
        for (const key of ["kind", "type", "id"] as const) equal(again[key], stanza[key]);
        equal(`${again.from} ${again.to}`, `${stanza.from} ${stanza.to}`);
        // Its tree is as good as its text.
        equal(
          again.containing(again.source.detached()).toText(),
          stanza.containing(stanza.source.detached()).toText(),
        );
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("a stanza as deep as somebody allows is read again", () => {
  const deep = `<message>${"<a xmlns='u'>".repeat(2000)}${"</a>".repeat(2000)}</message>`;
  const stanza = received(deep);
  equal(Stanza.again(stanza.written()).toText(), stanza.toText());
});

Deno.test("copies for others are known to be of one content; a stanza is always kept as the same object", () => {
  const stanza = received("<message><body>hi</body></message>").stamped(Jid.parse("a@b.test/c"));
  equal(stanza.written(), stanza.written());
  equal(Stanza.again(stanza.written()).written(), stanza.written());
  const [one, two] = ["d@b.test", "e@b.test"].map((to) => stanza.addressed(Jid.parse(to)));
  equal(one!.written().content, two!.written().content);
  ok(one!.written() !== two!.written());
  ok(one!.written().content !== received("<message><body>hi</body></message>").written().content);
});

const BEGIN = `
  import { XmlReader } from "${new URL("../xml/reader.ts", import.meta.url)}";
  import { Stanza } from "${new URL("stanza.ts", import.meta.url)}";
  import { Jid } from "${new URL("../jid/jid.ts", import.meta.url)}";
  const LIMITS = { stanzaBytes: 1 << 20, depth: 16, attributes: 16 };
  const kept = [];
  const read = (xml) => {
    const reader = new XmlReader(LIMITS);
    reader.feed(new TextEncoder().encode("<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>" + xml));
    reader.next(); reader.next();
    return Stanza.read(reader.next());
  };
  const before = used();`;

Deno.test("what is kept of a stanza keeps nothing of the chunk that it came in", async () => {
  const each = await measure(`${BEGIN}
    for (let i = 0; i < 500; i++) {
      const noise = "<message><body>" + "x".repeat(30000) + i + "</body></message>";
      kept.push(read(noise + "<message id='" + i + "'><body>a text that is kept " + i + "</body></message>").written());
    }
    console.log((used() - before) / kept.length);
    if (kept.length === 0) throw 0;`);
  ok(each < 2_000, `${each} bytes`);
});

Deno.test("what goes to many is kept once for all of them", async () => {
  const each = await measure(`${BEGIN}
    const stanza = read("<message/><message type='groupchat'><body>" + "x".repeat(400000) + "</body></message>");
    for (let i = 0; i < 200; i++) kept.push(stanza.addressed(Jid.parse("user" + i + "@a.test/x")));
    for (const copy of kept) if (copy.written().length < 400000) throw 0;
    console.log((used() - before) / kept.length);`);
  ok(each < 10_000, `${each} bytes`);
});
