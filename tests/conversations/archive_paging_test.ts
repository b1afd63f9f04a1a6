/**
 * XEP-0313, XEP-0059: filtered pages against filtering an array (BUG-08), and pages of a long archive, whose cost must not
 * depend on how deep they lie.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { type Archive, type ArchiveItem, encodeUtf8, itemId } from "#plugin";
import { type TestClient, type TestServer, testServer } from "#testing";
import { archive, messages } from "../../plugins/archive/archive.ts";
import { message } from "../../plugins/im/message.ts";
import { ask, type Fields, query, RSM, set } from "./archive_client.ts";

const START = Date.UTC(2025, 11, 31, 23, 59);
const PEERS = ["romeo@b.test", "nurse@c.test", "tybalt@d.test"];
/** Time stands still here: a client would soon have used up what it may send. */
const LIMITS = { stanzas_per_second: "off", bytes_per_second: "off" };
const verona = () => testServer({ host: "a.test", plugins: [message, archive], config: { limits: LIMITS } });

/** An archive of messages that the test knows, a step apart, some at the same time. */
function fill(s: TestServer, count: number, step = 1000): ArchiveItem[] {
  const store = s.server.storage.open(messages, "a.test");
  const items: ArchiveItem[] = [];
  for (let i = 0; i < count; i++) {
    const at = START + Math.floor(i / 2) * step;
    const peer = PEERS[(i * 7) % 11 % 3]!;
    const resource = `r${i % 2}`;
    const value = `<message xmlns="jabber:client" from="${peer}/${resource}"><body>${i}</body></message>`;
    const item = { id: itemId(at), at, with: peer, resource, value };
    store.append("juliet", item);
    items.push(item);
  }
  return items;
}

interface Asked {
  readonly peer: string | undefined;
  readonly resource: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly afterId: number | undefined;
  readonly beforeId: number | undefined;
  readonly ids: readonly number[] | undefined;
  readonly max: number;
  readonly cursor: { readonly direction: "after" | "before"; readonly at: number | undefined } | undefined;
  readonly flip: boolean;
}

/** More of each than are read at a time. */
const COUNT = 200;
const place = fc.nat(COUNT - 1);
const maybe = <T>(it: fc.Arbitrary<T>) => fc.option(it, { nil: undefined, freq: 2 });
const asked: fc.Arbitrary<Asked> = fc.record({
  peer: maybe(fc.constantFrom(...PEERS)),
  resource: maybe(fc.constantFrom("r0", "r1")),
  from: maybe(place),
  to: maybe(place),
  afterId: maybe(place),
  beforeId: maybe(place),
  ids: maybe(fc.array(place, { minLength: 1, maxLength: 20 })),
  max: fc.integer({ min: 1, max: 12 }),
  cursor: maybe(fc.record({ direction: fc.constantFrom("after", "before"), at: maybe(place) })),
  flip: fc.boolean(),
});

/** The same by filtering first and cutting the page out after. */
function expected(all: readonly ArchiveItem[], q: Asked): { ids: string[]; complete: boolean } {
  const time = (i: number | undefined) => i === undefined ? undefined : all[i]!.at;
  const [from, to] = [time(q.from), time(q.to)];
  const fit = all.filter((item, i) =>
    (q.peer === undefined ||
      (item.with === q.peer && (q.resource === undefined || item.resource === q.resource))) &&
    (from === undefined || item.at >= from) && (to === undefined || item.at <= to) &&
    (q.afterId === undefined || i > q.afterId) && (q.beforeId === undefined || i < q.beforeId) &&
    (q.ids === undefined || q.ids.includes(i))
  );
  const { direction, at } = q.cursor ?? {};
  const side = fit.filter((item) => {
    if (at === undefined) return true;
    const i = all.indexOf(item);
    return direction === "after" ? i > at : i < at;
  });
  const page = direction === "before" ? side.slice(-q.max) : side.slice(0, q.max);
  const ids = page.map((item) => item.id);
  return { ids: q.flip ? ids.reverse() : ids, complete: side.length <= q.max };
}

function stanza(all: readonly ArchiveItem[], q: Asked): string {
  const fields: Record<string, string | string[]> = {};
  const stamp = (i: number) => new Date(all[i]!.at).toISOString();
  if (q.peer !== undefined) fields.with = q.resource === undefined ? q.peer : `${q.peer}/${q.resource}`;
  if (q.from !== undefined) fields.start = stamp(q.from);
  if (q.to !== undefined) fields.end = stamp(q.to);
  if (q.afterId !== undefined) fields["after-id"] = all[q.afterId]!.id;
  if (q.beforeId !== undefined) fields["before-id"] = all[q.beforeId]!.id;
  if (q.ids !== undefined) fields.ids = q.ids.map((i) => all[i]!.id);
  const { direction, at } = q.cursor ?? {};
  const id = at === undefined ? "" : all[at]!.id;
  const cursor = direction === undefined || (direction === "after" && at === undefined)
    ? ""
    : `<${direction}>${id}</${direction}>`;
  return query("p", fields as Fields, set(`<max>${q.max}</max>${cursor}`) + (q.flip ? "<flip-page/>" : ""));
}

Deno.test("BUG-08: a filtered page is what filtering an array and cutting it gives", async () => {
  await using s = await verona();
  const all = fill(s, COUNT);
  const juliet = await s.client("juliet/chamber");
  const runs = Deno.env.get("METRONOME_LONG") === "1" ? 2000 : 150;
  await fc.assert(
    fc.asyncProperty(asked, async (q) => {
      const page = await ask(juliet, stanza(all, q));
      const wanted = expected(all, q);
      deepEqual(page.ids, wanted.ids);
      equal(page.fin.attr("complete"), wanted.complete ? "true" : undefined);
    }),
    { numRuns: runs },
  );
});

Deno.test("XEP-0313 §4.3: walking through an archive meets every message once, either way", async () => {
  await using s = await verona();
  const all = fill(s, 500);
  const juliet = await s.client("juliet/chamber");
  for (const direction of ["after", "before"] as const) {
    for (const peer of [undefined, PEERS[1]!]) {
      const wanted = all.filter((item) => peer === undefined || item.with === peer).map((item) => item.id);
      const met = await walk(juliet, direction, peer === undefined ? {} : { with: peer }, 37);
      deepEqual(met, wanted);
    }
  }
});

Deno.test("many questions at once are answered one after another, as the device reads", async () => {
  await using s = await verona();
  const store = s.server.storage.open(messages, "a.test");
  const body = "x".repeat(100_000);
  const value = `<message xmlns="jabber:client" from="romeo@b.test/r"><body>${body}</body></message>`;
  for (let i = 0; i < 8; i++) store.append("juliet", { at: START + i, with: "romeo@b.test", value });
  // The plugin has a store of its own, of the same kind.
  const kind: Archive = Object.getPrototypeOf(store);
  const { find } = kind;
  let read = 0;
  kind.find = function (...args) {
    read++;
    return find.apply(this, args);
  };
  using _undo = { [Symbol.dispose]: () => void (kind.find = find) };
  const juliet = await s.client("juliet/chamber");
  juliet.carrier.reading = false;
  juliet.carrier.feed(encodeUtf8(Array.from({ length: 5 }, (_, i) => query(`q${i}`)).join("")));
  // The server is not done with it: it waits for the device.
  for (let steps = 0; steps < 20; steps++) await s.step();
  equal(read, 1);
  juliet.carrier.readOn();
  await s.clock.advance("1 s");
  equal(read, 5);
  const kinds = juliet.inbox.map((element) => element.name === "iq" ? element.attr("id") : "message");
  const page = Array.from({ length: 8 }, () => "message");
  deepEqual(kinds, Array.from({ length: 5 }, (_, i) => [...page, `q${i}`]).flat());
});

Deno.test("what was said with one device is found, counted and purged, however long the conversation is", async () => {
  await using s = await verona();
  const all = fill(s, 3000);
  const juliet = await s.client("juliet/chamber");
  const of = (resource: string) =>
    all.filter((item) => item.with === PEERS[0] && item.resource === resource).map((item) => item.id);
  const fields = { with: `${PEERS[0]}/r1` };
  for (const direction of ["after", "before"] as const) {
    deepEqual(await walk(juliet, direction, fields, 70), of("r1"));
  }
  deepEqual(
    (await ask(juliet, query("i", fields, set("<max>3</max><index>200</index>")))).ids,
    of("r1").slice(200, 203),
  );
  const count = async (more: Fields) =>
    (await ask(juliet, query("n", more, set("<max>0</max>")))).fin.child("set", RSM)!.childText("count");
  equal(await count(fields), String(of("r1").length));
  await juliet.send(
    `<iq type='set' id='p'><purge xmlns='http://metronome.im/protocol/mam-purge'><jid>${fields.with}</jid></purge></iq>`,
  );
  juliet.expectNext("<iq type='result' id='p'/>");
  equal(await count(fields), "0");
  equal(await count({ with: PEERS[0]! }), String(of("r0").length));
  equal(await count({}), String(3000 - of("r1").length));
});

async function walk(
  client: TestClient,
  direction: "after" | "before",
  fields: Fields,
  max: number,
): Promise<string[]> {
  const pages: string[][] = [];
  let cursor = direction === "before" ? "<before/>" : "";
  for (;;) {
    const page = await ask(client, query("w", fields, set(`<max>${max}</max>${cursor}`)));
    pages.push(page.ids);
    if (page.fin.attr("complete") === "true") break;
    const rsm = page.fin.child("set", RSM)!;
    cursor = `<${direction}>${rsm.childText(direction === "after" ? "last" : "first")}</${direction}>`;
  }
  return (direction === "before" ? pages.reverse() : pages).flat();
}

Deno.test("pages of a long archive take as long at the end as at the beginning, and little memory", async () => {
  const count = Deno.env.get("METRONOME_LONG") === "1" ? 200_000 : 20_000;
  await using s = await verona();
  const all = fill(s, count);
  await s.settle();
  const juliet = await s.client("juliet/chamber");
  const time = async (at: number, fields: Fields = {}): Promise<number> => {
    let best = Infinity;
    for (let i = 0; i < 7; i++) {
      const begun = performance.now();
      const after = `<after>${all[at]!.id}</after>`;
      const page = await ask(juliet, query("t", fields, set(`<max>50</max>${after}`)));
      best = Math.min(best, performance.now() - begun);
      equal(page.ids.length, 50);
    }
    return best;
  };
  const deep = count - 200;
  for (const fields of [{}, { with: PEERS[2]! }]) {
    const [first, last] = [await time(100, fields), await time(deep, fields)];
    ok(last < first * 4 + 6, `a deep page took ${last} ms, an early one ${first} ms`);
  }
  const heap = () => {
    collect();
    return Deno.memoryUsage().heapUsed;
  };
  const before = heap();
  let most = 0;
  for (let i = 0; i < 40; i++) {
    await ask(
      juliet,
      query("m", {}, set(`<max>50</max><after>${all[Math.floor(i * deep / 40)]!.id}</after>`)),
    );
    if (i % 10 === 9) most = Math.max(most, heap() - before);
  }
  ok(most < 2 * 1_048_576, `${most} bytes more`);
});

/** The garbage collector, which is there for whoever asks like this. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
