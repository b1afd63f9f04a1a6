import assert from "node:assert/strict";
import { CONTENT_NS, el, type HostScope, Jid, Stanza } from "#plugin";
import { Outbox } from "./outbox.ts";

/** A host whose commits end when the test says so. */
function rig() {
  const sent: string[] = [];
  const commits: { done(): void; fail(): void }[] = [];
  const host = {
    writes: 0,
    send: (stanza: Stanza) => void sent.push(`${stanza.id} ${stanza.to}`),
    flush: () =>
      new Promise<void>((resolve, reject) => {
        commits.push({ done: resolve, fail: () => reject(new Error("disk full")) });
      }),
    spawn: (work: () => Promise<void>) => void work(),
  };
  const outbox = new Outbox(host as unknown as HostScope<unknown>);
  const event = (id: string, to: readonly string[] = ["a@b"]) => ({
    stanza: Stanza.of(el("message", CONTENT_NS, { id })),
    to: to.map((jid) => Jid.parse(jid)),
  });
  /** Something that wrote, and has this to tell. */
  const write = (id: string, lost = () => {}) => {
    const before = host.writes++;
    outbox.put(before, [event(id)], lost);
  };
  return { host, outbox, sent, commits, event, write };
}

const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

Deno.test("outbox: nothing is told before it is safe, and all in order", async () => {
  const { host, outbox, sent, commits, event, write } = rig();
  write("one");
  write("two");
  // What wrote nothing waits for what came before it.
  outbox.put(host.writes, [event("three")], () => {});
  commits[1]!.done();
  await turns();
  assert.deepEqual(sent, []);
  commits[0]!.done();
  await turns();
  assert.deepEqual(sent, ["one a@b", "two a@b", "three a@b"]);
  outbox.put(host.writes, [event("four")], () => {});
  assert.equal(sent.at(-1), "four a@b");
  assert.equal(outbox.busy, false);
});

Deno.test("outbox: what was taken back is not told", async () => {
  const { sent, commits, write } = rig();
  let lost = 0;
  write("one", () => lost++);
  write("two", () => lost++);
  commits[0]!.fail();
  commits[1]!.done();
  await turns();
  assert.deepEqual([sent, lost], [["two a@b"], 1]);
});

Deno.test("outbox: to many receivers in slices, each once, and the next event after them", async () => {
  const { host, outbox, sent, event } = rig();
  const many = Array.from({ length: 1000 }, (_, i) => `u${i}@b`);
  outbox.put(host.writes, [event("one", many), event("two", many)], () => {});
  const first = sent.length;
  assert.ok(first > 0 && first < 1000, `${first} at once`);
  while (outbox.busy) await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(sent, ["one", "two"].flatMap((id) => many.map((jid) => `${id} ${jid}`)));
});
