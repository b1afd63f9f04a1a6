import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Clock, systemClock, type Timer } from "../base/clock.ts";
import { Certificates } from "./certificates.ts";
import { makeSelfSigned, selfSigned } from "./self_signed.ts";
import { Lines } from "./transport_test_rig.ts";

class HandClock implements Clock {
  at = Date.parse("2026-06-01T00:00:00Z");
  fire: (() => void) | undefined;

  now(): number {
    return this.at;
  }

  monotonic(): number {
    return this.at;
  }

  after(_ms: number, fn: () => void): Timer {
    this.fire = fn;
    return { cancel: () => this.fire = undefined };
  }
}

function rig() {
  const folder = Deno.makeTempDirSync();
  const clock = new HandClock();
  const log = new Lines();
  const put = (host: string, cert: string, key: string) => {
    const pair = makeSelfSigned(host, clock.now());
    for (
      const [name, text] of cert === key
        ? [[cert, pair.key + pair.cert]]
        : [[cert, pair.cert], [key, pair.key]]
    ) {
      mkdirSync(dirname(join(folder, name!)), { recursive: true });
      writeFileSync(join(folder, name!), text!, { mode: 0o640 });
    }
  };
  return { folder, clock, log, put, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

Deno.test("certificates: every layout of the folder is found", () => {
  using it = rig();
  it.put("a.test", "a.test/fullchain.pem", "a.test/privkey.pem");
  it.put("b.test", "b.test/crt.pem", "b.test/key.pem");
  it.put("c.test", "c.test.crt", "c.test.key");
  it.put("d.test", "d.test.pem", "d.test.pem");
  const hosts = ["a.test", "b.test", "c.test", "d.test"].map((host) => ({ host }));
  const certificates = new Certificates({ hosts, folder: it.folder, clock: it.clock, log: it.log });
  deepEqual(certificates.problems, []);
  equal(certificates.size, 4);
  for (const { host } of hosts) equal(certificates.forHost(host)?.names.dns[0], host);
});

Deno.test("certificates: exact name, wildcard, parent, default", () => {
  using it = rig();
  it.put("a.test", "a.test.crt", "a.test.key");
  it.put("b.test", "b.pem", "b.pem");
  it.put("deep.b.test", "deep.crt", "deep.key");
  const certificates = new Certificates({
    hosts: [
      { host: "a.test" },
      { host: "b.test", certificate: join(it.folder, "b") },
      { host: "muc.b.test" },
      { host: "x.y.b.test" },
      { host: "deep.b.test", files: { cert: join(it.folder, "deep.crt"), key: join(it.folder, "deep.key") } },
    ],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  deepEqual(certificates.problems, []);
  const name = (domain: string) => certificates.forHost(domain)?.names.dns[0];
  equal(name("B.TEST"), "b.test");
  equal(name("muc.b.test"), "b.test");
  equal(name("deep.b.test"), "deep.b.test");
  equal(name("room.deep.b.test"), "deep.b.test");
  equal(name("x.y.b.test"), undefined);
  equal(certificates.choose("x.y.b.test")?.names.dns[0], "b.test");
  equal(certificates.choose("")?.names.dns[0], "a.test");
  equal(certificates.choose("other.example")?.names.dns[0], "a.test");
});

Deno.test("certificates: an internationalised host is found in both spellings", () => {
  using it = rig();
  it.put("bücher.test", "xn--bcher-kva.test.crt", "xn--bcher-kva.test.key");
  const certificates = new Certificates({
    hosts: [{ host: "bücher.test" }],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  equal(certificates.forHost("bücher.test")?.names.dns[0], "xn--bcher-kva.test");
  equal(certificates.forHost("muc.bücher.test"), certificates.forHost("xn--bcher-kva.test"));
});

Deno.test("certificates: problems say what, where, and what to do", () => {
  using it = rig();
  it.put("open.test", "open.test.crt", "open.test.key");
  chmodSync(join(it.folder, "open.test.key"), 0o644);
  it.put("mixed.test", "mixed.test.crt", "mixed.test.key");
  it.put("mixed.test", "mixed.test.crt", "elsewhere.key");
  writeFileSync(join(it.folder, "broken.test.crt"), "nonsense");
  writeFileSync(join(it.folder, "broken.test.key"), "nonsense", { mode: 0o600 });
  const certificates = new Certificates({
    hosts: [
      { host: "open.test" },
      { host: "mixed.test" },
      { host: "broken.test" },
      { host: "absent.test", certificate: join(it.folder, "absent") },
      { host: "nothing.test" },
    ],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  const problems = Object.fromEntries(
    certificates.problems.map((problem) => [problem.host, problem.message]),
  );
  match(problems["open.test"]!, /open\.test\.key can be read by everybody.*chmod o-rwx/);
  match(problems["mixed.test"]!, /mixed\.test\.crt: the private key does not belong/);
  match(problems["broken.test"]!, /broken\.test\.crt: not a PEM certificate/);
  match(problems["absent.test"]!, /no certificate found: expected .*absent\/fullchain\.pem/);
  equal(problems["nothing.test"], undefined);
  equal(certificates.size, 0);
  equal(certificates.choose("open.test"), undefined);
});

Deno.test("certificates: replaced files are read, broken ones keep the old, each is told once", () => {
  using it = rig();
  it.put("a.test", "a.test.crt", "a.test.key");
  const certificates = new Certificates({
    hosts: [{ host: "a.test" }],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  certificates.watch();
  const first = certificates.forHost("a.test");
  it.clock.fire!();
  equal(certificates.forHost("a.test"), first);

  it.put("a.test", "new.crt", "new.key");
  renameSync(join(it.folder, "new.crt"), join(it.folder, "a.test.crt"));
  it.clock.fire!();
  it.clock.fire!();
  equal(certificates.forHost("a.test"), first);
  match(certificates.problems[0]!.message, /does not belong.*the one that was read before stays in use/);
  equal(it.log.lines.filter((line) => line.startsWith("error")).length, 1);

  renameSync(join(it.folder, "new.key"), join(it.folder, "a.test.key"));
  it.clock.fire!();
  deepEqual(certificates.problems, []);
  notEqual(certificates.forHost("a.test"), first);
  notEqual(certificates.forHost("a.test")?.endPoint?.toHex(), first?.endPoint?.toHex());
  certificates.stop();
  equal(it.clock.fire, undefined);
});

Deno.test("certificates: another oldest version holds at once, also where the files cannot be read any more", () => {
  using it = rig();
  it.put("a.test", "a.crt", "a.key");
  const hosts = [{ host: "a.test", certificate: join(it.folder, "a") }];
  const certificates = new Certificates({ hosts, clock: it.clock, log: it.log });
  const before = certificates.forHost("a.test")!;
  certificates.configure(hosts, undefined, "1.2");
  equal(certificates.forHost("a.test"), before);
  writeFileSync(join(it.folder, "a.crt"), "broken");
  certificates.configure(hosts, undefined, "1.3");
  const after = certificates.forHost("a.test")!;
  notEqual(after.secure, before.secure);
  deepEqual(after.leaf, before.leaf);
});

Deno.test("certificates: a link that is turned elsewhere is noticed", () => {
  using it = rig();
  it.put("a.test", "archive1/fullchain.pem", "archive1/privkey.pem");
  it.put("a.test", "archive2/fullchain.pem", "archive2/privkey.pem");
  symlinkSync("archive1", join(it.folder, "a.test"));
  const certificates = new Certificates({
    hosts: [{ host: "a.test" }],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  const first = certificates.forHost("a.test");
  unlinkSync(join(it.folder, "a.test"));
  symlinkSync("archive2", join(it.folder, "a.test"));
  deepEqual(certificates.reload(), []);
  ok(first !== undefined && certificates.forHost("a.test") !== first);
});

Deno.test("certificates: the end is announced once a day, and a certificate for others is pointed out", () => {
  using it = rig();
  it.put("a.test", "a.test.crt", "a.test.key");
  const certificates = new Certificates({
    hosts: [{ host: "a.test" }, { host: "b.test", certificate: join(it.folder, "a.test") }],
    folder: it.folder,
    clock: it.clock,
    log: it.log,
  });
  match(it.log.lines.join("\n"), /not for this host.*"host":"b\.test".*a\.test, \*\.a\.test/);
  const { notAfter, selfSigned } = certificates.expiry()[0]!;
  equal(selfSigned, true);
  const warnings = () => it.log.lines.filter((line) => line.includes("expire")).length;
  certificates.configure([{ host: "a.test" }], it.folder);
  equal(warnings(), 0);
  it.clock.at = notAfter - 10.5 * 86_400_000;
  certificates.reload();
  certificates.reload();
  equal(warnings(), 1);
  it.clock.at = notAfter + 1;
  certificates.reload();
  equal(warnings(), 2);
  match(it.log.lines.at(-1)!, /has expired/);
});

Deno.test("self-signed: made once, kept private, made anew before it ends", () => {
  using it = rig();
  const first = selfSigned(join(it.folder, "tls"), "localhost", it.clock);
  equal(first.made, true);
  equal(Deno.statSync(first.key).mode! & 0o777, 0o600);
  const certificates = new Certificates({
    hosts: [{ host: "localhost", files: first }],
    clock: it.clock,
    log: it.log,
  });
  deepEqual(certificates.problems, []);
  const context = certificates.forHost("localhost")!;
  deepEqual(context.names.dns, ["localhost", "*.localhost"]);
  deepEqual(context.names.ip, ["127.0.0.1", "0:0:0:0:0:0:0:1"]);
  equal(context.selfSigned, true);
  equal(selfSigned(join(it.folder, "tls"), "localhost", it.clock).made, false);
  it.clock.at = context.notAfter;
  equal(selfSigned(join(it.folder, "tls"), "localhost", it.clock).made, true);
});

Deno.test("self-signed: OpenSSL finds nothing wrong with it", async () => {
  for (
    const host of ["localhost", "example.org", "192.0.2.7", "2001:db8::7", "x".repeat(60) + ".example.org"]
  ) {
    const file = Deno.makeTempFileSync();
    writeFileSync(file, makeSelfSigned(host, systemClock.now()).cert);
    const check = ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", file, "-purpose", "sslserver"];
    const name = /^[\d.]+$|:/.test(host) ? ["-verify_ip", host] : ["-verify_hostname", host];
    const { code, stderr } = await new Deno.Command("openssl", { args: [...check, ...name, file] }).output();
    equal(code, 0, new TextDecoder().decode(stderr));
    rmSync(file);
  }
});
