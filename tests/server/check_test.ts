/** `check` and `config …`: what a person learns without reading the code. */
import assert from "node:assert/strict";
import { makeSelfSigned } from "../../src/transport/self_signed.ts";
import { command, Place, PLAIN, Serving } from "./rig.ts";

const DAY = 86_400_000;
const A = `[host."a.test"]\n`;

interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly text: string;
}

async function findings(
  place: { run: Place["run"] },
  ...args: string[]
): Promise<{ code: number; found: Finding[] }> {
  const { code, out } = await place.run(["check", "--json", ...args]);
  return { code, found: JSON.parse(out).findings };
}

Deno.test("certificates: missing, expired, for another name, about to end, shared", async () => {
  await using place = await Place.make(
    `${PLAIN}${A}certificate = "a"\n[host."old.test"]\ncertificate = "old"\n` +
      `[host."wrong.test"]\ncertificate = "a"\n[host."soon.test"]\ncertificate = "soon"\n` +
      `[host."none.test"]\ncertificate = "none"\n[host."own.test"]\n`,
  );
  const now = Date.now();
  const pairs = {
    a: makeSelfSigned("a.test", now),
    old: makeSelfSigned("old.test", now - 3_700 * DAY),
    soon: makeSelfSigned("soon.test", now - 3_645 * DAY),
  };
  for (const [name, { cert, key }] of Object.entries(pairs)) {
    await place.write(`${name}.crt`, cert);
    await Deno.chmod(await place.write(`${name}.key`, key), 0o600);
  }
  const { code, found } = await findings(place, "certificates");
  assert.equal(code, 4);
  const about = (host: string) => found.find(({ text }) => text.startsWith(`${host}:`));
  assert.match(about("old.test")!.text, /expired on \d{4}-\d\d-\d\d/);
  assert.match(about("wrong.test")!.text, /the certificate is for a\.test/);
  assert.match(about("soon.test")!.text, /expires in [45] days/);
  assert.match(about("none.test")!.text, /no certificate found/);
  assert.match(about("own.test")!.text, /the server makes one itself/);
  assert.deepEqual(
    ["a.test", "old.test", "wrong.test", "soon.test", "none.test", "own.test"].map((it) =>
      about(it)!.severity
    ),
    ["warning", "error", "error", "warning", "error", "warning"],
  );
});

Deno.test("ports: free, taken, and open in the running server; exit codes 0 and 4, and --strict", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const used = (taken.addr as Deno.NetAddr).port;
  await using place = await Place.make(`${PLAIN.replace("127.0.0.1:0", `127.0.0.1:${used}`)}${A}`);
  const crowded = await findings(place, "ports");
  assert.equal(crowded.code, 4);
  assert.match(crowded.found[0]!.text, /c2s: cannot listen on .*another program has this port/);
  assert.match(crowded.found[1]!.text, /c2s-tls 127\.0\.0\.1:0: free/);

  await using server = await Serving.start(PLAIN + A);
  const all = await findings(server);
  assert.equal(all.code, 0, JSON.stringify(all.found));
  assert.deepEqual(
    all.found.filter(({ check }) => check === "ports").map(({ text }) => text),
    ["c2s", "c2s-tls", "http", "https"].map((kind) => `${kind} 127.0.0.1:0: open`),
  );
  assert.ok(all.found.some(({ check, text }) => check === "server" && /is running/.test(text)));
  assert.equal((await findings(server, "--strict")).code, 4, "the self-signed certificate is a warning");
  assert.equal((await server.run(["check", "everything"])).code, 2);
});

Deno.test("a broken configuration is the one finding, for check and for config check", async () => {
  await using place = await Place.make(`${PLAIN}${A}plugns = []\n[limits]\ndepth = -1\n`);
  const { code, found } = await findings(place);
  assert.deepEqual([code, found.map(({ check }) => check)], [4, ["config", "config"]]);
  const config = await place.run(["config", "check"]);
  assert.equal(config.code, 2);
  assert.match(config.out, /plugns: unknown key.*Did you mean "plugins"/);
  // Looking for a server does not need the file to be right.
  assert.equal((await place.run(["status"])).code, 3);
});

Deno.test("config: show with origins, explain, schema, example, path", async () => {
  await using place = await Place.make(`${PLAIN}${A}[limits]\ndepth = 42\n[metrics]\ntoken = "hush"\n`);
  const shown = await place.run(["config", "show", "--origin"], {
    env: { METRONOME__limits__attributes: "33" },
  });
  assert.match(shown.out, /^depth = 42 # .*metronome\.toml:\d+$/m);
  assert.match(shown.out, /^attributes = 33 # .*METRONOME__limits__attributes$/m);
  assert.ok(!shown.out.includes("hush"));
  assert.ok(!(await place.run(["config", "show", "--json"])).out.includes("hush"));
  assert.match((await place.run(["config", "explain", "limits.depth"])).out, /How deep elements may nest/);
  const unknown = await place.run(["config", "explain", "limits.depht"]);
  assert.deepEqual([unknown.code, /Did you mean "limits\.depth"/.test(unknown.err)], [2, true]);
  const schema = JSON.parse((await place.run(["config", "schema"])).out);
  assert.equal(schema.title, "Metronome");
  assert.ok(schema.properties.limits.properties.depth);
  assert.match((await place.run(["config", "example"])).out, /^\[host\."example\.org"\]$/m);
  const path = await place.run(["config", "path"]);
  assert.ok(path.out.startsWith(`* ${place.config}  (--config)`));
  assert.match((await place.run(["config", "check"])).out, /1 host|\d+ hosts/);
});

Deno.test("help: an overview by groups, a page for every command, and suggestions", async () => {
  const none = await command([]);
  assert.equal(none.code, 2);
  const help = await command(["--help"]);
  assert.equal(help.code, 0);
  assert.equal(help.out.trimEnd(), none.err.trimEnd());
  const names = [...help.out.matchAll(/^ {2}((?:user|config|host) [a-z]+|[a-z]+)(?: [<[].*?)? {2,}\S/gm)].map(
    ([, name]) => name!,
  );
  for (
    const wanted of [
      "start",
      "stop",
      "reload",
      "status",
      "check",
      "user add",
      "config explain",
      "host list",
      "plugins",
      "version",
    ]
  ) {
    assert.ok(names.includes(wanted), `${wanted} is not in\n${help.out}`);
  }
  for (const name of names) {
    const page = await command([...name.split(" "), "--help"]);
    assert.equal(page.code, 0, name);
    assert.ok(page.out.startsWith(`metronome ${name}`), page.out);
    assert.match(page.out, /--json/);
  }
  const wrong = await command(["user", "ad"]);
  assert.deepEqual([wrong.code, /Did you mean add/.test(wrong.err)], [2, true]);
});

Deno.test("plugins and hosts are listed, with and without a running server", async () => {
  await using place = await Place.make(PLAIN + A);
  const plugins = JSON.parse((await place.run(["plugins", "--json"])).out).plugins as {
    name: string;
    on: string[];
  }[];
  assert.ok(plugins.find(({ name }) => name === "ping")!.on.includes("a.test"));
  assert.match((await place.run(["plugins", "ping"])).out, /XEP-0199 \(2\.0/);
  const wrong = await place.run(["plugins", "pign"]);
  assert.deepEqual([wrong.code, /Did you mean "ping"/.test(wrong.err)], [2, true]);
  assert.match((await place.run(["host", "list"])).out, /^a\.test +people[^]*no server is running/);
  assert.equal(JSON.parse((await command(["version", "--json"])).out).deno, Deno.version.deno);
});
