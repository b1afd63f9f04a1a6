/** STARTTLS (RFC 6120 §5). Connections pretend to have TLS; the handshake itself is tested in src/transport. */
import { equal, ok } from "node:assert/strict";
import { PASSWORD, type TestOptions, testServer } from "#testing";
import { internal } from "../../plugins/auth/internal.ts";
import { makeSelfSigned } from "../../src/transport/self_signed.ts";
import { tlsContext } from "../../src/transport/tls_context.ts";
import { ScramClient } from "./scram_client.ts";

const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const pair = makeSelfSigned("a.test", Date.UTC(2026, 0, 1));
const certificate = tlsContext(pair.cert, pair.key);
const server = (options: TestOptions = {}) => testServer({ certificate, ...options });

Deno.test("tls: required, and nothing else offered before it (RFC 6120 §5.3.1, §5.4.1)", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  const features = client.expect("<stream:features/>");
  equal(features.elements().length, 1);
  equal(features.child("starttls", TLS)?.first()?.name, "required");
});

Deno.test("tls: not required where the host says so, and then a login may come first", async () => {
  await using it = await server({ config: { defaults: { tls_required: false, plain_without_tls: true } } });
  const client = it.connect({ secure: false });
  await client.open();
  const features = client.expect("<stream:features/>");
  equal(features.child("starttls", TLS)?.first(), undefined);
  ok(features.has("mechanisms", SASL));
});

Deno.test("tls: PLAIN is not offered in the clear, even where TLS is not required", async () => {
  await using it = await server({ config: { defaults: { tls_required: false } } });
  const client = it.connect({ secure: false });
  await client.open();
  equal(client.expect("<stream:features/>").has("mechanisms", SASL), false);
});

Deno.test("tls: proceed, a new stream, and no second time", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  const before = client.header?.attr("id");
  client.clear();
  await client.send(`<starttls xmlns='${TLS}'/>`);
  client.expectNext(`<proceed xmlns='${TLS}'/>`);
  client.quiet();
  await client.open();
  ok(client.header?.attr("id") !== before);
  const features = client.expect("<stream:features/>");
  equal(features.has("starttls", TLS), false);
  ok(features.has("mechanisms", SASL));
  await client.send(`<starttls xmlns='${TLS}'/>`);
  client.expectStreamError("unsupported-stanza-type");
});

Deno.test("tls: what was sent in the clear behind the request is thrown away (RFC 6120 §5.4.3.3)", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  client.clear();
  const injected = `<stream:stream to='a.test' version='1.0' xmlns='jabber:client' ` +
    `xmlns:stream='http://etherx.jabber.org/streams'>` +
    `<auth xmlns='${SASL}' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`;
  await client.send(`<starttls xmlns='${TLS}'/>${injected}`);
  client.expectNext(`<proceed xmlns='${TLS}'/>`);
  client.quiet();
  await client.open();
  client.expect("<stream:features/>");
  client.quiet();
});

Deno.test("tls: half an element before the handshake does not join what comes after it", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  client.clear();
  await client.send(`<starttls xmlns='${TLS}'/><auth xmlns='${SASL}' mechanism='PLA`);
  client.expectNext(`<proceed xmlns='${TLS}'/>`);
  await client.open();
  client.expect("<stream:features/>");
});

Deno.test("tls: where there is no certificate, nothing is offered, and the request fails (RFC 6120 §5.4.2.2)", async () => {
  await using it = await testServer();
  const client = it.connect({ secure: false });
  await client.open();
  equal(client.expect("<stream:features/>").elements().length, 0);
  await client.send(`<starttls xmlns='${TLS}'/>`);
  client.expectNext(`<failure xmlns='${TLS}'/>`);
  ok(client.streamClosed);
});

Deno.test("tls: anything but <starttls/> in its namespace is bad-format", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  await client.send(`<proceed xmlns='${TLS}'/>`);
  client.expectStreamError("bad-format");
});

Deno.test("tls: a handshake that fails ends the connection, and is logged with the peer", async () => {
  await using it = await server();
  it.server.log.setLevels("info", {});
  const client = it.connect({ secure: false, handshakeFails: true, address: "192.0.2.7" });
  await client.open();
  await client.send(`<starttls xmlns='${TLS}'/>`);
  ok(client.closed);
  equal(it.server.streams.open.size, 0);
  ok(
    it.logged.some((line) => line.includes("tls-failed") && line.includes("peer=192.0.2.7")),
    it.logged.join(),
  );
});

Deno.test("tls: a login in the clear is refused with encryption-required (RFC 6120 §6.5.4)", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  await client.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>AGFsaWNlAHg=</auth>`);
  client.expect(`<failure xmlns='${SASL}'><encryption-required/></failure>`);
  equal(client.closed, false);
});

Deno.test("tls: a stanza in the clear ends the stream", async () => {
  await using it = await server();
  const client = it.connect({ secure: false });
  await client.open();
  await client.send("<message to='bob@a.test'/>");
  client.expectStreamError("not-authorized");
});

Deno.test("BUG-05 after STARTTLS a login can be bound to the certificate (RFC 5929 §4)", async () => {
  await using it = await server({ plugins: [internal], config: { defaults: { scram_iterations: 4096 } } });
  await it.host.accounts.create("alice", PASSWORD);
  const client = it.connect({ secure: false });
  await client.open();
  await client.send(`<starttls xmlns='${TLS}'/>`);
  await client.open();
  client.clear();
  const gs2 = "p=tls-server-end-point,,";
  const scram = new ScramClient({
    username: "alice",
    password: PASSWORD,
    gs2,
    binding: certificate.endPoint!,
  });
  await client.send(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1-PLUS'>${scram.first}</auth>`);
  const challenge = client.expectNext(`<challenge xmlns='${SASL}'/>`).text;
  await client.send(`<response xmlns='${SASL}'>${scram.final(challenge)}</response>`);
  ok(scram.verified(client.expectNext(`<success xmlns='${SASL}'/>`).text));
});
