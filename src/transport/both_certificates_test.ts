/** What federation needs of TLS: both sides see the whole chain of the other, and the key of a leaf has been proved. */
import assert from "node:assert/strict";
import { createSecureContext, createServer } from "node:tls";
import fc from "fast-check";
import { encodeBase64 } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { Wheel } from "../base/wheel.ts";
import type { Carrier } from "./carrier.ts";
import { connectTcp, connectTls, type OutgoingCarrier } from "./connect.ts";
import { issue, type Issued, SERVER_AUTH } from "./issue_test_certificate.ts";
import { PeerTrust } from "./peer_certificate.ts";
import { listenTcp } from "./tcp.ts";
import { listenTls } from "./tls.ts";
import { type TlsContext, tlsContext } from "./tls_context.ts";
import { Lines, Queue, Recorder } from "./transport_test_rig.ts";
import { readX509 } from "./x509.ts";

const authority = issue({ name: "An authority", ca: true });
const between = issue({ name: "A department", ca: true, by: authority });
const trust = new PeerTrust({ roots: [authority.cert], clock: systemClock });
const a = leaf("a.test");
const b = leaf("xn--bcher-kva.test");

function leaf(domain: string): Issued {
  return issue({ name: domain, by: between, dns: [domain], uses: [SERVER_AUTH] });
}

function context({ cert, key }: Issued, version: "TLSv1.2" | "TLSv1.3"): TlsContext {
  const pem = { cert: cert + between.cert, key };
  const secure = createSecureContext({ ...pem, minVersion: version, maxVersion: version });
  return { ...tlsContext(pem.cert, key), secure };
}

function judged(carrier: Carrier, domain: string): void {
  const chain = carrier.tls?.peerCertificate() ?? [];
  assert.equal(chain.length, 2, "the leaf and who signed it");
  const verdict = trust.judge(chain, "xmpp-server");
  assert.equal(verdict.why, "");
  assert.equal(verdict.valid, true);
  assert.equal(verdict.matches(domain), true);
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  const shown = context(a, version);

  Deno.test(`XEP-0368 §2.2: direct TLS between servers: SNI, ALPN, both certificates; ${version}`, async () => {
    const wheel = new Wheel(systemClock, 10);
    const arrivals = new Queue<Carrier>();
    const listener = await listenTls({
      at: "127.0.0.1:0",
      wheel,
      log: new Lines(),
      contexts: { size: 1, choose: () => shown },
      alpn: ["xmpp-server"],
      requestCertificate: true,
      accept: arrivals.put,
    });
    const to = { hostname: "127.0.0.1", port: listener.address.port, wheel };
    const tls = { servername: "a.test", alpn: ["xmpp-server"] };
    for (let round = 0; round < 3; round++) {
      const out = await connectTls(to, { ...tls, secure: context(b, version).secure });
      const arrived = await arrivals.take();
      for (const side of [out, arrived]) {
        assert.equal(side.tls?.version, version);
        assert.equal(side.tls?.alpn, "xmpp-server");
        assert.equal(side.tls?.sni, "a.test");
      }
      judged(out, "a.test");
      judged(arrived, "bücher.test");
      await over(out, arrived);
    }
    const silent = await connectTls(to, tls);
    const arrived = await arrivals.take();
    assert.deepEqual(arrived.tls?.peerCertificate(), []);
    await over(silent, arrived);
    await assert.rejects(connectTls(to, { ...tls, alpn: ["xmpp-client"] }));
    await listener.close();
    wheel.stop();
  });

  Deno.test(`RFC 6120 §5: STARTTLS between servers: both certificates; ${version}`, async () => {
    const wheel = new Wheel(systemClock, 10);
    const arrivals = new Queue<Carrier>();
    const listener = await listenTcp({ at: "127.0.0.1:0", wheel, log: new Lines(), accept: arrivals.put });
    for (let round = 0; round < 3; round++) {
      const out = await connectTcp({ hostname: "127.0.0.1", port: listener.address.port, wheel });
      const arrived = await arrivals.take();
      const words = new Recorder();
      out.attach(words);
      const secured = arrived.startTls!("<proceed/>", shown, { requestCertificate: true });
      await words.says("<proceed/>");
      await Promise.all([secured, out.secure({ servername: "a.test", secure: context(b, version).secure })]);
      assert.equal(out.tls?.version, version);
      assert.equal(arrived.tls?.version, version);
      judged(out, "a.test");
      judged(arrived, "bücher.test");
      await over(out, arrived);
    }
    await listener.close();
    wheel.stop();
  });
}

async function over(out: OutgoingCarrier, arrived: Carrier): Promise<void> {
  const ends = [out, arrived].map((carrier) => {
    const end = new Recorder();
    carrier.attach(end);
    return end.gone();
  });
  out.end();
  await Promise.all(ends);
}

Deno.test("whoever shows a certificate without having its key is never believed", async () => {
  const thief = issue({ name: "no matter" });
  const wheel = new Wheel(systemClock, 10);
  /** Connects to a server that shows a certificate and has another key; the chain, if the handshake succeeds. */
  const stolen = async (der: Uint8Array): Promise<Uint8Array[] | undefined> => {
    const cert = `-----BEGIN CERTIFICATE-----\n${encodeBase64(der)}\n-----END CERTIFICATE-----\n`;
    const server = createServer({ cert, key: thief.key }, (socket) => socket.on("error", () => {}));
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    try {
      const out = await connectTls({ hostname: "127.0.0.1", port, wheel }, { servername: "a.test" });
      const chain = out.tls!.peerCertificate();
      out.destroy();
      return chain;
    } catch {
      return undefined;
    } finally {
      server.close();
    }
  };
  const old = issue({ name: "a.test", by: authority, version: 1 });
  const chain = await stolen(old.der);
  // The runtime lets version 1 through, with any key (2.9.6); whether it does so or not, it must count for nothing.
  assert.equal(trust.judge(chain ?? [], "xmpp-server").valid, false);
  const readable = (der: Uint8Array) => {
    try {
      return readX509(der).der.length > 0;
    } catch {
      return false;
    }
  };
  assert.equal(await stolen(a.der), undefined);
  // What we can read the runtime must be able to read, so that it checks the proof.
  await fc.assert(
    fc.asyncProperty(fc.nat(a.der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = a.der.map((byte, i) => i === at ? byte ^ change : byte);
      fc.pre(readable(changed));
      assert.equal(await stolen(changed), undefined, `byte ${at} changed by ${change}`);
    }),
    { numRuns: 150 },
  );
  wheel.stop();
});
