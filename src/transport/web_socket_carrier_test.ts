import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { ManualClock } from "../testing/mod.ts";
import { Wheel } from "../base/wheel.ts";
import type { Endpoint, Sink } from "./carrier.ts";
import { type ByteCarrier, WebSocketCarrier, WebSocketGround } from "./web_socket_carrier.ts";
import { FrameHeader, putText } from "./web_socket_frame.ts";

const NOWHERE: Endpoint = { address: "", port: 0 };

/** The socket below, by hand. */
class Below implements ByteCarrier {
  readonly peer = NOWHERE;
  readonly local = NOWHERE;
  readonly tls = undefined;
  readonly written: Uint8Array[] = [];
  isDirect = true;
  queued = 0;
  paused = false;
  over = "";
  sink: Sink | undefined;

  attach(sink: Sink): void {
    this.sink = sink;
  }
  write(): boolean {
    throw new Error("frames are bytes");
  }
  writeBytes(bytes: Uint8Array): boolean {
    this.written.push(this.isDirect && this.queued > 0 ? bytes : bytes.slice());
    return true;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.over ||= "ended";
  }
  destroy(): void {
    this.over ||= "destroyed";
  }
}

class Heard implements Sink {
  readonly texts: string[] = [];
  closes = 0;
  each: (() => void) | undefined;
  bytes(chunk: Uint8Array): void {
    this.texts.push(decodeUtf8(chunk));
    this.each?.();
  }
  drained(): void {}
  closed(): void {
    this.closes++;
  }
}

function make(largest = 1000, pingEvery = 0) {
  const clock = new ManualClock();
  const below = new Below();
  const heard = new Heard();
  const ground = new WebSocketGround(new Wheel(clock));
  const carrier = new WebSocketCarrier(below, ground, {
    address: "192.0.2.7",
    tls: undefined,
    pingEvery,
    largest,
  });
  carrier.attach(heard);
  return { below, heard, carrier, clock };
}

/** A frame as a client sends it. */
function frame(first: number, text: string, key: readonly number[]): Uint8Array {
  const payload = encodeUtf8(text);
  const { length } = payload;
  const header = length < 126
    ? [first, 0x80 | length]
    : length < 65_536
    ? [first, 0x80 | 126, length >> 8, length & 255]
    : [first, 0x80 | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  return concat(Uint8Array.from([...header, ...key]), payload.map((byte, i) => byte ^ key[i % 4]!));
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => bytes.slice(start, at[i] ?? bytes.length));
}

const key = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

Deno.test("messages arrive as they were sent, however they are masked, fragmented, cut and stopped at", () => {
  const piece = fc.string({ unit: "grapheme", maxLength: 200 });
  const message = fc.tuple(fc.array(piece, { minLength: 1, maxLength: 4 }), key, fc.boolean());
  const property = fc.property(
    fc.array(message, { maxLength: 8 }),
    fc.array(fc.nat(5000), { maxLength: 12 }),
    fc.array(fc.boolean(), { maxLength: 8 }),
    (messages, places, stops) => {
      const { below, heard, carrier } = make(100_000);
      const frames = messages.flatMap(([pieces, key, ping]) => [
        ...pieces.map((text, i) =>
          frame((i === pieces.length - 1 ? 0x80 : 0) | (i === 0 ? 1 : 0), text, key)
        ),
        ...(ping ? [frame(0x89, "ping", key)] : []),
      ]);
      let stop = 0;
      heard.each = () => {
        if (stops[stop++ % stops.length] === true) carrier.pause();
      };
      for (const chunk of cut(concat(...frames), places)) {
        while (below.paused) carrier.resume();
        carrier.bytes(chunk);
      }
      while (below.paused) carrier.resume();
      assert.deepEqual(heard.texts, messages.map(([pieces]) => pieces.join("")));
      assert.equal(below.written.length, messages.filter(([, , ping]) => ping).length);
      assert.equal(below.over, "");
    },
  );
  fc.assert(property, { numRuns: 300 });
});

Deno.test("texts of every length leave as frames that say how long they are", () => {
  const header = new FrameHeader();
  for (
    const text of [
      "",
      "x",
      "x".repeat(125),
      "ä".repeat(62),
      "ä".repeat(63),
      "x".repeat(126),
      "ä".repeat(40_000),
    ]
  ) {
    const bytes = new Uint8Array(text.length * 3 + 20);
    const end = putText(bytes, 3, text);
    // What a server writes is not masked; the reader is told that it is, and looks four bytes further.
    bytes[4] = bytes[4]! | 0x80;
    assert.equal(header.read(bytes, 3), 0);
    assert.equal(header.start - 4 + header.length, end);
    assert.equal(decodeUtf8(bytes.subarray(header.start - 4, end)), text);
  }
});

Deno.test("frames of one turn leave together; what waits for the kernel is not written over", () => {
  const { below, carrier } = make();
  carrier.write("<a/>", ["<b/>", "<c/>"]);
  assert.equal(below.written.length, 1);
  assert.match(decodeUtf8(below.written[0]!), /<a\/>.*<b\/>.*<c\/>/s);
  below.queued = 1;
  const writeBytes = below.writeBytes.bind(below);
  below.writeBytes = (bytes) => {
    below.queued += bytes.length;
    return writeBytes(bytes);
  };
  carrier.write("<first/>");
  carrier.write("<second/>");
  assert.match(decodeUtf8(below.written[1]!), /<first\/>$/);
  assert.match(decodeUtf8(below.written[2]!), /<second\/>$/);
  const large = "x".repeat(200_000);
  carrier.write("<d/>", [large, "<e/>"]);
  assert.equal(decodeUtf8(concat(...below.written.slice(3))).replace(/[^a-z<>/]/g, ""), `<d/>${large}<e/>`);
});

Deno.test("before the login a message is shorter", () => {
  const { below, heard, carrier } = make(1_000_000);
  carrier.trust();
  carrier.bytes(frame(0x81, "x".repeat(100_000), [1, 2, 3, 4]));
  assert.equal(heard.texts[0]?.length, 100_000);
  const stranger = make(1_000_000);
  stranger.carrier.bytes(frame(0x81, "x".repeat(100_000), [1, 2, 3, 4]));
  assert.equal(stranger.heard.texts.length, 0);
  assert.equal(stranger.below.over, "ended");
  assert.deepEqual([...stranger.below.written[0]!], [0x88, 2, 1009 >> 8, 1009 & 255]);
  assert.equal(below.over, "");
});

Deno.test("who answers pings stays, who does not is gone, and is told once", async () => {
  const { below, heard, carrier, clock } = make(1000, 10_000);
  await clock.advance(10_500);
  assert.deepEqual([...below.written[0]!], [0x89, 0]);
  carrier.bytes(frame(0x8a, "", [1, 2, 3, 4]));
  await clock.advance(11_000);
  assert.equal(below.over, "");
  await clock.advance(11_000);
  assert.equal(below.over, "destroyed");
  carrier.closed();
  carrier.closed();
  assert.equal(heard.closes, 1);
});

Deno.test("RFC 6455 §5.5.3: pings of who does not read what we say are not answered, until it does", () => {
  const { below, carrier } = make();
  const ping = () => carrier.bytes(frame(0x89, "x".repeat(125), [1, 2, 3, 4]));
  below.writeBytes = (bytes) => {
    below.queued += bytes.length;
    return false;
  };
  for (let n = 0; n < 10_000; n++) ping();
  assert.ok(below.queued > 60_000 && below.queued < 70_000, String(below.queued));
  below.queued = 0;
  ping();
  assert.equal(below.queued, 127);
});
