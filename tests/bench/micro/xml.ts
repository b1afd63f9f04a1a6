/**
 * What the XML floor costs: parse, parse and pass on, fan out. Each figure is the best of many short rounds, because a
 * busy machine only ever makes it worse. The bare decoder stands beside them as the floor.
 */
import { Element } from "../../../src/xml/element.ts";
import { XmlReader } from "../../../src/xml/reader.ts";
import { write } from "../../../src/xml/writer.ts";

const HEADER = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams'>";
const CHAT = "<message to='bob@localhost/desk' id='abcd1234' type='chat'>" +
  "<body>Hello there, how are you?</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>";
const LONG = CHAT.replace("Hello", "Lorem ipsum dolor sit amet consectetur ".repeat(48));
const TREE =
  "<iq to='bob@localhost/desk' id='abcd1234' type='result'><query xmlns='http://jabber.org/protocol/disco#info'>" +
  "<feature var='urn:xmpp:carbons:2'/>".repeat(50) + "</query></iq>";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Keeps results alive, so that no call is optimised away. */
const sink: { last: unknown } = { last: undefined };

function time(name: string, each: number, work: () => void): void {
  let best = Infinity;
  for (let round = 0; round < 40; round++) {
    const started = performance.now();
    for (let i = 0; i < 500; i++) work();
    best = Math.min(best, performance.now() - started);
  }
  console.log(`${name.padEnd(44)} ${((best * 2_000) / each).toFixed(0).padStart(8)} ns`);
}

function opened(): XmlReader {
  const reader = new XmlReader({ stanzaBytes: 262_144, depth: 64, attributes: 64 });
  reader.feed(encoder.encode(HEADER));
  reader.next();
  return reader;
}

function readAll(reader: XmlReader, bytes: Uint8Array, use: (stanza: Element) => unknown): void {
  reader.feed(bytes);
  for (let got = reader.next(); got instanceof Element; got = reader.next()) sink.last = use(got);
}

const keep = (stanza: Element) => stanza;
const pass = (stanza: Element) => write(stanza.with({ from: "alice@localhost/phone" }), "jabber:client");

/** Prints nanoseconds a stanza. */
export function run(): Promise<void> {
  const reader = opened();
  for (const [name, text] of [["chat", CHAT], ["2 KB text", LONG], ["52 elements", TREE]] as const) {
    const one = encoder.encode(text);
    const sixteen = encoder.encode(text.repeat(16));
    time(`${name}, ${text.length} B: decode only`, 1, () => sink.last = decoder.decode(one));
    time(`${name}: parse`, 1, () => readAll(reader, one, keep));
    time(`${name}: parse and pass`, 1, () => readAll(reader, one, pass));
    time(`${name}: parse, 16 in a chunk`, 16, () => readAll(reader, sixteen, keep));
    time(`${name}: parse and pass, 16 in a chunk`, 16, () => readAll(reader, sixteen, pass));
  }
  const stanza = new XmlReader({ stanzaBytes: 4_096, depth: 9, attributes: 9 }, 0);
  stanza.feed(encoder.encode(CHAT.replace("<message", "<message xmlns='jabber:client'")));
  const chat = stanza.next() as Element;
  const rewritten = chat.withChildren(chat.children);
  time("fan-out to 200, as it came, a receiver", 200, () => {
    for (let i = 0; i < 200; i++) {
      sink.last = write(chat.with({ to: "receiver@localhost/r" }), "jabber:client");
    }
  });
  time("fan-out to 200, changed content, a receiver", 200, () => {
    for (let i = 0; i < 200; i++) {
      sink.last = write(rewritten.with({ to: "receiver@localhost/r" }), "jabber:client");
    }
  });
  return Promise.resolve();
}

if (import.meta.main) await run();
