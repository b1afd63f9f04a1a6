/** Ports for other servers: STARTTLS, TLS from the first byte, a certificate for each host. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { makeSelfSigned } from "../../src/transport/self_signed.ts";
import { client, tlsClient } from "../../src/transport/transport_test_rig.ts";
import { PLAIN, Serving } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

const CONFIG = PLAIN
  .replace("s2s.enabled = false", 's2s.at = ["127.0.0.1:0"]')
  .replace("s2s-tls.enabled = false", 's2s-tls.at = ["127.0.0.1:0"]') +
  `[host."a.test"]\ncertificate = "a"\n[host."c.test"]\ncertificate = "c"\n`;
const HEADER = "version='1.0' xmlns='jabber:server' xmlns:db='jabber:server:dialback'";
const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";

/** A server for a.test and c.test, whose certificates are theirs alone. */
async function serving(): Promise<Serving> {
  const server = await Serving.start(CONFIG);
  for (const name of ["a", "c"]) {
    const { cert, key } = makeSelfSigned(`${name}.test`, Date.now());
    await server.place.write(`${name}.crt`, cert);
    await Deno.chmod(await server.place.write(`${name}.key`, key), 0o600);
  }
  assert.equal((await server.run(["reload"])).code, 0);
  return server;
}

function shown(socket: TLSSocket): string {
  return new X509Certificate(new Uint8Array(socket.getPeerCertificate().raw)).subjectAltName ?? "";
}

Deno.test("AC-2.8-5: direct TLS for servers shows each domain's certificate, and without a name the default one", async () => {
  await using server = await serving();
  const port = await server.port("s2s-tls");
  const connect = async (servername?: string) => {
    const socket = await tlsClient({
      host: "127.0.0.1",
      port,
      ALPNProtocols: ["xmpp-server"],
      ...(servername === undefined ? {} : { servername }),
    });
    try {
      return [shown(socket), socket.alpnProtocol].join(" ");
    } finally {
      socket.destroy();
    }
  };
  assert.match(await connect("a.test"), /DNS:a\.test.* xmpp-server$/);
  assert.match(await connect("c.test"), /DNS:c\.test.* xmpp-server$/);
  assert.match(await connect(), /DNS:a\.test/);
  // A client of another protocol is turned away (RFC 7301 §3.2).
  await assert.rejects(
    tlsClient({ host: "127.0.0.1", port, servername: "a.test", ALPNProtocols: ["xmpp-client"] }),
  );
});

Deno.test("AC-2.8-6: no STARTTLS where TLS came first; a peer by STARTTLS is asked for its certificate", async () => {
  await using server = await serving();
  const direct = WireClient.over(
    await tlsClient({
      host: "127.0.0.1",
      port: await server.port("s2s-tls"),
      servername: "a.test",
      ALPNProtocols: ["xmpp-server"],
    }),
  );
  const features = await direct.openWith(`to='a.test' from='b.test' ${HEADER}`);
  assert.equal(features.has("starttls", TLS_NS), false);
  assert.equal(features.has("dialback", "urn:xmpp:features:dialback"), true);
  direct.socket.destroy();
  const plain = WireClient.over(await client(await server.port("s2s")), "c.test");
  assert.equal((await plain.openWith(`to='c.test' from='b.test' ${HEADER}`)).has("starttls", TLS_NS), true);
  plain.send(`<starttls xmlns='${TLS_NS}'/>`);
  await plain.expect(`<proceed xmlns='${TLS_NS}'/>`);
  const { cert, key } = makeSelfSigned("b.test", Date.now());
  plain.socket.removeAllListeners("data");
  const secured = await tlsClient({ socket: plain.socket, servername: "c.test", cert, key });
  assert.match(shown(secured), /DNS:c\.test/);
  const again = WireClient.over(secured, "c.test");
  // Nobody has signed it: no EXTERNAL, but dialback.
  const then = await again.openWith(`to='c.test' from='b.test' ${HEADER}`);
  assert.equal(then.has("mechanisms", "urn:ietf:params:xml:ns:xmpp-sasl"), false);
  assert.equal(then.has("dialback", "urn:xmpp:features:dialback"), true);
  secured.destroy();
});
