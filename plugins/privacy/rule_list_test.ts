import assert from "node:assert/strict";
import fc from "fast-check";
import { Jid } from "#plugin";
import type { RosterItem, Subscription } from "../im/api.ts";
import { EVERYTHING, IQ, type Item, MESSAGE, OTHER, PRESENCE_IN, PRESENCE_OUT } from "./item.ts";
import { RuleList } from "./rule_list.ts";

const KINDS = [MESSAGE, IQ, PRESENCE_IN, PRESENCE_OUT, OTHER] as const;
const SUBSCRIPTIONS = ["none", "to", "from", "both"] as const;

/** XEP-0016 §2.1 and §2.2 read aloud: every item in its order, the first that matches decides, and else "allow". */
function naive(items: readonly Item[], kind: number, contact: Jid, entry: RosterItem | undefined): boolean {
  for (const item of [...items].sort((a, b) => a.order - b.order)) {
    if (((item.kinds ?? EVERYTHING) & kind) !== 0 && fits(item, contact, entry)) return item.allow !== true;
  }
  return false;
}

function fits({ type, value }: Item, contact: Jid, entry: RosterItem | undefined): boolean {
  if (type === undefined) return true;
  if (type === "group") return entry?.groups.includes(value!) === true;
  if (type === "subscription") return (entry?.subscription ?? "none") === value;
  const { local, domain, resource } = Jid.parse(value!);
  if (domain !== contact.domain) return false;
  if (local !== "" && resource !== "") return local === contact.local && resource === contact.resource;
  if (local !== "") return local === contact.local;
  // <domain/resource> is that resource of the domain, <domain> everybody there.
  return resource === "" || (contact.local === "" && resource === contact.resource);
}

const address = fc.tuple(
  fc.constantFrom("", "romeo@", "juliet@"),
  fc.constantFrom("a.test", "b.test"),
  fc.constantFrom("", "/x", "/y"),
).map((parts) => parts.join(""));
const group = fc.constantFrom("Friends", "Enemies");
const match: fc.Arbitrary<Pick<Item, "type" | "value">> = fc.oneof(
  { weight: 5, arbitrary: address.map((value) => ({ type: "jid" as const, value })) },
  { weight: 1, arbitrary: group.map((value) => ({ type: "group" as const, value })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...SUBSCRIPTIONS).map((value) => ({ type: "subscription" as const, value })),
  },
  { weight: 1, arbitrary: fc.constant({}) },
);
const item = fc.record({
  match,
  allow: fc.boolean(),
  kinds: fc.oneof(fc.constant(EVERYTHING), fc.integer({ min: 1, max: 15 })),
  order: fc.integer({ min: 0, max: 1000 }),
}).map(({ match, allow, kinds, order }): Item => ({
  ...match,
  ...(allow ? { allow: true } : {}),
  ...(kinds === EVERYTHING ? {} : { kinds }),
  order,
}));
const list = fc.uniqueArray(item, { selector: ({ order }) => order, maxLength: 20 })
  .map((items) => items.sort((a, b) => a.order - b.order));
const entry = fc.option(
  fc.record({ subscription: fc.constantFrom<Subscription>(...SUBSCRIPTIONS), groups: fc.uniqueArray(group) }),
  { nil: undefined },
);

Deno.test("rules: any list decides as walking its items in their order does (XEP-0016 §2.2)", () => {
  fc.assert(
    fc.property(list, address, entry, fc.constantFrom(...KINDS), (items, text, known, kind) => {
      const contact = Jid.parse(text);
      const found: RosterItem | undefined = known && {
        jid: contact.bare,
        name: undefined,
        ask: false,
        approved: false,
        ...known,
      };
      const owner = { local: "me", rosters: { get: () => found } };
      const rule = new RuleList({ items }).denial(kind, contact, owner);
      assert.equal(rule !== undefined, naive(items, kind, contact, found));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("rules: the roster is only asked where a rule needs it", () => {
  const list = new RuleList({
    items: [
      { type: "jid", value: "b.test", order: 1 },
      { type: "group", value: "Friends", allow: true, order: 2, kinds: MESSAGE },
      { order: 3 },
    ],
  });
  let asked = 0;
  const owner = { local: "me", rosters: { get: () => void asked++ } };
  assert.equal(list.denial(MESSAGE, Jid.parse("romeo@b.test/x"), owner)?.blocks, true);
  assert.equal(list.denial(IQ, Jid.parse("romeo@c.test"), owner)?.blocks, false);
  assert.equal(asked, 0);
  list.denial(MESSAGE, Jid.parse("romeo@c.test"), owner);
  assert.equal(asked, 1);
});
