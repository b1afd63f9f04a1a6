import { strict as assert } from "node:assert";
import fc from "fast-check";
import { bytes, CORPUS, HEADER, LIMITS, type Outcome, plain, readAll, stanzas } from "./corpus_test.ts";
import { XmlError } from "./error.ts";
import { STREAM_CLOSE, XmlReader } from "./reader.ts";
import { write } from "./writer.ts";

const STREAM = HEADER + CORPUS.map(([text]) => text).join(" \n") + "</stream:stream>";

/** Cuts the input at the given places, wherever they fall. */
function cut(input: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places)].filter((p) => p > 0 && p < input.length).sort((a, b) => a - b);
  return [0, ...at].map((start, i) => input.subarray(start, at[i] ?? input.length));
}

function summary(outcome: Outcome): unknown {
  return { trees: outcome.elements.map(plain), closed: outcome.closed, error: outcome.error?.condition };
}

Deno.test("where the input is cut makes no difference", () => {
  const input = bytes(STREAM);
  const whole = summary(readAll([input]));
  assert.equal((whole as { closed: boolean }).closed, true);
  assert.deepEqual(summary(readAll(cut(input, Array.from(input, (_, i) => i)))), whole);
  const places = fc.array(fc.nat(input.length), { maxLength: 60 });
  fc.assert(fc.property(places, (places) => assert.deepEqual(summary(readAll(cut(input, places))), whole)), {
    numRuns: 300,
  });
});

Deno.test("where the input is cut makes no difference to the text passed on", () => {
  const input = bytes(STREAM);
  const inner = (outcome: Outcome) => outcome.elements.map((e) => e.inner("jabber:client"));
  const whole = inner(readAll([input]));
  const places = fc.array(fc.nat(input.length), { maxLength: 60 });
  fc.assert(fc.property(places, (places) => assert.deepEqual(inner(readAll(cut(input, places))), whole)));
});

Deno.test("the text passed on is the tree it was read as", () => {
  for (const [text, tree] of CORPUS) {
    const [read] = stanzas(text);
    assert.deepEqual(stanzas(write(read!, "jabber:client")).map(plain), [plain(tree)], text);
    assert.deepEqual(stanzas(write(tree, "jabber:client")).map(plain), [plain(tree)], text);
  }
});

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Ends every token, so that no error is still to come when the input is over. */
const FINISH = bytes("\"'>'>]]><!-");

const SCRAPS = [
  "<",
  ">",
  "/",
  "&",
  ";",
  "'",
  '"',
  "]]>",
  "<![CDATA[",
  "<!--",
  "<?",
  "xmlns='",
  "xmlns:p='u'",
  "p:",
  "\0",
  "=",
];

function mutate(input: Uint8Array, random: (below: number) => number): Uint8Array {
  const out = [...input];
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(out.length);
    switch (random(5)) {
      case 0:
        out[at] = random(256);
        break;
      case 1:
        out.splice(at, 1 + random(8));
        break;
      case 2:
        out.splice(at, 0, ...bytes(SCRAPS[random(SCRAPS.length)]!));
        break;
      case 3:
        out.splice(at, 0, ...out.slice(random(out.length)).slice(0, random(40)));
        break;
      case 4:
        out[at] = out[at]! ^ (1 << random(8));
    }
    if (out.length === 0) out.push(60);
  }
  return Uint8Array.from(out);
}

/** Reads to the end of the input, with a bound on how often the reader may answer. */
function drive(pieces: readonly Uint8Array[]): Outcome {
  const reader = new XmlReader(LIMITS);
  const outcome: Outcome = { elements: [], closed: false, error: undefined };
  let answers = 0;
  try {
    for (const piece of pieces) {
      reader.feed(piece);
      for (let got = reader.next(); got !== undefined; got = reader.next()) {
        assert.ok(++answers < 1_000, "the reader answers without end");
        if (got === STREAM_CLOSE) outcome.closed = true;
        else outcome.elements.push(got);
      }
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    outcome.error = error;
  }
  return outcome;
}

Deno.test("mutated input is read or refused, the same however it is cut", () => {
  const rounds = Deno.env.get("METRONOME_LONG") === "1" ? 100_000 : 5_000;
  const random = generator(20_260_101);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const stanza = CORPUS[random(CORPUS.length)]![0];
    const input = mutate(
      bytes((random(4) === 0 ? HEADER : "") + stanza + CORPUS[random(CORPUS.length)]![0]),
      random,
    );
    const framed = Uint8Array.from([...bytes(HEADER), ...input, ...FINISH]);
    const whole = drive([framed]);
    const split = drive(cut(framed, Array.from({ length: 6 }, () => random(framed.length))));
    accepted += whole.elements.length - 1;
    assert.deepEqual(summary(split), summary(whole), `round ${round}: ${new TextDecoder().decode(framed)}`);
    // What was accepted must survive being passed on.
    for (const element of whole.elements.slice(1)) {
      assert.deepEqual(
        stanzas(write(element, "jabber:client")).map(plain),
        [plain(element)],
        `round ${round}`,
      );
    }
  }
  // Of the two stanzas in every input, some must have come through and some not.
  assert.ok(accepted > rounds / 4 && accepted < rounds * 1.75, `${accepted} of ${rounds}`);
});
