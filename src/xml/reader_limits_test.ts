import { strict as assert } from "node:assert";
import { Element } from "./element.ts";
import { XmlReader } from "./reader.ts";
import { bytes, HEADER, readAll } from "./corpus_test.ts";

const OPEN = { stanzaBytes: 300, depth: 8, attributes: 8 };

/** A stanza of exactly so many bytes, of characters of one to four of them. */
function stanza(size: number, filler: string): string {
  const room = size - "<message><body></body></message>".length;
  const width = bytes(filler).length;
  const text = filler.repeat(Math.floor(room / width)) + "x".repeat(room % width);
  const made = "<message><body>" + text + "</body></message>";
  assert.equal(bytes(made).length, size);
  return made;
}

function chop(input: Uint8Array, step: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < input.length; i += step) pieces.push(input.subarray(i, i + step));
  return pieces;
}

Deno.test("a stanza may have exactly as many bytes as the limit says", () => {
  for (const filler of ["a", "é", "€", "😀"]) {
    for (const step of [1, 7, 64, 100_000]) {
      // White space around and stanzas before must not count.
      const before = HEADER + "<iq/>\n\n  ";
      const at = new XmlReader(OPEN);
      const fits = readAll(chop(bytes(before + stanza(300, filler) + stanza(300, filler)), step), at);
      assert.equal(fits.error, undefined, `${filler} ${step}`);
      assert.equal(fits.elements.length, 4);
      const over = readAll(chop(bytes(before + stanza(301, filler)), step), new XmlReader(OPEN));
      assert.equal(over.error?.condition, "policy-violation", `${filler} ${step}`);
      assert.equal(over.error.tooBig, true);
      assert.equal(over.elements.length, 2);
    }
  }
});

Deno.test("a stanza is too big at its first byte too much, not at its end", () => {
  for (const text of ["<message><body>", "<message id='", "<message><![CDATA[", "<message><a/>"]) {
    const reader = new XmlReader(OPEN);
    readAll([bytes(HEADER + " ".repeat(500) + text)], reader);
    for (let sent = text.length; sent < 300; sent++) {
      reader.feed(Uint8Array.of(97));
      assert.equal(reader.next(), undefined, `${text} ${sent}`);
    }
    reader.feed(Uint8Array.of(97));
    assert.throws(() => reader.next(), { condition: "policy-violation", tooBig: true });
  }
});

Deno.test("the bytes of an unfinished character count", () => {
  const reader = new XmlReader({ ...OPEN, stanzaBytes: 10 });
  readAll([bytes(HEADER), bytes("<message>"), Uint8Array.of(0xf0)], reader);
  reader.feed(Uint8Array.of(0x9f));
  assert.throws(() => reader.next(), { tooBig: true });
});

Deno.test("depth counts the stanza as the first", () => {
  const nested = (n: number) => bytes(HEADER + "<a>".repeat(n) + "</a>".repeat(n));
  assert.equal(readAll([nested(8)], new XmlReader(OPEN)).elements.length, 2);
  const over = readAll([nested(9)], new XmlReader(OPEN));
  assert.equal(over.error?.condition, "policy-violation");
  assert.equal(over.error.tooBig, false);
});

Deno.test("a hundred thousand nested tags cost no more than the limits allow", () => {
  const started = performance.now();
  const limits = { stanzaBytes: 10_000_000, depth: 200_000, attributes: 8 };
  const deep = readAll(
    [bytes(HEADER + "<a>".repeat(100_000) + "</a>".repeat(100_000))],
    new XmlReader(limits),
  );
  assert.equal(deep.elements.length, 2);
  assert.ok(performance.now() - started < 5_000);
});

Deno.test("attributes and declarations count alike", () => {
  const tag = (n: number) =>
    bytes(
      HEADER + "<a " +
        Array.from({ length: n }, (_, i) => (i % 2 ? `a${i}='x'` : `xmlns:a${i}='x'`)).join(" ") + "/>",
    );
  assert.equal(readAll([tag(8)], new XmlReader(OPEN)).elements.length, 2);
  assert.equal(readAll([tag(9)], new XmlReader(OPEN)).error?.condition, "policy-violation");
});

Deno.test("a start tag has a limit of its own", () => {
  const limits = { ...OPEN, tagBytes: 40 };
  const tag = (n: number) => `<b c='${"é".repeat((n - 9) >> 1)}${"x".repeat((n - 9) & 1)}'/>`;
  const run = (n: number, step: number) =>
    readAll(chop(bytes(`<?xml version='1.0'?><a><m>${tag(n)}</m>`), step), new XmlReader(limits));
  assert.equal(bytes(tag(40)).length, 40);
  for (const step of [1, 1000]) {
    assert.equal(run(40, step).elements.length, 2);
    const over = run(41, step);
    assert.equal(over.error?.condition, "policy-violation");
    assert.equal(over.error.tooBig, true);
  }
});

Deno.test("limits can be replaced between stanzas", () => {
  const reader = new XmlReader({ ...OPEN, stanzaBytes: 150 });
  readAll([bytes(HEADER)], reader);
  reader.limits = OPEN;
  reader.feed(bytes(stanza(300, "a")));
  assert.ok(reader.next() instanceof Element);
  reader.limits = { ...OPEN, stanzaBytes: 299 };
  reader.feed(bytes(stanza(300, "a")));
  assert.throws(() => reader.next(), { tooBig: true });
});

Deno.test("the header is limited like a stanza", () => {
  const long = HEADER.replace("a.test", "a".repeat(400));
  assert.equal(readAll([bytes(long)], new XmlReader(OPEN)).error?.tooBig, true);
  assert.equal(readAll(chop(bytes(long), 1), new XmlReader(OPEN)).error?.tooBig, true);
});

/** Milliseconds to read a token of `size` bytes that comes one byte at a time. */
function drip(before: string, filler: string, size: number): number {
  const reader = new XmlReader({ stanzaBytes: 10_000_000, depth: 8, attributes: 8 });
  reader.feed(bytes(HEADER + before));
  reader.next();
  const pieces = [...bytes(filler)].map((b) => Uint8Array.of(b));
  const started = performance.now();
  for (let i = 0; i < size; i++) {
    reader.feed(pieces[i % pieces.length]!);
    reader.next();
  }
  return performance.now() - started;
}

Deno.test("a long token fed byte by byte costs linear time", () => {
  const shapes = [["<message id='", "a"], ["<message ", " "], ["<m>", "a"], ["<message id='", ">"], [
    "<m>",
    "]>",
  ], [
    "<m><![CDATA[",
    "]>",
  ], ["<m>", "<a/>"]];
  for (const [before, filler] of shapes) {
    drip(before!, filler!, 2_000);
    // Quadratic would be minutes: 400,000² / 2 character steps.
    const took = drip(before!, filler!, 400_000);
    assert.ok(took < 8_000, `${before}${filler}: ${took} ms`);
  }
});

Deno.test("a forbidden character in a dripped tag is refused at once, not scanned for again", () => {
  const reader = new XmlReader(OPEN);
  readAll([bytes(HEADER + "<message id='abc")], reader);
  reader.feed(bytes("<"));
  assert.throws(() => reader.next(), { condition: "not-well-formed" });
});
