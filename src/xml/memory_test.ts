import { strict as assert } from "node:assert";
import { measure } from "./xml_test_rig.ts";

const BEGIN = `
  import { XmlReader } from "${new URL("reader.ts", import.meta.url)}";
  const HEADER = "<?xml version='1.0'?><stream:stream to='a-rather-long-domain.example' version='1.0' xml:lang='en' " +
    "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
  const encoder = new TextEncoder();
  const LIMITS = { stanzaBytes: 1 << 20, depth: 16, attributes: 16 };`;

Deno.test("an idle reader holds at most half a kilobyte", async () => {
  const each = await measure(`${BEGIN}
    const readers = [];
    const make = () => {
      const reader = new XmlReader(LIMITS);
      reader.feed(encoder.encode(HEADER + "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"));
      while (reader.next() !== undefined);
      reader.feed(encoder.encode(" \\n"));
      reader.next();
      return reader;
    };
    for (let i = 0; i < 500; i++) make();
    const before = used();
    for (let i = 0; i < 5000; i++) readers.push(make());
    console.log((used() - before) / readers.length);
    if (readers.length === 0) throw 0;`);
  assert.ok(each > 50 && each <= 512, `${each} bytes`);
});

Deno.test("a detached element keeps nothing of the chunk it came in", async () => {
  const kept = (detach: string) =>
    measure(`${BEGIN}
    const kept = [];
    const before = used();
    for (let i = 0; i < 500; i++) {
      const reader = new XmlReader(LIMITS);
      const noise = "<message><body>" + "x".repeat(30000) + i + "</body></message>";
      const stanza = "<message id='an-id-of-some-length-" + i + "'><body>a text that is kept " + i + "</body></message>";
      reader.feed(encoder.encode(HEADER + noise + stanza));
      reader.next(); reader.next();
      kept.push(reader.next()${detach});
    }
    console.log((used() - before) / kept.length);
    if (kept.length === 0) throw 0;`);
  const attached = await kept("");
  const detached = await kept(".detached()");
  assert.ok(attached > 20_000, `the test measures nothing: ${attached} bytes`);
  assert.ok(detached < 1_500, `${detached} bytes`);
});
