import assert from "node:assert/strict";
import { ManualClock } from "../testing/clock.ts";
import { type CachingGround, CachingResolver } from "./caching.ts";
import { HandSource } from "./dns_test_rig.ts";
import { parseHosts } from "./hosts_file.ts";
import { DnsError } from "./resolver.ts";

const SRV = { priority: 0, weight: 0, port: 1, target: "x.test" };

function rig(options: Partial<CachingGround> = {}) {
  const [clock, source] = [new ManualClock(), new HandSource()];
  const ground = { source, clock, entries: 100, longestMs: 86_400_000, ipv6: true, ...options };
  return { clock, source, resolver: new CachingResolver(ground) };
}

/** Lets everything that has its answer go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("an answer is remembered as long as it holds, and asked for once by all who want it meanwhile", async () => {
  const { clock, source, resolver } = rig();
  const answers = [resolver.srv("a.test"), resolver.srv("A.TEST."), resolver.srv("a.test")];
  source.answer(0, { records: [SRV], ttlMs: 60_000 });
  for (const { records } of await Promise.all(answers)) assert.deepEqual(records, [SRV]);
  await clock.advance(59_999);
  await resolver.srv("a.test");
  assert.equal(source.asked.length, 1);
  await clock.advance(1);
  const again = resolver.srv("a.test");
  assert.equal(source.asked.length, 2);
  source.answer(1, {});
  assert.deepEqual((await again).records, []);
});

Deno.test("times too short and too long are brought within bounds; absence holds for a quarter of an hour at most", async () => {
  const { clock, source, resolver } = rig({ longestMs: 3_600_000 });
  const ask = async (name: string, ttlMs: number | undefined, records = [SRV]) => {
    const answer = resolver.srv(name);
    source.answer(source.asked.length - 1, { records, ttlMs });
    await answer;
  };
  await ask("short.test", 0);
  await ask("long.test", 1e12);
  await ask("absent.test", 1e12, []);
  await ask("unsaid.test", undefined);
  const asked = async (name: string) => {
    const before = source.asked.length;
    const stop = new AbortController();
    const answer = resolver.srv(name, stop.signal);
    const again = source.asked.length > before;
    stop.abort();
    await answer.catch(() => {});
    return again;
  };
  assert.equal(await asked("short.test"), false);
  await clock.advance(5_000);
  assert.equal(await asked("short.test"), true);
  assert.equal(await asked("unsaid.test"), false);
  await clock.advance(25_000);
  assert.equal(await asked("unsaid.test"), true);
  await clock.advance(14 * 60_000);
  assert.equal(await asked("absent.test"), false);
  await clock.advance(60_000);
  assert.equal(await asked("absent.test"), true);
  assert.equal(await asked("long.test"), false);
  await clock.advance(3_600_000);
  assert.equal(await asked("long.test"), true);
});

Deno.test("a failure is remembered for five seconds (RFC 9520), giving up is not", async () => {
  const { clock, source, resolver } = rig();
  const failed = resolver.srv("a.test");
  source.fail(0, new DnsError("servfail", "a.test", "broken"));
  await assert.rejects(failed, /broken/);
  await assert.rejects(resolver.srv("a.test"), /broken/);
  assert.equal(source.asked.length, 1);
  await clock.advance(5_000);
  const stop = new AbortController();
  const given = resolver.srv("a.test", stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(given, /enough/);
  assert.equal(source.asked[1]?.signal.aborted, true);
  const again = resolver.srv("a.test");
  assert.equal(source.asked.length, 3);
  source.answer(2, { records: [SRV] });
  assert.equal((await again).records.length, 1);
});

Deno.test("one of several who gives up does not disturb the others", async () => {
  const { source, resolver } = rig();
  const stop = new AbortController();
  const [one, two] = [resolver.srv("a.test", stop.signal), resolver.srv("a.test")];
  stop.abort(new Error("enough"));
  await assert.rejects(one, /enough/);
  assert.equal(source.asked[0]?.signal.aborted, false);
  source.answer(0, { records: [SRV] });
  assert.equal((await two).records.length, 1);
});

Deno.test("the memory is bounded", async () => {
  const { source, resolver } = rig({ entries: 10 });
  for (let i = 0; i < 50; i++) {
    const answer = resolver.srv(`${i}.test`);
    source.answer(i, {});
    await answer;
  }
  await resolver.srv("49.test");
  await resolver.srv("40.test");
  assert.equal(source.asked.length, 50);
  void resolver.srv("39.test").catch(() => {});
  assert.equal(source.asked.length, 51);
  resolver.close();
});

Deno.test("closing ends what is under way, and nothing is asked afterwards", async () => {
  const { source, resolver } = rig();
  const answer = resolver.srv("a.test");
  resolver.close();
  await assert.rejects(answer, { kind: "closed" });
  await assert.rejects(resolver.srv("b.test"), { kind: "closed" });
  assert.equal(source.asked.length, 1);
});

Deno.test("both kinds of address are asked for at once; one is enough, and the other is not waited for long", async () => {
  const { clock, source, resolver } = rig();
  const slow = resolver.addresses("a.test");
  assert.deepEqual(source.asked.map(({ kind }) => kind), ["A", "AAAA"]);
  source.answer(0, { records: ["192.0.2.1"] });
  await turn();
  await clock.advance(1_000);
  assert.deepEqual(await slow, { v6: [], v4: ["192.0.2.1"], authentic: false });
  source.answer(1, { records: ["2001:db8::1"] });
  await turn();
  assert.deepEqual((await resolver.addresses("a.test")).v6, ["2001:db8::1"]);

  const half = resolver.addresses("b.test");
  source.fail(2, new DnsError("servfail", "b.test", "broken"));
  source.answer(3, { records: ["2001:db8::2"] });
  assert.deepEqual(await half, { v6: ["2001:db8::2"], v4: [], authentic: false });

  const none = resolver.addresses("c.test");
  source.answer(4, {});
  source.fail(5, new DnsError("timeout", "c.test", "silent"));
  await assert.rejects(none, /silent/);
});

Deno.test("an absent address of one kind does not end the wait for the other", async () => {
  const { clock, source, resolver } = rig();
  const answer = resolver.addresses("a.test");
  source.answer(1, {});
  await turn();
  await clock.advance(1_500);
  source.answer(0, { records: ["192.0.2.1"] });
  assert.deepEqual((await answer).v4, ["192.0.2.1"]);
});

Deno.test("the machine's own names are not asked for", async () => {
  const hosts = parseHosts(
    "127.0.0.1 localhost # this one\n\n192.0.2.7\tpeer.test Peer\n2001:db8::7 peer.test\nrubbish x\n",
  );
  const { source, resolver } = rig({ hosts });
  assert.deepEqual(await resolver.addresses("PEER.test"), {
    v6: ["2001:db8::7"],
    v4: ["192.0.2.7"],
    authentic: false,
  });
  assert.deepEqual((await resolver.addresses("peer")).v4, ["192.0.2.7"]);
  assert.deepEqual(await resolver.addresses("any.localhost"), {
    v6: ["::1"],
    v4: ["127.0.0.1"],
    authentic: false,
  });
  assert.deepEqual((await resolver.srv("_xmpp-server._tcp.any.localhost")).records, []);
  assert.equal(source.asked.length, 0);
});

Deno.test("a name that cannot be asked for is an error that says what names are", async () => {
  const { source, resolver } = rig();
  for (
    const name of ["", "a..test", "ü.test", "a b", `${"x".repeat(64)}.test`, `${"x.".repeat(127)}test`, "."]
  ) {
    await assert.rejects(resolver.addresses(name), { kind: "no-such-name" }, name);
  }
  assert.equal(source.asked.length, 0);
});
