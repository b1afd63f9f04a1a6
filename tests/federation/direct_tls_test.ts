/** Direct TLS between servers (XEP-0368), seen from outside: what we say in the first bytes, and what we show. */
import assert from "node:assert/strict";
import { createServer, type TLSSocket } from "node:tls";
import { issue, type Issued } from "../../src/transport/issue_test_certificate.ts";
import { tlsClient } from "../../src/transport/transport_test_rig.ts";
import { soon } from "../server/rig.ts";
import { bounced } from "./exchange.ts";
import { ours } from "./kinds.ts";
import { RawPeer } from "./raw_peer.ts";
import { World } from "./world.ts";

const TLS_NS = "urn:ietf:params:xml:ns:xmpp-tls";

/** A TLS port that tells what the first client says of itself, and shows. */
async function doorbell({ cert, key }: Issued) {
  const { promise: rung, resolve } = Promise.withResolvers<TLSSocket>();
  const server = createServer({
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["xmpp-server"],
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => {});
    resolve(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return { port: (server.address() as { port: number }).port, rung, close: () => server.close() };
}

Deno.test("AC-2.8-1, BUG-27: only _xmpps-server: TLS from the first byte, SNI is the domain, ALPN is xmpp-server", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example");
  for (
    const [domain, ascii] of [["they.example", "they.example"], [
      "bücher.example",
      "xn--bcher-kva.example",
    ]] as const
  ) {
    const door = await doorbell(world.authority.issue(ascii));
    world.publish(ascii, "direct", { s2s: 0, s2sTls: door.port });
    const alice = await we.client("alice");
    alice.send(`<message type='chat' to='bob@${domain}'><body>hello</body></message>`);
    const socket = await soon("a connection", door.rung);
    assert.equal((socket as TLSSocket & { servername?: string }).servername, ascii);
    assert.equal(socket.alpnProtocol, "xmpp-server");
    assert.equal(socket.getPeerCertificate().subject?.CN, "we.example");
    socket.destroy();
    door.close();
  }
});

Deno.test("AC-2.8-3, BUG-27: both services decidedly not offered: not found, and no address is looked for", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example");
  const alice = await we.client("alice");
  const none = [{ priority: 0, weight: 0, port: 0, target: "." }];
  world.dns.set("SRV _xmpps-server._tcp.they.example", none);
  world.dns.set("SRV _xmpp-server._tcp.they.example", none);
  assert.equal(await bounced(alice, "bob@they.example"), "remote-server-not-found");
  assert.deepEqual(world.dns.asked.filter((asked) => / (A|AAAA) they\.example$/.test(asked)), []);
});

Deno.test("AC-2.8-5: port 5270 shows each host's certificate by SNI, and the first one's without", async () => {
  const other = issue({ name: "other.example", dns: ["other.example"] });
  const folder = await Deno.makeTempDir({ prefix: "federation-" });
  await Deno.writeTextFile(`${folder}/cert.pem`, other.cert);
  await Deno.writeTextFile(`${folder}/key.pem`, other.key, { mode: 0o600 });
  await using world = await World.make();
  const we = await world.settle(ours, "we.example", {
    more:
      `[host."other.example"]\ncertificate = { cert = "${folder}/cert.pem", key = "${folder}/key.pem" }\n`,
  });
  for (
    const [asked, shown] of [
      ["we.example", "we.example"],
      ["other.example", "other.example"],
      ["unknown.example", "we.example"],
      [undefined, "we.example"],
    ]
  ) {
    const socket = await tlsClient({
      host: "127.0.0.1",
      port: we.ports.s2sTls,
      ALPNProtocols: ["xmpp-server"],
      ...(asked === undefined ? {} : { servername: asked }),
    });
    assert.equal(socket.getPeerCertificate().subject?.CN, shown, `asked for ${asked}`);
    socket.destroy();
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("AC-2.8-6: no STARTTLS on direct TLS, and EXTERNAL works there", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example");
  using raw = await RawPeer.connect(we, world.authority.issue("they.example"));
  const features = await raw.features("they.example");
  assert.equal(features.child("starttls", TLS_NS), undefined);
  await raw.authenticate("they.example");
  const alice = await we.client("alice");
  raw.wire.send(`<message from='bob@they.example' to='${alice.jid}'><body>in</body></message>`);
  await alice.expect("<message from='bob@they.example'/>");
});

Deno.test("RFC 7673: a certificate that the domain names in its DNS counts, and nothing else does then", async () => {
  await using world = await World.make();
  const we = await world.settle(ours, "we.example", { certificateRequired: true });
  const alice = await we.client("alice");
  const good = world.authority.issue("they.example");
  const own = world.authority.issue("they.example", "self-signed");
  for (
    const [named, shown, accepted] of [[own, own, true], [good, good, true], [own, good, false]] as const
  ) {
    const domain = `d${crypto.randomUUID().slice(0, 8)}.example`;
    const host = `xmpp.${domain}`;
    const door = await doorbell(shown);
    const proven = { authentic: true };
    world.dns.set(`SRV _xmpps-server._tcp.${domain}`, [{
      priority: 0,
      weight: 0,
      port: door.port,
      target: host,
    }], proven);
    world.dns.set(`A ${host}`, ["127.0.0.1"], proven);
    const data = new Uint8Array(await crypto.subtle.digest("SHA-256", named.der.slice()));
    world.dns.set(
      `TLSA _${door.port}._tcp.${host}`,
      [{ usage: 3, selector: 0, matching: 1, data }],
      proven,
    );
    alice.send(`<message type='chat' to='bob@${domain}' id='${domain}'><body>hello</body></message>`);
    const socket = await soon("a connection", door.rung);
    assert.equal(await soon("a login, or the end", logsIn(socket, domain)), accepted);
    socket.destroy();
    door.close();
  }
});

/** Answers a stream as a server does, and sees whether we log in to it or go away. */
function logsIn(socket: TLSSocket, from: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let said = "";
  socket.on("data", (chunk: Uint8Array) => {
    const answered = said.includes("<stream:stream");
    said += new TextDecoder().decode(chunk);
    if (!answered && said.includes("<stream:stream")) {
      socket.write(
        `<stream:stream from='${from}' to='we.example' id='1' version='1.0' xmlns='jabber:server' ` +
          `xmlns:stream='http://etherx.jabber.org/streams'><stream:features>` +
          `<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>` +
          `</stream:features>`,
      );
    }
    if (said.includes("<auth ")) resolve(true);
    if (said.includes("</stream:stream>")) resolve(false);
  });
  socket.on("close", () => resolve(false));
  return promise;
}
