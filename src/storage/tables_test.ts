import assert from "node:assert/strict";
import { StorageError } from "./error.ts";
import { scratch } from "./storage_test_rig.ts";
import { tables } from "./store.ts";

const ITEMS = tables("pubsub", {
  items: {
    columns: {
      node: "text",
      id: "text",
      at: "integer",
      weight: "real?",
      open: "boolean",
      raw: "bytes?",
      form: "json",
      publisher: "text?",
    },
    key: ["node", "id"],
    indexes: { by_time: ["node", "at"], by_publisher: ["publisher", "open"] },
    across: { due: ["at"] },
  },
  marks: { columns: { node: "text" }, key: ["node"] },
});

function invalid(says: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StorageError, String(error));
    assert.equal(error.fault, "invalid");
    assert.match(error.message, says);
    return true;
  };
}

function row(node: string, n: number) {
  return {
    node,
    id: `i${n}`,
    at: n,
    weight: n / 2,
    open: n % 2 === 0,
    raw: new Uint8Array([0, n, 255]),
    form: { n, list: [n] },
    publisher: n % 3 === 0 ? null : `p${n % 3}\u0000`,
  };
}

Deno.test("rows come back with the declared types", () =>
  scratch((s) => {
    const { items, marks } = s.open().open(ITEMS, "a.test");
    items.insert("bob", row("n", 3));
    const got = items.get("bob", { node: "n", id: "i3" });
    assert.deepEqual(got, row("n", 3));
    // The compiler knows the row: these lines are the test of its types.
    const at: number | undefined = got?.at;
    const publisher: string | null | undefined = got?.publisher;
    const open: boolean | undefined = got?.open;
    assert.deepEqual([at, publisher, open], [3, null, false]);
    assert.equal(items.get("eve", { node: "n", id: "i3" }), undefined);
    marks.put("bob", { node: "only a key" });
    marks.put("bob", { node: "only a key" });
    assert.equal(marks.count("bob"), 1);
  }));

Deno.test("insert, put, update, delete", () =>
  scratch((s) => {
    const { items } = s.open().open(ITEMS, "a.test");
    items.insert("bob", row("n", 1));
    assert.throws(() => items.insert("bob", row("n", 1)), (e: unknown) =>
      e instanceof StorageError && e.fault === "conflict");
    items.put("bob", { ...row("n", 1), at: 9 });
    assert.equal(items.get("bob", { node: "n", id: "i1" })?.at, 9);
    assert.equal(items.update("bob", { node: "n", id: "i1" }, { form: null, publisher: null }), true);
    assert.equal(items.get("bob", { node: "n", id: "i1" })?.form, null);
    assert.equal(items.get("bob", { node: "n", id: "i1" })?.at, 9);
    assert.equal(items.update("bob", { node: "n", id: "no" }, { at: 1 }), false);
    assert.throws(() =>
      items.update("bob", { node: "n", id: "i1" }, { id: "i2" }), invalid(/"id" cannot be changed/));
    assert.throws(() =>
      items.get("bob", { node: "n" }), invalid(/expected the key \(node, id\), got \(node\)/));
    assert.throws(() =>
      items.insert("bob", { ...row("n", 2), at: 1.5 }), invalid(/column "at": expected integer/));
    assert.throws(() =>
      items.update("bob", { node: "n", id: "i1" }, { at: null as never }), invalid(/"at" is missing/));
    assert.equal(items.delete("bob", { node: "n", id: "i1" }), true);
    assert.equal(items.delete("bob", { node: "n", id: "i1" }), false);
  }));

Deno.test("ranges: leading columns fixed, the next one bounded, forwards and backwards, limited", () =>
  scratch((s) => {
    const { items } = s.open().open(ITEMS, "a.test");
    for (const owner of ["bob", "eve"]) {
      for (const node of ["m", "n"]) for (let i = 0; i < 20; i++) items.insert(owner, row(node, i));
    }
    const at = (range: Parameters<typeof items.range>[1]) =>
      items.range("bob", range).map((r) => r.at).join(" ");
    assert.equal(at({ index: "by_time", where: { node: "n" }, limit: 3 }), "0 1 2");
    assert.equal(at({ index: "by_time", where: { node: "n" }, bounds: { after: 4, to: 7 } }), "5 6 7");
    assert.equal(
      at({ index: "by_time", where: { node: "n" }, bounds: { from: 4, before: 7 }, reverse: true }),
      "6 5 4",
    );
    assert.equal(at({ index: "by_time", where: { node: "n", at: 5 } }), "5");
    assert.equal(at({ index: "by_publisher", where: { publisher: null, open: true }, limit: 2 }), "0 6");
    assert.equal(items.range("bob").length, 40);
    assert.equal(items.count("bob", { where: { node: "m" } }), 20);
    assert.equal(items.count("bob", { where: { node: "m" }, limit: 7 }), 7);
    assert.deepEqual(items.range("bob", { where: { node: "n" }, bounds: { from: "i18" } }).map((r) => r.id), [
      "i18",
      "i19",
      "i2",
      "i3",
      "i4",
      "i5",
      "i6",
      "i7",
      "i8",
      "i9",
    ]);
    assert.throws(
      () => items.range("bob", { index: "by_time", where: { at: 3 } }),
      invalid(/must fix the leading columns of \(node, at\)/),
    );
    assert.throws(() => items.range("bob", { index: "none" }), invalid(/no such index: "none"/));
    assert.throws(
      () => items.range("bob", { where: { node: "n", id: "x" }, bounds: { from: 1 } }),
      invalid(/nothing is left for "bounds"/),
    );
    assert.equal(
      items.deleteRange("bob", { index: "by_time", where: { node: "n" }, bounds: { before: 15 }, limit: 10 }),
      10,
    );
    assert.equal(
      items.deleteRange("bob", { index: "by_time", where: { node: "n" }, bounds: { before: 15 }, limit: 10 }),
      5,
    );
    assert.equal(items.count("bob"), 25);
    assert.equal(items.count("eve"), 40);
    const due = items.across("due", { bounds: { to: 1 } });
    assert.deepEqual(due.map((r) => `${r.owner} ${r.node} ${r.at}`), [
      "bob m 0",
      "eve m 0",
      "eve n 0",
      "bob m 1",
      "eve m 1",
      "eve n 1",
    ]);
    assert.throws(() => items.across("by_time"), invalid(/no such index/));
    items.clear("bob");
    assert.deepEqual([...items.owners()], ["eve"]);
  }));

Deno.test("hosts share a table and do not see one another's rows", () =>
  scratch((s) => {
    const database = s.open();
    const a = database.open(ITEMS, "a.test").items;
    const b = database.open(ITEMS, "b.test").items;
    a.insert("bob", row("n", 1));
    assert.equal(b.get("bob", { node: "n", id: "i1" }), undefined);
    b.insert("bob", row("n", 1));
    a.clear("bob");
    assert.equal(b.count("bob"), 1);
    assert.deepEqual(a.across("due"), []);
  }));

Deno.test("a declaration may gain nullable columns and change its indexes; rows stay", () =>
  scratch(async (s) => {
    const one = tables("x", {
      t: { columns: { k: "text", n: "integer" }, key: ["k"], indexes: { n: ["n"] } },
    });
    const two = tables("x", {
      t: {
        columns: { k: "text", n: "integer", more: "text?" },
        key: ["k"],
        indexes: { more: ["more", "n"] },
      },
      u: { columns: { k: "text" }, key: ["k"] },
    });
    const first = s.open();
    first.open(one, "a.test").t.insert("bob", { k: "a", n: 1 });
    await first.close();
    const second = s.open();
    const t = second.open(two, "a.test").t;
    assert.deepEqual(t.get("bob", { k: "a" }), { k: "a", n: 1, more: null });
    t.update("bob", { k: "a" }, { more: "m" });
    assert.equal(t.range("bob", { index: "more", where: { more: "m" } }).length, 1);
    const refused: [Parameters<typeof tables>[1], RegExp][] = [
      [
        { t: { columns: { k: "text", n: "real", more: "text?" }, key: ["k"] } },
        /column "n" was integer and is real/,
      ],
      [{ t: { columns: { k: "text", more: "text?" }, key: ["k"] } }, /column "n" was integer and is gone/],
      [{ t: { columns: { k: "text", n: "integer", more: "text?" }, key: ["n"] } }, /the key has changed/],
      [
        { t: { columns: { k: "text", n: "integer", more: "text?", x: "text" }, key: ["k"] } },
        /"x" must be nullable/,
      ],
    ];
    for (const [declaration, says] of refused) {
      assert.throws(() => second.open(tables("x", declaration), "a.test"), invalid(says));
    }
    assert.equal(t.get("bob", { k: "a" })?.more, "m", "a refused declaration changes nothing");
    second.purge("a.test", "bob");
    assert.equal(t.count("bob"), 0);
  }));

Deno.test("declarations that cannot work are refused with the reason", () =>
  scratch((s) => {
    const database = s.open();
    const refused: [Parameters<typeof tables>[1], RegExp][] = [
      [{ "T!": { columns: { k: "text" }, key: ["k"] } }, /"T!" is no name/],
      [{ t: { columns: { 'k" TEXT); --': "text" }, key: ['k" TEXT); --'] } }, /is no name/],
      [{ t: { columns: { k: "text" }, key: [] } }, /has no key/],
      [{ t: { columns: { k: "text?" }, key: ["k"] } }, /key column "k" may be null/],
      [{ t: { columns: { k: "text", j: "json" }, key: ["k"], indexes: { j: ["j"] } } }, /"j" is no column/],
      [
        { t: { columns: { k: "text" }, key: ["k"], indexes: { i: ["k"] }, across: { i: ["k"] } } },
        /declared twice/,
      ],
    ];
    for (const [declaration, says] of refused) {
      assert.throws(() => database.open(tables("y", declaration), "a.test"), invalid(says));
    }
    assert.throws(() => database.open(tables("No Name", {}), "a.test"), invalid(/expected lower case words/));
  }));
