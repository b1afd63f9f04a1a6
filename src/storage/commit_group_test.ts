import assert from "node:assert/strict";
import { CommitGroup, type GroupSettings } from "./commit_group.ts";
import { StorageError } from "./error.ts";
import { HandClock, keptLog } from "./storage_test_rig.ts";

/** A transaction that fails when told to, turns that are run by hand, syncs that end when told to. */
function bench(full = false) {
  const clock = new HandClock();
  const { log, lines } = keptLog();
  const turns: (() => void)[] = [];
  const syncs: PromiseWithResolvers<void>[] = [];
  const state = { active: false, commits: 0, rollbacks: 0, fail: undefined as Error | undefined };
  const settings: GroupSettings = {
    transaction: {
      get active() {
        return state.active;
      },
      begin: () => void (state.active = true),
      commit: () => {
        if (state.fail !== undefined) throw state.fail;
        state.active = false;
        state.commits++;
      },
      rollback: () => {
        state.active = false;
        state.rollbacks++;
      },
    },
    clock,
    log,
    turn: (fn) => void turns.push(fn),
    committed: () => {},
    ...(full
      ? {
        sync: () => {
          const sync = Promise.withResolvers<void>();
          syncs.push(sync);
          return sync.promise;
        },
      }
      : {}),
  };
  const group = new CommitGroup(settings);
  const write = () => {
    group.join();
    group.wrote();
  };
  const turn = () => {
    for (const fn of turns.splice(0)) fn();
  };
  return { group, clock, lines, state, syncs, write, turn, turns };
}

/** Whether a promise has been settled by now. */
async function settled(promise: Promise<void>): Promise<"open" | "done" | StorageError> {
  const open = Promise.resolve().then(() => Promise.resolve()).then(() => Promise.resolve()).then(() =>
    "open" as const
  );
  return await Promise.race([
    promise.then(() => "done" as const, (error: StorageError) => error),
    open,
  ]);
}

function lost(result: unknown, fault = "full"): void {
  assert.ok(result instanceof StorageError, String(result));
  assert.equal(result.fault, fault);
}

const full = () => new StorageError("full", "committing failed: disk full");

Deno.test("all who flush in one turn share one commit", async () => {
  const { group, write, turn, state } = bench();
  write();
  const a = group.flush();
  write();
  const b = group.flush();
  assert.equal(await settled(a), "open");
  assert.equal(group.dirty, true);
  turn();
  assert.equal(await settled(a), "done");
  assert.equal(await settled(b), "done");
  assert.equal(state.commits, 1);
  assert.equal(group.writes, 2);
  assert.equal(group.dirty, false);
});

Deno.test("nothing to flush resolves at once and begins nothing", async () => {
  const { group, turns, state } = bench();
  assert.equal(await settled(group.flush()), "done");
  assert.equal(turns.length, 0);
  assert.equal(state.commits, 0);
});

Deno.test("a group nobody asks for is committed after 250 ms, or 2,000 writes at the end of the turn", () => {
  const { group, write, turn, clock, state } = bench();
  write();
  clock.advance(249);
  assert.equal(state.commits, 0);
  clock.advance(1);
  assert.equal(state.commits, 1);
  for (let i = 0; i < 1_999; i++) write();
  turn();
  assert.equal(state.commits, 1);
  write();
  assert.equal(state.commits, 1, "not in the middle of a turn: what one handler writes stays together");
  turn();
  assert.equal(state.commits, 2);
  assert.equal(clock.waiting, 0);
  assert.equal(group.dirty, false);
});

Deno.test("a failed commit refuses all of the group, takes it back, and the next group works", async () => {
  const { group, write, turn, state, lines } = bench();
  write();
  const a = group.flush();
  write();
  const b = group.flush();
  state.fail = full();
  turn();
  lost(await settled(a));
  lost(await settled(b));
  assert.equal(state.rollbacks, 1);
  assert.equal(group.dirty, false);
  assert.match(lines.join("\n"), /error .*writes were lost writes=2 fault=full/);
  state.fail = undefined;
  write();
  const c = group.flush();
  turn();
  assert.equal(await settled(c), "done");
});

Deno.test("a loss that nobody waited for is told to the next who flushes", async () => {
  const { group, write, clock, state, turn } = bench();
  write();
  state.fail = full();
  clock.advance(250);
  state.fail = undefined;
  lost(await settled(group.flush()));
  write();
  const next = group.flush();
  turn();
  assert.equal(await settled(next), "done");
});

Deno.test("an untold loss is not hidden by a later group that succeeds", async () => {
  const { group, write, clock, state } = bench();
  write();
  state.fail = full();
  clock.advance(250);
  state.fail = undefined;
  write();
  clock.advance(250);
  assert.equal(state.commits, 1);
  lost(await settled(group.flush()));
});

Deno.test("who flushes late with since learns of a loss whatever happened in between", async () => {
  const { group, write, turn, state } = bench();
  const since = group.writes;
  write();
  const other = group.flush();
  state.fail = full();
  turn();
  lost(await settled(other));
  state.fail = undefined;
  const later = group.writes;
  write();
  const good = group.flush(later);
  turn();
  assert.equal(await settled(good), "done");
  lost(await settled(group.flush(since)), "lost");
  assert.equal(await settled(group.flush(later)), "done");
});

Deno.test("a transaction that SQLite ended within a write loses its group", async () => {
  const { group, write, state } = bench();
  write();
  const waiter = group.flush();
  state.active = false;
  group.broke(full());
  lost(await settled(waiter));
  assert.equal(group.open, false);
  assert.equal(state.rollbacks, 0);
});

Deno.test("a failed first write loses nothing, and whoever waits is let go", async () => {
  const { group, state } = bench();
  group.join();
  const waiter = group.flush();
  state.active = false;
  group.broke(full());
  assert.equal(await settled(waiter), "done");
  assert.equal(await settled(group.flush()), "done");
});

Deno.test("full durability: acknowledged only after a sync that began after the commit; one sync at a time", async () => {
  const { group, write, turn, syncs } = bench(true);
  write();
  const a = group.flush();
  turn();
  assert.equal(syncs.length, 1);
  assert.equal(await settled(a), "open");
  write();
  const b = group.flush();
  turn();
  write();
  const c = group.flush();
  turn();
  assert.equal(syncs.length, 1, "the second sync waits for the first");
  syncs[0]?.resolve();
  assert.equal(await settled(a), "done");
  await Promise.resolve();
  assert.equal(syncs.length, 2, "b and c share one");
  assert.equal(await settled(b), "open");
  assert.equal(group.dirty, true);
  syncs[1]?.resolve();
  assert.equal(await settled(b), "done");
  assert.equal(await settled(c), "done");
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(group.dirty, false);
  assert.equal(syncs.length, 2);
});

Deno.test("full durability: a flush without new writes waits for the running sync", async () => {
  const { group, write, clock, syncs } = bench(true);
  write();
  clock.advance(250);
  const a = group.flush();
  assert.equal(await settled(a), "open");
  syncs[0]?.resolve();
  assert.equal(await settled(a), "done");
});

Deno.test("full durability: a failed sync refuses its waiters, is logged, and the next one works", async () => {
  const { group, write, turn, syncs, lines } = bench(true);
  write();
  const a = group.flush();
  turn();
  syncs[0]?.reject(new Error("disk I/O error"));
  lost(await settled(a), "io");
  assert.match(lines.join("\n"), /may not survive a power cut/);
  write();
  const b = group.flush();
  turn();
  syncs[1]?.resolve();
  assert.equal(await settled(b), "done");
});
