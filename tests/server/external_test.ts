/** SASL EXTERNAL with client certificates (XEP-0178 §2), over real sockets: STARTTLS and direct TLS. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { ConnectionOptions } from "node:tls";
import { encodeBase64, encodeUtf8 } from "../../src/base/bytes.ts";
import { client, reads, tlsClient } from "../../src/transport/transport_test_rig.ts";
import type { Element } from "../../src/xml/element.ts";
import { issue, type Issued } from "../../src/transport/issue_test_certificate.ts";
import { Serving, soon } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const SASL2 = "urn:xmpp:sasl:2";
const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const CERTIFICATES = "urn:xmpp:saslcert:1";

const authority = issue({ name: "Our authority", ca: true });
const signed = (...addresses: string[]) => issue({ by: authority, addresses });

/** Both kinds of port, `a.test` with an authority, `b.test` and `d.test` without EXTERNAL, `c.test` where people bring their own. */
const CONFIG = `
[listen]
c2s.at = ["127.0.0.1:0"]
c2s-tls.at = ["127.0.0.1:0"]
http.enabled = false
s2s.enabled = false
s2s-tls.enabled = false
https.enabled = false

[defaults]
scram_iterations = 4096

[host."a.test"]
client_certificates = true
client_authorities = "authority.pem"

[host."b.test"]

[host."c.test"]
plugins = { add = ["user_certificates"] }

[host."d.test"]
client_certificates = true
client_authorities = "authority.pem"
mechanisms = ["SCRAM-SHA-256"]
`;

async function serving(): Promise<Serving> {
  const server = await Serving.start(CONFIG, { "authority.pem": `our own:\n${authority.cert}` });
  for (const jid of ["alice@a.test", "bob@a.test", "off@a.test", "alice@b.test", "carol@c.test"]) {
    const added = await server.run(["user", "add", jid], { input: ["correct horse"] });
    equal(added.code, 0, added.err);
  }
  equal((await server.run(["user", "disable", "off@a.test"])).code, 0);
  return server;
}

type Way = "starttls" | "direct";
const WAYS: readonly Way[] = ["starttls", "direct"];

async function connect(
  server: Serving,
  way: Way,
  own: Issued | undefined,
  domain = "a.test",
  more: ConnectionOptions = {},
): Promise<WireClient> {
  const shown = own === undefined ? {} : { cert: own.cert, key: own.key };
  if (way === "direct") {
    const port = await server.port("c2s-tls");
    const options = { host: "127.0.0.1", port, servername: domain, ALPNProtocols: ["xmpp-client"] };
    return WireClient.over(await tlsClient({ ...options, ...shown, ...more }), domain);
  }
  const socket = await client(await server.port("c2s"));
  socket.write(
    `<stream:stream to='${domain}' version='1.0' xmlns='jabber:client' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  await soon("features", reads(socket, "</stream:features>"));
  socket.write(`<starttls xmlns='${TLS}'/>`);
  await soon("proceed", reads(socket, "<proceed"));
  return WireClient.over(await tlsClient({ socket, servername: domain, ...shown, ...more }), domain);
}

/** What `openssl s_client` sees and gets until the features of a stream have come. */
async function sClient(
  server: Serving,
  way: Way,
  domain: string,
  args: readonly string[],
): Promise<string> {
  const port = await server.port(way === "direct" ? "c2s-tls" : "c2s");
  const how = way === "direct" ? ["-alpn", "xmpp-client"] : ["-starttls", "xmpp", "-xmpphost", domain];
  const at = ["-connect", `127.0.0.1:${port}`, "-servername", domain];
  const process = new Deno.Command("openssl", {
    args: ["s_client", ...at, ...how, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(encodeUtf8(
    `<stream:stream to='${domain}' version='1.0' xmlns='jabber:client' ` +
      `xmlns:stream='http://etherx.jabber.org/streams'>\n`,
  ));
  let text = "";
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const read = async (): Promise<void> => {
    while (!text.includes("</mechanisms>")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`s_client has ended:\n${text}`);
      text += value;
    }
  };
  try {
    await soon("the features by s_client", read());
  } finally {
    await writer.close();
    await reader.cancel();
    await process.status;
  }
  return text;
}

function offers(features: Element): boolean {
  const offered = features.child("mechanisms", SASL)!.elements().map(({ text }) => text);
  ok(offered.includes("SCRAM-SHA-256"));
  return offered.includes("EXTERNAL");
}

/** Tries to log in: "success", or the condition of the failure. */
async function external(it: WireClient, authzid = ""): Promise<string> {
  const initial = authzid === "" ? "=" : encodeBase64(encodeUtf8(authzid));
  it.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'>${initial}</auth>`);
  const { promise, resolve } = Promise.withResolvers<Element>();
  for (const name of ["success", "failure"]) it.expect(`<${name} xmlns='${SASL}'/>`).then(resolve, () => {});
  const answer = await soon("an answer", promise);
  return answer.name === "success" ? "success" : answer.first()!.name;
}

for (const way of WAYS) {
  Deno.test(`external: a certificate of the authority logs in, by ${way}`, async () => {
    await using server = await serving();
    using it = await connect(server, way, signed("alice@a.test"));
    ok(offers(await it.open()));
    equal(await external(it), "success");
    await it.open();
    await it.bind("desk");
    equal(it.jid, "alice@a.test/desk");
    await it.ping();
  });

  Deno.test(`external: what is not to be trusted is not offered it, by ${way}`, async () => {
    await using server = await serving();
    const other = issue({ name: "Our authority", ca: true });
    const addresses = ["alice@a.test"];
    const day = 86_400_000;
    const cases: Record<string, Issued | undefined> = {
      "no certificate": undefined,
      "self-signed": issue({ addresses }),
      "signed by another authority of the same name": issue({ by: other, addresses }),
      "expired": issue({ by: authority, addresses, until: Date.now() - 1000 }),
      "not valid yet": issue({ by: authority, addresses, from: Date.now() + day / 2 }),
      "signed by a certificate that is no authority": issue({ by: signed("bob@a.test"), addresses }),
      "for another domain": signed("alice@b.test"),
      "for a domain, not an account": signed("a.test"),
      "without an address": signed(),
    };
    for (const [what, own] of Object.entries(cases)) {
      using it = await connect(server, way, own);
      equal(offers(await it.open()), false, what);
      equal(await external(it, "alice@a.test"), "invalid-mechanism", what);
    }
  });

  Deno.test(`external: certificates are asked for only where they can count, by ${way}`, async () => {
    await using server = await serving();
    const asked: Record<string, boolean> = {};
    for (const domain of ["a.test", "b.test", "c.test", "d.test"]) {
      const said = await sClient(server, way, domain, ["-msg"]);
      asked[domain] = said.includes("CertificateRequest");
    }
    deepEqual(asked, { "a.test": true, "b.test": false, "c.test": true, "d.test": false });
    using it = await connect(server, way, signed("alice@b.test", "alice@a.test"), "b.test");
    equal(offers(await it.open()), false);
  });

  for (const version of ["-tls1_2", "-tls1_3"]) {
    Deno.test(`external: a resumed TLS session is judged by its certificate alone, by ${way}, ${version}`, async () => {
      await using server = await serving();
      const { folder } = server.place;
      const cases = { self: issue({ addresses: ["alice@a.test"] }), good: signed("alice@a.test") };
      for (const [name, { cert, key }] of Object.entries(cases)) {
        const [file, session] = [`${folder}/${name}.pem`, `${folder}/${name}.session`];
        await Deno.writeTextFile(file, cert + key);
        const first = await sClient(server, way, "a.test", [version, "-cert", file, "-sess_out", session]);
        const again = await sClient(server, way, "a.test", [version, "-sess_in", session]);
        match(first, /\nNew, TLS/);
        // PLATFORM §1.4: TLS itself would call this connection authorised now, whatever was shown.
        match(again, /\nReused, TLS/);
        for (const said of [first, again]) {
          equal(said.includes("<mechanism>EXTERNAL<"), name === "good", said);
        }
      }
    });
  }

  Deno.test(`XEP-0257 external: a self-signed certificate that its owner has registered, by ${way}`, async () => {
    await using server = await serving();
    const own = issue({ name: "carol's phone" });
    using unknown = await connect(server, way, own, "c.test");
    equal(offers(await unknown.open()), false);
    using before = await connect(server, way, own, "c.test");
    await before.authenticate("carol", "correct horse");
    await before.bind("desk");
    before.send(
      `<iq type='set' id='append'><append xmlns='${CERTIFICATES}'><name>Phone</name>` +
        `<x509cert>${encodeBase64(own.der)}</x509cert></append></iq>`,
    );
    await before.expect("<iq type='result' id='append'/>");

    using it = await connect(server, way, own, "c.test");
    ok(offers(await it.open()));
    equal(await external(it), "success");
    await it.open();
    await it.bind("phone");
    equal(it.jid, "carol@c.test/phone");
    // Another one of the same name is somebody else's.
    using forged = await connect(server, way, issue({ name: "carol's phone" }), "c.test");
    equal(offers(await forged.open()), false);

    before.send(
      `<iq type='set' id='revoke'><revoke xmlns='${CERTIFICATES}'><name>Phone</name></revoke></iq>`,
    );
    await it.expectEnd("not-authorized");
    // The connection that asks shows the same certificate, so it goes too, after its answer.
    await before.expect("<iq type='result' id='revoke'/>");
    await before.expectEnd("not-authorized");
    using after = await connect(server, way, own, "c.test");
    equal(offers(await after.open()), false);
  });
}

Deno.test("external: the authorization identity (XEP-0178 §2 steps 10 and 11, RFC 6120 §6.3.8)", async () => {
  await using server = await serving();
  const attempt = async (own: Issued, authzid?: string): Promise<string> => {
    using it = await connect(server, "direct", own);
    ok(offers(await it.open()));
    return await external(it, authzid);
  };
  const one = signed("alice@a.test");
  equal(await attempt(one, "alice@a.test"), "success");
  equal(await attempt(one, "ALICE@A.test"), "success");
  equal(await attempt(one, "bob@a.test"), "invalid-authzid");
  equal(await attempt(one, "alice"), "invalid-authzid");
  equal(await attempt(one, "alice@b.test"), "invalid-authzid");
  equal(await attempt(one, "alice@a.test/desk"), "invalid-authzid");
  equal(await attempt(one, "a\0b"), "malformed-request");

  const both = signed("alice@a.test", "bob@a.test");
  equal(await attempt(both), "invalid-authzid");
  equal(await attempt(both, "bob@a.test"), "success");
  equal(await attempt(both, "off@a.test"), "invalid-authzid");

  // Only one of them is an account here.
  equal(await attempt(signed("alice@a.test", "ghost@a.test", "alice@b.test", "not a jid@@")), "success");
  equal(await attempt(signed("alice@a.test", "ALICE@A.TEST/phone")), "success");
  equal(await attempt(signed("ghost@a.test")), "not-authorized");
  equal(await attempt(signed("ghost@a.test"), "alice@a.test"), "not-authorized");
  equal(await attempt(signed("off@a.test")), "account-disabled");
});

Deno.test("external: an intermediate authority is followed where the client shows it", async () => {
  await using server = await serving();
  const between = issue({ name: "A department", ca: true, by: authority });
  const leaf = issue({ by: between, addresses: ["alice@a.test"] });
  using alone = await connect(server, "direct", leaf);
  equal(offers(await alone.open()), false);
  using it = await connect(server, "direct", { ...leaf, cert: leaf.cert + between.cert });
  ok(offers(await it.open()));
  equal(await external(it), "success");
});

Deno.test("external: by SASL2 too, with the certificate alone or with a name (XEP-0388)", async () => {
  await using server = await serving();
  for (const authzid of ["", "alice@a.test"]) {
    using it = await connect(server, "direct", signed("alice@a.test"));
    const features = await it.open();
    const offered = features.child("authentication", SASL2)!.elements().map(({ text }) => text);
    ok(offered.includes("EXTERNAL"));
    it.send(
      `<authenticate xmlns='${SASL2}' mechanism='EXTERNAL'><initial-response>` +
        `${encodeBase64(encodeUtf8(authzid))}</initial-response></authenticate>`,
    );
    await it.expect(
      `<success xmlns='${SASL2}'><authorization-identifier>alice@a.test</authorization-identifier></success>`,
    );
  }
});

Deno.test("external: without an initial response the client is asked for it (RFC 6120 §6.4.2)", async () => {
  await using server = await serving();
  using it = await connect(server, "direct", signed("alice@a.test"));
  await it.open();
  it.send(`<auth xmlns='${SASL}' mechanism='EXTERNAL'/>`);
  await it.expect(`<challenge xmlns='${SASL}'/>`);
  it.send(`<response xmlns='${SASL}'/>`);
  await it.expect(`<success xmlns='${SASL}'/>`);
});

Deno.test("external: authorities that cannot be used are refused by name, and what was before goes on", async () => {
  await using server = await serving();
  await server.place.write("empty.pem", "nothing\n");
  const line = 'client_authorities = "authority.pem"';
  const cases: Record<string, RegExp> = {
    "": /host "a\.test": client_certificates needs client_authorities/,
    'client_authorities = "missing.pem"':
      /host "a\.test": client_authorities: ".*missing\.pem" cannot be used/,
    'client_authorities = "empty.pem"': /"a\.test": client_authorities: ".*empty\.pem" .*no PEM certificate/,
  };
  for (const [other, complaint] of Object.entries(cases)) {
    const { code, err } = await server.reload(CONFIG.replace(line, other));
    ok(code !== 0);
    match(err, complaint);
  }
  using it = await connect(server, "starttls", signed("alice@a.test"));
  ok(offers(await it.open()));
  // A reload that takes the authority away counts at once, for connections that are there too.
  using late = await connect(server, "direct", signed("alice@a.test"));
  equal((await server.reload(CONFIG.replace("client_certificates = true", ""))).code, 0);
  equal(await external(it), "not-authorized");
  equal(offers(await late.open()), false);
});
