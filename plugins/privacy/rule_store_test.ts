import assert from "node:assert/strict";
import { type HostScope, Jid } from "#plugin";
import { NO_LISTS, type PrivacyRecord } from "./item.ts";
import { RuleStore } from "./rule_store.ts";

const RECORD: PrivacyRecord = {
  default: "blocklist",
  lists: [{ name: "blocklist", items: [{ type: "jid", value: "b.test", order: 1 }] }],
};

/** A host with some rows, of which it counts the reads, and some accounts with a session. */
function host(rows: Map<string, PrivacyRecord>, online: Set<string>) {
  const state = { reads: 0, flush: () => Promise.resolve() };
  const scope = {
    domain: "a.test",
    open: () => ({
      get: (owner: string) => {
        state.reads++;
        return rows.get(owner);
      },
      set: (owner: string, value: PrivacyRecord | undefined) => {
        if (value === undefined) rows.delete(owner);
        else rows.set(owner, value);
      },
      owners: () => rows.keys(),
    }),
    sessions: ({ local }: Jid) => online.has(local) ? [{}] : [],
    flush: () => state.flush(),
  };
  return { state, store: new RuleStore(scope as unknown as HostScope<unknown>) };
}

Deno.test("rules in memory: who has none costs no read, who has some costs one", () => {
  const { state, store } = host(new Map([["alice", RECORD]]), new Set(["alice"]));
  for (let i = 0; i < 3; i++) assert.equal(store.rules("bob"), undefined);
  assert.equal(state.reads, 0);
  const rules = store.rules("alice");
  assert.ok(rules?.standard);
  assert.equal(store.rules("alice"), rules);
  assert.equal(state.reads, 1);
  assert.deepEqual(store.size, { owners: 1, held: 1, idle: 0 });
});

Deno.test("rules in memory: held while there is a session, then among the last few", () => {
  const online = new Set<string>();
  const names = Array.from({ length: 1000 }, (_, n) => `user${n}`);
  const { store } = host(new Map(names.map((name) => [name, RECORD])), online);
  online.add("user0");
  for (const name of names) store.rules(name);
  assert.deepEqual(store.size, { owners: 1000, held: 1, idle: 256 });
  online.clear();
  store.release("user0");
  assert.deepEqual(store.size, { owners: 1000, held: 0, idle: 256 });
});

Deno.test("rules in memory: what the disk did not take is not in memory either", async () => {
  const rows = new Map<string, PrivacyRecord>();
  const { state, store } = host(rows, new Set());
  state.flush = () => {
    rows.clear();
    return Promise.reject(new Error("the disk is full"));
  };
  store.set("alice", RECORD, store.made(RECORD));
  assert.ok(store.rules("alice"));
  await Promise.resolve().then(() => {});
  assert.equal(store.rules("alice"), undefined);

  state.flush = () => {
    rows.set("alice", RECORD);
    return Promise.reject(new Error("the disk is full"));
  };
  store.set("alice", NO_LISTS, store.made(NO_LISTS));
  assert.equal(store.rules("alice"), undefined);
  await Promise.resolve().then(() => {});
  assert.ok(store.rules("alice"));
});
