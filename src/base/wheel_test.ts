import assert from "node:assert/strict";
import fc from "fast-check";
import type { Clock, Timer } from "./clock.ts";
import { type Timed, Wheel } from "./wheel.ts";

/** A clock moved by hand, that counts how many timers were asked for. */
class HandClock implements Clock {
  time = 0;
  asked = 0;
  waiting: { at: number; fn: () => void }[] = [];

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  after(ms: number, fn: () => void): Timer {
    this.asked++;
    const entry = { at: this.time + ms, fn };
    this.waiting.push(entry);
    return { cancel: () => void (this.waiting = this.waiting.filter((e) => e !== entry)) };
  }

  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const next = this.waiting.filter((e) => e.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.waiting = this.waiting.filter((e) => e !== next);
      this.time = Math.max(this.time, next.at);
      next.fn();
    }
    this.time = end;
  }
}

class Item implements Timed {
  due = 0;
  fired: number[] = [];

  constructor(readonly clock: Clock, readonly then: () => void = () => {}) {}

  expire(): void {
    assert.equal(this.due, 0);
    this.fired.push(this.clock.monotonic());
    this.then();
  }
}

Deno.test("an item expires once, within a tick after its time", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const item = new Item(clock);
  clock.advance(300);
  wheel.arm(item, 2500);
  clock.advance(2499);
  assert.deepEqual(item.fired, []);
  clock.advance(10_000);
  assert.deepEqual(item.fired, [3000]);
  assert.equal(clock.waiting.length, 0);
});

Deno.test("re-arming to later touches neither slot nor timer, and the item comes at its new time", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const item = new Item(clock);
  wheel.arm(item, 10_000);
  for (let i = 0; i < 1000; i++) {
    clock.time += 5;
    wheel.arm(item, 10_000);
  }
  assert.equal(clock.asked, 1);
  assert.equal(wheel.armed, 1);
  clock.advance(30_000);
  assert.deepEqual(item.fired, [15_000]);
});

Deno.test("re-arming to earlier, disarming, arming from within", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock, 100);
  const early = new Item(clock);
  wheel.arm(early, 60_000);
  wheel.arm(early, 250);
  const gone = new Item(clock);
  wheel.arm(gone, 200);
  wheel.disarm(gone);
  assert.equal(gone.due, 0);
  const again: Item = new Item(clock, () => again.fired.length < 3 && wheel.arm(again, 0));
  wheel.arm(again, 100);
  assert.equal(wheel.armed, 2);
  clock.advance(100_000);
  assert.deepEqual(early.fired, [300]);
  assert.deepEqual(gone.fired, []);
  assert.deepEqual(again.fired, [100, 200, 300]);
  assert.equal(wheel.armed, 0);
});

Deno.test("an item may disarm or move another of the same slot", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const victim = new Item(clock);
  const moved = new Item(clock);
  const first = new Item(clock, () => {
    wheel.disarm(victim);
    wheel.arm(moved, 200_000);
  });
  for (const item of [first, victim, moved]) wheel.arm(item, 1000);
  clock.advance(300_000);
  assert.deepEqual([first.fired, victim.fired, moved.fired], [[1000], [], [201_000]]);
});

Deno.test("ten thousand idle items cost a look a turn and one timer at a time", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const items = Array.from({ length: 10_000 }, () => new Item(clock));
  for (const item of items) wheel.arm(item, 3_600_000);
  assert.equal(clock.asked, 1);
  clock.advance(3_599_000);
  // They all lie in one slot: the ring wakes once in 63 ticks.
  assert.ok(clock.asked < 65, `${clock.asked} timers in an hour`);
  assert.equal(clock.waiting.length, 1);
  clock.advance(1000);
  assert.ok(items.every((item) => item.fired.length === 1));
});

Deno.test("one that throws does not keep the others waiting", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const bad = new Item(clock, () => {
    throw new Error("bad item");
  });
  const good = new Item(clock);
  const later = new Item(clock);
  wheel.arm(bad, 1000);
  wheel.arm(good, 1000);
  wheel.arm(later, 5000);
  assert.throws(() => clock.advance(1000), /bad item/);
  clock.advance(10_000);
  assert.deepEqual([good.fired, later.fired], [[1000], [5000]]);
});

Deno.test("a stopped wheel forgets all and takes nothing more", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const item = new Item(clock);
  wheel.arm(item, 1000);
  wheel.stop();
  wheel.arm(item, 1000);
  assert.equal(item.due, 0);
  assert.equal(clock.waiting.length, 0);
  clock.advance(5000);
  assert.deepEqual(item.fired, []);
});

Deno.test("a machine that slept catches up", () => {
  const clock = new HandClock();
  const wheel = new Wheel(clock);
  const soon = new Item(clock);
  const later = new Item(clock);
  wheel.arm(soon, 5000);
  wheel.arm(later, 400_000);
  clock.time = 1_000_000;
  clock.advance(0);
  assert.equal(soon.fired.length, 1);
  clock.advance(0);
  assert.equal(later.fired.length, 1);
});

Deno.test("whatever is done, every item expires within a tick of its last deadline", () => {
  const step = fc.record({
    item: fc.nat(4),
    ms: fc.nat(200_000),
    wait: fc.nat(40_000),
    disarm: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(100, 1000), (steps, tick) => {
    const clock = new HandClock();
    const wheel = new Wheel(clock, tick);
    const deadlines = new Map<Item, number>();
    const items = Array.from({ length: 5 }, () => {
      const item: Item = new Item(clock, () => {
        const deadline = deadlines.get(item);
        assert.ok(deadline !== undefined, "expired though not armed");
        assert.ok(
          clock.time >= deadline && clock.time <= deadline + tick,
          `due ${deadline}, came ${clock.time}`,
        );
        deadlines.delete(item);
      });
      return item;
    });
    for (const { item: index, ms, wait, disarm } of steps) {
      const item = items[index]!;
      if (disarm) {
        wheel.disarm(item);
        deadlines.delete(item);
      } else {
        wheel.arm(item, ms);
        deadlines.set(item, Math.max(clock.time + ms, 1));
      }
      clock.advance(wait);
      for (const deadline of deadlines.values()) assert.ok(deadline + tick >= clock.time, "overdue");
      assert.equal(wheel.armed, deadlines.size);
    }
    clock.advance(500_000);
    assert.equal(deadlines.size, 0);
    assert.equal(clock.waiting.length, 0);
  }));
});
