import assert from "node:assert/strict";
import { ManualClock } from "../testing/clock.ts";
import { race, type RaceOptions, type Way } from "./race.ts";

/** Ways that are decided by hand. */
class Ways {
  readonly begun: {
    resolve(result: string): void;
    reject(error: Error): void;
    signal: AbortSignal;
    halfway(): void;
  }[] = [];
  readonly clock = new ManualClock();
  readonly discarded: string[] = [];
  readonly ways: Way<string>[];

  constructor(count: number) {
    this.clock.settle = turn;
    this.ways = Array.from(
      { length: count },
      () => (signal: AbortSignal, halfway: () => void) =>
        new Promise<string>((resolve, reject) => this.begun.push({ resolve, reject, signal, halfway })),
    );
  }

  run(options: Partial<RaceOptions<string>> = {}): Promise<string> {
    return race(this.ways, {
      clock: this.clock,
      headStartMs: 250,
      patienceMs: 2_000,
      timeoutMs: 10_000,
      discard: (it) => this.discarded.push(it),
      lost: (failures) =>
        new Error(failures.map((it) => it instanceof Error ? it.message : "silent").join(", ")),
      ...options,
    });
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("the next begins after the head start, or at once when one fails; the first that arrives wins", async () => {
  const it = new Ways(4);
  const winner = it.run();
  assert.equal(it.begun.length, 1);
  await it.clock.advance(249);
  assert.equal(it.begun.length, 1);
  await it.clock.advance(1);
  assert.equal(it.begun.length, 2);
  it.begun[0]!.reject(new Error("refused"));
  await turn();
  assert.equal(it.begun.length, 3);
  it.begun[1]!.resolve("two");
  assert.equal(await winner, "two");
  assert.equal(it.begun[2]!.signal.aborted, true);
  assert.equal(it.clock.pending, 0);
  await it.clock.advance(10_000);
  assert.equal(it.begun.length, 3);
});

Deno.test("one that arrives too late is undone", async () => {
  const it = new Ways(2);
  const winner = it.run();
  await it.clock.advance(250);
  it.begun[0]!.resolve("one");
  it.begun[1]!.resolve("two");
  assert.equal(await winner, "one");
  await turn();
  assert.deepEqual(it.discarded, ["two"]);
});

Deno.test("one that has got halfway is given more time", async () => {
  const it = new Ways(3);
  const winner = it.run();
  it.begun[0]!.halfway();
  await it.clock.advance(1_999);
  assert.equal(it.begun.length, 1);
  await it.clock.advance(1);
  assert.equal(it.begun.length, 2);
  it.begun[0]!.halfway();
  await it.clock.advance(250);
  assert.equal(it.begun.length, 3);
  it.begun[2]!.resolve("three");
  assert.equal(await winner, "three");
});

Deno.test("when all fail, or the time is over, the error tells of each", async () => {
  const failing = new Ways(2);
  const failed = assert.rejects(failing.run(), /^Error: first, second$/);
  failing.begun[0]!.reject(new Error("first"));
  await turn();
  failing.begun[1]!.reject(new Error("second"));
  await failed;
  assert.equal(failing.clock.pending, 0);

  const slow = new Ways(2);
  const late = assert.rejects(slow.run(), /^Error: silent, second$/);
  await slow.clock.advance(250);
  slow.begun[1]!.reject(new Error("second"));
  await slow.clock.advance(10_000);
  await late;
  assert.ok(slow.begun.every(({ signal }) => signal.aborted));
});

Deno.test("no way at all, and giving up", async () => {
  await assert.rejects(new Ways(0).run());
  const it = new Ways(1);
  const stop = new AbortController();
  const rejected = assert.rejects(it.run({ signal: stop.signal }), /enough/);
  stop.abort(new Error("enough"));
  await rejected;
  assert.equal(it.begun[0]!.signal.aborted, true);
  await assert.rejects(it.run({ signal: stop.signal }), /enough/);
  assert.equal(it.begun.length, 1);
});
