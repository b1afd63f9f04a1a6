import assert from "node:assert/strict";
import { complaints, fine, OFFER, readText, withFiles } from "./config_test_rig.ts";
import { describeProblem } from "./problems.ts";
import { readSettings } from "./read.ts";
import { Secret } from "./secret.ts";
import { showOrigin } from "./sources.ts";

const HOST = '[host."example.org"]\n';

Deno.test("placeholders are filled inside texts, lists and tables", () => {
  const text =
    `[server]\nadmins = ["\${env:WHO}@\${env:WHERE:-example.org}"]\n${HOST}name = "a \${env:EMPTY:-b} $\${env:WHO}"`;
  const settings = fine(text, { env: { WHO: "alice", EMPTY: "" } });
  assert.deepEqual(settings.server.admins, ["alice@example.org"]);
  assert.equal(settings.hosts["example.org"]?.name, "a b ${env:WHO}");
});

Deno.test("placeholders that cannot be filled are problems with their place", () => {
  const text =
    `${HOST}name = "\${env:NOPE}"\narchive.title = "\${vault:x}"\narchive.key = "\${credential:c}"\n` +
    'archive.skip = ["${file:/does/not/exist}"]';
  const all = complaints(text);
  assert.match(
    all[0] ?? "",
    /^metronome.toml:2: host."example.org".name: \$\{env:NOPE\}: the environment has no NOPE/,
  );
  assert.match(
    all[1] ?? "",
    /^metronome.toml:3: .*: no such placeholder; there are env, file and credential/,
  );
  assert.match(all.join("\n"), /metronome.toml:4: .*\$CREDENTIALS_DIRECTORY is not set/);
  assert.match(all.join("\n"), /metronome.toml:5: .*skip\[0\].* does not exist/);
  const credentials = { env: { CREDENTIALS_DIRECTORY: "/x" } };
  assert.match(complaints(`${HOST}name = "\${credential:../y}"`, credentials).join(), /has no slashes/);
});

Deno.test("secrets come from files and credentials, without the line end of the file", () => {
  withFiles({
    "metronome.toml":
      `[metrics]\ntoken_file = "token"\n${HOST}archive.key = "\${file:key}-\${credential:more}"\n[host."b.org"]\narchive.key_file = "key"`,
    "token": "t0ken\n",
    "key": "k",
    "credentials/more": "m\n",
  }, (folder) => {
    const env = { CREDENTIALS_DIRECTORY: `${folder}/credentials` };
    const outcome = readSettings({ ...OFFER, env, path: `${folder}/metronome.toml` });
    assert.ok("settings" in outcome, JSON.stringify(outcome));
    assert.equal(outcome.settings.metrics.token?.reveal(), "t0ken");
    const key = (host: string) =>
      (outcome.settings.hosts[host]?.config.archive as { key: Secret }).key.reveal();
    assert.equal(key("example.org"), "k-m");
    assert.equal(key("b.org"), "k");
    assert.deepEqual(outcome.warnings, []);
  });
});

Deno.test("a secret both ways, a missing file of one, one that everybody can read", () => {
  assert.match(
    complaints(`[metrics]\ntoken = "a"\ntoken_file = "b"\n${HOST}`).join(),
    /:3: metrics.token_file: token is given too/,
  );
  assert.match(
    complaints(`[metrics]\ntoken_file = "b"\n${HOST}`).join(),
    /:2: metrics.token_file: ".*b" does not exist/,
  );
  assert.match(complaints(`[metrics]\ntoken_file = 5\n${HOST}`).join(), /expected the path of a file, got 5/);
  withFiles({ "metronome.toml": `[metrics]\ntoken_file = "open"\n${HOST}`, "open": "x" }, (folder) => {
    Deno.chmodSync(`${folder}/open`, 0o644);
    const outcome = readSettings({ ...OFFER, env: {}, path: `${folder}/metronome.toml` });
    assert.ok("settings" in outcome);
    assert.match(
      outcome.warnings.map(describeProblem).join(),
      /metrics.token_file: everybody on this machine can read .*\(chmod o-rwx/,
    );
  });
});

Deno.test("a check without secrets reads none", () => {
  const text = `[metrics]\ntoken_file = "/does/not/exist"\n${HOST}archive.key = "\${credential:x}"`;
  assert.equal(complaints(text).length, 2);
  assert.equal(fine(text, { secrets: false }).metrics.token?.reveal(), "unread");
});

Deno.test("the environment wins over files, typed by the option, with forgiving names", () => {
  const env = {
    METRONOME__listen__c2s__at: '["[::1]:1"]',
    METRONOME__LISTEN__C2S_TLS__AT: "[::1]:2, 127.0.0.1:2",
    METRONOME__listen__http__enabled: "false",
    METRONOME__tls__minimum: "1.3",
    METRONOME__limits__depth: "50",
    METRONOME__limits__bytes_per_second: "off",
    METRONOME__limits__stanzas_per_second: "0",
    METRONOME__limits__ping_after: "1 h",
    METRONOME__server__log_levels__c2s: "debug",
    METRONOME__metrics__token: "12345",
    METRONOME__host__example_org__name: "1234",
    METRONOME__host__example_org__archive__most: "3",
    METRONOME__host__example_org__plugins__add: "ping",
    METRONOME__host__new_host__name: "new",
    METRONOME_CONFIG: "x",
  };
  const settings = fine(`[limits]\ndepth = 20\n${HOST}archive.most = 9`, { env });
  assert.deepEqual(settings.listen.c2s?.at, [{ hostname: "::1", port: 1 }]);
  assert.deepEqual(settings.listen["c2s-tls"]?.at.map((it) => it.port), [2, 2]);
  assert.equal(settings.listen.http, undefined);
  assert.equal(settings.tls.minimum, "1.3");
  assert.equal(settings.limits.depth, 50);
  assert.equal(settings.limits.bytes_per_second, 0);
  assert.equal(settings.limits.stanzas_per_second, 0);
  assert.equal(settings.limits.ping_after, 3_600_000);
  assert.deepEqual(settings.server.log_levels, { c2s: "debug" });
  assert.equal(settings.metrics.token?.reveal(), "12345");
  assert.equal(settings.hosts["example.org"]?.name, "1234");
  assert.equal((settings.hosts["example.org"]?.config.archive as { most: number }).most, 3);
  assert.equal(settings.hosts.new_host?.name, "new");
});

Deno.test("what is wrong in the environment names the variable", () => {
  const env = {
    METRONOME__limits__depht: "1",
    METRONOME__limits__depth: "many",
    METRONOME__metrics__token_file: "/none",
  };
  assert.deepEqual(complaints(HOST, { env }), [
    'METRONOME__limits__depht: limits.depht: unknown key. Did you mean "depth"? (metronome config explain limits)',
    'METRONOME__limits__depth: limits.depth: expected a whole number, at least 10, got "many" (metronome config explain limits.depth)',
    'METRONOME__metrics__token_file: metrics.token_file: "/none" does not exist (metronome config explain metrics.token_file)',
  ]);
});

Deno.test("the command line wins over the environment, and origins tell", () => {
  const outcome = readText(`[server]\nlog = "warn"\nlog_format = "json"\n${HOST}`, {
    env: { METRONOME__server__log: "error", METRONOME__server__durability: "full" },
    overrides: { server: { log: "debug" }, host: { "two.org": {} } },
  });
  assert.ok("settings" in outcome);
  assert.equal(outcome.settings.server.log, "debug");
  assert.ok(outcome.settings.hosts["two.org"]);
  const origin = (key: string) => showOrigin(outcome.origins.originOf(["server", key])).replace(/^.*\//, "");
  assert.equal(origin("log"), "command line");
  assert.equal(origin("durability"), "METRONOME__server__durability");
  assert.equal(origin("log_format"), "metronome.toml:3");
  assert.equal(showOrigin(outcome.origins.originOf(["limits", "depth"])), "default");
});

Deno.test("settings cannot be changed", () => {
  const settings = fine(HOST);
  assert.throws(() => Object.assign(settings.limits, { depth: 1 }), TypeError);
  assert.throws(
    () => Object.assign(settings.hosts["example.org"]?.config.archive as object, { most: 1 }),
    TypeError,
  );
  assert.throws(() => (settings.listen.c2s?.at as unknown[]).push(1), TypeError);
});

Deno.test("a section that is no table", () => {
  const all = complaints("server = 1\nlisten = []\ndefaults = true\nhost = 'x'\nlimits = 2").join("\n");
  for (const key of ["server", "listen", "defaults", "host", "limits"]) {
    assert.match(all, new RegExp(`: ${key}: expected a table, got `));
  }
});
