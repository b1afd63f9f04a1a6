import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { encodeBase64 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { TlsaRecord } from "../dns/resolver.ts";
import { issue, type Issued } from "../transport/issue_test_certificate.ts";
import { PeerTrust } from "../transport/peer_certificate.ts";
import { readX509 } from "../transport/x509.ts";
import { type Dane, Trust } from "./trust.ts";
import { Posh } from "./trust_posh.ts";

class Hands implements Clock {
  readonly timers: (() => void)[] = [];
  constructor(public moment = Date.now()) {}
  now = (): number => this.moment;
  monotonic = (): number => this.moment;
  after = (_ms: number, fn: () => void) => (this.timers.push(fn), { cancel() {} });
}

const authority = issue({ name: "An authority", ca: true });
const other = issue({ name: "Nobody knows it", ca: true });
const good = issue({ name: "a.test", by: authority, dns: ["a.test"] });
const stranger = issue({ name: "a.test", by: other, dns: ["a.test"] });
const clock = new Hands();
const certificates = new PeerTrust({ roots: [authority.cert], clock });
const trust = new Trust({ certificates, clock });

function chain(...issued: Issued[]): Uint8Array[] {
  return issued.map(({ der }) => der);
}

Deno.test("RFC 6120 §13.7.2: the chain and the name, each with its reason", () => {
  assert.deepEqual(trust.identify("a.test", chain(good)), { valid: true, why: "", how: "pkix" });
  assert.deepEqual(trust.identify("b.test", chain(good)), {
    valid: false,
    why: "the certificate is not for b.test, but for a.test",
    how: "pkix",
  });
  const nameless = issue({ name: "a.test", by: authority });
  assert.match(found(trust.identify("a.test", chain(nameless))).why, /not for a\.test, but for nobody/);
  assert.match(found(trust.identify("a.test", chain(stranger))).why, /unknown issuer/);
  assert.match(found(trust.identify("a.test", [])).why, /no certificate was shown/);
});

function found<T>(answer: T | Promise<T>): T {
  assert.ok(!(answer instanceof Promise));
  return answer;
}

function record(usage: number, selector: number, matching: number, { der }: Issued): TlsaRecord {
  const selected = selector === 0 ? der : readX509(der).key;
  const data = matching === 0
    ? selected
    : new Uint8Array(createHash(matching === 1 ? "sha256" : "sha512").update(selected).digest());
  return { usage, selector, matching, data };
}

function dane(...records: TlsaRecord[]): Dane {
  return { records, host: "xmpp.host.test" };
}

Deno.test("RFC 7673: usage 3 vouches for a certificate alone, in every selector and matching", () => {
  const old = issue({ name: "anything", until: Date.now() - 1000 });
  for (const selector of [0, 1]) {
    for (const matching of [0, 1, 2]) {
      const answer = found(trust.identify("a.test", chain(old), dane(record(3, selector, matching, old))));
      assert.deepEqual(answer, { valid: true, why: "", how: "dane" });
    }
  }
});

Deno.test("RFC 7671 §5.2: usage 2 trusts an authority of the domain's own; names and times hold", () => {
  const between = issue({ name: "Between", ca: true, by: other });
  const leaf = issue({ name: "leaf", by: between, dns: ["a.test"] });
  const identify = (issued: Issued[], ...records: TlsaRecord[]) =>
    found(trust.identify("a.test", chain(...issued), dane(...records)));
  for (const matching of [0, 1, 2]) {
    assert.equal(identify([leaf, between, other], record(2, 0, matching, other)).why, "");
    assert.equal(identify([leaf, between], record(2, 1, matching, between)).why, "");
  }
  assert.equal(identify([leaf, between], record(2, 0, 0, other)).why, "", "the record is the authority");
  assert.equal(
    identify([leaf, between], record(2, 0, 1, other)).valid,
    false,
    "nobody has shown the authority",
  );
  const host = issue({ name: "leaf", by: other, dns: ["xmpp.host.test"] });
  assert.equal(identify([host, other], record(2, 0, 1, other)).valid, true, "the target's own name");
  const wrong = issue({ name: "leaf", by: other, dns: ["c.test"] });
  assert.match(identify([wrong, other], record(2, 0, 1, other)).why, /neither a\.test nor xmpp\.host\.test/);
  const expired = issue({ name: "leaf", by: other, dns: ["a.test"], until: Date.now() - 1000 });
  assert.match(identify([expired, other], record(2, 0, 1, other)).why, /expired/);
});

Deno.test("RFC 7673: usages 0 and 1 ask for a trusted authority beside the record", () => {
  const identify = (issued: Issued, ...records: TlsaRecord[]) =>
    found(trust.identify("a.test", chain(issued), dane(...records)));
  assert.deepEqual(identify(good, record(1, 1, 1, good)), { valid: true, why: "", how: "dane" });
  assert.deepEqual(identify(good, record(0, 1, 1, authority)), { valid: true, why: "", how: "dane" });
  assert.match(identify(stranger, record(1, 1, 1, stranger)).why, /unknown issuer/);
  assert.match(identify(good, record(0, 1, 1, other)).why, /none of the TLSA records/);
});

Deno.test("RFC 7673 §5: usable records are the last word; unusable ones say nothing", () => {
  const identify = (...records: TlsaRecord[]) =>
    found(trust.identify("a.test", chain(good), dane(...records)));
  assert.deepEqual(identify(record(3, 1, 1, stranger)), {
    valid: false,
    why: "none of the TLSA records is for this certificate",
    how: "dane",
  });
  assert.equal(
    identify(record(3, 1, 1, stranger), record(3, 1, 1, good)).valid,
    true,
    "a key that is being replaced",
  );
  const unusable = [
    { ...record(3, 1, 1, stranger), usage: 4 },
    { ...record(3, 1, 1, stranger), selector: 2 },
    { ...record(3, 1, 1, stranger), matching: 3 },
    { ...record(3, 1, 1, stranger), data: new Uint8Array(31) },
  ];
  for (const one of unusable) assert.equal(identify(one).how, "pkix");
  assert.equal(identify().how, "pkix");
  assert.equal(found(trust.identify("a.test", [], dane(record(3, 1, 1, good)))).valid, false);
});

/** A world of documents by URL; counts what is asked for. */
function web(documents: Record<string, unknown>, time = new Hands()) {
  const asked: string[] = [];
  const fetch = (url: URL): Promise<Response> => {
    asked.push(url.href);
    const document = documents[url.href];
    if (document instanceof Response) return Promise.resolve(document.clone());
    if (document === undefined) return Promise.resolve(new Response("", { status: 404 }));
    return Promise.resolve(
      new Response(typeof document === "string" ? document : JSON.stringify(document)),
    );
  };
  const posh = new Posh({ clock: time, fetch });
  return {
    asked,
    time,
    trust: new Trust({ certificates: new PeerTrust({ roots: [], clock: time }), clock: time, posh }),
  };
}

const HERE = "https://a.test/.well-known/posh/xmpp-server.json";
const sha256 = encodeBase64(createHash("sha256").update(stranger.der).digest());
const sha512 = encodeBase64(createHash("sha512").update(stranger.der).digest());

Deno.test("RFC 7711 §3.1: a document names the certificate; the strongest hash counts", async () => {
  for (
    const fingerprint of [{ "sha-256": sha256 }, { "sha-512": sha512 }, {
      "sha-256": "AAAA",
      "sha-512": sha512,
    }]
  ) {
    const { trust } = web({ [HERE]: { fingerprints: [{ "sha-256": "AAAA" }, fingerprint], expires: 60 } });
    assert.deepEqual(await trust.identify("a.test", chain(stranger)), { valid: true, why: "", how: "posh" });
  }
  const { trust } = web({
    [HERE]: { fingerprints: [{ "sha-256": sha256, "sha-512": "AAAA" }], expires: 60 },
  });
  const answer = await trust.identify("a.test", chain(stranger));
  assert.equal(answer.valid, false);
  assert.match(answer.why, /unknown issuer.*; POSH: the document of the domain does not name/);
});

Deno.test("RFC 7711 §3.2: a document may refer to another, once, by https only", async () => {
  const there = "https://host.test/posh.json";
  const names = { fingerprints: [{ "sha-256": sha256 }], expires: 60 };
  const refers = { url: there, expires: 60 };
  assert.equal(
    (await web({ [HERE]: refers, [there]: names }).trust.identify("a.test", chain(stranger))).valid,
    true,
  );
  const faults: [Record<string, unknown>, RegExp][] = [
    [{ [HERE]: refers, [there]: { url: HERE, expires: 60 } }, /no fingerprints/],
    [{ [HERE]: { url: "http://host.test/posh.json", expires: 60 } }, /other than https/],
    [{ [HERE]: { url: "nonsense:", expires: 60 } }, /other than https/],
    [{ [HERE]: { fingerprints: [{ "sha-256": sha256 }] } }, /how long it is valid/],
    [{ [HERE]: "not JSON" }, /no JSON object/],
    [{ [HERE]: "x".repeat(70_000) }, /too large/],
    [{}, /a\.test answers 404/],
  ];
  for (const [documents, reason] of faults) {
    const answer = await web(documents).trust.identify("a.test", chain(stranger));
    assert.equal(answer.valid, false);
    assert.match(answer.why, reason);
  }
});

Deno.test("RFC 7711: redirections are followed within limits", async () => {
  const names = { fingerprints: [{ "sha-256": sha256 }], expires: 60 };
  const to = (location: string) => new Response(null, { status: 302, headers: { location } });
  const moved = web({ [HERE]: to("/elsewhere"), "https://a.test/elsewhere": names });
  assert.equal((await moved.trust.identify("a.test", chain(stranger))).valid, true);
  const plain = web({ [HERE]: to("http://a.test/elsewhere") });
  assert.match((await plain.trust.identify("a.test", chain(stranger))).why, /other than https/);
  const circle = web({ [HERE]: to(HERE) });
  assert.match((await circle.trust.identify("a.test", chain(stranger))).why, /too often/);
  assert.equal(circle.asked.length, 4);
});

Deno.test("a document is asked for only when it is needed, once, and again when it has run out", async () => {
  const { asked, trust, time } = web({ [HERE]: { fingerprints: [{ "sha-256": sha256 }], expires: 60 } });
  await Promise.all([1, 2, 3].map(() => trust.identify("a.test", chain(stranger))));
  await trust.identify("a.test", chain(stranger));
  assert.equal(asked.length, 1);
  time.moment += 61_000;
  await trust.identify("a.test", chain(stranger));
  assert.equal(asked.length, 2);
  const failing = web({});
  await failing.trust.identify("b.test", chain(stranger));
  await failing.trust.identify("b.test", chain(stranger));
  assert.equal(failing.asked.length, 1);
  for (const literal of ["192.0.2.1", "[2001:db8::1]", "localhost"]) {
    assert.match((await failing.trust.identify(literal, chain(stranger))).why, /no name in DNS/);
  }
  assert.equal(failing.asked.length, 1);
});

Deno.test("a document that does not come in time is given up", async () => {
  const time = new Hands();
  const posh = new Posh({
    clock: time,
    fetch: (_url, { signal }) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))),
  });
  const answer = posh.accepts("a.test", stranger.der);
  time.timers[0]!();
  assert.match(await answer, /took too long/);
});

Deno.test("RFC 7711 §8: the web server must prove itself to an authority", async () => {
  const shown = issue({ name: "a.test", by: other, dns: ["a.test", "localhost"] });
  const server = createServer({ cert: shown.cert, key: shown.key }, (_, response) => {
    response.end(JSON.stringify({ fingerprints: [{ "sha-256": sha256 }], expires: 60 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  using known = Deno.createHttpClient({ caCerts: [other.cert], poolMaxIdlePerHost: 0 });
  const at = (client?: Deno.HttpClient) =>
    new Posh({
      clock,
      fetch: (url, init) =>
        fetch(`https://localhost:${port}${url.pathname}`, {
          ...init,
          ...(client === undefined ? {} : { client }),
        }),
    });
  assert.equal(await at(known).accepts("a.test", stranger.der), "");
  assert.match(await at().accepts("a.test", stranger.der), /./);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
