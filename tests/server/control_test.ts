/** Accounts by command: on the running server at once (AC-2.18-2), on its data while none runs; the socket is its owner's. */
import assert from "node:assert/strict";
import { command, Place, PLAIN, Serving } from "./rig.ts";
import { WireClient } from "./wire_client.ts";

const CONFIG = `${PLAIN}\n[host."a.test"]\n`;

Deno.test("an account made by command can log in at once, and ends with its sessions (AC-2.18-2)", async () => {
  await using server = await Serving.start(CONFIG);
  const made = await server.run(["user", "add", "alice@a.test", "--json"], { input: ["wonderland"] });
  assert.equal(made.code, 0, made.err);
  assert.equal(JSON.parse(made.out).address, "alice@a.test");
  using alice = await WireClient.login(await server.port("c2s"), "alice", "wonderland");
  await alice.ping();
  assert.match((await server.run(["user", "list"])).out, /^alice@a\.test +\S+ +1 session$/);
  const deleted = await server.run(["user", "delete", "alice@a.test"]);
  assert.equal(deleted.code, 0, deleted.err);
  await alice.expectEnd("not-authorized");
  assert.equal((await server.run(["user", "list"])).out, "There are no accounts.");
});

Deno.test("a disabled account is thrown out and stays out until it is enabled", async () => {
  await using server = await Serving.start(CONFIG);
  await server.run(["user", "add", "alice"], { input: ["wonderland"] });
  const port = await server.port("c2s");
  using alice = await WireClient.login(port, "alice", "wonderland");
  assert.equal((await server.run(["user", "disable", "alice@a.test"])).code, 0);
  await alice.expectEnd("not-authorized");
  using refused = await WireClient.connect(port);
  await refused.open();
  refused.send(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${btoa("\0alice\0wonderland")}</auth>`,
  );
  await refused.expect("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><account-disabled/></failure>");
  assert.match((await server.run(["user", "list"])).out, /disabled$/);
  assert.equal((await server.run(["user", "enable", "alice@a.test"])).code, 0);
  using back = await WireClient.login(port, "alice", "wonderland");
  await back.ping();
});

Deno.test("without a running server the same commands work on its data", async () => {
  await using place = await Place.make(CONFIG);
  assert.equal((await place.run(["user", "add", "bob"], { input: ["builder1"] })).code, 0);
  assert.equal((await place.run(["user", "add", "bob"], { input: ["builder1"] })).code, 1);
  assert.equal((await place.run(["user", "role", "bob@a.test", "admin"])).code, 0);
  assert.equal((await place.run(["user", "password", "bob@a.test"], { input: ["builder2"] })).code, 0);
  const ended = place.start();
  await place.answers(ended);
  const [bob] = JSON.parse((await place.run(["user", "list", "--json"])).out);
  assert.deepEqual([bob.address, bob.role, bob.disabled], ["bob@a.test", "admin", false]);
  const { ports } = JSON.parse((await place.run(["status", "--json"])).out);
  using session = await WireClient.login(ports.c2s[0], "bob", "builder2");
  await session.ping();
  assert.equal((await place.run(["stop"])).code, 0);
  assert.equal((await ended).code, 0);
  assert.equal((await place.run(["user", "delete", "bob@a.test"])).code, 0);
  assert.equal((await place.run(["user", "list"])).out, "There are no accounts.");
});

Deno.test("a password is asked for twice and unseen, or read from a pipe; it is never an argument", async () => {
  await using place = await Place.make(CONFIG);
  const typed = await place.run(["user", "add", "carol"], {
    secrets: ["one-one", "two-two", "same-same", "same-same"],
  });
  assert.equal(typed.code, 0, typed.err);
  assert.match(typed.err, /not the same/);
  const none = await place.run(["user", "add", "dave"]);
  assert.deepEqual([none.code, /no password/.test(none.err)], [2, true]);
  assert.equal((await place.run(["user", "add", "dave", "secret12"], { input: ["secret12"] })).code, 2);
  const generated = await place.run(["user", "add", "dave", "--generate", "--json"]);
  assert.ok(JSON.parse(generated.out).password.length >= 20);
});

Deno.test("deleting asks first where somebody can answer", async () => {
  await using place = await Place.make(CONFIG);
  await place.run(["user", "add", "erin"], { input: ["password1"] });
  const kept = await place.run(["user", "delete", "erin@a.test"], { secrets: [], input: ["n"] });
  assert.equal(kept.code, 1);
  assert.match((await place.run(["user", "list"])).out, /^erin@a\.test/);
  assert.equal((await place.run(["user", "delete", "erin@a.test"], { secrets: [], input: ["y"] })).code, 0);
});

Deno.test("errors say what is wrong, with the exit code that fits", async () => {
  await using server = await Serving.start(CONFIG);
  const cases: [string[], number, RegExp][] = [
    [["user", "add", "alice@b.test"], 1, /b\.test is not a host of this server \(it has: a\.test\)/],
    [["user", "add", "al ice@a.test"], 2, /is not an address/],
    [["user", "delete", "nobody@a.test"], 1, /there is no account nobody@a\.test/],
    [["user", "password", "nobody@a.test"], 1, /there is no account nobody@a\.test/],
    [["user", "add", "alice", "--role", "king"], 2, /no role "king".*limited, member, admin/],
    [["user", "add", "alice", "--role", "operator"], 2, /named in the configuration/],
    [["user", "frobnicate"], 2, /unknown command 'frobnicate'/],
    [["statsu"], 2, /Did you mean status/],
  ];
  for (const [args, code, message] of cases) {
    const outcome = await server.run(args, { input: ["password1"] });
    assert.equal(outcome.code, code, `${args.join(" ")}: ${outcome.err}`);
    assert.match(outcome.err, message);
  }
  const short = await server.run(["user", "add", "alice", "--json"], { input: ["x"] });
  assert.equal(short.code, 2);
  assert.equal(JSON.parse(short.out).code, "bad-password");
});

Deno.test("the socket is for the server's user alone, and no command reaches a server that is not there", async () => {
  await using server = await Serving.start(CONFIG);
  const { mode } = await Deno.stat(`${server.place.folder}/data/run/control.sock`);
  assert.equal(mode! & 0o777, 0o600);
  assert.equal((await Deno.stat(`${server.place.folder}/data/run`)).mode! & 0o777, 0o700);
  const { version, pid, hosts, problems } = await server.status();
  assert.deepEqual([pid, hosts.map(({ domain }) => domain).includes("a.test"), problems], [
    Deno.pid,
    true,
    [],
  ]);
  assert.match(version, /^\d+\.\d+\.\d+/);
  const nowhere = await Deno.makeTempDir();
  for (const name of ["status", "stop", "reload"]) {
    assert.equal((await command([name, "--data", nowhere])).code, 3, name);
  }
  await Deno.remove(nowhere, { recursive: true });
});
