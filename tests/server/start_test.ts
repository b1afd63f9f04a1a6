/** The first start: no configuration, one command, and everything a newcomer needs to know (issue 2, FEATURES 1.A). */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { command, Place, soon } from "./rig.ts";
import { ServerProcess } from "./server_process.ts";
import { WireClient } from "./wire_client.ts";

/** Ports of the system's choice for a start without a file. */
const PORTS = ["c2s", "c2s-tls", "s2s", "s2s-tls", "http", "https"].flatMap((
  kind,
) => ["--set", `listen.${kind}.at=["127.0.0.1:0"]`]);

Deno.test("zero configuration: localhost is served, and the banner tells everything", async () => {
  await using place = await Place.make("");
  await Deno.remove(place.config);
  await using server = ServerProcess.spawn(place, ["start", "--data", "here", ...PORTS], undefined, {
    // A desktop's terminals inherit this from the session's own service; nobody reads their output but people.
    JOURNAL_STREAM: "8:12345",
  });
  await server.line("Ctrl-C stops the server");
  const { printed } = server;
  assert.match(printed, /info {2}Hello and welcome to Metronome version \d/);
  assert.match(printed, /info {2}ready hosts=\S*localhost/);
  assert.match(printed, /Metronome \S+ serves localhost\n/);
  assert.match(printed, /Connect +as you@localhost .*STARTTLS on port \d+, TLS on port \d+/);
  assert.match(printed, /Login +SCRAM-/);
  assert.match(printed, /clients on this machine may make one, others may not/);
  assert.match(printed, /for a phone on this network: metronome start --host \S+ --register/);
  assert.match(printed, new RegExp(`Data +${place.folder}/here\n`));
  const pem = await Deno.readTextFile(`${place.folder}/here/self-signed/localhost.crt`);
  const sha256 = createHash("sha256").update(new X509Certificate(pem).raw).digest("hex").toUpperCase();
  assert.match(printed, /SELF-SIGNED/);
  assert.ok(printed.includes(`SHA-256 ${sha256.match(/../g)!.join(":")}`));

  const data = ["--data", `${place.folder}/here`];
  const { ports, certificates } = JSON.parse((await command(["status", "--json", ...data])).out);
  assert.equal(certificates[0].sha256, sha256.match(/../g)!.join(":"));
  assert.equal((await fetch(`http://127.0.0.1:${ports.http[0]}/readyz`)).status, 200);
  using secure = await WireClient.secure(ports["c2s-tls"][0], "localhost");
  await secure.open();
  server.kill("SIGTERM");
  assert.equal((await server.end()).code, 0);
});

Deno.test("--host and --register are enough for a phone on the network, by name or by address", async () => {
  await using place = await Place.make("");
  await Deno.remove(place.config);
  await using server = ServerProcess.spawn(place, [
    "start",
    "--host",
    "192.0.2.7",
    "--register",
    "--data",
    "d",
    ...PORTS,
  ]);
  await server.line("Ctrl-C stops the server");
  assert.match(server.printed, /serves 192\.0\.2\.7/);
  assert.match(server.printed, /OPEN: EVERYBODY who can connect may make one/);
  assert.match(server.printed, /on a phone in this network make an account you@192\.0\.2\.7/);
});

Deno.test("--host and --config exclude each other, --set wants a key and a value", async () => {
  const both = await command(["start", "--host", "a.test", "--config", "x.toml"]);
  assert.deepEqual([both.code, /leave it or --config out/.test(both.err)], [2, true]);
  const set = await command(["start", "--set", "limits"]);
  assert.deepEqual([set.code, /expected KEY=VALUE/.test(set.err)], [2, true]);
  const value = await command(["start", "--set", "limits.depth=many"]);
  assert.deepEqual([value.code, /limits\.depth/.test(value.err)], [2, true]);
});

Deno.test("the record `ready` has the ports that were really given", async () => {
  await using server = await ServerProcess.start(
    `[listen]\nc2s.at = ["127.0.0.1:0", "127.0.0.2:0"]\nc2s-tls.enabled = false\ns2s.enabled = false\ns2s-tls.enabled = false\nhttps.enabled = false\nhttp.at = ["127.0.0.1:0"]\n[host."a.test"]\n`,
  );
  const { hosts, ports } = server.ready;
  assert.ok(hosts.includes("a.test"));
  assert.deepEqual([ports["c2s"]!.length, ports["c2s-tls"], ports["http"]!.length], [2, undefined, 1]);
  using second = await WireClient.connect(ports["c2s"]![0]!);
  await soon("the features", second.open());
});
