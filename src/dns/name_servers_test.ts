import assert from "node:assert/strict";
import fc from "fast-check";
import { DnsServer } from "./dns_test_server.ts";
import { ManualClock } from "../testing/clock.ts";
import { otherCase, otherId, otherName, resolverOn } from "./dns_test_rig.ts";
import { DnsError } from "./resolver.ts";

const SRV = { priority: 5, weight: 10, port: 5269, target: "xmpp.a.test" };

function fault(kind: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof DnsError, String(error));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  };
}

Deno.test("services, addresses of both kinds and certificates are asked for by their names", async () => {
  await using dns = await DnsServer.start({
    "SRV _xmpp-server._tcp.a.test": [SRV, { priority: 0, weight: 0, port: 1, target: "." }],
    "A xmpp.a.test": ["192.0.2.1", "192.0.2.2"],
    "AAAA xmpp.a.test": ["2001:db8::1"],
    "TLSA _5269._tcp.xmpp.a.test": [{ usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 3) }],
  }, { authentic: true });
  const resolver = resolverOn([dns]);
  assert.deepEqual(await resolver.srv("_xmpp-server._tcp.A.test."), {
    records: [SRV, { priority: 0, weight: 0, port: 1, target: "." }],
    authentic: true,
    ttlMs: 60_000,
  });
  assert.deepEqual(await resolver.addresses("xmpp.a.test"), {
    v6: ["2001:db8::1"],
    v4: ["192.0.2.1", "192.0.2.2"],
    authentic: true,
  });
  assert.deepEqual((await resolver.tlsa(5269, "xmpp.a.test")).records, [
    { usage: 3, selector: 1, matching: 1, data: Uint8Array.of(1, 2, 3) },
  ]);
  assert.deepEqual(dns.asked.filter((it) => !it.startsWith("udp ")), []);
});

Deno.test("a name without such records, and one that does not exist, have empty answers", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] });
  const resolver = resolverOn([dns]);
  assert.deepEqual((await resolver.srv("a.test")).records, []);
  assert.deepEqual(await resolver.addresses("no.test"), { v6: [], v4: [], authentic: false });
});

Deno.test("authentic is what a trusted server says with the AD bit, for every part of an answer", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] }, { authentic: true });
  dns.set("CNAME signed.test", ["plain.test"], { authentic: true });
  dns.set("A plain.test", ["192.0.2.1"]);
  dns.set("AAAA half.test", ["2001:db8::1"], { authentic: true });
  dns.set("A half.test", ["192.0.2.1"]);
  dns.set("AAAA a.test", [], { authentic: true });
  assert.equal((await resolverOn([dns]).addresses("a.test")).authentic, true);
  assert.equal((await resolverOn([dns]).addresses("half.test")).authentic, false);
  assert.equal((await resolverOn([dns], { ipv6: false }).addresses("signed.test")).authentic, false);
  assert.equal((await resolverOn([dns], { trusted: false }).addresses("a.test")).authentic, false);
  dns.recursive = false;
  assert.equal((await resolverOn([dns], { ipv6: false }).addresses("signed.test")).authentic, false);
});

Deno.test("questions ask for the AD bit, and have unpredictable ids, ports and spellings", async () => {
  await using dns = await DnsServer.start();
  const resolver = resolverOn([dns]);
  for (let i = 0; i < 40; i++) await resolver.srv(`name-of-twelve.${i}.test`);
  const ids = dns.queries.map((query) => query[0]! * 256 + query[1]!);
  assert.ok(new Set(ids).size > 35, "ids");
  assert.ok(new Set(dns.ports).size > 20, "ports");
  const spellings = new Set(dns.queries.map((query) => new TextDecoder().decode(query.subarray(13, 27))));
  assert.ok(spellings.size > 35, "spellings");
  assert.ok(dns.queries.every((query) => (query[3]! & 0x20) !== 0), "AD");
});

Deno.test("forged replies before the true one change nothing", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] });
  dns.conduct("A a.test", {
    lie: (reply) => [
      otherId(reply),
      otherName(reply),
      reply.subarray(0, 11),
      new Uint8Array(0),
      reply.with(2, 0),
      reply,
    ],
  });
  assert.deepEqual((await resolverOn([dns]).addresses("a.test")).v4, ["192.0.2.1"]);
  assert.equal(dns.count("A a.test"), 1);
});

Deno.test("a reply from another place is none", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] });
  await using liar = await DnsServer.start();
  let forged = Promise.resolve();
  dns.conduct("A a.test", {
    lie: (reply) => {
      const wrong = reply.slice();
      wrong[wrong.length - 12] = 66;
      forged = liar.send(wrong, dns.ports.at(-1)!);
      return [];
    },
    times: 1,
  });
  const clock = new ManualClock();
  const asked = dns.seen("A a.test");
  const answer = resolverOn([dns], { clock, ipv6: false }).addresses("a.test");
  await asked;
  await forged;
  await clock.advance(2_000);
  assert.deepEqual((await answer).v4, ["192.0.2.1"]);
});

Deno.test("many wrong replies, another spelling and the truncation bit lead to TCP", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] });
  const resolver = () => resolverOn([dns], { ipv6: false });
  dns.conduct("A a.test", { over: "udp", lie: (reply) => Array(40).fill(otherId(reply)) });
  assert.deepEqual((await resolver().addresses("a.test")).v4, ["192.0.2.1"]);
  dns.conduct("A a.test", { over: "udp", lie: (reply) => [otherCase(reply)] });
  assert.deepEqual((await resolver().addresses("a.test")).v4, ["192.0.2.1"]);
  dns.conduct("A a.test", { truncate: true });
  assert.deepEqual((await resolver().addresses("a.test")).v4, ["192.0.2.1"]);
  assert.deepEqual(dns.asked, Array(3).fill(["udp A a.test", "tcp A a.test"]).flat());
});

Deno.test("an answer that no datagram holds comes over TCP", async () => {
  const all = Array.from(
    { length: 60 },
    (_, i) => ({ ...SRV, port: i + 1, target: `host-${i}.long.name.a.test` }),
  );
  await using dns = await DnsServer.start({ "SRV _s._tcp.a.test": all });
  dns.conduct("SRV _s._tcp.a.test", { truncate: true });
  assert.equal((await resolverOn([dns]).srv("_s._tcp.a.test")).records.length, 60);
});

Deno.test("over TCP a wrong answer is an error, and the next server is asked", async () => {
  await using wrong = await DnsServer.start({ "SRV a.test": [SRV] });
  await using right = await DnsServer.start({ "SRV a.test": [SRV] });
  const short = (reply: Uint8Array) => (reply[2]! & 2) !== 0;
  wrong.conduct("*", { truncate: true, lie: (reply) => [short(reply) ? reply : otherId(reply)] });
  assert.equal((await resolverOn([wrong, right]).srv("a.test")).records.length, 1);
  assert.deepEqual(wrong.asked, ["udp SRV a.test", "tcp SRV a.test"]);
  await assert.rejects(
    resolverOn([wrong]).srv("a.test"),
    fault("malformed", /belongs to no question of ours/),
  );
});

Deno.test("a silent server is followed by the next, and no longer asked first", async () => {
  await using silent = await DnsServer.start();
  await using other = await DnsServer.start({ "SRV a.test": [SRV], "SRV b.test": [SRV] });
  silent.conduct("*", { drop: true });
  const clock = new ManualClock();
  const resolver = resolverOn([silent, other], { clock });
  const asked = silent.seen("SRV a.test");
  const answer = resolver.srv("a.test");
  await asked;
  await clock.advance(2_000);
  assert.equal((await answer).records.length, 1);
  assert.equal((await resolver.srv("b.test")).records.length, 1);
  assert.equal(silent.count("SRV b.test"), 0);
});

Deno.test("silence of all is a time-out, and names the server and the question", async () => {
  await using dns = await DnsServer.start();
  dns.conduct("*", { drop: true });
  const clock = new ManualClock();
  const answer = assert.rejects(
    resolverOn([dns], { clock }).srv("a.test"),
    fault("timeout", /127\.0\.0\.1:\d+ did not answer for SRV a\.test within 2000 ms/),
  );
  await dns.seen("SRV a.test");
  const again = dns.seen("SRV a.test");
  await clock.advance(2_000);
  await again;
  await clock.advance(2_000);
  await answer;
  assert.equal(clock.pending, 0);
});

Deno.test("SERVFAIL and REFUSED: the next server, then the error that says which", async () => {
  await using one = await DnsServer.start({ "SRV a.test": [SRV] });
  await using two = await DnsServer.start({ "SRV a.test": [SRV] });
  one.conduct("*", { code: 2 });
  assert.equal((await resolverOn([one, two]).srv("a.test")).records.length, 1);
  two.conduct("*", { code: 5 });
  await assert.rejects(resolverOn([one]).srv("a.test"), fault("servfail", /SERVFAIL/));
  await assert.rejects(resolverOn([two]).srv("a.test"), fault("refused", /REFUSED/));
});

Deno.test("RFC 6891 §6.2.2: a server that does not know EDNS is asked without it", async () => {
  await using dns = await DnsServer.start({ "SRV a.test": [SRV] });
  dns.old = true;
  assert.equal((await resolverOn([dns]).srv("a.test")).records.length, 1);
  assert.equal(dns.count("SRV a.test"), 2);
});

Deno.test("aliases are followed, by the server or by us, and no further than they may go", async () => {
  await using dns = await DnsServer.start({
    "CNAME a.test": ["b.test"],
    "CNAME b.test": ["c.test"],
    "A c.test": ["192.0.2.1"],
    "CNAME round.test": ["and.round.test"],
    "CNAME and.round.test": ["round.test"],
    "CNAME nowhere.test": ["gone.test"],
  });
  for (const recursive of [true, false]) {
    dns.recursive = recursive;
    const resolver = resolverOn([dns], { ipv6: false });
    assert.deepEqual((await resolver.addresses("a.test")).v4, ["192.0.2.1"]);
    assert.deepEqual((await resolver.addresses("nowhere.test")).v4, []);
    await assert.rejects(
      resolver.addresses("round.test"),
      fault("malformed", /aliases of round\.test go round/),
    );
  }
  assert.equal(dns.count("A round.test") < 10, true);
});

Deno.test("giving up stops the question", async () => {
  await using dns = await DnsServer.start();
  dns.conduct("*", { drop: true });
  const clock = new ManualClock();
  const stop = new AbortController();
  const resolver = resolverOn([dns], { clock });
  const answer = assert.rejects(resolver.srv("a.test", stop.signal), /enough/);
  await dns.seen("SRV a.test");
  stop.abort(new Error("enough"));
  await answer;
  assert.equal(clock.pending, 0);
  await assert.rejects(resolver.srv("a.test", stop.signal), /enough/);
});

Deno.test("property: whatever comes before the true reply, the answer is the true one", async () => {
  await using dns = await DnsServer.start({ "SRV a.test": [SRV] });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      async (garbage, changes) => {
        dns.conduct("SRV a.test", {
          over: "udp",
          times: 1,
          lie: (reply, query) => {
            const changed = reply.slice();
            // A header of any kind, as long as the id is not the one that was asked with.
            for (const [at, value] of changes) changed[at % 12] = value;
            const fits = changed.subarray(0, 2).every((byte, i) => byte === query[i]);
            return [...garbage, ...(fits ? [] : [changed]), reply];
          },
        });
        const { records } = await resolverOn([dns]).srv("a.test");
        assert.deepEqual(records, [SRV]);
      },
    ),
    { numRuns: 60 },
  );
});
