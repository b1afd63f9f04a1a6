import { equal } from "node:assert/strict";
import { Jid } from "../jid/jid.ts";
import { States } from "./states.ts";

const said = (type: string, to: string, from = "alice@a.test/desk") => ({
  type,
  from: Jid.parse(from),
  to: Jid.parse(to),
});

Deno.test("RFC 6121 §3, §4: newer presence replaces what was said of the same thing to the same receivers, and nothing else", () => {
  const states = new States();
  equal(states.isEmpty, true);
  const older = [
    said("available", "x@b.test"),
    said("available", "x@b.test/phone"),
    said("subscribe", "x@b.test", "alice@a.test"),
    said("subscribed", "x@b.test", "alice@a.test"),
    said("available", "x@b.test", "alice@a.test/phone"),
    said("available", "y@b.test"),
  ];
  for (const presence of older) states.add(presence);
  const left = () => older.map((presence) => states.has(presence) ? 1 : 0).join("");
  equal(left(), "111111");
  states.replace(said("unavailable", "x@b.test/tablet"));
  equal(left(), "111111");
  states.replace(said("unavailable", "x@b.test/phone"));
  equal(left(), "101111");
  states.replace(said("unavailable", "x@b.test"));
  equal(left(), "001111");
  states.replace(said("unsubscribe", "x@b.test", "alice@a.test"));
  equal(left(), "000111");
  states.replace(said("unsubscribed", "x@b.test", "alice@a.test"));
  equal(left(), "000011");
});

Deno.test("RFC 6121 §4.6: what is said to an address holds for all its devices", () => {
  const states = new States();
  states.add(said("available", "x@b.test/phone"));
  states.replace(said("unavailable", "x@b.test"));
  equal(states.has(said("available", "x@b.test/phone")), false);
});
