import { equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "../jid/jid.ts";
import { el } from "../xml/element.ts";
import { parseXml } from "../xml/parse.ts";
import { write } from "../xml/writer.ts";
import { StanzaError } from "./error.ts";
import { errorOf, resultOf } from "./reply.ts";
import { Stanza } from "./stanza.ts";

const read = (xml: string): Stanza =>
  Stanza.read(parseXml(xml.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'")));
const refused = (xml: string, condition: string): void =>
  throws(() => read(xml), (error) => error instanceof StanzaError && error.condition === condition);

Deno.test("a resource with quotes and brackets cannot leave its attribute", () => {
  const from = Jid.parse(`a@b.test/x' to='c@d.test"><y/>&`);
  const text = read("<message><body>hi</body></message>").stamped(from).toString();
  const again = parseXml(text);
  equal(again.attr("from"), from.toString());
  equal(again.attr("to"), undefined);
});

Deno.test("an iq needs an id, a type, and one child when it asks (RFC 6120 §8.2.3)", () => {
  refused("<iq type='get'><x xmlns='u'/></iq>", "bad-request");
  refused("<iq id='1'><x xmlns='u'/></iq>", "bad-request");
  refused("<iq id='1' type='ask'><x xmlns='u'/></iq>", "bad-request");
  refused("<iq id='1' type='get'/>", "bad-request");
  refused("<iq id='1' type='set'><x xmlns='u'/><y xmlns='u'/></iq>", "bad-request");
  equal(read("<iq id='1' type='result'/>").isRequest, false);
});

Deno.test("unknown types: a message is normal, presence is refused (RFC 6121 §5.2.2, RFC 6120 §8.3.3.1)", () => {
  equal(read("<message type='odd'/>").type, "normal");
  refused("<presence type='odd'/>", "bad-request");
  refused("<presence type='available'/>", "bad-request");
});

Deno.test("addresses are checked and stamped", () => {
  refused("<message to='a@@b'/>", "jid-malformed");
  const stanza = read("<message to='BOB@B.test/x' id='1'><body>hi</body></message>");
  equal(String(stanza.to), "bob@b.test/x");
  equal(stanza.reach, "resource");
  const text = stanza.between(Jid.parse("a@b.test/y"), Jid.parse("c.test")).toText();
  equal(text, '<message from="a@b.test/y" to="c.test" id="1"><body>hi</body></message>');
});

Deno.test("answers exchange the addresses; errors and results get none", () => {
  const iq = read("<iq type='get' id='1' from='a@b.test/x' to='b.test'><x xmlns='u'/></iq>");
  equal(resultOf(iq).toText(), '<iq from="b.test" to="a@b.test/x" id="1" type="result"/>');
  const error = errorOf(iq, new StanzaError("gone", undefined, { uri: "xmpp:c@d.test" }))!;
  equal(error.toElement().child("error")?.first()?.text, "xmpp:c@d.test");
  equal(errorOf(error, new StanzaError("bad-request")), undefined);
  equal(errorOf(resultOf(iq), new StanzaError("bad-request")), undefined);
});

Deno.test("the language of the stream is added where there is none (RFC 6120 §8.1.5)", () => {
  equal(read("<message/>").inLanguage("de").toText(), '<message xml:lang="de"/>');
  equal(read("<message xml:lang='fr'/>").inLanguage("de").toText(), '<message xml:lang="fr"/>');
});

Deno.test("what is kept is cut to what is sent: the same text as if it had not been kept", () => {
  const addresses = fc.constantFrom(
    undefined,
    "b.test",
    "[2001:db8::1]",
    "xn--bcher-kva.test",
    "döner@b.test",
    "a!#$%*b@b.test",
    `a@b.test/x' to='c@d.test"><y/>&`,
    "a@b.test/\u00a0\ud83d\ude00",
  );
  const attributes = fc.record({
    kind: fc.constantFrom("message", "presence"),
    type: fc.constantFrom(undefined, "error"),
    id: fc.constantFrom(undefined, "", `1"'<&>`),
    "xml:lang": fc.constantFrom(undefined, "de"),
    from: addresses,
    to: addresses,
  });
  const inside = fc.array(
    fc.constantFrom(
      "\n",
      "<body>hi &lt;&amp;]]&gt;</body>",
      "<body/>",
      "<x xmlns='u'><message xmlns='jabber:client'><body/></message></x>",
      "<message/>",
    ),
    { maxLength: 3 },
  ).map((nodes) => nodes.join(""));
  const child = el("name", "urn:x", { id: `1"&<` });
  const text = write(child);
  const step = fc.constantFrom("keep", "with", "addressed", "stamped", "lang", "plus", "write");
  fc.assert(fc.property(attributes, inside, fc.array(step, { maxLength: 8 }), (attributes, inside, steps) => {
    const { kind, ...given } = attributes;
    const source = parseXml(`<${kind} xmlns='jabber:client'>${inside}</${kind}>`).with(given);
    let stanza = Stanza.read(source);
    // The same done to a stanza of which nothing is ever remembered: its element is read anew each time.
    const fresh = () => Stanza.of(parseXml(write(stanza.toElement())));
    for (const step of steps) {
      if (step === "keep") stanza.toKeep();
      else if (step === "write") stanza.toText();
      else if (step === "with") stanza = stanza.with(child, text);
      else if (step === "addressed") stanza = stanza.addressed(Jid.parse("c@d.test/&"));
      else if (step === "stamped") stanza = stanza.stamped(Jid.parse("e@d.test"));
      else if (step === "lang") stanza = stanza.inLanguage("fr");
      else stanza = stanza.containing(stanza.source.plus("&"));
      equal(stanza.toText(true), fresh().toText(true));
      equal(stanza.toText(false), fresh().toText(false));
      equal(stanza.toText(false).replace(`<${kind}`, `<${kind} xmlns="jabber:client"`), stanza.toText(true));
    }
  }));
});
