import assert from "node:assert/strict";
import { systemClock } from "../base/clock.ts";
import { ManualClock } from "../testing/clock.ts";
import { DnsServer } from "./dns_test_server.ts";
import { BuiltIn } from "./built_in.ts";
import { silent } from "./dns_test_rig.ts";
import { type DnsOptions, openResolver } from "./open.ts";
import { parseResolvConf } from "./resolv_conf.ts";

const OPTIONS: DnsOptions = {
  servers: [],
  trust: "local",
  timeout: 2_000,
  attempts: 2,
  cache_entries: 100,
  cache_longest: 3_600_000,
  ipv6: true,
};

async function withFiles(
  resolvConf: string,
  hosts: string,
  act: (files: { resolvConf: string; hosts: string }) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/resolv.conf`, resolvConf);
    await Deno.writeTextFile(`${folder}/hosts`, hosts);
    await act({ resolvConf: `${folder}/resolv.conf`, hosts: `${folder}/hosts` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("resolv.conf: three servers, comments, and whether they are vouched for", () => {
  const text = "# made by hand\nsearch example.org\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # two\n" +
    "nameserver\nnameserver 192.0.2.3\nnameserver 192.0.2.4\noptions edns0 trust-ad\n";
  assert.deepEqual(parseResolvConf(text), {
    addresses: ["192.0.2.1", "2001:db8::1", "192.0.2.3"],
    trustAd: true,
  });
  assert.deepEqual(parseResolvConf(""), { addresses: [], trustAd: false });
});

Deno.test("whom it asks: the servers of the configuration, those of the machine, or the runtime", async () => {
  await withFiles("nameserver 192.0.2.1\nnameserver ::1\n", "", (files) => {
    const ground = { clock: systemClock, log: silent, files };
    assert.equal(openResolver(OPTIONS, ground).asks, "192.0.2.1, ::1");
    const servers = [{ hostname: "127.0.0.1", port: 5353 }];
    assert.equal(openResolver({ ...OPTIONS, servers }, ground).asks, "127.0.0.1 port 5353");
    const missing = { resolvConf: `${files.hosts}/none`, hosts: `${files.hosts}/none` };
    assert.match(openResolver(OPTIONS, { ...ground, files: missing }).asks, /runtime/);
    return Promise.resolve();
  });
});

Deno.test("servers on this machine are believed about DNSSEC, unless nobody is", async () => {
  await using dns = await DnsServer.start({ "SRV a.test": [] }, { authentic: true });
  dns.set("SRV a.test", [{ priority: 0, weight: 0, port: 1, target: "x.test" }], { authentic: true });
  const authentic = async (trust: DnsOptions["trust"]) => {
    const resolver = openResolver({ ...OPTIONS, trust, servers: [dns.server] }, {
      clock: systemClock,
      log: silent,
    });
    const answer = await resolver.srv("a.test");
    resolver.close();
    return answer.authentic;
  };
  assert.equal(await authentic("local"), true);
  assert.equal(await authentic("all"), true);
  assert.equal(await authentic("none"), false);
});

Deno.test("the runtime's resolver: absence, targets, errors, and an end to waiting", async () => {
  const { signal } = new AbortController();
  const clock = new ManualClock();
  const asking = (ask: () => Promise<never[]>) => new BuiltIn(clock, 1_000, ask);
  const srv = [{ priority: 1, weight: 2, port: 3, target: "X.test." }];
  assert.deepEqual(
    (await new BuiltIn(clock, 1_000, () => Promise.resolve(srv)).ask("SRV", "a.test", signal)).records,
    [
      { priority: 1, weight: 2, port: 3, target: "x.test" },
    ],
  );
  const absent = asking(() => Promise.reject(new Deno.errors.NotFound("no record found")));
  assert.deepEqual((await absent.ask("A", "a.test", signal)).records, []);
  assert.deepEqual((await absent.ask("TLSA", "a.test", signal)).records, []);
  const broken = asking(() => Promise.reject(new Error("the network is down")));
  await assert.rejects(broken.ask("A", "a.test", signal), {
    kind: "servfail",
    message: /A a\.test: the network is down/,
  });
  const never = asking(() => new Promise(() => {})).ask("A", "a.test", signal);
  const late = assert.rejects(never, { kind: "timeout" });
  await clock.advance(1_000);
  await late;
});

Deno.test("the runtime's resolver asks a server as any other does", async () => {
  await using dns = await DnsServer.start({
    "SRV a.test": [{ priority: 1, weight: 2, port: 3, target: "x.test" }],
  });
  const { hostname, port } = dns.server;
  const source = new BuiltIn(systemClock, 5_000, (name, kind, options) => {
    const nameServer = { ipAddr: hostname, port };
    return kind === "SRV"
      ? Deno.resolveDns(name, "SRV", { ...options, nameServer })
      : Deno.resolveDns(name, kind, { ...options, nameServer });
  });
  const { signal } = new AbortController();
  assert.deepEqual((await source.ask("SRV", "a.test.", signal)).records[0]?.target, "x.test");
  assert.deepEqual((await source.ask("AAAA", "no.test.", signal)).records, []);
});
