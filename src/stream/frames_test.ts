import { equal, match, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { XmlError } from "../xml/error.ts";
import { frames } from "./frames.ts";
import { standalone, streamTags } from "./framing.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-framing";
const read = (text: string): string => decodeUtf8(frames().frame!(encodeUtf8(text)));

Deno.test("open and close are what the header and its end are on TCP, by whatever prefix", () => {
  const header =
    `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="a.test" version="1.0" xml:lang="de">`;
  equal(read(`<open xmlns='${NS}' xml:lang='de' version='1.0' to='a.test'/>`), header);
  equal(
    read(`<?xml version='1.0'?>\n<f:open xmlns:f='${NS}' to='a.test' version='1.0' xml:lang='de'></f:open>`),
    header,
  );
  equal(read(`<close xmlns='${NS}'/>`), "</stream:stream>");
  equal(read("<open xmlns='urn:other'/>"), "<open xmlns='urn:other'/>");
  equal(read("<presence/>"), "<presence/>");
  equal(read(" "), "");
});

Deno.test("a quote in a header is no way out of it", () => {
  match(read(`<open xmlns='${NS}' to='a"&gt;&lt;x/&gt;'/>`), /to="a&quot;(&gt;|>)&lt;x\/(&gt;|>)">$/);
});

Deno.test("what is no frame is an error of XML, and nothing else is thrown", () => {
  for (
    const text of [
      "x",
      " <a/>",
      "</stream:stream>",
      "<stream:stream xmlns:stream='x'>",
      "<open",
      `<open xmlns='${NS}'>`,
    ]
  ) {
    throws(() => read(text), XmlError, text);
  }
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `<open${text}`)), (text) => {
    try {
      read(text);
    } catch (error) {
      equal(error instanceof XmlError, true);
    }
  }));
});

Deno.test("elements that leave alone say what the header would have said for them", () => {
  equal(standalone(`<iq type="get"/>`), `<iq xmlns="jabber:client" type="get"/>`);
  equal(
    standalone("<message><body>1</body></message>"),
    `<message xmlns="jabber:client"><body>1</body></message>`,
  );
  equal(standalone("<presence/>"), `<presence xmlns="jabber:client"/>`);
  equal(
    standalone("<stream:features/>"),
    `<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>`,
  );
  equal(standalone(`<r xmlns="urn:xmpp:sm:3"/>`), `<r xmlns="urn:xmpp:sm:3"/>`);
  equal(
    standalone(standalone("<stream:error><x/></stream:error>")),
    standalone("<stream:error><x/></stream:error>"),
  );
});

Deno.test("close says where to go, as it is at that moment; the framing of TCP says nothing of the kind", () => {
  const place: { uri: string | undefined } = { uri: undefined };
  const framing = frames(() => place.uri);
  equal(framing.close, `<close xmlns="${NS}"/>`);
  place.uri = `wss://b.test/?a="&b`;
  match(framing.close, /see-other-uri="wss:\/\/b\.test\/\?a=&quot;&amp;b"/);
  equal(streamTags.frame, undefined);
});
