import { equal, throws } from "node:assert/strict";
import { Written } from "../stanza/written.ts";
import type { Stream } from "../stream/stream.ts";
import { ServerAcks } from "./server_acks.ts";

const MIB = 1 << 20;

/** Counters on a stream that only notes what becomes of it. */
function counters(): { acks: ServerAcks; written: string[]; ended: string[]; send(length?: number): void } {
  const written: string[] = [];
  const ended: string[] = [];
  const wheel = { arm() {}, disarm() {} };
  const stream = {
    context: { wheel },
    put: (text: string) => void written.push(text),
    carrier: { destroy: (error: Error) => void ended.push(error.message) },
  } as unknown as Stream;
  const acks = new ServerAcks({ stream, context: stream.context, pendingRequests: 0, acks: undefined });
  return {
    acks,
    written,
    ended,
    send: (length = 100) =>
      acks.sent(new Written("message", "normal", undefined, undefined, "m".repeat(length))),
  };
}

Deno.test("AC-2.6-5: what a peer does not acknowledge is limited in size, however many it acknowledges now and then", () => {
  const { acks, ended, send } = counters();
  for (let i = 0; i < 100; i++) {
    send(MIB);
    send(MIB);
    acks.acknowledge(acks.outbound - 1);
  }
  equal(ended.length, 0);
  for (let i = 1; i < 16; i++) send(MIB);
  equal(ended.length, 0);
  // A single one each time is too slow.
  acks.acknowledge(acks.outbound - 15);
  send(MIB);
  equal(ended.length, 0);
  send(1);
  equal(ended.join(), "too much is unacknowledged");
});

Deno.test("AC-2.6-5: and in number", () => {
  const { ended, send } = counters();
  for (let i = 0; i < 20_000; i++) send();
  equal(ended.length, 0);
  send();
  equal(ended.join(), "too much is unacknowledged");
});

Deno.test("XEP-0198 §4: more than was sent cannot be acknowledged; after what was, nothing is left", () => {
  const { acks, written, send } = counters();
  for (let i = 0; i < 20; i++) send();
  equal(written.join(), `<r xmlns="urn:xmpp:sm:3"/>`);
  throws(() => acks.acknowledge(21), /more was acknowledged/);
  acks.acknowledge(20);
  equal(acks.queue.length, 0);
  throws(() => acks.acknowledge(19), /more was acknowledged/);
});

Deno.test("XEP-0198 §5: what need not be told again is as if it had never been sent, for the counts and for the limits", () => {
  const { acks, ended, send } = counters();
  const sent = [15 * MIB, 100, 100];
  for (const length of sent) send(length);
  acks.acknowledge(0);
  acks.drop(({ length }) => length === sent[0]);
  equal(acks.queue.length, 2);
  equal(acks.outbound, 2);
  throws(() => acks.acknowledge(3), /more was acknowledged/);
  for (let i = 0; i < 15; i++) send(MIB);
  equal(ended.length, 0);
  acks.acknowledge(17);
  equal(acks.queue.length, 0);
  // The counts go round (§4): what was sent first may be behind zero.
  acks.outbound = 0;
  acks.queue = [...Array(2)].map(() => new Written("message", "normal", undefined, undefined, "m"));
  acks.drop(() => true);
  equal(acks.outbound, 0xfffffffe);
});
