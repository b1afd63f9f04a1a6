/** Reloading on real sockets: everything of a change or nothing, and sessions live on (AC-2.19-5, FEATURES 1.C). */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { SecureVersion, TLSSocket } from "node:tls";
import { makeSelfSigned } from "../../src/transport/self_signed.ts";
import { client, reads, tlsClient } from "../../src/transport/transport_test_rig.ts";
import { PLAIN, Serving, soon } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

const A = `[host."a.test"]\n`;

async function withAlice(config: string, files?: Record<string, string>) {
  const server = await Serving.start(config, files);
  await server.run(["user", "add", "alice@a.test"], { input: ["wonderland"] });
  const alice = await WireClient.login(await server.port("c2s"), "alice", "wonderland");
  return { server, alice };
}

Deno.test("a host is added and removed; sessions of others live on, its own are told", async () => {
  const { server, alice } = await withAlice(PLAIN + A);
  await using _server = server;
  using _alice = alice;
  const port = await server.port("c2s");
  using early = await WireClient.connect(port, "b.test");
  early.send(
    `<stream:stream to='b.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
  );
  await early.expectEnd("host-unknown");

  const added = await server.reload(`${PLAIN}${A}[host."b.test"]\n`);
  assert.equal(added.code, 0, added.err);
  assert.match(added.out, /host b\.test +added/);
  await server.run(["user", "add", "bob@b.test"], { input: ["builder1"] });
  using bob = await WireClient.login(port, "bob", "builder1", "b.test");
  using half = await WireClient.connect(port, "b.test");
  await half.open();
  await bob.ping();

  const removed = await server.reload(PLAIN + A);
  assert.match(removed.out, /host b\.test +removed/);
  await bob.expectEnd("host-gone");
  await half.expectEnd("host-gone");
  await alice.ping();
});

Deno.test("a plugin is switched off and on again, and another gets a changed option, under a session's feet", async () => {
  const { server, alice } = await withAlice(PLAIN + A);
  await using _server = server;
  using _alice = alice;
  const ask = `<iq type='get' id='1' to='a.test'><query xmlns='jabber:iq:version'/></iq>`;
  const off = await server.reload(`${PLAIN}${A}plugins = { remove = ["version"] }\n`);
  assert.match(off.out, /plugin version +switched off for a\.test/);
  alice.send(ask);
  await alice.expect(`<iq id='1' type='error'><error type='cancel'/></iq>`);
  const on = await server.reload(`${PLAIN}${A}[host."a.test".internal]\nshortest_password = 12\n`);
  assert.match(on.out, /plugin version +switched on/);
  assert.match(on.out, /plugin internal +set up again/);
  alice.send(ask);
  await alice.expect(`<iq id='1' type='result'><query xmlns='jabber:iq:version'/></iq>`);
  const short = await server.run(["user", "add", "bob@a.test"], { input: ["elevenchars"] });
  assert.match(short.err, /at least 12/);
});

Deno.test("ports are opened and closed; connections of a closed port stay", async () => {
  const { server, alice } = await withAlice(PLAIN + A);
  await using _server = server;
  using _alice = alice;
  const first = await server.port("c2s");
  const two = PLAIN.replace(`c2s.at = ["127.0.0.1:0"]`, `c2s.at = ["127.0.0.1:0", "127.0.0.2:0"]`);
  assert.match((await server.reload(two + A)).out, /port c2s 127\.0\.0\.2:0 +opened/);
  const { ports } = await server.status();
  assert.equal(ports["c2s"]![0], first);
  const other = PLAIN.replace(`c2s.at = ["127.0.0.1:0"]`, `c2s.at = ["127.0.0.2:0"]`);
  assert.match((await server.reload(other + A)).out, /port c2s 127\.0\.0\.1:0 +closed/);
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: first }));
  await alice.ping();
});

Deno.test("a port that changes its ways keeps its number", async () => {
  await using server = await Serving.start(PLAIN + A);
  const number = await server.port("c2s");
  // The number is free again only when the first listener has closed, so this has to be done in that order.
  const fixed = PLAIN.replace(`c2s.at = ["127.0.0.1:0"]`, `c2s.at = ["127.0.0.1:${number}"]`);
  assert.equal((await server.reload(fixed + A)).code, 0);
  const proxied = fixed.replace("c2s.at", `c2s.proxy = ["10.0.0.0/8"]\nc2s.at`);
  assert.equal((await server.reload(proxied + A)).code, 0);
  assert.deepEqual([await server.port("c2s"), (await server.status()).problems], [number, []]);
  using somebody = await WireClient.connect(number);
  await somebody.open();
});

Deno.test("a replaced certificate is shown from then on; sessions keep theirs", async () => {
  const config = `${PLAIN}${A}certificate = "a"\n`;
  const [before, after] = [makeSelfSigned("a.test", Date.now()), makeSelfSigned("a.test", Date.now())];
  await using server = await Serving.start(config, { "a.crt": before.cert });
  const key = await server.place.write("a.key", before.key);
  await Deno.chmod(key, 0o600);
  assert.equal((await server.run(["reload"])).code, 0);
  const port = await server.port("c2s-tls");
  using old = await WireClient.secure(port);
  assert.equal(shown(old), fingerprint(before.cert));
  await old.open();
  await server.place.write("a.crt", after.cert);
  await server.place.write("a.key", after.key);
  assert.match((await server.run(["reload"])).out, /certificates were read again/);
  using fresh = await WireClient.secure(port);
  assert.equal(shown(fresh), fingerprint(after.cert));
  old.send("</stream:stream>");
  await old.closed;
});

Deno.test("the oldest version of TLS holds on both kinds of port, and follows a reload without a restart", async () => {
  const config = (minimum: string) => `${PLAIN}[tls]\nminimum = "${minimum}"\n${A}`;
  await using server = await Serving.start(config("1.2"));
  const direct = await server.port("c2s-tls");
  const plain = await server.port("c2s");
  const speaks = async (maxVersion: SecureVersion): Promise<(string | null)[]> => {
    const spoken: (string | null)[] = [];
    const options = { host: "127.0.0.1", servername: "a.test", maxVersion };
    for (const socket of [undefined, await askForTls(plain)]) {
      const to = socket === undefined ? { ...options, port: direct } : { ...options, socket };
      const tls = await tlsClient(to).catch(() => undefined);
      spoken.push(tls?.getProtocol() ?? null);
      tls?.destroy();
      socket?.destroy();
    }
    return spoken;
  };
  assert.deepEqual(await speaks("TLSv1.2"), ["TLSv1.2", "TLSv1.2"]);
  const { code, out } = await server.reload(config("1.3"));
  assert.equal(code, 0);
  assert.match(out, /tls\.minimum +changed/);
  assert.deepEqual(await speaks("TLSv1.2"), [null, null]);
  assert.deepEqual(await speaks("TLSv1.3"), ["TLSv1.3", "TLSv1.3"]);
});

Deno.test("what is wrong changes nothing: broken configuration, missing certificate, taken port", async () => {
  const { server, alice } = await withAlice(PLAIN + A);
  await using _server = server;
  using _alice = alice;
  const before = await server.status();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const used = (taken.addr as Deno.NetAddr).port;
  const cases: [string, number, RegExp][] = [
    [
      `${PLAIN}${A}[limits]\ndepht = 3\n[host."b.test"]\nplugins = ["pign"]\n`,
      2,
      /depht[^]*Did you mean "depth"[^]*pign/,
    ],
    [
      `${PLAIN}${A}[host."b.test"]\ncertificate = "nowhere"\n`,
      1,
      /host "b\.test": certificate: no certificate found/,
    ],
    [
      `${PLAIN.replace("127.0.0.1:0", `127.0.0.1:${used}`)}${A}[host."b.test"]\n`,
      1,
      /cannot listen on 127\.0\.0\.1/,
    ],
    [`${PLAIN}[host."b.test"]\nthis is no toml`, 2, /not valid TOML/],
  ];
  for (const [config, code, reason] of cases) {
    const outcome = await server.reload(config);
    assert.equal(outcome.code, code, outcome.err);
    assert.match(outcome.err, reason);
    const now = await server.status();
    assert.deepEqual([now.hosts.map(({ domain }) => domain), now.ports], [
      before.hosts.map(({ domain }) => domain),
      before.ports,
    ]);
  }
  await alice.ping();
});

Deno.test("a dry run says what a reload would do, and does not; what needs a restart is named", async () => {
  await using server = await Serving.start(PLAIN + A);
  await server.place.write(
    "metronome.toml",
    `[server]\ndurability = "full"\n${PLAIN}[limits]\ndepth = 50\n${A}[host."b.test"]\n`,
  );
  const outcome = await server.run(["reload", "--dry-run"]);
  assert.equal(outcome.code, 0, outcome.err);
  assert.match(outcome.out, /would change:[^]*host b\.test +added/);
  assert.match(outcome.out, /limits\.depth +for new connections/);
  assert.match(outcome.out, /server\.durability +NEEDS A RESTART/);
  assert.equal((await server.status()).hosts.some(({ domain }) => domain === "b.test"), false);
  assert.equal((await server.run(["reload"])).code, 0);
  assert.equal((await server.status()).hosts.some(({ domain }) => domain === "b.test"), true);
});

/** A socket on which the server awaits a handshake. */
async function askForTls(port: number): Promise<Socket> {
  const socket = await client(port);
  const proceed = reads(socket, "<proceed");
  socket.write(
    `<stream:stream to='a.test' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>` +
      `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`,
  );
  await soon("<proceed/>", proceed);
  return socket;
}

function fingerprint(pem: string): string {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

function shown({ socket }: WireClient): string {
  return createHash("sha256").update((socket as TLSSocket).getPeerCertificate().raw).digest("hex");
}
