import assert from "node:assert/strict";
import fc from "fast-check";
import type { Clock } from "../base/clock.ts";
import { CLIENT_AUTH, EMAIL_PROTECTION, issue, SERVER_AUTH, type Wanted } from "./issue_test_certificate.ts";
import { PeerTrust, type Verdict } from "./peer_certificate.ts";

const DAY = 86_400_000;
const authority = issue({ name: "An authority", ca: true, usage: 0x04 });
const department = issue({ name: "A department", ca: true, usage: 0x04, by: authority });

class Hands implements Clock {
  constructor(public moment = Date.now()) {}
  now = (): number => this.moment;
  monotonic = (): number => this.moment;
  after = () => ({ cancel() {} });
}

function trusting(clock: Clock = new Hands(), ...roots: string[]): PeerTrust {
  return new PeerTrust({ roots: roots.length === 0 ? [authority.cert] : roots, clock });
}

/** The verdict on a leaf by the authority, or by what is said. */
function judged(wanted: Wanted, trust = trusting()): Verdict {
  return trust.judge(
    [issue({ name: "a.test", by: authority, dns: ["a.test"], ...wanted }).der],
    "xmpp-server",
  );
}

function refused({ valid, why }: Verdict, reason: RegExp): void {
  assert.equal(valid, false);
  assert.match(why, reason);
}

Deno.test("RFC 5280 §6.1: a leaf by a trusted authority is valid, with others between and in any order", () => {
  const trust = trusting();
  const between = issue({ name: "A desk", ca: true, by: department });
  const leaf = issue({ name: "a.test", by: between, dns: ["a.test"] });
  for (
    const chain of [
      [leaf, between, department],
      [leaf, department, between],
      [leaf, between, issue({ name: "no part of it" }), department, authority],
    ]
  ) {
    const verdict = trust.judge(chain.map(({ der }) => der), "xmpp-server");
    assert.equal(verdict.why, "");
    assert.equal(verdict.valid, true);
    assert.equal(verdict.matches("a.test"), true);
  }
  refused(
    trust.judge([leaf.der, between.der], "xmpp-server"),
    /CN=A desk has an unknown issuer: CN=A department/,
  );
  assert.equal(judged({}).valid, true);
});

Deno.test("what leads to no root is refused, and the reason says what is missing", () => {
  refused(trusting().judge([], "xmpp-server"), /no certificate was shown/);
  const alone = issue({ name: "a.test", dns: ["a.test"] });
  refused(trusting().judge([alone.der], "xmpp-server"), /CN=a\.test is self-signed and not trusted here/);
  const namesake = issue({ name: "An authority", ca: true });
  refused(judged({ by: namesake }), /signature that its issuer did not make/);
  const hidden = issue({ name: "a.test", dns: ["a.test"], by: department });
  refused(trusting().judge([hidden.der], "xmpp-server"), /unknown issuer: CN=A department/);
});

Deno.test("a certificate among the roots is trusted as it is, and signs nothing for that", () => {
  const pinned = issue({ name: "a.test", dns: ["a.test"] });
  const trust = trusting(new Hands(), pinned.cert);
  assert.equal(trust.judge([pinned.der], "xmpp-server").valid, true);
  const child = issue({ name: "b.test", dns: ["b.test"], by: pinned });
  refused(trust.judge([child.der], "xmpp-server"), /not an authority/);
});

Deno.test("RFC 5280 §4.1.2.5: times are judged by our clock, for every certificate of the chain", () => {
  const now = Date.now();
  refused(judged({ until: now - 1000 }), /CN=a\.test has expired on \d{4}-/);
  refused(judged({ from: now + DAY / 2 }), /not valid before/);
  const old = issue({ name: "Old", ca: true, by: authority, until: now - 1000 });
  const leaf = issue({ name: "a.test", by: old });
  refused(trusting().judge([leaf.der, old.der], "xmpp-server"), /CN=Old has expired/);
  const gone = issue({ name: "Gone", ca: true, until: now - 1000 });
  refused(judged({ by: gone }, trusting(new Hands(), gone.cert)), /CN=Gone has expired/);
});

Deno.test("a verdict is kept, and not beyond the end of the certificate", () => {
  const clock = new Hands();
  const trust = trusting(clock);
  const leaf = issue({ name: "a.test", by: authority, dns: ["a.test"], until: clock.moment + 60_000 });
  const first = trust.judge([leaf.der], "xmpp-server");
  assert.equal(first.valid, true);
  assert.equal(trust.judge([leaf.der], "xmpp-server"), first);
  clock.moment += 61_000;
  refused(trust.judge([leaf.der], "xmpp-server"), /has expired/);
  const early = issue({ name: "a.test", by: authority, from: clock.moment + 30_000 });
  refused(trust.judge([early.der], "xmpp-server"), /not valid before/);
  clock.moment += 61_000;
  assert.equal(trust.judge([early.der], "xmpp-server").valid, true);
});

Deno.test("RFC 5280 §4.2.1.9: only authorities sign, as deep as they may", () => {
  const plain = issue({ name: "No authority", by: authority });
  const leaf = issue({ name: "a.test", by: plain });
  refused(trusting().judge([leaf.der, plain.der], "xmpp-server"), /CN=No authority is not an authority/);
  const silent = issue({ name: "May not sign", ca: true, usage: 0x80, by: authority });
  refused(
    trusting().judge([issue({ name: "a.test", by: silent }).der, silent.der], "xmpp-server"),
    /may not sign certificates/,
  );
  const last = issue({ name: "The last", ca: true, pathLength: 0, by: authority });
  const direct = issue({ name: "a.test", by: last });
  assert.equal(trusting().judge([direct.der, last.der], "xmpp-server").valid, true);
  const below = issue({ name: "Below", ca: true, by: last });
  refused(
    trusting().judge([issue({ name: "a.test", by: below }).der, below.der, last.der], "xmpp-server"),
    /path length/,
  );
});

Deno.test("STANDARDS 1.3: serverAuth alone is enough, in both directions; other uses alone are not", () => {
  for (const uses of [[SERVER_AUTH], [CLIENT_AUTH], [SERVER_AUTH, CLIENT_AUTH], undefined]) {
    assert.equal(judged(uses === undefined ? {} : { uses }).valid, true);
  }
  refused(judged({ uses: [EMAIL_PROTECTION] }), /neither TLS servers nor TLS clients/);
  const mail = issue({ name: "Mail only", ca: true, by: authority, uses: [EMAIL_PROTECTION] });
  refused(
    trusting().judge([issue({ name: "a.test", by: mail }).der, mail.der], "xmpp-server"),
    /CN=Mail only is for neither/,
  );
});

Deno.test("RFC 5280 §4.2: a critical extension that is not understood refuses, wherever in the chain", () => {
  refused(judged({ critical: ["1.3.6.1.4.1.11129.2.4.3"] }), /critical extension 1\.3\.6\.1\.4\.1\.11129/);
  const odd = issue({ name: "Odd", ca: true, by: authority, critical: ["2.5.29.36"] });
  refused(
    trusting().judge([issue({ name: "a.test", by: odd }).der, odd.der], "xmpp-server"),
    /CN=Odd has the critical/,
  );
});

Deno.test("RFC 5280 §4.2.1.10: an authority for some names speaks for those only", () => {
  const under = (constraints: Wanted, names: Wanted): Verdict => {
    const limited = issue({ name: "Limited", ca: true, by: authority, ...constraints });
    const leaf = issue({ name: "leaf", by: limited, ...names });
    return trusting().judge([leaf.der, limited.der], "xmpp-server");
  };
  const permitted = { permitted: ["a.test"] };
  assert.equal(under(permitted, { dns: ["a.test", "x.a.test", "*.a.test"] }).valid, true);
  for (
    const names of [
      { dns: ["b.test"] },
      { dns: ["a.test", "nota.test"] },
      { srv: ["_xmpp-server.b.test"] },
      { addresses: ["b.test"] },
    ]
  ) refused(under(permitted, names), /CN=Limited may not speak for (b|nota)\.test/);
  const excluded = { excluded: ["b.a.test"] };
  assert.equal(under(excluded, { dns: ["a.test", "c.a.test"] }).valid, true);
  for (const dns of [["b.a.test"], ["x.b.a.test"], ["*.a.test"]]) {
    refused(under(excluded, { dns }), /may not speak for/);
  }
});

Deno.test("weak signatures and keys are refused; the root's own signature does not matter", () => {
  refused(judged({ signature: "ec-sha1" }), /signed with SHA-1/);
  refused(judged({ rsaBits: 1024 }), /RSA key of fewer than 2048/);
  const rsa = issue({ name: "An RSA root", ca: true, rsaBits: 2048, signature: "rsa-sha1" });
  assert.equal(judged({ by: rsa }, trusting(new Hands(), rsa.cert)).why, "");
  refused(judged({ by: rsa, signature: "rsa-sha1" }, trusting(new Hands(), rsa.cert)), /signed with SHA-1/);
});

Deno.test("a certificate of version 1 is refused: for those the runtime's client lets the proof of the key pass", () => {
  const first = issue({ name: "a.test", by: authority, version: 1 });
  refused(trusting().judge([first.der], "xmpp-server"), /cannot be read/);
  refused(trusting(new Hands(), first.cert).judge([first.der], "xmpp-server"), /cannot be read/);
});

Deno.test("RFC 6120 §13.7, RFC 9525: whom a certificate stands for", () => {
  const stands = (names: Wanted, domain: string, service: "xmpp-server" | "xmpp-client" = "xmpp-server") =>
    trusting().judge([issue({ name: "cn.test", by: authority, ...names }).der], service).matches(domain);
  assert.equal(stands({ dns: ["A.Test"] }, "a.test"), true);
  assert.equal(stands({ dns: ["a.test"] }, "x.a.test"), false);
  assert.equal(stands({ dns: ["*.a.test"] }, "x.a.test"), true);
  assert.equal(stands({ dns: ["*.a.test"] }, "y.x.a.test"), false);
  assert.equal(stands({ dns: ["*.a.test"] }, "a.test"), false);
  assert.equal(stands({ dns: ["x*.a.test"] }, "xy.a.test"), false);
  assert.equal(stands({ dns: ["x.*.test"] }, "x.a.test"), false);
  assert.equal(stands({ srv: ["_xmpp-server.a.test"] }, "a.test"), true);
  assert.equal(stands({ srv: ["_xmpp-client.a.test"] }, "a.test"), false);
  assert.equal(stands({ srv: ["_xmpp-client.a.test"] }, "a.test", "xmpp-client"), true);
  assert.equal(stands({ addresses: ["a.test"] }, "a.test"), true);
  assert.equal(stands({ addresses: ["somebody@a.test"] }, "a.test"), false);
  assert.equal(stands({}, "cn.test"), false, "the common name counts for nothing");
  assert.equal(stands({ dns: ["xn--bcher-kva.test"] }, "bücher.test"), true);
  assert.equal(stands({ addresses: ["bücher.test"] }, "bücher.test"), true);
  assert.equal(stands({ dns: ["a.test\0.b.test"] }, "a.test"), false);
  assert.equal(stands({ dns: ["", "*."] }, ""), false);
});

Deno.test("names are told as they are", () => {
  const verdict = judged({ dns: ["a.test"], srv: ["_xmpp-server.b.test"], addresses: ["c.test"] });
  assert.deepEqual(verdict.names, ["a.test", "_xmpp-server.b.test", "c.test"]);
});

Deno.test("many ways through certificates of one name cost a bounded number of signatures", () => {
  const shared = { ...issue({ name: "Twin" }), name: "Twin" };
  const twins = Array.from(
    { length: 9 },
    () => issue({ name: "Twin", ca: true, by: shared, key: shared.key }),
  );
  const leaf = issue({ name: "a.test", by: shared });
  const started = performance.now();
  refused(trusting().judge([leaf, ...twins].map(({ der }) => der), "xmpp-server"), /too many ways/);
  assert.ok(performance.now() - started < 2_000);
});

Deno.test("whatever is cut off or changed, judging never throws and nothing broken is valid", () => {
  const leaf = issue({ name: "a.test", by: department, dns: ["a.test"], srv: ["_xmpp-server.a.test"] });
  const chain = [leaf.der, department.der];
  const trust = trusting();
  assert.equal(trust.judge(chain, "xmpp-server").valid, true);
  const whole = fc.constantFrom(0, 1);
  fc.assert(
    fc.property(
      whole,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (which, place, change, cut) => {
        const bytes = chain[which]!;
        const at = place % bytes.length;
        const broken = cut ? bytes.slice(0, at) : bytes.map((byte, i) => i === at ? byte ^ change : byte);
        const verdict = trust.judge(which === 0 ? [broken, chain[1]!] : [chain[0]!, broken], "xmpp-server");
        assert.equal(verdict.valid, false, `byte ${at} of ${which}: ${change}, cut: ${cut}`);
        assert.notEqual(verdict.why, "");
        verdict.matches("a.test");
      },
    ),
    { numRuns: 1500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      assert.equal(trust.judge([noise], "xmpp-server").valid, false);
    }),
    { numRuns: 500 },
  );
});
