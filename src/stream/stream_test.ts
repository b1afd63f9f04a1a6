import { deepEqual, equal, match, ok } from "node:assert/strict";
import { encodeUtf8 } from "../base/bytes.ts";
import { createLog } from "../base/log.ts";
import type { Maybe } from "../base/maybe.ts";
import { Wheel } from "../base/wheel.ts";
import { ManualClock } from "../testing/mod.ts";
import { TestCarrier } from "../testing/carrier.ts";
import type { Element } from "../xml/element.ts";
import { CONTENT_NS } from "../xml/names.ts";
import { StreamError } from "./error.ts";
import type { StreamLimits } from "./limits.ts";
import { Flusher } from "./outbox.ts";
import { type End, Stream, type StreamContext, type StreamOwner } from "./stream.ts";

const reading = { stanzaBytes: 10_000, depth: 10, attributes: 10 };
const LIMITS: StreamLimits = {
  unauthenticated: reading,
  authenticated: reading,
  bytesPerSecond: 0,
  bytesBurst: 0,
  stanzasPerSecond: 0,
  stanzasBurst: 0,
  sendQueue: 100_000,
  authenticationTimeout: 60_000,
  handshakeTimeout: 10_000,
  closeTimeout: 5_000,
  pingAfter: 0,
  pingTimeout: 0,
};
const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** A stream whose owner writes down what it is told, and answers the header. */
class Watched implements StreamOwner {
  readonly who = "";
  isOwing = false;
  readonly told: string[] = [];
  readonly ends: End[] = [];
  readonly clock = new ManualClock();
  readonly context: StreamContext = {
    clock: this.clock,
    wheel: new Wheel(this.clock),
    fineWheel: new Wheel(this.clock, 20),
    flusher: new Flusher(),
    log: createLog({ level: "error", write: () => {} }),
    open: new Set(),
  };
  written = "";
  readonly carrier = new TestCarrier((text) => this.written += text);
  readonly stream: Stream;

  constructor(limits: Partial<StreamLimits> = {}) {
    this.stream = new Stream(this.carrier, this, this.context, { ...LIMITS, ...limits });
  }

  greet(stream: Stream): void {
    stream.open({ ns: CONTENT_NS, versioned: true });
  }
  opened(stream: Stream, _header: Element): void {
    this.greet(stream);
  }
  received(stream: Stream, element: Element): Maybe<void> {
    this.told.push(element.name);
    if (element.name === "end") stream.end();
    if (element.name === "fail") throw new StreamError("policy-violation");
  }
  overdue(stream: Stream): void {
    stream.end(new StreamError("connection-timeout"));
  }
  closed(_stream: Stream, end: End): void {
    this.ends.push(end);
  }
  failed(_stream: Stream, error: unknown): void {
    throw error;
  }

  feed(text: string): void {
    this.carrier.feed(encodeUtf8(text));
    this.context.flusher.flush();
  }
}

function conditions(ends: readonly End[]): unknown[] {
  return ends.map((end) => end instanceof StreamError ? end.condition : end?.message);
}

const ENDINGS: readonly [what: string, end: (it: Watched) => void, conditions: unknown[]][] = [
  ["the peer's closing tag", (it) => it.feed("</stream:stream>"), [undefined]],
  ["ours, then the peer's", (it) => it.feed("<end/></stream:stream>"), [undefined]],
  ["ours, then nothing", (it) => it.feed("<end/>"), [undefined]],
  ["an error of ours", (it) => it.feed("<fail/><a/>"), ["policy-violation"]],
  ["XML that is none", (it) => it.feed("<a></b>"), ["not-well-formed"]],
  ["a broken connection", (it) => it.carrier.destroy(new Error("reset")), ["reset"]],
  ["an error, then a broken connection", (it) => {
    it.feed("<fail/>");
    it.carrier.destroy(new Error("reset"));
  }, ["policy-violation"]],
  ["two errors of ours", (it) => {
    it.stream.end(new StreamError("conflict"));
    it.stream.end(new StreamError("reset"));
  }, ["conflict"]],
  ["a time-out", (it) => it.stream.expectWithin(1), ["connection-timeout"]],
  ["a peer that does not read", (it) => {
    it.carrier.reading = false;
    it.stream.put("x".repeat(200_000));
    it.context.flusher.flush();
  }, ["resource-constraint"]],
  ["an error for a peer that does not read", (it) => {
    it.carrier.reading = false;
    it.stream.put("x".repeat(200_000));
    it.stream.end(new StreamError("conflict"));
  }, ["conflict"]],
];

for (const [what, end, expected] of ENDINGS) {
  Deno.test(`a stream ends once: ${what}`, async () => {
    const it = new Watched();
    it.feed(HEADER);
    end(it);
    await it.clock.advance("10 seconds");
    deepEqual(conditions(it.ends), expected);
    ok(it.carrier.closed);
    equal(it.context.open.size, 0);
    equal(it.context.wheel.armed, 0);
    it.feed("<late/>");
    it.stream.put("late");
    it.context.flusher.flush();
    deepEqual(it.told.includes("late"), false);
    equal(it.written.includes("late"), false);
  });
}

const LEAVING: readonly [what: string, then: (it: Watched) => Promise<void> | void, end: unknown][] = [
  ["until they have come", (it) => {
    it.stream.put("answer");
    it.isOwing = false;
    it.stream.settled();
    match(it.written, /answer<\/stream:stream>$/);
  }, undefined],
  ["for some seconds", async (it) => {
    await it.clock.advance("6 seconds");
    match(it.written, /<\/stream:stream>$/);
  }, undefined],
  [
    "unless the connection breaks, which is an orderly end",
    (it) => it.carrier.destroy(new Error("reset")),
    undefined,
  ],
  ["unless we end it", (it) => {
    it.stream.end();
    match(it.written, /<\/stream:stream>$/);
    ok(it.carrier.closed);
  }, undefined],
  ["unless there is an error", (it) => it.stream.fail(new StreamError("system-shutdown")), "system-shutdown"],
];

for (const [what, then, end] of LEAVING) {
  Deno.test(`a peer that closes while answers are under way is waited for: ${what}`, async () => {
    const it = new Watched();
    it.feed(HEADER + "<a/>");
    it.isOwing = true;
    it.feed("</stream:stream>");
    it.feed("<b/>");
    deepEqual([it.ends, it.carrier.closed, it.written.includes("</stream:stream>")], [[], false, false]);
    await then(it);
    deepEqual(conditions(it.ends), [end]);
    ok(it.carrier.closed);
    await it.clock.advance("10 seconds");
    it.stream.settled();
    deepEqual([it.told, it.ends.length, it.context.open.size, it.context.wheel.armed], [["a"], 1, 0, 0]);
  });
}

Deno.test("an element that had to wait counts for the rate like any other", async () => {
  const it = new Watched({ stanzasPerSecond: 10, stanzasBurst: 2 });
  it.received = (_stream, element) => {
    it.told.push(element.name);
    return Promise.resolve();
  };
  it.feed(HEADER + "<a/>".repeat(6));
  for (let i = 0; i < 30; i++) await Promise.resolve();
  equal(it.told.length, 3);
  await it.clock.advance(1000);
  for (let i = 0; i < 30; i++) await Promise.resolve();
  equal(it.told.length, 6);
});

Deno.test("an error before the header is said after one of ours", () => {
  const it = new Watched();
  it.feed("nonsense");
  match(it.written, /^<\?xml [^>]+><stream:stream .*<not-well-formed .*<\/stream:stream>$/);
});

Deno.test("what is written in a tick leaves in one piece", async () => {
  const writes: string[] = [];
  const it = new Watched();
  const write = it.carrier.write.bind(it.carrier);
  it.carrier.write = (text) => (writes.push(text), write(text));
  it.stream.put("a");
  it.stream.put("b");
  await Promise.resolve();
  it.stream.put("c");
  await Promise.resolve();
  deepEqual(writes, ["ab", "c"]);
});

Deno.test("what may go later goes with what comes next, before it; by itself when it has waited enough", async () => {
  const writes: string[] = [];
  const it = new Watched();
  const write = it.carrier.write.bind(it.carrier);
  it.carrier.write = (text) => (writes.push(text), write(text));
  it.stream.putLater("a");
  await Promise.resolve();
  deepEqual(writes, []);
  it.stream.put("b");
  it.stream.putLater("c");
  await Promise.resolve();
  deepEqual(writes, ["abc"]);
  it.stream.putLater("d");
  it.stream.nudge();
  it.stream.nudge();
  await Promise.resolve();
  it.stream.nudge();
  await Promise.resolve();
  deepEqual(writes, ["abc", "d"]);
});

Deno.test("what was to go later goes before the end", () => {
  const it = new Watched();
  it.feed(HEADER);
  it.stream.putLater("<late/>");
  it.stream.end();
  match(it.written, /<late\/><\/stream:stream>$/);
});

Deno.test("a peer over its rate is not read from, and what it has sent waits", async () => {
  const it = new Watched({ stanzasPerSecond: 10, stanzasBurst: 2 });
  it.feed(HEADER + "<a/>".repeat(6));
  equal(it.told.length, 3);
  ok(it.carrier.paused);
  await it.clock.advance(120);
  equal(it.told.length, 4);
  await it.clock.advance(1000);
  equal(it.told.length, 6);
  equal(it.carrier.paused, false);
});
