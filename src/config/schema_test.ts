import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress, parseNameServer } from "./address.ts";
import { DURATION_PATTERN, formatDuration, parseDuration } from "./duration.ts";
import { sameConfig } from "./same.ts";
import { address, byteRate, cidr, domain, duration, jid, rate, secret, size } from "./schema.ts";
import { Secret } from "./secret.ts";
import { formatSize, parseSize, SIZE_PATTERN } from "./size.ts";

Deno.test("durations read as people write them", () => {
  assert.equal(parseDuration("90 days"), 90 * 86_400_000);
  assert.equal(parseDuration("5 min"), 300_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration(" 1.5 h "), 5_400_000);
  assert.equal(parseDuration("1 year"), 365 * 86_400_000);
  assert.equal(parseDuration("250ms"), 250);
  for (
    const bad of [
      "",
      "90",
      "days",
      "5 parsecs",
      "5 min and",
      "-5 min",
      "5 5 min",
      "99999999999 years",
      "1 Day",
    ]
  ) {
    assert.equal(parseDuration(bad), undefined, bad);
  }
});

Deno.test("sizes read as people write them", () => {
  assert.equal(parseSize("10 MiB"), 10 * 2 ** 20);
  assert.equal(parseSize("512 KB"), 512_000);
  assert.equal(parseSize("0.5kib"), 512);
  for (const bad of ["", "10", "10 M", "MiB", "10 MiBs", "-1 B", "1e3 B", "9999999 TiB"]) {
    assert.equal(parseSize(bad), undefined, bad);
  }
});

Deno.test("what is printed reads as the same number, and fits the pattern of the JSON Schema", () => {
  fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (n) => {
    assert.equal(parseSize(formatSize(n)), n);
    assert.match(formatSize(n), new RegExp(SIZE_PATTERN));
  }));
  fc.assert(fc.property(fc.nat({ max: 2 ** 50 }), (n) => {
    assert.equal(parseDuration(formatDuration(n)), n);
    assert.match(formatDuration(n), new RegExp(DURATION_PATTERN));
  }));
});

Deno.test("a bare number is no duration and no size", () => {
  assert.match(
    duration().safeParse(90).error?.issues[0]?.message ?? "",
    /expected a duration such as "90 days"/,
  );
  assert.match(size().safeParse(90).error?.issues[0]?.message ?? "", /expected a size such as "10 MiB"/);
  assert.match(duration().safeParse("90").error?.issues[0]?.message ?? "", /expected a duration/);
  assert.equal(duration({ forever: Infinity }).parse("forever"), Infinity);
});

Deno.test("rates: a number, a size, or off", () => {
  assert.equal(rate().parse(50), 50);
  assert.equal(rate().parse("off"), 0);
  assert.equal(rate().parse(0), 0);
  assert.equal(rate().safeParse(-1).success, false);
  assert.equal(byteRate().parse("128 KiB"), 131_072);
  assert.equal(byteRate().parse("128 KiB/s"), 131_072);
  assert.equal(byteRate().parse("off"), 0);
  assert.equal(byteRate().parse(0), 0);
  assert.equal(byteRate().safeParse(5).success, false);
});

Deno.test("addresses of listeners", () => {
  assert.deepEqual(parseAddress("[::]:5222"), { hostname: "::", port: 5222 });
  assert.deepEqual(parseAddress("127.0.0.1:0"), { hostname: "127.0.0.1", port: 0 });
  assert.deepEqual(parseAddress("localhost:80"), { hostname: "localhost", port: 80 });
  for (
    const bad of [
      "5222",
      ":5222",
      "::5222",
      "[::]",
      "[1.2.3.4]:1",
      "256.0.0.1:1",
      "a:65536",
      "[:::]:1",
      "a b:1",
    ]
  ) {
    assert.equal(parseAddress(bad), undefined, bad);
    assert.equal(address().safeParse(bad).success, false);
  }
  for (const text of ["[::1]:5222", "0.0.0.0:1"]) {
    assert.equal(formatAddress(address().parse(text)), text);
  }
});

Deno.test("name servers: an address, with a port unless it is 53", () => {
  assert.deepEqual(parseNameServer("192.0.2.53"), { hostname: "192.0.2.53", port: 53 });
  assert.deepEqual(parseNameServer("::1"), { hostname: "::1", port: 53 });
  assert.deepEqual(parseNameServer("[::1]"), { hostname: "::1", port: 53 });
  assert.deepEqual(parseNameServer("[::1]:5353"), { hostname: "::1", port: 5353 });
  assert.deepEqual(parseNameServer("127.0.0.1:5353"), { hostname: "127.0.0.1", port: 5353 });
  for (const text of ["dns.test", "dns.test:53", "192.0.2", "127.0.0.1:0", "127.0.0.1:70000", ""]) {
    assert.equal(parseNameServer(text), undefined, text);
  }
});

Deno.test("networks, domains and addresses of people, in form", () => {
  for (const good of ["10.0.0.0/8", "::1", "fe80::/10", "192.168.1.1/32"]) {
    assert.ok(cidr().safeParse(good).success, good);
  }
  for (const bad of ["10.0.0.0/33", "10.0.0/8", "::/129", "host/8", "10.0.0.0/", "/8", "1:2"]) {
    assert.equal(cidr().safeParse(bad).success, false, bad);
  }
  assert.equal(domain().parse("Example.ORG."), "example.org");
  for (const bad of ["", "a b", "a/b", "a@b"]) assert.equal(domain().safeParse(bad).success, false, bad);
  assert.equal(jid().parse("alice@Example.org"), "alice@example.org");
  for (const bad of ["alice", "@example.org", "a@b/c", "a b@c", "a@", "a:b@c"]) {
    assert.equal(jid().safeParse(bad).success, false, bad);
  }
});

Deno.test("a secret does not print, and is given away only when asked", () => {
  const it = secret().parse("hunter2");
  for (
    const text of [
      String(it),
      `${it}`,
      JSON.stringify({ it }),
      Deno.inspect({ it }),
      JSON.stringify(Object.entries(it)),
    ]
  ) {
    assert.ok(!text.includes("hunter2"), text);
  }
  assert.match(Deno.inspect({ it }), /\[redacted\]/);
  assert.equal(it.reveal(), "hunter2");
  assert.equal(secret().safeParse("").success, false);
});

Deno.test("settings compare by value, secrets by what they hold", () => {
  const one = { a: [1, { b: "x" }], s: new Secret("p") };
  assert.ok(sameConfig(one, { a: [1, { b: "x" }], s: new Secret("p") }));
  assert.ok(!sameConfig(one, { a: [1, { b: "x" }], s: new Secret("q") }));
  assert.ok(!sameConfig(one, { a: [1, { b: "y" }], s: new Secret("p") }));
  assert.ok(!sameConfig(one, { a: [1], s: new Secret("p") }));
  assert.ok(!sameConfig({ a: undefined }, { b: undefined }));
});
