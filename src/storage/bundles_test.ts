/** Archived items share rows: whatever is added, changed and removed in whatever order, nobody sees anything of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { itemId } from "./item_id.ts";
import type { Archive } from "./page.ts";
import { scratch } from "./storage_test_rig.ts";
import { archive } from "./store.ts";

const HISTORY = archive("history");
const OWNERS = ["bob", "eve"] as const;
type Owner = typeof OWNERS[number];

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("say" as const), words: fc.constant(false), one: fc.boolean() }),
  },
  fc.record({ do: fc.constant("say" as const), words: fc.constant(true), one: fc.boolean() }),
  fc.record({
    do: fc.constant("note" as const),
    owner: fc.constantFrom(...OWNERS),
    text: fc.constantFrom("x", "\u0000", "\u0001", "\u00012\u00013", "\ud83d\ude00", "y".repeat(3_000)),
  }),
  fc.record({ do: fc.constant("replace" as const), owner: fc.constantFrom(...OWNERS), at: fc.nat() }),
  fc.record({
    do: fc.constant("remove" as const),
    owner: fc.constantFrom(...OWNERS),
    at: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
  }),
  fc.record({ do: fc.constant("flush" as const) }),
  fc.record({ do: fc.constant("read" as const), owner: fc.constantFrom(...OWNERS) }),
  fc.record({ do: fc.constant("undo" as const) }),
  fc.record({ do: fc.constant("crash" as const) }),
);

interface Known {
  readonly id: string;
  value: string;
}

function list(a: Archive, owner: Owner): string[] {
  const found = a.find(owner, {}, { limit: 1_000 });
  assert.ok(!(found instanceof Promise));
  return found.items.map(({ id, value }) => `${id} ${value}`);
}

Deno.test("bundles: what owners have is what they were given, changed and not removed, over crashes too", () =>
  scratch(async (s) => {
    let file = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 80 }), async (actions) => {
        let path = `${s.folder}/${file++}.db`;
        let database = s.open({ path });
        let a = database.open(HISTORY, "a.test");
        const known: Record<Owner, Known[]> = { bob: [], eve: [] };
        let at = 1_000;
        const add = (owner: Owner, value: string, text?: string, id = itemId(at)): void => {
          a.append(owner, { id, at, with: "x@y", value, ...(text === undefined ? {} : { text }) });
          known[owner].push({ id, value });
        };
        for (const it of actions) {
          at++;
          if (it.do === "say") {
            // Under one id, as an account's archive and its peer's do, or each under its own.
            const id = it.one ? itemId(at) : undefined;
            for (const owner of OWNERS) add(owner, `said at ${at}`, it.words ? "some words" : undefined, id);
          } else if (it.do === "note") add(it.owner, it.text);
          else if (it.do === "replace") {
            const item = known[it.owner][it.at % Math.max(1, known[it.owner].length)];
            if (item === undefined) continue;
            item.value = `replaced at ${at}`;
            assert.equal(await a.replace(it.owner, item.id, item.value), true);
          } else if (it.do === "remove") {
            const all = known[it.owner];
            const gone = new Set(it.at.flatMap((n) => all[n % Math.max(1, all.length)]?.id ?? []));
            if (gone.size === 0) continue;
            assert.equal(await a.delete(it.owner, { ids: [...gone] }), gone.size);
            known[it.owner] = all.filter(({ id }) => !gone.has(id));
          } else if (it.do === "flush") await database.flush();
          else if (it.do === "read") {
            assert.deepEqual(list(a, it.owner), known[it.owner].map(({ id, value }) => `${id} ${value}`));
          } else if (it.do === "undo") {
            assert.throws(() =>
              database.atomic(() => {
                for (let i = 0; i < 20; i++) a.append("bob", { id: itemId(at), at, value: `undone ${i}` });
                throw new Error("no");
              }), /no/);
          } else {
            await database.flush();
            const next = `${s.folder}/${file++}.db`;
            for (const end of ["", "-wal"]) Deno.copyFileSync(`${path}${end}`, `${next}${end}`);
            await database.close();
            path = next;
            database = s.open({ path });
            a = database.open(HISTORY, "a.test");
          }
        }
        for (const owner of OWNERS) {
          const wanted = known[owner].map(({ id, value }) => `${id} ${value}`);
          assert.deepEqual(list(a, owner), wanted);
          assert.equal(await a.count(owner), wanted.length);
        }
        const words = a.find("eve", { text: "words" }, { limit: 1_000 });
        assert.ok(
          !(words instanceof Promise) && words.items.every(({ value }) => value.startsWith("said at")),
        );
        await database.close();
      }),
      { numRuns: Deno.env.get("METRONOME_LONG") === "1" ? 500 : 25 },
    );
  }));
