import assert from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "#plugin";
import { blockedIn, isBlock, withBlocked, withoutBlocked } from "./blocklist.ts";
import { type Item, listOf, MESSAGE, NO_LISTS, OTHER, type PrivacyRecord } from "./item.ts";
import { RuleList } from "./rule_list.ts";

const jid = (value: string, order: number, more: Partial<Item> = {}): Item => ({
  type: "jid",
  value,
  order,
  ...more,
});

Deno.test("blocklist: who blocks for the first time gets a default list, and loses it with the last block", () => {
  const once = withBlocked(NO_LISTS, ["a@x.test", "b@x.test", "a@x.test"]);
  assert.deepEqual(once, {
    default: "blocklist",
    lists: [{ name: "blocklist", items: [jid("a@x.test", 1), jid("b@x.test", 2)] }],
  });
  assert.deepEqual(blockedIn(once), ["a@x.test", "b@x.test"]);
  assert.equal(withBlocked(once, ["b@x.test"]), once);
  assert.deepEqual(blockedIn(withoutBlocked(once, ["a@x.test", "c@x.test"])), ["b@x.test"]);
  assert.deepEqual(withoutBlocked(once, undefined), { lists: [] });
  assert.equal(withoutBlocked(once, ["c@x.test"]), once);
  assert.equal(withoutBlocked(NO_LISTS, undefined), NO_LISTS);
});

Deno.test("blocklist: a list of the same name that is not the default stays what it is", () => {
  const record: PrivacyRecord = { lists: [{ name: "blocklist", items: [{ order: 1 }] }] };
  const after = withBlocked(record, ["a@x.test"]);
  assert.equal(after.default, "blocklist 2");
  assert.equal(listOf(after, "blocklist"), record.lists[0]);
});

Deno.test("blocklist: a block comes before what would override it (XEP-0191 §5)", () => {
  const record: PrivacyRecord = {
    default: "mine",
    lists: [{
      name: "mine",
      items: [
        jid("first@x.test", 3),
        jid("x.test", 5, { allow: true }),
        jid("a@x.test", 7),
        jid("b@x.test", 8, { kinds: MESSAGE }),
        { order: 9 },
      ],
    }],
  };
  assert.deepEqual(blockedIn(record), ["first@x.test", "a@x.test"]);
  const after = withBlocked(record, ["a@x.test", "b@x.test"]);
  assert.deepEqual(after.lists[0]!.items, [
    jid("first@x.test", 1),
    jid("a@x.test", 2),
    jid("b@x.test", 3),
    jid("x.test", 4, { allow: true }),
    jid("b@x.test", 5, { kinds: MESSAGE }),
    { order: 6 },
  ]);
  // Only blocks go, nothing that a blocklist cannot show.
  assert.deepEqual(withoutBlocked(after, undefined).lists[0]!.items.map((item) => item.order), [1, 2, 3]);
});

Deno.test("blocklist: whatever the list, who is blocked is kept out, and who was unblocked is no block any more", () => {
  const address = fc.constantFrom<string>("x.test", "a@x.test", "a@x.test/1", "b@x.test", "x.test/1");
  const item = fc.record({ address, allow: fc.boolean(), all: fc.boolean() }).map((
    { address, allow, all },
    at = 0,
  ) => jid(address, at, { ...(allow ? { allow: true } : {}), ...(all ? {} : { kinds: MESSAGE }) }));
  const items = fc.array(item, { minLength: 1, maxLength: 8 })
    .map((list) => list.map((each, at) => ({ ...each, order: at * 3 })));
  fc.assert(fc.property(items, fc.uniqueArray(address, { minLength: 1 }), (items, blocked) => {
    const record: PrivacyRecord = { default: "mine", lists: [{ name: "mine", items }] };
    const after = withBlocked(record, blocked);
    const rules = new RuleList(listOf(after, "mine")!);
    const owner = { local: "me", rosters: undefined };
    for (const text of blocked) {
      for (const kind of [MESSAGE, OTHER]) assert.ok(rules.denial(kind, Jid.parse(text), owner)?.blocks);
    }
    const orders = listOf(after, "mine")!.items.map((each) => each.order);
    assert.deepEqual(orders, [...new Set(orders)].sort((a, b) => a - b));
    const back = listOf(withoutBlocked(after, blocked), "mine")?.items ?? [];
    assert.ok(!back.some((each) => isBlock(each) && blocked.includes(each.value)));
    const others = (list: readonly Item[]) =>
      list.filter((each) => !isBlock(each)).map(({ order: _, ...rest }) => rest);
    assert.deepEqual(others(back), others(items));
  }));
});
