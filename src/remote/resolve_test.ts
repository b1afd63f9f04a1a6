import assert from "node:assert/strict";
import { DnsServer } from "../dns/dns_test_server.ts";
import { ManualClock } from "../testing/clock.ts";
import { CachingResolver } from "../dns/caching.ts";
import { NameServers } from "../dns/name_servers.ts";
import { resolveTargets } from "./resolve.ts";

const DIRECT = "SRV _xmpps-server._tcp.a.test";
const PLAIN = "SRV _xmpp-server._tcp.a.test";
const NOWHERE = { priority: 0, weight: 0, port: 0, target: "." };

function srv(target: string, priority = 0, port = 5269, weight = 0) {
  return { priority, weight, port, target };
}

function resolverOn(dns: DnsServer, clock = new ManualClock()): CachingResolver {
  const { hostname, port } = dns.server;
  const servers = [{ address: hostname, port, trusted: true }];
  const source = new NameServers({ servers, timeoutMs: 1_000, attempts: 1, clock });
  return new CachingResolver({ source, clock, entries: 100, longestMs: 60_000, ipv6: true });
}

async function targetsOf(dns: DnsServer, domain = "a.test"): Promise<string[]> {
  const targets = await resolveTargets(resolverOn(dns), domain);
  return targets.map(({ host, port, direct, authentic }) =>
    `${host}:${port}${direct ? " direct" : ""}${authentic ? " authentic" : ""}`
  );
}

/** Questions for addresses. */
function addressQuestions(dns: DnsServer): string[] {
  return dns.asked.filter((it) => / A{1,4} /.test(it) && !it.includes("SRV"));
}

Deno.test("AC-2.8-1: only _xmpps-server: its targets, and not the domain's own host", async () => {
  await using dns = await DnsServer.start({ [DIRECT]: [srv("x.test", 0, 5270)], "A a.test": ["192.0.2.1"] });
  assert.deepEqual(await targetsOf(dns), ["x.test:5270 direct"]);
});

Deno.test("AC-2.8-2: both kinds are one list, ordered by priority", async () => {
  await using dns = await DnsServer.start({
    [PLAIN]: [srv("plain.test", 10), srv("last.test", 20)],
    [DIRECT]: [srv("direct.test", 5, 5270), srv("late.test", 15, 5270)],
  });
  assert.deepEqual(await targetsOf(dns), [
    "direct.test:5270 direct",
    "plain.test:5269",
    "late.test:5270 direct",
    "last.test:5269",
  ]);
});

Deno.test('AC-2.8-3: a direct target of "." leaves the plain ones', async () => {
  await using dns = await DnsServer.start({ [DIRECT]: [NOWHERE], [PLAIN]: [srv("x.test")] });
  assert.deepEqual(await targetsOf(dns), ["x.test:5269"]);
});

Deno.test('AC-2.8-3: both ".": remote-server-not-found, and no question for addresses', async () => {
  await using dns = await DnsServer.start({
    [DIRECT]: [NOWHERE],
    [PLAIN]: [NOWHERE],
    "A a.test": ["192.0.2.1"],
  });
  await assert.rejects(targetsOf(dns), {
    condition: "remote-server-not-found",
    message: /takes no connections/,
  });
  dns.remove(DIRECT);
  await assert.rejects(targetsOf(dns), { condition: "remote-server-not-found" });
  assert.deepEqual(addressQuestions(dns), []);
});

Deno.test('a target of "." among others, and port 0, are no places to try', async () => {
  await using dns = await DnsServer.start({ [PLAIN]: [NOWHERE, srv("x.test"), srv("y.test", 0, 0)] });
  assert.deepEqual(await targetsOf(dns), ["x.test:5269"]);
});

Deno.test('a plain target of "." beside direct ones leaves those', async () => {
  await using dns = await DnsServer.start({ [PLAIN]: [NOWHERE], [DIRECT]: [srv("x.test", 0, 5270)] });
  assert.deepEqual(await targetsOf(dns), ["x.test:5270 direct"]);
});

Deno.test("RFC 6120 §3.2.2: without services the domain's own host, at port 5269", async () => {
  await using dns = await DnsServer.start({ "AAAA a.test": ["2001:db8::1"] });
  assert.deepEqual(await targetsOf(dns), ["a.test:5269"]);
  dns.set(DIRECT, [NOWHERE]);
  assert.deepEqual(await targetsOf(dns), ["a.test:5269"]);
});

Deno.test("a domain without services and addresses is not found", async () => {
  await using dns = await DnsServer.start({ "AAAA a.test": [] });
  const error = {
    condition: "remote-server-not-found",
    message: /neither services \(SRV\) nor addresses of a\.test/,
  };
  await assert.rejects(targetsOf(dns), error);
});

Deno.test("nobody answers: remote-server-timeout", async () => {
  await using dns = await DnsServer.start();
  dns.conduct("*", { drop: true });
  const clock = new ManualClock();
  const seen = [PLAIN, DIRECT].map((it) => dns.seen(it));
  const targets = resolveTargets(resolverOn(dns, clock), "a.test");
  const rejected = assert.rejects(targets, {
    condition: "remote-server-timeout",
    message: /did not answer for A/,
  });
  await Promise.all(seen);
  const addresses = ["A a.test", "AAAA a.test"].map((it) => dns.seen(it));
  await clock.advance(1_000);
  await Promise.all(addresses);
  await clock.advance(1_000);
  await rejected;
});

Deno.test("RFC 6120 §3.2.1: no answer for the services leads to the domain's own host, a broken zone to an error", async () => {
  await using dns = await DnsServer.start({ "A a.test": ["192.0.2.1"] });
  for (const it of [PLAIN, DIRECT]) dns.conduct(it, { code: 2 });
  assert.deepEqual(await targetsOf(dns), ["a.test:5269"]);
  dns.conduct("*", { code: 2 });
  await assert.rejects(targetsOf(dns), { condition: "remote-server-not-found", message: /SERVFAIL/ });
});

Deno.test("one service that cannot be asked for does not hide the other", async () => {
  await using dns = await DnsServer.start({ [PLAIN]: [srv("x.test")] });
  dns.conduct(DIRECT, { code: 2 });
  assert.deepEqual(await targetsOf(dns), ["x.test:5269"]);
});

Deno.test("the services of an international domain are asked for in ASCII, over an alias too", async () => {
  await using dns = await DnsServer.start({
    "SRV _xmpp-server._tcp.xn--bcher-kva.test": [srv("x.test")],
    "CNAME _xmpp-server._tcp.alias.test": ["_xmpp-server._tcp.xn--bcher-kva.test"],
  });
  assert.deepEqual(await targetsOf(dns, "bücher.test"), ["x.test:5269"]);
  assert.deepEqual(await targetsOf(dns, "alias.test"), ["x.test:5269"]);
});

Deno.test("a domain that is an address needs no DNS", async () => {
  await using dns = await DnsServer.start();
  assert.deepEqual(await targetsOf(dns, "192.0.2.1"), ["192.0.2.1:5269"]);
  assert.deepEqual(await targetsOf(dns, "[2001:db8::1]"), ["2001:db8::1:5269"]);
  assert.deepEqual(dns.asked, []);
});

Deno.test("authentic is said of each target, and of the absence of services", async () => {
  await using dns = await DnsServer.start({ "A b.test": ["192.0.2.1"] });
  dns.set(PLAIN, [srv("x.test", 1)], { authentic: true });
  dns.set(DIRECT, [srv("y.test", 0, 5270)]);
  assert.deepEqual(await targetsOf(dns), ["y.test:5270 direct", "x.test:5269 authentic"]);
  for (const it of ["_xmpp-server", "_xmpps-server"]) {
    dns.set(`SRV ${it}._tcp.b.test`, [], { authentic: true });
  }
  assert.deepEqual(await targetsOf(dns, "b.test"), ["b.test:5269 authentic"]);
});

Deno.test("many targets are cut short, twins are one", async () => {
  const many = Array.from({ length: 40 }, (_, i) => srv(`host-${i}.test`));
  await using dns = await DnsServer.start({ [PLAIN]: many });
  assert.equal((await targetsOf(dns)).length, 16);
  dns.set(PLAIN, [srv("x.test", 0), srv("X.test", 1), srv("x.test", 2, 5222)]);
  assert.deepEqual(await targetsOf(dns), ["x.test:5269", "x.test:5222"]);
});

Deno.test("giving up rejects with the reason for it", async () => {
  await using dns = await DnsServer.start();
  dns.conduct("*", { drop: true });
  const stop = new AbortController();
  const seen = dns.seen(PLAIN);
  const rejected = assert.rejects(
    resolveTargets(resolverOn(dns), "a.test", { signal: stop.signal }),
    /enough/,
  );
  await seen;
  stop.abort(new Error("enough"));
  await rejected;
});
