import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
// @ts-types="./dns_packet.ts"
import { encode, type WrittenRecord } from "dns-packet";
import { decodeReply, encodeQuestion } from "./packet.ts";

function reply(answers: WrittenRecord[], authorities: WrittenRecord[] = [], flags = 0): Uint8Array {
  return encode({
    type: "response",
    id: 7,
    flags,
    questions: [{ type: "A", name: "a.test" }],
    answers,
    authorities,
  });
}

const SOA = { mname: "ns.test", rname: "root.test", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 30 };

Deno.test("a reply: id, question, code, bits and the records that concern us", () => {
  const read = decodeReply(reply(
    [
      { type: "CNAME", name: "A.test", ttl: 5, data: "B.test" },
      { type: "TXT", name: "b.test", ttl: 5, data: "nothing of ours" },
      { type: "A", name: "b.test", ttl: 6, data: "192.0.2.1" },
    ],
    [{ type: "SOA", name: "test", ttl: 90, data: SOA }],
    0x20 | 3,
  ));
  assert.deepEqual(read, {
    id: 7,
    question: { name: "a.test", type: 1 },
    code: 3,
    truncated: false,
    authentic: true,
    records: [
      { kind: "CNAME", owner: "a.test", ttl: 5, data: "b.test" },
      { kind: "A", owner: "b.test", ttl: 6, data: "192.0.2.1" },
    ],
    absentFor: 30,
  });
});

Deno.test("a record of a strange form is passed over, and spoils no other", () => {
  const good = { type: "A", name: "a.test", ttl: 1, data: "192.0.2.1" };
  const records = (strange: WrittenRecord) => decodeReply(reply([strange, good]))?.records.length;
  assert.equal(records({ type: "SRV", name: "a.test", data: { port: 1, target: "not a name!" } }), 1);
  assert.equal(records({ type: "CNAME", name: "a.test", data: "ü.test" }), 1);
  assert.equal(records({ type: "A", name: "spaced out.test", data: "192.0.2.9" }), 1);
  // An address of five bytes.
  const bytes = reply([{ type: "NULL", name: "a.test", data: Buffer.from("12345") }, good]);
  bytes[bytes.indexOf(10, 24)] = 1;
  assert.equal(decodeReply(bytes)?.records.length, 1);
});

Deno.test("what is no reply is undefined: questions, other opcodes, several questions, cut off, pointers in a circle", () => {
  const good = reply([{ type: "A", name: "a.test", data: "192.0.2.1" }]);
  assert.equal(decodeReply(encodeQuestion(1, "a.test", "A", true)), undefined);
  assert.equal(decodeReply(good.with(2, 0x90)), undefined);
  assert.equal(decodeReply(good.with(5, 2)), undefined);
  for (let length = 0; length < good.length; length++) {
    assert.equal(decodeReply(good.subarray(0, length)), undefined, `${length} bytes`);
  }
  const circle = good.slice();
  circle.set([0xc0, 12], 12);
  assert.equal(decodeReply(circle), undefined);
  assert.equal(decodeReply(good.with(6, 0xff)), undefined);
});

Deno.test("what was cut short holds no records", () => {
  const read = decodeReply(reply([{ type: "A", name: "a.test", data: "192.0.2.1" }], [], 0x200));
  assert.equal(read?.truncated, true);
  assert.deepEqual(read?.records, []);
});

Deno.test("a TLSA record does not keep the message that it came in", () => {
  const data = { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.alloc(32, 9) };
  const read = decodeReply(reply([{ type: "TLSA", name: "a.test", data }]));
  const [record] = read!.records;
  assert.ok(record?.kind === "TLSA");
  assert.equal(record.data.data.buffer.byteLength, 32);
});

Deno.test("property: any bytes, and any change to good ones, are read without a throw, and quickly", () => {
  const good = reply([
    { type: "CNAME", name: "a.test", data: "b.test" },
    { type: "SRV", name: "b.test", data: { port: 1, target: "c.test" } },
    { type: "AAAA", name: "b.test", data: "2001:db8::1" },
  ], [{ type: "SOA", name: "test", data: SOA }]);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void decodeReply(bytes)));
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    (changes) => {
      const changed = good.slice();
      for (const [at, value] of changes) changed[at] = value;
      const read = decodeReply(changed);
      for (const { owner } of read?.records ?? []) assert.match(owner, /^(\.|[a-z0-9_.-]{1,253})$/);
    },
  ));
});

Deno.test("64 KiB of pointers to pointers take no time", () => {
  const bytes = new Uint8Array(65_535);
  bytes.set([0, 7, 0x80, 0, 0, 0, 0, 200]);
  for (let at = 12; at + 1 < bytes.length; at += 2) {
    const to = Math.max(0, at - 2) & 0x3fff;
    bytes.set([0xc0 | (to >> 8), to & 255], at);
  }
  const begun = performance.now();
  decodeReply(bytes);
  assert.ok(performance.now() - begun < 500);
});
