import { deepEqual, equal, ok } from "node:assert/strict";
import { Jid } from "../jid/jid.ts";
import { StanzaError } from "../stanza/error.ts";
import { Stanza } from "../stanza/stanza.ts";
import { el } from "../xml/element.ts";
import { CompiledPoint } from "./compiled.ts";
import { PointDraft } from "./draft.ts";
import { cellName, cellOf, cellsOf, CLAIMED, definePoint, DROP, type Passage } from "./point.ts";
import { IqHandlers } from "./table.ts";
import { defineSlot, Slots } from "./token.ts";

const point = definePoint<Passage>("test");
const message = (to: string): Stanza =>
  Stanza.of(el("message", "jabber:client", { id: "1" }), undefined, Jid.parse(to));

/** A point with the handlers that `register` adds, and what it reported. */
function compiled(register: (at: ReturnType<typeof draftAt>) => void) {
  const draft = new PointDraft("plugin");
  register(draft.at(point));
  const faults: string[] = [];
  return {
    faults,
    point: new CompiledPoint("test", draft.of(point), (owner, error) => {
      faults.push(`${owner}: ${error}`);
      return new StanzaError("internal-server-error");
    }),
  };
}
const draftAt = (draft: PointDraft) => draft.at(point);

Deno.test("the phases run in their order, whatever the order of registration", () => {
  const seen: string[] = [];
  const { point } = compiled((at) => {
    at.witness({}, (x) => void seen.push(`witness ${x.claimed} ${x.stanza.id}`));
    at.claim({}, () => void seen.push("claim"));
    at.amend({}, (x) => {
      seen.push("amend");
      return x.stanza.identified("2");
    });
    at.guard({}, () => void seen.push("guard"));
  });
  equal(point.pass({ stanza: message("a.test"), claimed: false }), undefined);
  deepEqual(seen, ["guard", "amend", "claim", "witness false 2"]);
});

Deno.test("nothing makes a promise unless a handler waits, and then the rest goes on in order", async () => {
  const seen: string[] = [];
  const { point } = compiled((at) => {
    at.guard({}, () => void seen.push("first"));
    at.guard({}, async () => {
      await Promise.resolve();
      seen.push("second");
      return undefined;
    });
    at.guard({}, () => void seen.push("third"));
    at.claim({}, () => Promise.resolve<typeof CLAIMED>(CLAIMED));
    at.claim({}, () => void seen.push("never"));
    at.witness({}, (x) => void seen.push(String(x.claimed)));
  });
  const outcome = point.pass({ stanza: message("a.test"), claimed: false });
  ok(outcome instanceof Promise);
  equal(await outcome, CLAIMED);
  deepEqual(seen, ["first", "second", "third", "true"]);
});

Deno.test("a refusal ends the pass: no later guard, claim or witness sees the stanza", () => {
  for (const refusal of [DROP, new StanzaError("forbidden")] as const) {
    const { point } = compiled((at) => {
      at.guard({}, () => refusal);
      at.guard({}, () => {
        throw new Error("reached");
      });
      at.witness({}, () => {
        throw new Error("reached");
      });
    });
    equal(point.pass({ stanza: message("a.test"), claimed: false }), refusal);
  }
});

Deno.test("guards and claims fail closed, with an error that is an answer or with internal-server-error", async () => {
  for (const phase of ["guard", "claim"] as const) {
    for (const later of [false, true]) {
      const { point, faults } = compiled((at) =>
        at[phase]({}, (): Promise<undefined> => {
          if (later) return Promise.reject(new TypeError("a bug"));
          throw new TypeError("a bug");
        })
      );
      const outcome = await point.pass({ stanza: message("a.test"), claimed: false });
      ok(outcome instanceof StanzaError && outcome.condition === "internal-server-error");
      deepEqual(faults, ["plugin: TypeError: a bug"]);
    }
  }
  const { point, faults } = compiled((at) =>
    at.guard({}, () => {
      throw new StanzaError("not-allowed");
    })
  );
  const outcome = point.pass({ stanza: message("a.test"), claimed: false });
  ok(outcome instanceof StanzaError && outcome.condition === "not-allowed");
  deepEqual(faults, []);
});

Deno.test("a witness fails alone", () => {
  let seen = 0;
  const { point, faults } = compiled((at) => {
    at.witness({}, () => {
      throw new Error("a bug");
    });
    at.witness({}, () => void seen++);
  });
  equal(point.pass({ stanza: message("a.test"), claimed: false }), undefined);
  equal(seen, 1);
  equal(faults.length, 1);
});

Deno.test("the nine cells: each stanza meets just the handlers that asked for its kind and reach", () => {
  const addresses = { host: "a.test", account: "x@a.test", resource: "x@a.test/y" } as const;
  for (const kind of ["message", "presence", "iq"] as const) {
    for (const [reach, to] of Object.entries(addresses) as ["host" | "account" | "resource", string][]) {
      const stanza = Stanza.of(
        el(kind, "jabber:client", { type: kind === "iq" ? "get" : undefined, id: "1" }),
        undefined,
        Jid.parse(to),
      );
      equal(cellName(cellOf(stanza)), `${kind} to ${reach}`);
      ok(cellsOf({ kind, to: reach }).includes(cellOf(stanza)));
      ok(cellsOf({}).includes(cellOf(stanza)));
      for (const other of ["message", "presence", "iq"] as const) {
        if (other !== kind) ok(!cellsOf({ kind: other }).includes(cellOf(stanza)));
      }
    }
  }
});

Deno.test("a table finds by type, namespace, name and target; twice the same is an error that names both", () => {
  const table = new IqHandlers<string>();
  table.add("one", "get", "u", "query", "account", "account");
  table.add("two", "get", "u", "query", "own", "own");
  equal(table.find("get", "u", "query", "account", false)?.fn, "account");
  equal(table.find("get", "u", "query", "account", true)?.fn, "own");
  equal(table.find("set", "u", "query", "account", true), undefined);
  equal(table.find("get", "u", "query", "host", false), undefined);
  let text = "";
  try {
    table.add("three", "get", "u", "query", "own", "again");
  } catch (error) {
    text = String(error);
  }
  ok(text.includes("three") && text.includes("two"), text);
});

Deno.test("slots are found by identity, and gone when they are unset", () => {
  const slots = new Slots();
  const a = defineSlot<number>("same");
  const b = defineSlot<number>("same");
  slots.set(a, 1);
  slots.set(b, 2);
  deepEqual([slots.get(a), slots.get(b)], [1, 2]);
  slots.set(a, undefined);
  deepEqual([slots.get(a), slots.get(b), slots.empty], [undefined, 2, false]);
  slots.set(b, undefined);
  equal(slots.empty, true);
});
